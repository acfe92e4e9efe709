"""Optimisers go downhill, report their steps, and stop on request or when the cost is no number."""

import tracemalloc
from functools import partial

import numpy as np
import pytest
from scipy.optimize import rosen, rosen_der

from captchanet.nn import (
    AdamW,
    Diverged,
    GradientDescent,
    Objective,
    conjugate_gradient,
    fully_connected,
    l2,
    l_bfgs,
    scipy_conjugate_gradient,
    uniform,
)


class Rosenbrock:
    """Ten-dimensional Rosenbrock, its gradient in a buffer that each call overwrites, like an Objective's."""

    rows, unrepeatable = 1, ()

    def __init__(self):
        self.buffer = np.empty(10)
        self.calls = 0

    def __call__(self, theta, rows=None):
        self.calls += 1
        self.buffer[:] = rosen_der(theta)
        return float(rosen(theta)), self.buffer


class Parabola:
    """The mean over `rows` of (theta - x)² / 2."""

    unrepeatable = ()

    def __init__(self, x):
        self.x, self.rows = np.asarray(x, float), len(x)
        self.seen = []

    def __call__(self, theta, rows=None):
        x = self.x if rows is None else self.x[rows]
        self.seen.append(None if rows is None else rows.tolist())
        return float(np.mean((theta - x) ** 2) / 2), np.atleast_1d(np.mean(theta - x))


BOTH_CG = pytest.mark.parametrize("optimiser", [conjugate_gradient, scipy_conjugate_gradient])


@BOTH_CG
def test_cg_finds_the_minimum_although_the_gradient_buffer_is_reused(optimiser):
    # SciPy keeps the array that it gets: with the buffer itself this runs into its iteration limit
    result = optimiser(Rosenbrock(), np.zeros(10), iterations=1000)
    np.testing.assert_allclose(result.theta, 1, atol=1e-4)
    assert result.steps < 300


@BOTH_CG
def test_cg_counts_its_steps_and_evaluations_and_says_why_it_ended(optimiser):
    objective = Rosenbrock()
    result = optimiser(objective, np.zeros(10), iterations=7)
    assert result.steps == 7
    assert result.evaluations == objective.calls
    assert "iterations" in result.reason


@BOTH_CG
def test_cg_reports_the_cost_and_gradient_norm_of_the_theta_it_reports(optimiser):
    rows = []

    def callback(step, theta, cost, norm):
        rows.append((step, cost, rosen(theta), norm, np.linalg.norm(rosen_der(theta))))

    optimiser(Rosenbrock(), np.zeros(10), iterations=30, callback=callback)
    assert [row[0] for row in rows] == list(range(1, 31))
    for _, cost, expected, norm, expected_norm in rows:
        assert cost == expected
        assert norm == expected_norm


def test_a_callback_that_returns_true_stops_either_optimiser():
    stop = lambda step, theta, cost, norm: step == 3  # noqa: E731
    assert conjugate_gradient(Rosenbrock(), np.zeros(10), iterations=50, callback=stop).steps == 3
    result = GradientDescent(learning_rate=0.1, epochs=50)(Parabola([1]), np.zeros(1), callback=stop)
    assert result.steps == 3
    assert result.theta[0] == pytest.approx(1 - 0.9**3)


def test_gradient_descent_on_all_rows_samples_nothing_and_follows_its_formula():
    objective = Parabola([1, 3])
    result = GradientDescent(learning_rate=0.25, epochs=4)(objective, np.zeros(1))
    assert objective.seen == [None] * 4
    assert result.theta[0] == pytest.approx(2 * (1 - 0.75**4))


def test_sgd_with_one_full_batch_is_gradient_descent_to_the_last_bit():
    network, rng = fully_connected((5, 4, 3)), np.random.default_rng(2)
    X, Y, theta = rng.random((20, 5)), np.eye(3)[rng.integers(0, 3, 20)], uniform(network, rng)
    objective = Objective(network, X, Y, penalty=l2(weight=0.1))
    options = {"learning_rate": 0.5, "epochs": 10}
    plain = GradientDescent(**options)(objective, theta)
    batched = GradientDescent(**options, batch_size=20)(objective, theta, rng=np.random.default_rng(0))
    np.testing.assert_array_equal(plain.theta, batched.theta)
    slow = theta.copy()
    for _ in range(10):
        slow -= 0.5 * objective(slow)[1]
    np.testing.assert_array_equal(plain.theta, slow)


