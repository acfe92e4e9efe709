"""Schedules of the learning rate: functions that make a function of the step, counted from 0."""

import math
from collections.abc import Callable

Schedule = Callable[[int], float]


def constant(rate: float) -> Schedule:
    """The same rate at every step."""
    return lambda step: rate


def steps(rate: float, *, every: int, factor: float = 0.1) -> Schedule:
    """`rate`, multiplied by `factor` after every so many steps."""
    return lambda step: rate * factor ** (step // every)


def cosine(rate: float, *, total: int, last: float = 0.0) -> Schedule:
    """From `rate` at step 0 along half a cosine to `last` at step `total`, and `last` from there on.

    I. Loshchilov and F. Hutter, "SGDR", https://arxiv.org/abs/1608.03983, equation 5, without restarts.
    """

    def at(step: int) -> float:
        return last + (rate - last) * (1 + math.cos(math.pi * min(1.0, step / total))) / 2

    return at


def one_cycle(rate: float, *, total: int, warm_up: float = 0.2, start: float = 0.04) -> Schedule:
    """Half a cosine up from `start` · rate to `rate` in the share `warm_up` of the steps, then one down to 0.

    L. N. Smith, "A disciplined approach to neural network hyper-parameters", https://arxiv.org/abs/1803.09820.
    """
    top = warm_up * total

    def at(step: int) -> float:
        if step < top:
            return rate + (start - 1) * rate * (1 + math.cos(math.pi * step / top)) / 2
        return rate * (1 + math.cos(math.pi * min(1.0, (step - top) / (total - top)))) / 2

    return at
