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

from captchanet.nn.layer import Array, Layer, Place, Shape, Worker


def _picture(shape: Shape, who: str) -> tuple[int, int, int]:
    """Check that the shape is channels, height and width."""
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

    # patches take size² times the memory of the rows that they are copied from
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
        """Tell (filters, height, width)."""
        _, height, width = _picture(shape, "a convolution")
        return (self.filters, height, width)

    def parameters_shape(self, shape: Shape) -> Shape:
        """Tell (filters, bias + channels · size²)."""
        channels, _, _ = _picture(shape, "a convolution")
        return (self.filters, int(self.bias) + channels * self.size**2)

    def work(self, place: Place) -> Worker:
        """See `Layer`."""
        return _ConvolutionWorker(self, place)


class _ConvolutionWorker(Worker):
    """`_padded` is the input with its margin of zeros, `_patches` the same copied out."""

    def __init__(self, layer: Convolution, place: Place) -> None:
        self._input, self._output, self._bias = place.input, place.output, int(layer.bias)
        (channels, height, width, rows), dtype = place.input.a.shape, place.input.a.dtype
        size, margin = layer.size, layer.size // 2
        self._padded = np.zeros((channels, height + 2 * margin, width + 2 * margin, rows), dtype)
        self._inside = self._padded[:, margin : margin + height, margin : margin + width]
        self._patches = np.ones((self._bias + channels * size**2, height * width * rows), dtype)
        copies = self._patches[self._bias :].reshape(channels, size, size, height, width, rows)
        # the pixels at one offset in all patches are the whole picture, moved
        self._moved = [
            (copies[:, y, x], self._padded[:, y : y + height, x : x + width])
            for y, x in product(range(size), repeat=2)
        ]

    def forward(self, theta: Array) -> None:
        np.copyto(self._inside, self._input.a)
        for copy, moved in self._moved:
            np.copyto(copy, moved)
        np.matmul(theta, self._patches, out=self._output.a.reshape(len(theta), -1))

    def backward(self, theta: Array, gradient: Array) -> None:
        delta = self._output.delta.reshape(len(theta), -1)
        np.matmul(delta, self._patches.T, out=gradient)
        if self._input.delta.size:
            # the patches are no longer needed: their memory takes the derivatives by them, and what
            # `forward` copied many times is added up
            np.matmul(theta[:, self._bias :].T, delta, out=self._patches[self._bias :])
            self._padded.fill(0)
            for copy, moved in self._moved:
                moved += copy
            np.copyto(self._input.delta, self._inside)
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
        """Tell (channels, height / size, width / size), rounded down."""
        channels, height, width = _picture(shape, "pooling")
        if min(height, width) < self.size:
            raise ValueError(
                f"pooling by {self.size} leaves nothing of a picture of {height} × {width}: pool less"
            )
        return (channels, height // self.size, width // self.size)

    def work(self, place: Place) -> Worker:
        """See `Layer`."""
        return _PoolingWorker(self.size, place)


def squares(pictures: Array, size: int) -> list[Array]:
    """Cut out the positions that have the same place in every square, for each place; they are views.

    Parameters
    ----------
    pictures
        Shape (channels, height, width, rows).
    size
        Width and height of a square.

    Returns
    -------
    list of arrays
        size² of them, each (channels, height / size, width / size, rows), rounded down.
    """
    _, height, width, _ = pictures.shape
    bottom, right = height - height % size, width - width % size
    return [pictures[:, y:bottom:size, x:right:size] for y, x in product(range(size), repeat=2)]


class _PoolingWorker(Worker):
    """`_largest` says which number of each square won."""

    def __init__(self, size: int, place: Place) -> None:
        self._input, self._output = place.input, place.output
        units = place.output.a
        self._squares = squares(place.input.a, size)
        self._deltas = squares(place.input.delta, size) if place.input.delta.size else []
        self._rest = place.input.a[0].size > len(self._squares) * units[0].size
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
            self._input.delta.fill(0)  # positions that are in no square change nothing
        for number, square in enumerate(self._deltas):
            np.equal(self._largest, number, out=self._here)
            np.multiply(self._output.delta, self._here, out=square)
