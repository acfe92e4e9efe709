"""What every optimiser takes and gives: it sees an objective, a theta and a callback, never a network."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from captchanet.nn.layer import Array


class Minimised(Protocol):
    """An objective: cost and gradient at theta, on some of its `rows` or on all of them.

    The gradient is lent until the next call, to be used up: an optimiser may change it in place.
    `unrepeatable` names what makes two calls with the same theta differ, such as dropout; () if nothing does.
    """

    rows: int
    unrepeatable: tuple[str, ...]

    def __call__(self, theta: Array, rows: NDArray[np.integer] | None = None) -> tuple[float, Array]:
        """Return the cost and the gradient."""


Callback = Callable[[int, Array, float, float], bool | None]
"""callback(step, theta, cost, gradient_norm): a true answer stops. theta is only lent: copy it to keep it."""


class Diverged(ArithmeticError):
    """The cost stopped being a finite number; the message says after how many steps."""


@dataclass(frozen=True)
class Result:
    """Where an optimiser ended.

    Attributes
    ----------
    theta
        The last theta, shape (size,).
    steps
        How many steps, or epochs, were taken.
    evaluations
        How many times the objective was called.
    reason
        Why it ended, for people to read.
    """

    theta: Array
    steps: int
    evaluations: int
    reason: str


def finite(cost: float, step: int) -> float:
    """Return the cost, if it is a finite number.

    Parameters
    ----------
    cost
        The cost.
    step
        In which step it came up.

    Returns
    -------
    float
        The cost itself.

    Raises
    ------
    Diverged
        If the cost is no finite number.
    """
    if not math.isfinite(cost):
        raise Diverged(f"the cost became {cost} in step {step}")
    return cost