def test_each_epoch_takes_every_row_once_in_an_order_that_the_seed_decides():
    def orders(seed):
        objective = Parabola(range(10))
        rng = np.random.default_rng(seed)
        GradientDescent(learning_rate=0.1, epochs=3, batch_size=4)(objective, np.zeros(1), rng=rng)
        return objective.seen

    epochs = [[row for batch in orders(1)[3 * i : 3 * i + 3] for row in batch] for i in range(3)]
    assert [len(batch) for batch in orders(1)] == [4, 4, 2] * 3
    assert all(sorted(epoch) == list(range(10)) for epoch in epochs)
    assert epochs[0] != epochs[1]
    assert orders(1) == orders(1) != orders(2)


def test_momentum_adds_a_share_of_the_last_move():
    result = GradientDescent(learning_rate=0.1, epochs=2, momentum=0.5)(Parabola([1]), np.zeros(1))
    # first move .1; second .1 · .9 + .5 · .1
    assert result.theta[0] == pytest.approx(0.1 + 0.09 + 0.05)


def test_the_learning_rate_may_be_a_function_of_the_step():
    result = GradientDescent(learning_rate=lambda step: [1, 0][step], epochs=2)(Parabola([1]), np.zeros(1))
    assert result.theta[0] == 1


def test_a_callback_hears_the_mean_cost_of_the_epoch():
    heard = []
    objective = Parabola([0, 0, 6])
    optimiser = GradientDescent(learning_rate=1e-9, epochs=1, batch_size=2)
    rng = np.random.default_rng(0)
    optimiser(objective, np.zeros(1), rng=rng, callback=lambda *row: heard.append(row[2]))
    assert heard == [pytest.approx(36 / 3 / 2)]


@pytest.mark.parametrize("optimiser", [GradientDescent, AdamW])
def test_a_callback_hears_the_gradient_norm_of_the_last_batch_where_it_was_taken(optimiser):
    seen, heard = [], []

    class Watched(Parabola):
        def __call__(self, theta, rows=None):
            cost, gradient = super().__call__(theta, rows)
            seen.append(abs(float(gradient[0])))
            return cost, gradient

    minimise, rng = optimiser(learning_rate=0.1, epochs=3, batch_size=2), np.random.default_rng(0)
    minimise(Watched([0, 0, 6, 1]), np.zeros(1), rng=rng, callback=lambda *row: heard.append(row[3]))
    assert heard == seen[1::2]


