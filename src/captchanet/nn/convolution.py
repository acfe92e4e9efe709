"""Convolution and max pooling: layers for pictures.

A filter is a pattern of size × size pixels that slides over the picture, with the same weights everywhere.
Copied out, the pixels under it are a column of numbers, one column for each position in each row of the data.
With a row of ones on top the columns make a matrix `patches`, and the layer is once more a product,
z = theta @ patches: theta has a row for each filter, the bias first. Here there is a product for each line of
the picture.

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
from numpy.lib.stride_tricks import as_strided

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

    # patches take `size` times the memory of the rows that they are copied from, and so do their deltas
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


class _Patches:
    """The patches of pictures, copied out `size` times and not size² times.

    `_lines` holds each line of the pictures `size` times, moved by a pixel from one to the next, below a line
    of ones if there is a `bias`; zeros around are the paper. The patches of the pixels in one line are the
    `size` lines around it, just as they lie in memory: `lines[y : y + size]`. So `matrix` is a view, shape
    (height, size · (bias + size · channels), width · rows): a matrix of patches for each line.
    """

    def __init__(self, picture: Array, size: int, bias: int = 0) -> None:
        channels, height, width, rows = picture.shape
        margin = size // 2
        lines = np.zeros((height + 2 * margin, bias + size * channels, width, rows), picture.dtype)
        lines[:, :bias] = 1
        inside = lines[margin : margin + height, bias:].reshape(height, size, channels, width, rows)
        self._copies = []
        for x in range(size):
            left, right = max(0, margin - x), max(0, x - margin)
            to = inside[:, x, :, left : max(0, width - right)]
            self._copies.append((to.swapaxes(0, 1), picture[:, :, right : max(0, width - left)]))
        patches = (height, size * lines.shape[1], width * rows)
        self.matrix = as_strided(lines, patches, (*lines.strides[:2], lines.itemsize), writeable=False)

    def fill(self) -> None:
        """Copy the pictures as they are now."""
        for to, moved in self._copies:
            np.copyto(to, moved)


def _by_line(signal: Array) -> Array:
    """View pictures (channels, height, width, rows) as a matrix for each line: (height, channels, …)."""
    return signal.reshape(*signal.shape[:2], -1).swapaxes(0, 1)


class _ConvolutionWorker(Worker):
    """One product for each line of the picture: what it reads and writes stays in the processor's cache.

    `_weights` is theta in the order of the patches. `_turned` is it for the way back, which is a convolution
    too: of the delta, with the filters turned by half a turn, as a pixel that stood to the right of a
    filter's centre now gets its share from the left.
    """

    def __init__(self, layer: Convolution, place: Place) -> None:
        channels, height, _, _ = place.input.a.shape
        size, self._bias, dtype = layer.size, int(layer.bias), place.input.a.dtype
        self._patches = _Patches(place.input.a, size, self._bias)
        self._weights = np.zeros((layer.filters, size, self._bias + size * channels), dtype)
        self._z, self._below = _by_line(place.output.a), place.input.delta
        self._filters = self._by_filter(self._weights)
        if place.output.delta.size:
            self._delta = _by_line(place.output.delta)
            of_patches = (size, self._bias + size * channels, layer.filters)
            self._of_lines = np.empty((height, *of_patches), dtype)
            self._gradient = np.empty(of_patches, dtype).transpose(2, 0, 1)
        if self._below.size:
            self._deltas = _Patches(place.output.delta, size)
            self._turned = np.empty((channels, size, size, layer.filters), dtype)

    def _by_filter(self, weights: Array) -> Array:
        """View weights in the order of patches in that of theta: filter, channel, y, x; without biases."""
        filters, size, _ = weights.shape
        return weights[:, :, self._bias :].reshape(filters, size, size, -1).transpose(0, 3, 1, 2)

    def forward(self, theta: Array) -> None:
        self._patches.fill()
        self._weights[:, 0, : self._bias] = theta[:, : self._bias]
        np.copyto(self._filters, theta[:, self._bias :].reshape(self._filters.shape))
        np.matmul(self._weights.reshape(len(theta), -1), self._patches.matrix, out=self._z)

    def backward(self, theta: Array, gradient: Array) -> None:
        if self._below.size:
            # y and x in the other direction
            np.copyto(self._turned, self._filters[:, :, ::-1, ::-1].transpose(1, 2, 3, 0))
            self._deltas.fill()
            turned = self._turned.reshape(len(self._turned), -1)
            np.matmul(turned, self._deltas.matrix, out=_by_line(self._below))
        # the patches, more than the filters, come first: that is faster than delta @ patches.T
        of_lines = self._of_lines.reshape(len(self._delta), -1, len(theta))
        np.matmul(self._patches.matrix, self._delta.swapaxes(1, 2), out=of_lines)
        np.sum(self._of_lines, axis=0, out=self._gradient.transpose(1, 2, 0))
        gradient[:, : self._bias] = self._gradient[:, 0, : self._bias]
        np.copyto(gradient[:, self._bias :].reshape(self._filters.shape), self._by_filter(self._gradient))


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
    """`_larger` says for each place in a square but the first where it is larger than all before it."""

    def __init__(self, size: int, place: Place) -> None:
        self._input, self._output = place.input, place.output
        units = place.output.a
        self._squares = squares(place.input.a, size)
        self._deltas = squares(place.input.delta, size) if place.input.delta.size else []
        self._rest = place.input.a[0].size > len(self._squares) * units[0].size
        self._larger = [np.empty(units.shape, bool) for _ in self._deltas[1:]]

    def forward(self, theta: Array) -> None:
        units = self._output.a
        np.copyto(units, self._squares[0])
        for number, square in enumerate(self._squares[1:]):
            if self._deltas:
                # the first of equals stays: blank paper gives the same z everywhere, and counts once
                np.greater(square, units, out=self._larger[number])
            np.maximum(square, units, out=units)

    def backward(self, theta: Array, gradient: Array) -> None:
        if self._rest:
            self._input.delta.fill(0)  # positions that are in no square change nothing
        left = self._output.delta
        # the last that was larger than all before it is the largest
        for larger, square in zip(reversed(self._larger), reversed(self._deltas[1:]), strict=True):
            np.multiply(left, larger, out=square)
            np.subtract(left, square, out=left)
        np.copyto(self._deltas[0], left)
