"""A penalty on the weights: its value, and what it adds to the gradient.

Each takes the network, theta, the number of training rows n, the gradient to add to, and a theta-sized array
to work in. n is the size of the training set for mini-batches too: the penalty belongs to the whole sum.
"""

from collections.abc import Callable

import numpy as np

from captchanet.nn.activations import Array
from captchanet.nn.network import Network

Penalty = Callable[[Network, Array, int, Array, Array], float]


def no_penalty(network: Network, theta: Array, n: int, gradient: Array, scratch: Array) -> float:
    """Nothing: the bare cost."""
    return 0.0


def l2(*, weight: float = 0.1) -> Penalty:
    """weight / (2 n) · Σ weights², biases free; its derivative is weight / n · weights."""

    def penalty(network: Network, theta: Array, n: int, gradient: Array, scratch: Array) -> float:
        np.multiply(theta, weight / n, out=scratch)
        if network.bias:
            for matrix in network.matrices(scratch):
                matrix[:, 0] = 0
        gradient += scratch
        return float(scratch @ theta) / 2

    return penalty


def tutorial_penalty(*, weight: float = 0.1) -> Penalty:
    """The tutorial's published expression: weight / (2 n Σ theta1² + Σ theta2² + Σ theta3² …), biases free.

    It divides by the sums of squares, so large weights make it small, and the tutorial's gradient leaves it
    out: nothing is added here either. It is a tiny number (1e-6 at the tutorial's start) and changes almost
    nothing; but cost and gradient no longer agree, which a line search is entitled to.
    """

    def penalty(network: Network, theta: Array, n: int, gradient: Array, scratch: Array) -> float:
        squares = [float(np.vdot(matrix, matrix)) for matrix in network.matrices(theta)]
        if network.bias:
            biases = [matrix[:, 0] for matrix in network.matrices(theta)]
            squares = [all_ - float(b @ b) for all_, b in zip(squares, biases, strict=True)]
        total = 2 * n * squares[0] + sum(squares[1:])
        return weight / total if total else float("inf")

    return penalty