def test_adamws_defaults_are_the_usual_ones():
    initial = np.linspace(-1, 1, 10)
    default = AdamW(learning_rate=0.01, epochs=5)(Rosenbrock(), initial)
    options = {"beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8, "weight_decay": 0.01}
    named = AdamW(learning_rate=0.01, epochs=5, **options)(Rosenbrock(), initial)
    np.testing.assert_array_equal(default.theta, named.theta)
    assert not np.array_equal(
        AdamW(learning_rate=0.01, epochs=5, epsilon=1e-3)(Rosenbrock(), initial).theta, named.theta
    )


def test_mini_batches_without_a_generator_are_refused():
    with pytest.raises(ValueError, match="rng"):
        GradientDescent(learning_rate=1, epochs=1, batch_size=1)(Parabola([1, 2]), np.zeros(1))


def test_neither_optimiser_changes_the_initial_theta():
    initial = np.zeros(10)
    conjugate_gradient(Rosenbrock(), initial, iterations=3)
    GradientDescent(learning_rate=1e-4, epochs=3)(Rosenbrock(), initial)
    np.testing.assert_array_equal(initial, 0)


EVERY_OPTIMISER = [
    partial(conjugate_gradient, iterations=5),
    partial(scipy_conjugate_gradient, iterations=5),
    partial(l_bfgs, iterations=5),
    GradientDescent(learning_rate=1, epochs=5),
    AdamW(learning_rate=1, epochs=5),
]


@pytest.mark.parametrize("optimiser", EVERY_OPTIMISER)
def test_a_cost_that_is_no_number_ends_in_diverged(optimiser):
    class Bad:
        rows, unrepeatable = 1, ()

        def __call__(self, theta, rows=None):
            return float("nan"), np.ones(2)

    with pytest.raises(Diverged, match="nan in step 1"):
        optimiser(Bad(), np.zeros(2))


@pytest.mark.parametrize("optimiser", [conjugate_gradient, scipy_conjugate_gradient, l_bfgs])
def test_an_optimiser_that_searches_along_lines_refuses_noise_by_the_layers_name(optimiser):
    network, rng = fully_connected((2, 3, 1), dropout=(0.0, 0.5)), np.random.default_rng(0)
    X, Y, theta = rng.random((4, 2)), rng.random((4, 1)), uniform(network, rng)
    noisy = Objective(network, X, Y, rng=rng, augment=lambda inputs, rows: None)
    with pytest.raises(ValueError, match=r"layer 3, Dropout; augmentation\. Take an optimiser by mini-batch"):
        optimiser(noisy, theta)
    # what it reads stays the same
    assert optimiser(noisy.reading(X, Y), theta, iterations=1).steps == 1


def test_cg_trains_a_float32_network_in_float32():
    network, rng = fully_connected((5, 4, 3)), np.random.default_rng(2)
    X, Y = rng.random((20, 5)), np.eye(3)[rng.integers(0, 3, 20)]
    objective = Objective(network, X, Y, dtype=np.float32)
    initial = uniform(network, rng, dtype=np.float32)
    result = conjugate_gradient(objective, initial, iterations=20)
    assert result.theta.dtype == np.float32
    assert objective(result.theta)[0] < objective(initial)[0]


def test_l_bfgs_finds_the_minimum_and_reports_what_it_reports():
    rows = []

    def callback(step, theta, cost, norm):
        rows.append((step, cost == rosen(theta), norm == np.linalg.norm(rosen_der(theta))))

    result = l_bfgs(Rosenbrock(), np.zeros(10), iterations=200, callback=callback)
    np.testing.assert_allclose(result.theta, 1, atol=1e-3)
    assert rows == [(step, True, True) for step in range(1, result.steps + 1)]
    assert l_bfgs(Rosenbrock(), np.zeros(10), iterations=3).steps == 3
    assert l_bfgs(Rosenbrock(), np.zeros(10), iterations=50, memory=1).steps > 3


def test_adamw_follows_its_published_algorithm():
    # Loshchilov and Hutter, algorithm 2, entry by entry in plain Python
    rate, beta1, beta2, epsilon, decay = 0.01, 0.8, 0.95, 1e-6, 0.3
    optimiser = AdamW(
        learning_rate=lambda step: rate / (1 + step),
        epochs=25,
        beta1=beta1,
        beta2=beta2,
        epsilon=epsilon,
        weight_decay=decay,
    )
    result = optimiser(Rosenbrock(), np.linspace(-1, 1, 10))
    theta = [float(x) for x in np.linspace(-1, 1, 10)]
    m, v = [0.0] * 10, [0.0] * 10
    for t in range(1, 26):
        gradient = rosen_der(np.array(theta))
        for i, g in enumerate(gradient):
            m[i] = beta1 * m[i] + (1 - beta1) * g
            v[i] = beta2 * v[i] + (1 - beta2) * g * g
            step = m[i] / (1 - beta1**t) / ((v[i] / (1 - beta2**t)) ** 0.5 + epsilon)
            theta[i] -= rate / t * (decay * theta[i] + step)
    np.testing.assert_allclose(result.theta, theta, rtol=1e-12)


def test_adamw_treats_every_chunk_of_a_long_theta_alike():
    class Long:
        rows, unrepeatable = 1, ()

        def __call__(self, theta, rows=None):
            return float(theta @ theta), 2 * theta

    result = AdamW(learning_rate=0.1, epochs=3)(Long(), np.full(20_001, 0.5))
    assert np.ptp(result.theta) == 0
    assert 0 < result.theta[0] < 0.5


def test_no_optimiser_promotes_float32():
    network, rng = fully_connected((5, 4, 3)), np.random.default_rng(2)
    X, Y = rng.random((20, 5)), np.eye(3)[rng.integers(0, 3, 20)]
    seen = set()

    class Watched:
        rows, unrepeatable = 20, ()
        objective = Objective(network, X, Y, dtype=np.float32, penalty=l2(weight=0.1))

        def __call__(self, theta, rows=None):
            cost, gradient = self.objective(theta, rows)
            seen.update({theta.dtype, gradient.dtype})
            return cost, gradient

    initial = uniform(network, rng, dtype=np.float32)
    for optimiser in (
        GradientDescent(learning_rate=0.1, epochs=2, momentum=0.5),
        GradientDescent(learning_rate=lambda step: 0.1, epochs=2),
        AdamW(learning_rate=0.1, epochs=2),
        partial(l_bfgs, iterations=2),
    ):
        assert optimiser(Watched(), initial).theta.dtype == np.float32
    assert seen == {np.dtype(np.float32)}


def test_a_training_step_allocates_no_array():
    network, rng = fully_connected((40, 30, 20)), np.random.default_rng(2)
    X, Y = rng.random((500, 40)), np.eye(20)[rng.integers(0, 20, 500)]
    objective = Objective(network, X, Y, dtype=np.float32, penalty=l2(weight=0.1))
    theta = uniform(network, rng, dtype=np.float32)
    batch = rng.permutation(500)[:100]
    objective(theta, batch)
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        tracemalloc.reset_peak()
        objective(theta, batch)
        peak = tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()
    # the smallest buffer of the pass, the outputs of 100 rows, is 8,000 bytes; views and floats are less
    assert peak < 4000
