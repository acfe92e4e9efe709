"""The second search along a direction, for where that of Moré and Thuente ends without a step.

Algorithms 3.5 and 3.6 of J. Nocedal and S. J. Wright, "Numerical optimization", 2nd edition, 2006, with
the interpolation and limits of SciPy, so that it tries the steps that SciPy tries.
"""

import math
from collections.abc import Callable

import numpy as np

from captchanet.nn.line_search import C1, Evaluate, Trial, flat_enough

DOUBLINGS = 10
"""How often the step is doubled at most."""

ZOOMS = 11
"""How many steps are tried in an interval at most."""


def bracket_and_zoom(
    evaluate: Evaluate, start: Trial, step: float, accept: Callable[[Trial], bool]
) -> Trial | None:
    """Find a step by doubling until there is an interval with a good one, and going into that.

    Parameters
    ----------
    evaluate
        Takes a step from the start.
    start
        The step 0.
    step
        The first step to try.
    accept
        Has the last word on a step that meets both conditions.

    Returns
    -------
    Trial or None
        The last step tried; None if there is none to be found. Where doubling finds no end, it is the last
        one, which meets the first condition alone.
    """
    before = start
    for number in range(DOUBLINGS):
        if not step:
            return None
        trial = evaluate(step)
        if not _lower(trial, start) or (number and trial.cost >= before.cost):
            return _zoom(evaluate, start, (before, trial), accept)
        if flat_enough(trial, start) and accept(trial):
            return trial
        if trial.slope >= 0:
            return _zoom(evaluate, start, (trial, before), accept)
        before, step = trial, 2 * step
    return evaluate(step)


def _lower(trial: Trial, start: Trial) -> bool:
    """Tell the first condition in Nocedal and Wright's order of products, which can differ in a last bit."""
    return trial.cost <= start.cost + C1 * trial.step * start.slope


def _zoom(
    evaluate: Evaluate, start: Trial, ends: tuple[Trial, Trial], accept: Callable[[Trial], bool]
) -> Trial | None:
    """Go into an interval (algorithm 3.6); the first end has the lower cost."""
    low, high = ends
    last: Trial | None = None
    for _ in range(ZOOMS):
        trial = evaluate(_inside(low, high, last))
        if not _lower(trial, start) or trial.cost >= low.cost:
            last, high = high, trial
            continue
        if flat_enough(trial, start) and accept(trial):
            return trial
        if trial.slope * (high.step - low.step) >= 0:
            last, high = high, low
        else:
            last = low
        low = trial
    return None


def _inside(low: Trial, high: Trial, last: Trial | None) -> float:
    """Choose a step well inside an interval: cubic, else quadratic, else the middle."""
    width = high.step - low.step
    shortest, longest = sorted((low.step, high.step))
    tries = [(_parabola(low, high), 0.1)]
    if last is not None:
        tries.insert(0, (_cubic_through(low, high, last), 0.2))
    for step, margin in tries:
        if step is not None and shortest + margin * width <= step <= longest - margin * width:
            return step
    return low.step + 0.5 * width


def _parabola(low: Trial, high: Trial) -> float | None:
    """Find the lowest point of the parabola with both costs and the slope of `low`; None if it has none."""
    try:
        width = high.step - low.step
        bend = (high.cost - low.cost - low.slope * width) / (width * width)
        step = low.step - low.slope / (2.0 * bend)
    except ArithmeticError:
        return None
    return step if math.isfinite(step) else None


def _cubic_through(low: Trial, high: Trial, last: Trial) -> float | None:
    """Find the lowest point of the cubic with three costs and the slope of `low`; None if it has none."""
    try:
        to_high, to_last = high.step - low.step, last.step - low.step
        determinant = (to_high * to_last) ** 2 * (to_high - to_last)
        rises = [
            high.cost - low.cost - low.slope * to_high,
            last.cost - low.cost - low.slope * to_last,
        ]
        rows = [[to_last**2, -(to_high**2)], [-(to_last**3), to_high**3]]
        a, b = (float(entry) / determinant for entry in np.dot(rows, rises))
        step = low.step + (-b + math.sqrt(b * b - 3 * a * low.slope)) / (3 * a)
    except (ArithmeticError, ValueError):
        return None
    return step if math.isfinite(step) else None
