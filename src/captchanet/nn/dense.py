"""The dense layer: every unit is a weighted sum of all inputs, z = theta @ a."""

from dataclasses import dataclass
from math import prod

import numpy as np

from captchanet.nn.layer import Array, Layer, Place, Shape, Signal, Worker


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
        self._a = place.memory
        if self._a is None:
            self._a = np.ones((self._ones + inputs, place.rows), place.dtype)
        self._below = np.empty((inputs, place.rows), place.dtype) if place.wanted else None
        shape = (*place.shape, place.rows)
        delta = None if self._below is None else self._below.reshape(shape)
        self.input = Signal(self._a[self._ones :].reshape(shape), delta)

    def forward(self, theta: Array) -> None:
        np.matmul(theta, self._a, out=self._z)

    def backward(self, theta: Array, gradient: Array) -> None:
        np.matmul(self._delta, self._a.T, out=gradient)
        if self._below is not None:
            # without the bias column: nothing comes back through the ones
            np.matmul(theta[:, self._ones :].T, self._delta, out=self._below)
