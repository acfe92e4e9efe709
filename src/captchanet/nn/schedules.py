"""Schedules of the learning rate: each makes a function of the step, counted from 0."""

import math
from collections.abc import Callable
from typing import Annotated

from annotated_types import Ge, Gt, Lt

Schedule = Callable[[int], float]
"""schedule(step) is the learning rate of that step; steps count from 0."""


def constant(rate: float) -> Schedule:
    """Keep the same rate at every step.

    Parameters
    ----------
    rate
        The learning rate.

    Returns
    -------
    callable
        The rate by the step, counted from 0.
    """
    return lambda step: rate


def steps(rate: float, *, every: Annotated[int, Ge(1)], factor: Annotated[float, Gt(0)] = 0.1) -> Schedule:
    """Multiply the rate by a factor again and again.

    Parameters
    ----------
    rate
        The rate of the first step.
    every
        After how many steps it is multiplied.
    factor
        By what.

    Returns
    -------
    callable
        The rate by the step, counted from 0.
    """
    return lambda step: rate * factor ** (step // every)


def cosine(rate: float, *, total: int, last: Annotated[float, Ge(0)] = 0.0) -> Schedule:
    """Go from `rate` along half a cosine to `last`.

    Parameters
    ----------
    rate
        The rate of the first step.
    total
        How many steps there are; the rate stays at `last` after them.
    last
        The rate at step `total`.

    Returns
    -------
    callable
        The rate by the step, counted from 0.

    References
    ----------
    I. Loshchilov and F. Hutter, "SGDR", https://arxiv.org/abs/1608.03983, equation 5, without restarts.
    """

    def at(step: int) -> float:
        return last + (rate - last) * (1 + math.cos(math.pi * min(1.0, step / total))) / 2

    return at


def one_cycle(
    rate: float,
    *,
    total: int,
    warm_up: Annotated[float, Ge(0), Lt(1)] = 0.2,
    start: Annotated[float, Ge(0)] = 0.04,
) -> Schedule:
    """Go half a cosine up from a small rate to `rate`, then half a cosine down to 0.

    Parameters
    ----------
    rate
        The largest rate.
    total
        How many steps there are.
    warm_up
        The share of the steps in which the rate rises.
    start
        The rate of the first step, as a share of `rate`.

    Returns
    -------
    callable
        The rate by the step, counted from 0.

    References
    ----------
    L. N. Smith, "A disciplined approach to neural network hyper-parameters", https://arxiv.org/abs/1803.09820.
    """
    top = warm_up * total

    def at(step: int) -> float:
        if step < top:
            return rate + (start - 1) * rate * (1 + math.cos(math.pi * step / top)) / 2
        return rate * (1 + math.cos(math.pi * min(1.0, (step - top) / (total - top)))) / 2

    return at
