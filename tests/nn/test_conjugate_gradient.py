"""Our conjugate gradient and line search take the steps that SciPy takes, and the steps are good ones."""

import math
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import rosen, rosen_der

from captchanet.nn import (
    Diverged,
    Objective,
    conjugate_gradient,
    fully_connected,
    l2,
    scipy_conjugate_gradient,
    tutorial_penalty,
    uniform,
)
from captchanet.nn.bracket_and_zoom import bracket_and_zoom
from captchanet.nn.conjugate_gradient import _Search, largest
from captchanet.nn.line_search import (
    Trial,
    _bend,
    _cubic,
    _quadratic,
    _secant,
    flat_enough,
    low_enough,
    more_thuente,
)


class Function:
    """An objective of a cost and a gradient, which remembers where it was evaluated."""

    rows, unrepeatable = 1, ()

    def __init__(self, cost, gradient):
        self.cost, self.gradient, self.seen = cost, gradient, []

    def __call__(self, theta, rows=None):
        self.seen.append(theta.copy())
        return float(self.cost(theta)), np.array(self.gradient(theta))


def same_course(cost, gradient, theta, iterations):
    """Both minimise; tells whether both end in the same theta to the last bit, and gives our result."""
    ours, theirs = Function(cost, gradient), Function(cost, gradient)
    with np.errstate(all="ignore"):
        found = conjugate_gradient(ours, theta, iterations=iterations)
        expected = scipy_conjugate_gradient(theirs, theta, iterations=iterations)
    # evaluations are not compared: each evaluates some steps twice that the other does not
    return found.steps == expected.steps and np.array_equal(found.theta, expected.theta), found


@pytest.mark.parametrize("penalty", [tutorial_penalty(weight=0.1), l2(weight=0.1)])
def test_a_network_is_trained_to_scipys_theta_to_the_last_bit(penalty):
    network = fully_connected((12, 10, 10, 6))
    for seed in range(4):
        rng = np.random.default_rng(seed)
        X, Y = rng.random((40, 12)), np.eye(6)[rng.integers(0, 6, 40)]
        objective, theta = Objective(network, X, Y, penalty=penalty), uniform(network, rng)
        found = conjugate_gradient(objective, theta, iterations=40)
        expected = scipy_conjugate_gradient(objective, theta, iterations=40)
        np.testing.assert_array_equal(found.theta, expected.theta)
        assert found.steps == expected.steps


@pytest.mark.parametrize("start", [np.zeros(10), np.linspace(-2, 2, 10), np.full(10, 3.0)])
def test_rosenbrocks_valley_is_gone_down_by_scipys_steps(start):
    same, found = same_course(rosen, rosen_der, start, 60)
    assert same
    assert found.steps == 60


def test_where_the_first_search_ends_without_a_step_the_second_takes_scipys():
    # near the minimum of |x|^1.5 rounding and kinks end Moré and Thuente's search
    def cost(x):
        return np.sum(np.abs(x) ** 1.5) + 0.3 * np.sum(np.abs(np.diff(x)))

    def gradient(x):
        found = 1.5 * np.sign(x) * np.abs(x) ** 0.5
        kinks = 0.3 * np.sign(np.diff(x))
        found[1:] += kinks
        found[:-1] -= kinks
        return found

    ends = [same_course(cost, gradient, np.random.default_rng(seed).normal(size=6), 50) for seed in range(20)]
    assert all(same for same, _ in ends)
    assert any("rounding" in found.reason for _, found in ends)


slopes = st.floats(-10, 10)


@given(st.lists(slopes, min_size=2, max_size=4), st.floats(0.01, 10))
def test_a_step_that_is_found_meets_both_conditions_on_any_wave(amplitudes, first):
    def trial(step):
        value = sum(a * math.sin(k * step) for k, a in enumerate(amplitudes, 1)) + step**2
        slope = sum(a * k * math.cos(k * step) for k, a in enumerate(amplitudes, 1)) + 2 * step
        return Trial(step, value, slope)

    start = trial(0.0)
    if start.slope >= 0:
        assert more_thuente(trial, start, first) is None
        return
    found = more_thuente(trial, start, first)
    if found is not None:
        assert low_enough(found, start)
        assert flat_enough(found, start)
    accepted = []
    found = bracket_and_zoom(trial, start, first, lambda one: accepted.append(one) or True)
    assert accepted == ([found] if found else [])
    assert all(one.cost <= start.cost and flat_enough(one, start) for one in accepted)


def test_the_steps_are_those_of_the_worked_example():
    # docs/mathematics.md, section 5: the cubic s³ - 3 s between 0 and 2
    low, trial = Trial(0.0, 0.0, -3.0), Trial(2.0, 2.0, 9.0)
    assert _bend(low, trial) == (3, 6)
    assert _cubic(low, trial, (3, 6)) == 1
    assert _quadratic(low, trial) == 0.75
    # a secant of the slopes -3 and 9
    assert _secant(trial, low) == 0.5


def test_two_numbers_take_two_steps_as_in_the_worked_example():
    # docs/mathematics.md, section 5: half of x² + 4 y² from (4, 1), by exact steps
    def cost(theta):
        return (theta[0] ** 2 + 4 * theta[1] ** 2) / 2

    search = _Search(Function(cost, lambda theta: theta * [1, 4]), np.array([4.0, 1.0]))
    for step, theta, direction in (0.4, (2.4, -0.6), (-3.84, 0.96)), (0.625, (0, 0), (0, 0)):
        trial = search.trial(step)
        assert search.leads_down(trial)
        search.accept(trial)
        np.testing.assert_allclose(search.theta, theta, atol=1e-14)
        np.testing.assert_allclose(search.direction, direction, atol=1e-14)


def test_it_ends_at_a_minimum_and_says_so():
    parabola = Function(lambda x: float(x @ x) / 2, lambda x: x)
    result = conjugate_gradient(parabola, np.array([3.0, -4.0]), iterations=50)
    assert largest(result.theta) <= 1e-5
    assert "no entry of the gradient" in result.reason
    again = conjugate_gradient(parabola, result.theta, iterations=50)
    assert (again.steps, again.evaluations) == (0, 1)


def test_the_largest_entry_counts_by_its_size():
    assert largest(np.array([1.0, -3.0, 2.0])) == 3
    assert math.isnan(largest(np.array([1.0, np.nan])))


def test_a_gradient_that_is_no_number_ends_in_diverged():
    with pytest.raises(Diverged, match="gradient became nan in step 1"):
        conjugate_gradient(Function(lambda x: 1.0, lambda x: x * np.nan), np.ones(3))


def test_it_needs_no_scipy():
    code = (
        "import sys, numpy as np; from captchanet.nn import conjugate_gradient\n"
        "class P:\n rows, unrepeatable = 1, ()\n def __call__(self, t, _=None): return float(t @ t), 2 * t\n"
        "conjugate_gradient(P(), np.ones(3)); sys.exit('scipy' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
