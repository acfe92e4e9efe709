"""How far to go along a direction: a step that meets the strong Wolfe conditions.

With φ(s) the cost after a step s along the direction, and φ' its slope, a step is good if

    φ(s) ≤ φ(0) + c₁ s φ'(0)    (the cost has fallen enough)
    |φ'(s)| ≤ c₂ |φ'(0)|        (and the way has become flat enough)

`more_thuente` finds one as J. J. Moré and D. J. Thuente, "Line search algorithms with guaranteed sufficient
decrease", ACM Transactions on Mathematical Software 20 (1994), 286-307, describe it. Its constants, and what
the paper leaves open, are those of MINPACK-2 and SciPy, so that it tries the steps that SciPy tries. Where it
finds none, `bracket_and_zoom` in the module of that name goes on.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

C1, C2 = 1e-4, 0.4
"""The constants of the Wolfe conditions. A small c₂ suits directions that are conjugate to one another."""

EVALUATIONS = 100
"""How many steps `more_thuente` tries at most."""

SHORTEST = 1e-100
"""A first step below this is none."""

RELATIVE_WIDTH = 1e-14
"""An interval as narrow as this, by its upper end, holds no more steps that differ."""


class Trial(NamedTuple):
    """A step along the direction that was tried, with cost and slope there."""

    step: float
    cost: float
    slope: float


Evaluate = Callable[[float], Trial]
"""evaluate(step) takes a step from the start, and computes."""


def low_enough(trial: Trial, start: Trial) -> bool:
    """Tell whether the cost has fallen enough: the first Wolfe condition.

    Parameters
    ----------
    trial
        A step.
    start
        The step 0.
    """
    return trial.cost <= start.cost + trial.step * (C1 * start.slope)


def flat_enough(trial: Trial, start: Trial) -> bool:
    """Tell whether the way has become flat enough: the second Wolfe condition.

    Parameters
    ----------
    trial
        A step.
    start
        The step 0.
    """
    return abs(trial.slope) <= C2 * -start.slope


def more_thuente(evaluate: Evaluate, start: Trial, step: float) -> Trial | None:
    """Find a step by Moré and Thuente.

    It keeps two ends, `low` and `high`. `low` has the lowest cost so far, and its slope points to `high`. At
    first they are no interval, and steps grow. As soon as a step has a higher cost, or a slope of the other
    sign, a good step lies between them (`bracketed`), and from then on they close in on it.

    Parameters
    ----------
    evaluate
        Takes a step from the start.
    start
        The step 0; its slope is negative.
    step
        The first step to try.

    Returns
    -------
    Trial or None
        The last step tried, if it meets both conditions; None if there is none to be found, which happens
        when rounding hides the slope of the cost.
    """
    if step < SHORTEST or not start.slope < 0:
        return None
    low = high = start
    bracketed, descended = False, False
    shortest, longest = 0.0, step + 4 * step
    width = width_before = math.inf
    for _ in range(EVALUATIONS):
        trial = evaluate(step)
        fallen = low_enough(trial, start)
        if fallen and flat_enough(trial, start):
            return trial
        descended = descended or (fallen and trial.slope >= 0)
        # Until a step has fallen enough and gone past the lowest point, the search is for a step that only
        # falls enough: it looks at ψ, the cost above the line that the first condition draws (section 2).
        tilt = C1 * start.slope if not descended and not fallen and trial.cost <= low.cost else 0.0
        ends = (_tilted(low, tilt), _tilted(high, tilt), _tilted(trial, tilt))
        try:
            step = _next_step(*ends, bracketed, shortest, longest)
        except (ArithmeticError, ValueError):  # no polynomial goes through points that rounding made one
            return None
        bracketed = bracketed or trial.cost > low.cost or trial.slope * low.slope < 0
        low, high = (_tilted(end, -tilt) for end in _interval(*ends))
        if bracketed:
            # an interval that two steps did not make a third smaller is halved
            if abs(high.step - low.step) >= 0.66 * width_before:
                step = low.step + 0.5 * (high.step - low.step)
            width_before, width = width, abs(high.step - low.step)
            shortest, longest = sorted((low.step, high.step))
            if not shortest < step < longest or longest - shortest <= RELATIVE_WIDTH * longest:
                return None
        elif step == trial.step:
            return None
        else:
            shortest, longest = step + 1.1 * (step - low.step), step + 4 * (step - low.step)
    return None


def _tilted(trial: Trial, slope: float) -> Trial:
    """Subtract the line through 0 with this slope: of φ it makes ψ."""
    return Trial(trial.step, trial.cost - trial.step * slope, trial.slope - slope) if slope else trial


def _interval(low: Trial, high: Trial, trial: Trial) -> tuple[Trial, Trial]:
    """Choose the ends of the next interval (Moré and Thuente, section 2, the updating algorithm)."""
    if trial.cost > low.cost:
        return low, trial
    return trial, low if trial.slope * low.slope < 0 else high


def _next_step(
    low: Trial, high: Trial, trial: Trial, bracketed: bool, shortest: float, longest: float
) -> float:
    """Choose the step to try next (Moré and Thuente, section 4): cubic, quadratic or secant.

    Raises ArithmeticError or ValueError where the polynomial has no minimum in numbers.
    """
    if trial.cost > low.cost:  # case 1: it went up, so the lowest point is nearer
        cubic, quadratic = _cubic(low, trial, _bend(low, trial)), _quadratic(low, trial)
        near = abs(cubic - low.step) <= abs(quadratic - low.step)
        return cubic if near else cubic + (quadratic - cubic) / 2
    secant = _secant(trial, low) if trial.slope != low.slope else math.inf
    if trial.slope * low.slope < 0:  # case 2: it went down and up again
        cubic = _cubic(trial, low, _bend(low, trial))
        return cubic if abs(cubic - trial.step) > abs(secant - trial.step) else secant
    if abs(trial.slope) < abs(low.slope):  # case 3: it goes on falling, but less and less
        cubic = _cubic_ahead(low, trial, shortest, longest)
        if not bracketed:
            far = abs(cubic - trial.step) > abs(secant - trial.step)
            return min(max(cubic if far else secant, shortest), longest)
        nearer = cubic if abs(cubic - trial.step) < abs(secant - trial.step) else secant
        two_thirds = trial.step + 0.66 * (high.step - trial.step)
        return min(two_thirds, nearer) if trial.step > low.step else max(two_thirds, nearer)
    if bracketed:  # case 4: it falls ever faster
        return _cubic(trial, high, _bend(high, trial))
    return longest if trial.step > low.step else shortest


def _bend(known: Trial, trial: Trial, *, guarded: bool = False) -> tuple[float, float]:
    """Return θ and |γ| of the cubic through two steps, which its lowest point is computed from.

    γ² below 0 is taken for 0 if `guarded`; else it raises ValueError.
    """
    theta = 3 * (known.cost - trial.cost) / (trial.step - known.step) + known.slope + trial.slope
    # divided by the largest, so that no square overflows
    scale = max(abs(theta), abs(known.slope), abs(trial.slope))
    square = (theta / scale) ** 2 - (known.slope / scale) * (trial.slope / scale)
    return theta, scale * math.sqrt(max(0.0, square) if guarded else square)


def _cubic(start: Trial, end: Trial, bend: tuple[float, float]) -> float:
    """Find the lowest point of the cubic with the costs and slopes of two steps, counted from the first."""
    theta, gamma = bend[0], bend[1] if end.step >= start.step else -bend[1]
    above = (gamma - start.slope) + theta
    below = ((gamma - start.slope) + gamma) + end.slope
    return start.step + above / below * (end.step - start.step)


def _cubic_ahead(low: Trial, trial: Trial, shortest: float, longest: float) -> float:
    """Find the lowest point of the cubic beyond `trial`; the farthest step allowed, if it has none there."""
    theta, gamma = _bend(low, trial, guarded=True)
    if trial.step > low.step:
        gamma = -gamma
    ratio = ((gamma - trial.slope) + theta) / ((gamma + (low.slope - trial.slope)) + gamma)
    if ratio < 0 and gamma != 0:
        return trial.step + ratio * (low.step - trial.step)
    return longest if trial.step > low.step else shortest


def _secant(trial: Trial, other: Trial) -> float:
    """Find where the slope would be 0, if it changed as it does between two steps."""
    return trial.step + (trial.slope / (trial.slope - other.slope)) * (other.step - trial.step)


def _quadratic(low: Trial, trial: Trial) -> float:
    """Find the lowest point of the parabola with both costs and the slope of `low`."""
    width = trial.step - low.step
    return low.step + ((low.slope / ((low.cost - trial.cost) / width + low.slope)) / 2) * width
