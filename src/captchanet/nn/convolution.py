"""Convolution: a layer whose units each look at a small window, all with the same weights.

A filter is a pattern of size × size pixels that slides over the picture. Copied out, the pixels under it are
a column of numbers, one column for each position in each row of the data; under a row of ones they make a
matrix `patches`, and the layer is once more z = theta @ a: theta has a row for each filter, the bias first.
Max pooling then keeps the largest z of each square of pool × pool positions, so that a stroke may be shifted
a little, and the activation comes last (it never falls, so the largest z gives the largest a).

Signals are kept as in the rest of the network, one column a row of the data: (channels, height, width, rows)
in memory is (units, rows).

Y. LeCun et al., "Backpropagation applied to handwritten zip code recognition", Neural Computation 1 (1989).
"""

from collections.abc import Sequence
from itertools import product
from typing import NamedTuple

import numpy as np

from captchanet.nn.activations import Activation, Array

Shape = tuple[int, int, int]
"""(channels, height, width)"""


class Convolution(NamedTuple):
    """A layer of so many `filters`, size × size pixels each (size is odd), pooled by `pool` (1: not at all).

    The picture is padded with paper, zeros, so that every pixel has its patch. Positions that fill no whole
    square of pool × pool, on the right and at the bottom, are left out.
    """

    filters: int
    size: int = 3
    pool: int = 2


def shapes(input_shape: Shape, convolutions: Sequence[Convolution]) -> list[Shape]:
    """The shapes of what each convolution gets and, last, of what the last one gives.

    Raises ValueError where there is nothing left of the picture, or where a size has no middle.
    """
    found = [input_shape]
    for filters, size, pool in convolutions:
        _, height, width = found[-1]
        if filters < 1 or size < 1 or size % 2 == 0 or pool < 1:
            raise ValueError(
                f"a convolution of {filters} filters, size {size} and pool {pool}: filters and pool are 1 or "
                "more, size is odd"
            )
        found.append((filters, height // pool, width // pool))
    if min(min(each) for each in found) < 1:
        raise ValueError(f"after the convolutions {found} is left of the picture: pool less")
    return found


class Layer:
    """One convolution at work on `rows` rows of the data: its buffers, the way there and the way back.

    `a` (channels, height, width, rows) is what it gets, a view into its own padded buffer, for others to
    write to; `patches` (1 + channels · size², height · width · rows) the same copied out; `z` (filters,
    height, width, rows), until `backward` makes it the delta; `units` (filters, height / pool, width / pool,
    rows) what it gives.
    """

    def __init__(self, how: Convolution, shape: Shape, rows: int, bias: bool, dtype: np.dtype) -> None:
        (channels, height, width), margin, extra = shape, how.size // 2, int(bias)
        self.extra = extra
        self._padded = np.zeros((channels, height + 2 * margin, width + 2 * margin, rows), dtype)
        self.a = self._padded[:, margin : margin + height, margin : margin + width]
        self.patches = np.ones((extra + channels * how.size**2, height * width * rows), dtype)
        copies = self.patches[extra:].reshape(channels, how.size, how.size, height, width, rows)
        offsets = list(product(range(how.size), repeat=2))
        # the pixels at one offset in all patches: the whole picture, moved
        self._copies = [copies[:, y, x] for y, x in offsets]
        self._moved = [self._padded[:, y : y + height, x : x + width] for y, x in offsets]
        self.z = np.empty((how.filters, height, width, rows), dtype)
        high, wide = height // how.pool, width // how.pool
        self.squares = [
            self.z[:, y : high * how.pool : how.pool, x : wide * how.pool : how.pool]
            for y, x in product(range(how.pool), repeat=2)
        ]
        self.units = np.empty((how.filters, high, wide, rows), dtype)
        # as small as the number of the last square allows
        self._largest = np.empty(self.units.shape, np.min_scalar_type(len(self.squares) - 1))
        self._here = np.empty(self.units.shape, bool)

    def forward(self, theta: Array, activation: Activation) -> Array:
        """The units that the picture in `a` gives with the matrix theta (filters, 1 + channels · size²)."""
        for copy, moved in zip(self._copies, self._moved, strict=True):
            np.copyto(copy, moved)
        np.matmul(theta, self.patches, out=self.z.reshape(len(self.z), -1))
        np.copyto(self.units, self.squares[0])
        self._largest.fill(0)
        for number, square in enumerate(self.squares[1:], 1):
            # the first of equals stays: blank paper gives the same z everywhere, and counts once
            np.greater(square, self.units, out=self._here)
            np.copyto(self._largest, number, where=self._here)
            np.maximum(square, self.units, out=self.units)
        return activation.apply(self.units, self.units)

    def backward(self, theta: Array, delta: Array, gradient: Array, below: Array | None) -> None:
        """Writes the gradient by theta, and to `below`, like `a`, the cost's derivative by `a`.

        `delta`, like `units`, is the derivative by the pooled z: each goes to where the largest z was, and
        what `forward` copied out of the picture many times is added up on the way back.
        """
        if self.z[0].size > len(self.squares) * self.units[0].size:
            self.z.fill(0)  # nothing came from the positions that are in no square
        for number, square in enumerate(self.squares):
            np.equal(self._largest, number, out=self._here)
            np.multiply(delta, self._here, out=square)
        flat = self.z.reshape(len(self.z), -1)
        np.matmul(flat, self.patches.T, out=gradient)
        if below is not None:
            # the patches have served: their memory takes the derivatives by them
            np.matmul(theta[:, self.extra :].T, flat, out=self.patches[self.extra :])
            self._padded.fill(0)
            for copy, moved in zip(self._copies, self._moved, strict=True):
                moved += copy
            np.copyto(below, self.a)
            self._padded.fill(0)


class Front:
    """The convolutions of a network at work on `rows` rows of the data, one after the other."""

    def __init__(
        self, input_shape: Shape, convolutions: Sequence[Convolution], rows: int, bias: bool, dtype: np.dtype
    ) -> None:
        signal_shapes = shapes(input_shape, convolutions)
        self.layers = [
            Layer(how, shape, rows, bias, dtype)
            for how, shape in zip(convolutions, signal_shapes, strict=False)
        ]
        # of what the last one gives the network keeps the delta
        self._deltas = [np.empty_like(layer.units) for layer in self.layers[:-1]]

    def forward(self, theta: Sequence[Array], activation: Activation, inputs: Array, out: Array) -> None:
        """From `inputs` (rows, pixels) to `out` (units of the last one, rows); theta layer by layer."""
        first, last = self.layers[0], self.layers[-1]
        np.copyto(first.a, inputs.T.reshape(first.a.shape))
        following = [*(layer.a for layer in self.layers[1:]), out.reshape(last.units.shape)]
        for layer, matrix, a in zip(self.layers, theta, following, strict=True):
            np.copyto(a, layer.forward(matrix, activation))

    def backward(
        self, theta: Sequence[Array], activation: Activation, delta: Array, gradients: Sequence[Array]
    ) -> None:
        """Writes the gradients by theta; `delta` (units, rows) is the derivative by the last pooled z."""
        deltas = [*self._deltas, delta.reshape(self.layers[-1].units.shape)]
        for number in reversed(range(len(self.layers))):
            below = deltas[number - 1] if number else None
            self.layers[number].backward(theta[number], deltas[number], gradients[number], below)
            if below is not None and activation.times_slope:
                activation.times_slope(below, self.layers[number - 1].units)
