"""The dense layer: every unit is a weighted sum of all inputs, z = theta @ a."""

from dataclasses import dataclass
from math import prod

import numpy as np

from captchanet.nn.layer import Array, Layer, Place, Shape, Worker


@dataclass(frozen=True)
class Dense(Layer):
    """A layer of `units` units, each connected to every number of the input.

    Attributes
    ----------
    units
        How many units.
    bias
        Whether the input gets a constant 1 in front, and theta a first column for it.
    """

    units: int
    bias: bool = True

    def __post_init__(self) -> None:
        if self.units < 1:
            raise ValueError(f"a dense layer has at least one unit, not {self.units}")

    def output_shape(self, shape: Shape) -> Shape:
        """Tell (units,), whatever the input."""
        return (self.units,)

    def parameters_shape(self, shape: Shape) -> Shape:
        """Tell (units, bias + inputs)."""
        return (self.units, int(self.bias) + prod(shape))

    def work(self, place: Place) -> Worker:
        """See `Layer`."""
        return _DenseWorker(int(self.bias), place)


class _DenseWorker(Worker):
    """`_a` is the input, with the row of ones if there is a bias; `_below` takes the derivatives by it."""

    def __init__(self, bias: int, place: Place) -> None:
        # with a bias also the row of ones on top
        self._bias, self._a = bias, place.input.with_ones[1 - bias :]
        self._below = place.input.delta.reshape(-1, self._a.shape[1])
        self._z, self._delta = place.output.a, place.output.delta

    def forward(self, theta: Array) -> None:
        np.matmul(theta, self._a, out=self._z)

    def backward(self, theta: Array, gradient: Array) -> None:
        np.matmul(self._delta, self._a.T, out=gradient)
        if self._below.size:
            # without the bias column: nothing comes back through the ones
            np.matmul(theta[:, self._bias :].T, self._delta, out=self._below)
