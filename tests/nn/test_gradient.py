"""Every gradient is the derivative of its cost, to what the arithmetic allows."""

import numpy as np
import pytest
from layers import Repeatable

from captchanet.nn import (
    Dense,
    Dropout,
    Network,
    Objective,
    fully_connected,
    l2,
    relu,
    sigmoid,
    softmax,
    tanh,
    tutorial_penalty,
    uniform,
)
from captchanet.nn import cross_entropy as ce
from captchanet.nn.gradient_check import (
    TOLERANCE,
    central_differences,
    relative_error,
    slope_along,
)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_every_combination_is_right_by_entries_and_along_lines(checked_gradients, dtype):
    for one in checked_gradients:
        if one.dtype == dtype:
            assert one.entries < TOLERANCE[dtype], one
            assert one.lines < TOLERANCE[dtype], one


def test_no_combination_is_left_out(checked_gradients):
    # pairs of output and cost × penalties × bias × dtypes, at depth 1, and with 3 activations at 2 to 4
    # and 3 ways of convolving × activations × bias × dtypes
    assert len(checked_gradients) == 3 * 2 * 2 * 2 * (1 + 3 * 3) + 3 * 3 * 2 * 2
    found = {(one.name, one.depth, one.dtype) for one in checked_gradients}
    assert len(found) == len(checked_gradients)


def test_a_gradient_that_is_wrong_by_one_part_in_a_million_is_seen():
    rng = np.random.default_rng(0)
    network = fully_connected((3, 4, 2))
    objective = Objective(network, rng.random((5, 3)), rng.random((5, 2)))
    theta = uniform(network, rng, limit=1)
    wrong = objective(theta)[1] * (1 + 1e-6)
    assert relative_error(wrong, central_differences(objective, theta)) > 100 * TOLERANCE["float64"]


def test_the_differences_are_exact_for_a_polynomial_of_fourth_degree():
    class Quartic:
        rows, unrepeatable = 1, ()

        def __call__(self, theta, rows=None):
            return float(theta[0] ** 4 + 3 * theta[1]), theta

    assert slope_along(Quartic(), np.array([1.5, 0.0]), np.array([1.0, 0]), 0.1) == pytest.approx(4 * 1.5**3)


@pytest.mark.parametrize("hidden", [sigmoid, tanh, relu])
@pytest.mark.parametrize("rates", [(0.0, 0.4), (0.3, 0.0), (0.3, 0.4)])
@pytest.mark.parametrize("rows", [None, np.array([6, 0, 3])])
def test_with_dropout_the_gradient_is_that_of_the_thinned_network(hidden, rates, rows):
    rng = np.random.default_rng(3)
    network = fully_connected((5, 6, 3), hidden=hidden, output=softmax, dropout=rates)
    X, Y, theta = rng.normal(size=(8, 5)), rng.dirichlet(np.ones(3), 8), uniform(network, rng, limit=1)
    objective = Objective(network, X, Y, rng=np.random.default_rng(7), penalty=l2(weight=0.3))
    same = Repeatable(objective, rows)
    gradient = same(theta)[1].copy()
    # a short step, so that no difference is taken across ReLU's kink; rounding then allows 1e-9
    assert relative_error(gradient, central_differences(same, theta, 1e-5)) < 1e-9


def test_dropout_leaves_out_its_share_and_keeps_the_expected_signal():
    network = Network((300,), (Dropout(0.25), Dense(1)))
    objective = Objective(network, np.ones((400, 300)), np.ones((400, 1)), rng=np.random.default_rng(0))
    objective(np.zeros(301))
    ((work, *_),) = objective._buffers.values()
    mask = work.signals[1].a
    assert set(np.unique(mask)) == {0, 1 / 0.75}
    assert np.mean(mask == 0) == pytest.approx(0.25, abs=0.005)
    assert mask.mean() == pytest.approx(1, abs=0.01)


def test_dropout_of_nothing_changes_nothing_and_every_call_samples_anew():
    rng = np.random.default_rng(3)
    network = fully_connected((5, 6, 3))
    X, Y, theta = rng.normal(size=(8, 5)), rng.random((8, 3)), uniform(network, rng, limit=1)
    plain = Objective(network, X, Y)(theta)
    of_nothing = Network((5,), (Dropout(0.0), Dense(6), sigmoid, Dropout(0.0), Dense(3)))
    none = Objective(of_nothing, X, Y, rng=rng)(theta)
    assert plain[0] == none[0]
    np.testing.assert_array_equal(plain[1], none[1])
    some = Objective(fully_connected((5, 6, 3), dropout=(0.5, 0.5)), X, Y, rng=rng)
    assert some(theta)[0] != some(theta)[0]
    # the data themselves stay whole
    np.testing.assert_array_equal(some.X[:, 1:], X)


