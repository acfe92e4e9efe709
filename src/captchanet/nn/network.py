"""A network is a list of layer widths; its parameters are one flat vector that the layers look into.

Signals are kept feature-major, one column a row of the data: `a` of a layer has shape (units, rows). The
theta matrices then multiply them just as they are written on paper, z = theta @ a, and the row of ones that
carries the bias comes first, so that the bias is column 0 of each matrix.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from captchanet.nn.activations import Activation, Array, sigmoid


@dataclass(frozen=True)
class Network:
    """A fully connected network.

    `layers` are the widths from the input to the output, (260, 200, 200, 36) for the tutorial's. With `bias`
    every layer's input gets a constant 1 in front, and each theta matrix a first column for it. `hidden` is
    the activation of all layers but the last, `output` that of the last: sigmoid or softmax.
    """

    layers: tuple[int, ...]
    bias: bool = True
    hidden: Activation = sigmoid
    output: Activation = sigmoid

    def __post_init__(self) -> None:
        if len(self.layers) < 2 or any(width < 1 for width in self.layers):
            raise ValueError(f"a network needs at least two layers of at least one unit, not {self.layers}")
        if self.hidden.times_slope is None:
            raise ValueError(f"{self.hidden.name} is no activation for hidden layers, only for the output")

    @property
    def shapes(self) -> list[tuple[int, int]]:
        """The shapes of theta1, theta2, …: (units, bias + inputs)."""
        extra = int(self.bias)
        return [(units, extra + inputs) for inputs, units in zip(self.layers, self.layers[1:], strict=False)]

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

    def with_ones(self, X: ArrayLike, dtype: np.dtype) -> Array:
        """The input signal of the data `X` (rows, inputs): a copy with the bias column in front, if any."""
        X = np.asarray(X)
        if X.ndim != 2 or X.shape[1] != self.layers[0]:
            raise ValueError(f"X has shape {X.shape}, but the network takes (rows, {self.layers[0]})")
        extra = int(self.bias)
        signal = np.ones((len(X), extra + self.layers[0]), dtype)
        signal[:, extra:] = X
        return signal

    def outputs(self, theta: Array, X: ArrayLike) -> Array:
        """The outputs, shape (rows, outputs), each 0 … 1, for the data `X` of shape (rows, inputs).

        Works in theta's dtype. Rows go through in blocks, so that the memory does not grow with them.
        """
        X = np.asarray(X)
        result = np.empty((len(X), self.layers[-1]), theta.dtype)
        for start in range(0, len(X), 4096):
            a = self.with_ones(X[start : start + 4096], theta.dtype).T
            for number, matrix in enumerate(self.matrices(theta), 1):
                z = matrix @ a
                last = number == len(self.layers) - 1
                extra = int(self.bias and not last)
                a = np.ones((extra + z.shape[0], z.shape[1]), theta.dtype)
                with np.errstate(over="ignore"):
                    (self.output if last else self.hidden).apply(z, a[extra:])
            result[start : start + 4096] = a.T
        return result
