"""A network is a list of layer widths; its parameters are one flat vector that the layers look into.

Convolutions may stand in front (see `convolution`); all that follows is fully connected.

Signals are kept feature-major, one column a row of the data: `a` of a layer has shape (units, rows). The
theta matrices then multiply them just as they are written on paper, z = theta @ a, and the row of ones that
carries the bias comes first, so that the bias is column 0 of each matrix.
"""

from dataclasses import dataclass
from itertools import pairwise
from math import prod

import numpy as np
from numpy.typing import ArrayLike

from captchanet.nn.activations import Activation, Array, sigmoid
from captchanet.nn.convolution import Convolution, Front, Shape, shapes


@dataclass(frozen=True)
class Network:
    """A fully connected network, after convolutions if there are any.

    `layers` are the widths from the input to the output, (260, 200, 200, 36) for the tutorial's. With `bias`
    every layer's input gets a constant 1 in front, and each theta matrix a first column for it. `hidden` is
    the activation of all layers but the last, `output` that of the last: sigmoid or softmax. With
    `convolutions` the input is a picture of `input_shape`, channel after channel, row by row; they stand
    between the input and the layers that follow, and are not counted in `layers`.
    """

    layers: tuple[int, ...]
    bias: bool = True
    hidden: Activation = sigmoid
    output: Activation = sigmoid
    input_shape: Shape | None = None
    convolutions: tuple[Convolution, ...] = ()

    def __post_init__(self) -> None:
        if len(self.layers) < 2 or any(width < 1 for width in self.layers):
            raise ValueError(f"a network needs at least two layers of at least one unit, not {self.layers}")
        if self.hidden.times_slope is None:
            raise ValueError(f"{self.hidden.name} is no activation for hidden layers, only for the output")
        if self.convolutions:
            if self.input_shape is None or prod(self.input_shape) != self.layers[0]:
                raise ValueError(
                    f"convolutions look at a picture of {self.layers[0]} numbers, not at {self.input_shape}"
                )
            shapes(self.input_shape, self.convolutions)  # raises where nothing is left of it

    @property
    def signal_shapes(self) -> list[Shape]:
        """What each convolution gets and, last, what the last one hands on; empty without convolutions."""
        if self.input_shape is None or not self.convolutions:
            return []
        return shapes(self.input_shape, self.convolutions)

    @property
    def widths(self) -> tuple[int, ...]:
        """The widths of the fully connected layers: `layers`, or what the convolutions hand on instead."""
        return (prod(self.signal_shapes[-1]), *self.layers[1:]) if self.convolutions else self.layers

    @property
    def shapes(self) -> list[tuple[int, int]]:
        """The shapes of theta1, theta2, …: (units, bias + inputs); convolutions' (filters, bias + patch)."""
        extra, widths = int(self.bias), self.widths
        filters = [
            (how.filters, extra + channels * how.size**2)
            for how, (channels, _, _) in zip(self.convolutions, self.signal_shapes, strict=False)
        ]
        return filters + [(units, extra + inputs) for inputs, units in pairwise(widths)]

    @property
    def size(self) -> int:
        """How many numbers theta holds: 99,636 for the tutorial's network."""
        return sum(rows * columns for rows, columns in self.shapes)

    def matrices(self, theta: Array) -> list[Array]:
        """theta1, theta2, … as views of the flat `theta` of shape (size,): writing to one writes to theta."""
        if theta.shape != (self.size,):
            raise ValueError(
                f"theta has shape {theta.shape}, but the layers {self.layers} need ({self.size},)"
            )
        views, start = [], 0
        for rows, columns in self.shapes:
            views.append(theta[start : start + rows * columns].reshape(rows, columns))
            start += rows * columns
        return views

    def parts(self, theta: Array) -> tuple[list[Array], list[Array]]:
        """The matrices of the convolutions, and those of the fully connected layers, as `matrices`."""
        matrices = self.matrices(theta)
        return matrices[: len(self.convolutions)], matrices[len(self.convolutions) :]

    def with_ones(self, X: ArrayLike, dtype: np.dtype) -> Array:
        """The input signal of the data `X` (rows, inputs): a copy with the bias column in front, if any.

        For convolutions, whose bias is in their patches, it has none.
        """
        X = np.asarray(X)
        if X.ndim != 2 or X.shape[1] != self.layers[0]:
            raise ValueError(f"X has shape {X.shape}, but the network takes (rows, {self.layers[0]})")
        extra = int(self.bias and not self.convolutions)
        signal = np.ones((len(X), extra + self.layers[0]), dtype)
        signal[:, extra:] = X
        return signal

    def front(self, rows: int, dtype: np.dtype) -> Front | None:
        """The convolutions, ready for so many rows; None where there are none."""
        if self.input_shape is None or not self.convolutions:
            return None
        return Front(self.input_shape, self.convolutions, rows, self.bias, dtype)

    def outputs(self, theta: Array, X: ArrayLike) -> Array:
        """The outputs, shape (rows, outputs), each 0 … 1, for the data `X` of shape (rows, inputs).

        Works in theta's dtype. Rows go through in blocks, so that the memory does not grow with them.
        """
        X = np.asarray(X)
        result = np.empty((len(X), self.layers[-1]), theta.dtype)
        filters, dense = self.parts(theta)
        # the patches of convolutions take a hundred times the memory of the row that they are copied from
        block = 256 if self.convolutions else 4096
        front = None
        for start in range(0, len(X), block):
            signal = self.with_ones(X[start : start + block], theta.dtype)
            with np.errstate(over="ignore"):
                if self.convolutions and (front is None or len(signal) < block):
                    front = self.front(len(signal), theta.dtype)
                a = signal.T
                if front:
                    a = np.ones((int(self.bias) + self.widths[0], len(signal)), theta.dtype)
                    front.forward(filters, self.hidden, signal, a[int(self.bias) :])
                for number, matrix in enumerate(dense, 1):
                    z = matrix @ a
                    extra = int(self.bias and number < len(dense))
                    a = np.ones((extra + z.shape[0], z.shape[1]), theta.dtype)
                    (self.output if number == len(dense) else self.hidden).apply(z, a[extra:])
            result[start : start + block] = a.T
        return result