def test_rates_that_are_none_or_do_not_fit_the_layers_are_refused():
    with pytest.raises(ValueError, match="below 1"):
        Dropout(1.0)
    network = fully_connected((2, 2), dropout=(0.5,))
    for rng, words in ((np.random.Generator(np.random.MT19937(0)), "MT19937"), (None, "give the objective")):
        with pytest.raises(ValueError, match=words):
            Objective(network, np.zeros((1, 2)), np.zeros((1, 2)), rng=rng)(np.zeros(6))
    with pytest.raises(ValueError, match="1 dropout rates for 2 layers"):
        fully_connected((2, 2, 2), dropout=(0.1,))


def test_a_cost_and_an_output_that_do_not_go_together_are_refused_by_name():
    from captchanet.nn import quadratic

    with pytest.raises(ValueError, match="the quadratic cost does not go with softmax outputs"):
        Objective(fully_connected((2, 2), output=softmax), np.zeros((1, 2)), np.zeros((1, 2)), cost=quadratic)
    with pytest.raises(ValueError, match="softmax is no activation for hidden layers"):
        fully_connected((2, 2, 2), hidden=softmax)
    with pytest.raises(ValueError, match="the cross-entropy cost does not go with tanh outputs"):
        ce.for_output(tanh)


def test_the_tutorials_gradient_lacks_exactly_the_derivative_of_its_penalty_at_any_depth():
    for widths in ((4, 3, 2), (4, 3, 3, 2), (4, 3, 2, 3, 2)):
        rng = np.random.default_rng(1)
        network = fully_connected(widths)
        objective = Objective(
            network, rng.random((6, 4)), rng.random((6, 2)), penalty=tutorial_penalty(weight=0.7)
        )
        theta = uniform(network, rng, limit=1)
        weights = [matrix[:, 1:] for matrix in network.matrices(theta)]
        factors = [2 * 6] + [1] * (len(widths) - 2)
        denominator = sum(factor * np.sum(w**2) for factor, w in zip(factors, weights, strict=True))
        lacking = np.zeros_like(theta)
        for matrix, w, factor in zip(network.matrices(lacking), weights, factors, strict=True):
            matrix[:, 1:] = -0.7 / denominator**2 * factor * 2 * w
        gradient = objective(theta)[1].copy()
        expected = central_differences(objective, theta)
        assert relative_error(gradient + lacking, expected) < TOLERANCE["float64"]
        assert relative_error(gradient, expected) > 1e-4


@pytest.mark.parametrize("rates", [(0.5, 0.0), (0.0, 0.5)])
def test_dropout_of_either_layer_alone_samples_anew_at_every_call(rates):
    rng = np.random.default_rng(3)
    network = fully_connected((40, 30, 3), dropout=rates)
    X, Y, theta = np.ones((20, 40)), rng.random((20, 3)), uniform(network, rng, limit=1)
    objective = Objective(network, X, Y, rng=rng)
    costs = {objective(theta, rows)[0] for rows in (None, None, np.arange(7), np.arange(7))}
    assert len(costs) == 4
    for work, *_ in objective._buffers.values():
        whole, signals = np.ones((40, work.batch.shape[0])), work.signals[1].a
        if not rates[0]:
            z = network.matrices(theta)[0] @ work.batch.T
            whole, signals = 1 / (1 + np.exp(-z)), work.signals[-2].a
        assert 0.4 < np.mean(signals == 0) < 0.6
        # the numbers that are kept are scaled up, so the expected signal does not change
        np.testing.assert_allclose(signals[signals != 0], 2 * whole[signals != 0])
        # the ones of the bias, above the signal in memory, are never left out
        np.testing.assert_array_equal(work.batch[:, 0], 1)
        np.testing.assert_array_equal(work.signals[-2].a.base[0], 1)


def test_a_batch_as_large_as_the_whole_is_its_own_rows_also_after_the_whole():
    rng = np.random.default_rng(3)
    network = fully_connected((5, 4, 2))
    X, Y, theta = rng.normal(size=(6, 5)), rng.random((6, 2)), uniform(network, rng, limit=1)
    objective = Objective(network, X, Y)
    whole = objective(theta)[0]
    repeated = np.array([2, 2, 2, 0, 0, 5])
    assert objective(theta, repeated)[0] == Objective(network, X[repeated], Y[repeated])(theta)[0]
    assert objective(theta)[0] == whole
