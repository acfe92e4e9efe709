"""The dense layer: every unit is a weighted sum of all inputs, z = theta @ a."""

from dataclasses import dataclass
from math import prod

import numpy as np

from captchanet.nn.layer import NOTHING, Array, Layer, Place, Shape, Signal, Worker


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

    @property
    def ones(self) -> int:
        """One row of ones above the input carries the bias."""
        return int(self.bias)

    def output_shape(self, shape: Shape) -> Shape:
        """(units,), whatever the input."""
        return (self.units,)

    def parameters_shape(self, shape: Shape) -> Shape:
        """(units, bias + inputs)."""
        return (self.units, self.ones + prod(shape))

    def work(self, place: Place) -> Worker:
        """See `Layer`."""
        return _DenseWorker(self, place)


class _DenseWorker(Worker):
    """`_a` is the input below its row of ones, which is written once and never again."""

    def __init__(self, layer: Dense, place: Place) -> None:
        self._ones, inputs = layer.ones, prod(place.shape)
        self._z, self._delta = place.output
        memory = place.memory
        self._a: Array = np.ones((self._ones + inputs, place.rows), place.dtype) if memory is None else memory
        self._wanted = place.wanted
        self._below = np.empty((inputs, place.rows), place.dtype) if place.wanted else NOTHING
        shape = (*place.shape, place.rows)
        delta = self._below.reshape(shape) if place.wanted else NOTHING
        self.input = Signal(self._a[self._ones :].reshape(shape), delta)

    def forward(self, theta: Array) -> None:
        np.matmul(theta, self._a, out=self._z)

    def backward(self, theta: Array, gradient: Array) -> None:
        np.matmul(self._delta, self._a.T, out=gradient)
        if self._wanted:
            # without the bias column: nothing comes back through the ones
            np.matmul(theta[:, self._ones :].T, self._delta, out=self._below)
