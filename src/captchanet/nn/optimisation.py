"""What every optimiser takes and gives: it sees an objective, a theta and a callback, never a network."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Protocol

import numpy as np
from annotated_types import Ge, Le
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


Iterations = Annotated[int, Ge(1), Le(1_000_000_000)]


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


def check_repeatable(objective: Minimised, name: str) -> None:
    """Refuse an objective that an optimiser which searches along lines cannot minimise.

    Parameters
    ----------
    objective
        The objective.
    name
        The optimiser, for the message.

    Raises
    ------
    ValueError
        If two calls of the objective with the same theta differ, through dropout, say.
    """
    if objective.unrepeatable:
        raise ValueError(
            f"{name} searches along lines, so the same theta must always cost the same; here it does not: "
            f"{'; '.join(objective.unrepeatable)}. Take an optimiser by mini-batch, or leave these out"
        )
