"""A penalty on large weights: its value, and what it adds to the gradient.

`penalty(network, theta, n, gradient, scratch)` returns the value and adds its derivative to `gradient`;
`scratch` is an array like theta to work in. n is the number of rows of the whole training set, for
mini-batches too, so that the mean over the batches of an epoch has the penalty once.
"""

from collections.abc import Callable
from typing import Annotated

import numpy as np
from annotated_types import Ge

from captchanet.nn.layer import Array
from captchanet.nn.network import Network

Penalty = Callable[[Network, Array, int, Array, Array], float]
"""penalty(network, theta, n, gradient, scratch), see above."""


def no_penalty(network: Network, theta: Array, n: int, gradient: Array, scratch: Array) -> float:
    """Add nothing: the bare cost."""
    return 0.0


def l2(*, weight: Annotated[float, Ge(0)] = 0.1) -> Penalty:
    """Penalise by weight / (2 n) · Σ weights², without the biases; the derivative is weight / n · weights.

    Parameters
    ----------
    weight
        How much large weights cost.

    Returns
    -------
    callable
        The penalty, see above.
    """

    def penalty(network: Network, theta: Array, n: int, gradient: Array, scratch: Array) -> float:
        np.multiply(theta, weight / n, out=scratch)
        for bias in network.biases(scratch):
            bias[:] = 0
        gradient += scratch
        return float(scratch @ theta) / 2

    return penalty


def tutorial_penalty(*, weight: Annotated[float, Ge(0)] = 0.1) -> Penalty:
    """Penalise as the tutorial, as published: weight / (2 n Σ theta1² + Σ theta2² + Σ theta3² …).

    The sums are over the weights without the biases.

    Parameters
    ----------
    weight
        The number above the fraction bar.

    Returns
    -------
    callable
        The penalty, see above.

    Notes
    -----
    The sums of squares stand below the fraction bar, so large weights make this penalty small. The tutorial's
    gradient leaves it out, and so does this one: nothing is added to `gradient`. Cost and gradient therefore
    disagree, and a line search can fail. Here the penalty is so small (1e-6 at the tutorial's start) that
    almost nothing changes.
    """

    def penalty(network: Network, theta: Array, n: int, gradient: Array, scratch: Array) -> float:
        squares = []
        for matrix, bias in zip(network.matrices(theta), network.biases(theta), strict=True):
            squares.append(float(np.vdot(matrix, matrix)) - float((bias.T @ bias).sum()))
        total = 2 * n * squares[0] + sum(squares[1:])
        return weight / total if total else float("inf")

    return penalty
