"""Conjugate gradient: along each direction to a good step, then on in a direction that keeps what was won."""

import math

import numpy as np

from captchanet.nn.bracket_and_zoom import bracket_and_zoom
from captchanet.nn.layer import Array
from captchanet.nn.line_search import Trial, more_thuente
from captchanet.nn.optimisation import (
    Callback,
    Diverged,
    Iterations,
    Minimised,
    Result,
    check_repeatable,
    finite,
)

TOLERANCE = 1e-5
"""Where no entry of the gradient is larger than this, theta is a minimum."""

DESCENT = 0.01
"""How much of steepest descent a new direction must have."""


class _Search:
    """Where the search is: theta, cost and gradient there, and the direction it goes on in.

    All arrays are made once. The gradient of the last trial is lent by the objective, so it is copied only
    for a trial that becomes the next start.
    """

    def __init__(self, objective: Minimised, theta: Array) -> None:
        self._objective, self.evaluations, self.steps = objective, 0, 0
        self.theta, self._trial_theta = theta.copy(), np.empty_like(theta)
        self.direction, self._next_direction = np.empty_like(theta), np.empty_like(theta)
        self.gradient = self._evaluate(self.theta)[1].copy()
        self.square = float(self.gradient @ self.gradient)
        np.negative(self.gradient, out=self.direction)
        self.start = Trial(0.0, self.cost, -self.square)
        # as if the step before had been about 1 long
        self.cost_before = self.cost + math.sqrt(self.square) / 2

    def _evaluate(self, theta: Array) -> tuple[float, Array]:
        self.cost, gradient = self._objective(theta)
        self.evaluations += 1
        finite(self.cost, self.steps + 1)
        return self.cost, gradient

    def trial(self, step: float) -> Trial:
        """Evaluate a step along the direction."""
        np.multiply(self.direction, step, out=self._trial_theta)
        self._trial_theta += self.theta
        cost, self._lent = self._evaluate(self._trial_theta)
        return Trial(step, cost, float(self._lent @ self.direction))

    def leads_down(self, trial: Trial) -> bool:
        """Make the direction after the last trial, and tell whether it goes down, or nothing is left to do.

        Polak and Ribière's β = g'·(g' - g) / (g·g), and 0 for a negative one, which starts anew along the
        gradient. The check is that of Gilbert and Nocedal (section 4): the Wolfe conditions do not imply it.
        """
        new, after = self._lent, self._next_direction
        np.subtract(new, self.gradient, out=after)
        beta = max(0.0, float(after @ new) / self.square)
        np.multiply(self.direction, beta, out=after)
        after -= new
        self._next_square, self._next_slope = float(new @ new), float(after @ new)
        return self._next_slope <= -DESCENT * self._next_square or largest(new) <= TOLERANCE

    def accept(self, trial: Trial) -> None:
        """Go to the last trial, which `leads_down` has seen."""
        self.cost_before = self.start.cost
        self.theta, self._trial_theta = self._trial_theta, self.theta
        self.direction, self._next_direction = self._next_direction, self.direction
        self.gradient[:] = self._lent
        self.square, self.start = self._next_square, Trial(0.0, trial.cost, self._next_slope)
        self.steps += 1

    def line_search(self) -> Trial | None:
        """Find a step along the direction that meets the Wolfe conditions and leads to a direction down."""
        first = min(1.0, 1.01 * 2 * (self.start.cost - self.cost_before) / self.start.slope)
        first = 1.0 if first < 0 else first
        found = more_thuente(self.trial, self.start, first)
        if found and self.leads_down(found):
            return found
        found = bracket_and_zoom(self.trial, self.start, first, self.leads_down)
        if found:
            self.leads_down(found)
        return found


def largest(gradient: Array) -> float:
    """Find the largest entry of a gradient, by its size; nan if an entry is none.

    Parameters
    ----------
    gradient
        Shape (size,).
    """
    return float(np.maximum(gradient.max(), -gradient.min()))


def conjugate_gradient(
    objective: Minimised, theta: Array, *, iterations: Iterations = 100, callback: Callback | None = None
) -> Result:
    """Minimise by conjugate gradient, Polak-Ribière with restarts.

    Parameters
    ----------
    objective
        What to minimise; every step uses all its rows.
    theta
        Where to start, shape (size,); it stays as it is. All is computed in its dtype.
    iterations
        How many steps at most; it ends earlier where the largest entry of the gradient is at most 1e-5.
    callback
        Called after each step.

    Returns
    -------
    Result
        The last theta, and why it ended.

    Raises
    ------
    Diverged
        If the cost or the gradient is no finite number.
    ValueError
        If two calls of the objective with the same theta differ, through dropout, say.

    References
    ----------
    E. Polak and G. Ribière, "Note sur la convergence de méthodes de directions conjuguées", Revue française
    d'informatique et de recherche opérationnelle 3 (1969), 35-43. J. C. Gilbert and J. Nocedal, "Global
    convergence properties of conjugate gradient methods for optimization", SIAM Journal on Optimization 2
    (1992), 21-42. The line search: see `line_search`.
    """
    check_repeatable(objective, "conjugate gradient")
    search, reason = _Search(objective, theta), "all iterations done"
    while search.steps < iterations:
        size = largest(search.gradient)
        if not math.isfinite(size):
            raise Diverged(f"the gradient became {size} in step {search.steps + 1}")
        if size <= TOLERANCE:
            reason = f"no entry of the gradient is larger than {TOLERANCE:g}"
            break
        found = search.line_search()
        if found is None:
            reason = "no step along the direction lowers the cost as it should: rounding is in the way"
            break
        search.accept(found)
        if callback and callback(search.steps, search.theta, found.cost, math.sqrt(search.square)):
            reason = "stopped by the callback"
            break
    return Result(search.theta, search.steps, search.evaluations, reason)
