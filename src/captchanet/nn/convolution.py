"""Convolution and max pooling: layers for pictures.

A filter is a pattern of size × size pixels that slides over the picture, with the same weights everywhere.
Copied out, the pixels under it are a column of numbers, one column for each position in each row of the data.
With a row of ones on top the columns make a matrix `patches`, and the layer is once more a product,
z = theta @ patches: theta has a row for each filter, the bias first.

Max pooling keeps the largest number of each square of size × size positions, so that a stroke may be shifted
a little. It comes before the activation: that never falls, so the largest z gives the largest a, and there
are fewer numbers left to put through it.

A picture has shape (channels, height, width); in memory its signal is (units, rows) like any other.

Y. LeCun et al., "Backpropagation applied to handwritten zip code recognition", Neural Computation 1 (1989).
"""

from dataclasses import dataclass
from itertools import product
from typing import ClassVar

import numpy as np

from captchanet.nn.layer import Array, Layer, Place, Shape, Signal, Worker


def _picture(shape: Shape, who: str) -> tuple[int, int, int]:
    """The shape as channels, height and width."""
    if len(shape) != 3:
        raise ValueError(f"{who} looks at a picture, (channels, height, width), not at {shape}")
    return shape


@dataclass(frozen=True)
class Convolution(Layer):
    """So many `filters`, size × size pixels each; the output has a channel for each filter.

    The picture is padded with zeros, the paper, so that every pixel has its patch and the size stays.

    Attributes
    ----------
    filters
        How many filters.
    size
        Width and height of a filter in pixels; odd.
    bias
        Whether each filter has a constant, the first column of theta.
    """

    # patches take a hundred times the memory of the rows that they are copied from
    block: ClassVar[int] = 256

    filters: int
    size: int = 3
    bias: bool = True

    def __post_init__(self) -> None:
        if self.filters < 1 or self.size < 1 or self.size % 2 == 0:
            raise ValueError(
                f"a convolution of {self.filters} filters of size {self.size}: there must be 1 or more "
                "filters, and the size is odd"
            )

    def output_shape(self, shape: Shape) -> Shape:
        """(filters, height, width)."""
        _, height, width = _picture(shape, "a convolution")
        return (self.filters, height, width)

    def parameters_shape(self, shape: Shape) -> Shape:
        """(filters, bias + channels · size²)."""
        channels, _, _ = _picture(shape, "a convolution")
        return (self.filters, int(self.bias) + channels * self.size**2)

    def work(self, place: Place) -> Worker:
        """See `Layer`."""
        return _ConvolutionWorker(self, place)


class _ConvolutionWorker(Worker):
    """`_padded` is the input with its margin of zeros, `_patches` the same copied out."""

    def __init__(self, layer: Convolution, place: Place) -> None:
        (channels, height, width), rows, size = _picture(place.shape, "a convolution"), place.rows, layer.size
        margin, self._bias = size // 2, int(layer.bias)
        self.input, self._output, self._wanted = place.separate(), place.output, place.wanted
        self._padded = np.zeros((channels, height + 2 * margin, width + 2 * margin, rows), place.dtype)
        self._inside = self._padded[:, margin : margin + height, margin : margin + width]
        self._patches = np.ones((self._bias + channels * size**2, height * width * rows), place.dtype)
        copies = self._patches[self._bias :].reshape(channels, size, size, height, width, rows)
        # the pixels at one offset in all patches are the whole picture, moved
        self._moved = [
            (copies[:, y, x], self._padded[:, y : y + height, x : x + width])
            for y, x in product(range(size), repeat=2)
        ]

    def forward(self, theta: Array) -> None:
        np.copyto(self._inside, self.input.a)
        for copy, moved in self._moved:
            np.copyto(copy, moved)
        np.matmul(theta, self._patches, out=self._output.a.reshape(len(theta), -1))

    def backward(self, theta: Array, gradient: Array) -> None:
        delta = self._output.delta.reshape(len(theta), -1)
        np.matmul(delta, self._patches.T, out=gradient)
        if self._wanted:
            # the patches are no longer needed: their memory takes the derivatives by them, and what
            # `forward` copied many times is added up
            np.matmul(theta[:, self._bias :].T, delta, out=self._patches[self._bias :])
            self._padded.fill(0)
            for copy, moved in self._moved:
                moved += copy
            np.copyto(self.input.delta, self._inside)
            self._padded.fill(0)


@dataclass(frozen=True)
class Pooling(Layer):
    """Max pooling: the largest number of each square of size × size positions.

    Positions on the right and at the bottom that fill no whole square are left out.

    Attributes
    ----------
    size
        Width and height of a square.
    """

    size: int = 2

    def __post_init__(self) -> None:
        if self.size < 1:
            raise ValueError(f"pooling takes squares of at least 1 × 1, not {self.size}")

    def output_shape(self, shape: Shape) -> Shape:
        """(channels, height / size, width / size), rounded down."""
        channels, height, width = _picture(shape, "pooling")
        if min(height, width) < self.size:
            raise ValueError(
                f"pooling by {self.size} leaves nothing of a picture of {height} × {width}: pool less"
            )
        return (channels, height // self.size, width // self.size)

    def work(self, place: Place) -> Worker:
        """See `Layer`."""
        return _PoolingWorker(self.size, place)


class _PoolingWorker(Worker):
    """`_squares` are the positions with the same number in every square, `_largest` which of them won."""

    def __init__(self, size: int, place: Place) -> None:
        self._output, units = place.output, place.output.a
        self.input = place.separate()
        if place.wanted and not place.kept:
            # the input is read in `forward` alone: on the way back its memory takes the derivative
            self.input = Signal(self.input.a, self.input.a)
        _, high, wide, _ = units.shape

        def squares(signal: Array) -> list[Array]:
            return [
                signal[:, y : high * size : size, x : wide * size : size]
                for y, x in product(range(size), repeat=2)
            ]

        self._squares = squares(self.input.a)
        self._deltas = squares(self.input.delta) if place.wanted else []
        self._rest = self.input.a[0].size > len(self._squares) * units[0].size
        # as small as the number of the last square allows
        self._largest = np.empty(units.shape, np.min_scalar_type(len(self._squares) - 1))
        self._here = np.empty(units.shape, bool)

    def forward(self, theta: Array) -> None:
        units = self._output.a
        np.copyto(units, self._squares[0])
        self._largest.fill(0)
        for number, square in enumerate(self._squares[1:], 1):
            if self._deltas:
                # the first of equals stays: blank paper gives the same z everywhere, and counts once
                np.greater(square, units, out=self._here)
                np.copyto(self._largest, number, where=self._here)
            np.maximum(square, units, out=units)

    def backward(self, theta: Array, gradient: Array) -> None:
        if self._rest:
            self.input.delta.fill(0)  # positions that are in no square change nothing
        for number, square in enumerate(self._deltas):
            np.equal(self._largest, number, out=self._here)
            np.multiply(self._output.delta, self._here, out=square)
