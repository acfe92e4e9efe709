"""The gradient is compared with the cost, and the cost with its formula."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from captchanet.nn import (
    Objective,
    cross_entropy,
    fully_connected,
    l2,
    one_hot,
    quadratic,
    sigmoid,
    softmax,
    tanh,
    tutorial_penalty,
    uniform,
)


def problem(widths, *, bias=True, seed=0, rows=6, limit=1.0, dropout=(), **options):
    rng = np.random.default_rng(seed)
    network = fully_connected(widths, bias=bias, dropout=dropout)
    X, Y = rng.random((rows, widths[0])), (rng.random((rows, widths[-1])) > 0.5).astype(float)
    return Objective(network, X, Y, **options), uniform(network, rng, limit=limit), X, Y


@given(seed=st.integers(0, 99), rows=st.integers(1, 8))
@settings(max_examples=20)
def test_the_costs_are_their_formulas_averaged_over_rows(seed, rows):
    for cost, formula in (
        (cross_entropy, lambda a, y: -(y * np.log(a) + (1 - y) * np.log(1 - a))),
        (quadratic, lambda a, y: (a - y) ** 2 / 2),
    ):
        objective, theta, X, Y = problem((3, 4, 2), seed=seed, rows=rows, cost=cost)
        expected = formula(objective.network.outputs(theta, X), Y).sum() / rows
        assert objective(theta)[0] == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("bias", [True, False])
def test_l2_penalises_the_weights_and_not_the_biases(bias):
    plain, theta, _, _ = problem((4, 3, 2), bias=bias)
    penalised, _, _, _ = problem((4, 3, 2), bias=bias, penalty=l2(weight=0.7))
    squares = sum(np.sum(matrix[:, int(bias) :] ** 2) for matrix in plain.network.matrices(theta))
    assert penalised(theta)[0] - plain(theta)[0] == pytest.approx(0.7 / (2 * 6) * squares, rel=1e-12)


def test_the_default_weight_of_both_penalties_is_the_tutorials():
    # its lambda_param = 0.1
    for penalty in (l2, tutorial_penalty):
        default, theta, _, _ = problem((4, 3, 2), penalty=penalty())
        named, _, _, _ = problem((4, 3, 2), penalty=penalty(weight=0.1))
        assert default(theta)[0] == named(theta)[0]


def test_the_penalty_of_a_mini_batch_counts_all_training_rows():
    # n is the size of the training set in every batch, so that the batches of an epoch average to the whole
    penalised, theta, _, _ = problem((4, 3, 2), penalty=l2(weight=0.7))
    cost, gradient = penalised(theta)
    gradient = gradient.copy()
    batches = [penalised(theta, np.array(rows))[0] for rows in ([0, 5], [3, 1], [2, 4])]
    assert np.mean(batches) == pytest.approx(cost, rel=1e-12)
    parts = [penalised(theta, np.array(rows))[1].copy() for rows in ([0, 5], [3, 1], [2, 4])]
    np.testing.assert_allclose(np.mean(parts, axis=0), gradient, rtol=1e-10, atol=1e-14)


def test_the_tutorials_cost_and_gradient_are_its_published_arithmetic():
    # nn_cost and nn_gradient of the tutorial's second example, written out
    objective, theta, X, Y = problem((4, 3, 3, 2), penalty=tutorial_penalty(weight=0.1), rows=5)
    theta1, theta2, theta3 = objective.network.matrices(theta)

    def with_ones(a):
        return np.append(np.ones((len(a), 1)), a, axis=1)

    a1 = with_ones(X)
    a2 = with_ones(1 / (1 + np.exp(-a1 @ theta1.T)))
    a3 = with_ones(1 / (1 + np.exp(-a2 @ theta2.T)))
    a4 = 1 / (1 + np.exp(-a3 @ theta3.T))
    n = len(X)
    cost = -np.sum(Y * np.log(a4) + (1 - Y) * np.log(1 - a4)) / n
    cost += 0.1 / (
        2 * n * np.sum(theta1[:, 1:] ** 2) + np.sum(theta2[:, 1:] ** 2) + np.sum(theta3[:, 1:] ** 2)
    )
    d4 = a4 - Y
    d3 = (d4 @ theta3 * a3 * (1 - a3))[:, 1:]
    d2 = (d3 @ theta2 * a2 * (1 - a2))[:, 1:]
    gradient = np.concatenate([(d2.T @ a1).ravel(), (d3.T @ a2).ravel(), (d4.T @ a3).ravel()]) / n
    found, slope = objective(theta)
    assert found == pytest.approx(cost, rel=1e-12)
    np.testing.assert_allclose(slope, gradient, rtol=1e-10, atol=1e-15)


@given(
    kind=st.sampled_from([("float64", 100), ("float32", 15)]),
    size=st.floats(0, 1),
    pair=st.sampled_from([(sigmoid, cross_entropy), (sigmoid, quadratic), (softmax, cross_entropy)]),
    hidden=st.sampled_from([sigmoid, tanh]),
    seed=st.integers(0, 50),
)
@settings(max_examples=60)
def test_a_theta_of_any_size_gives_a_finite_cost_and_gradient_and_no_warning(kind, size, pair, hidden, seed):
    # up to 1e100 in float64 and 1e15 in float32; warnings are errors here
    dtype, exponent = kind
    rng = np.random.default_rng(seed)
    network = fully_connected((4, 3, 2), hidden=hidden, output=pair[0])
    X, Y = rng.normal(size=(6, 4)), one_hot(rng.integers(1, 3, 6), 2)
    theta = (uniform(network, rng, limit=1) * 10.0 ** (size * exponent)).astype(dtype)
    value, gradient = Objective(network, X, Y, cost=pair[1], penalty=l2(weight=0.1), dtype=dtype)(theta)
    assert np.isfinite(value)
    assert np.all(np.isfinite(gradient))
    outputs = network.outputs(theta, X)
    assert np.all((outputs >= 0) & (outputs <= 1))


@pytest.mark.parametrize("rows", [None, np.array([1, 3])])
def test_float32_stays_float32_in_every_array(rows):
    objective, theta, _, _ = problem((4, 3, 2), dtype=np.float32, penalty=l2(weight=0.1))
    _, gradient = objective(theta.astype(np.float32), rows)
    ((work, targets, scratch, *others),) = objective._buffers.values()
    signals = [array for signal in work.signals for array in signal if array.size]
    arrays = [gradient, targets, scratch, *others, work.outputs, *signals]
    assert {array.dtype for array in arrays} == {np.dtype(np.float32)}
    assert objective.network.outputs(theta.astype(np.float32), np.ones((2, 4))).dtype == np.float32


def test_a_theta_of_another_dtype_is_refused():
    objective, theta, _, _ = problem((4, 3, 2), dtype=np.float32)
    with pytest.raises(TypeError, match=r"float64.*float32"):
        objective(theta)


def test_plain_lists_are_data_too():
    assert Objective(fully_connected((2, 1)), [[0, 1]], [[1]])(np.zeros(3))[0] == pytest.approx(np.log(2))
    assert fully_connected((2, 1)).outputs(np.zeros(3), [[0, 1]]).tolist() == [[0.5]]


def test_targets_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match=r"\(3, 1\).*\(2, 1\)"):
        Objective(fully_connected((2, 3, 1)), np.zeros((2, 2)), np.zeros((3, 1)))


def test_what_was_read_right_is_counted_from_the_outputs_of_the_last_call():
    for widths in ((4, 3, 3), (4, 3, 2), (4, 3, 1)):
        objective, theta, X, Y = problem(widths, limit=3.0)
        outputs = objective.network.outputs(theta, X)
        if widths[-1] == 1:
            right = (outputs > 0.5)[:, 0] == (Y > 0.5)[:, 0]
        else:
            right = outputs.argmax(axis=1) == Y.argmax(axis=1)
        objective(theta)
        assert objective.correct() == right.sum()
        objective(theta, np.array([4, 2, 1]))
        assert objective.correct() == right[[4, 2, 1]].sum()


# augmentation

ROWS = [None, np.array([5, 0, 0, 3])]


def augmented(augment, dropout=False, **options):
    """A problem whose objective has this augmentation, and dropout of the input if it is wanted."""
    if dropout:
        options |= {"dropout": (0.5, 0.0), "rng": np.random.default_rng(1)}
    return problem((3, 4, 2), augment=augment, **options)


@pytest.mark.parametrize("rows", ROWS)
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("dropout", [True, False])
def test_an_augmentation_that_changes_nothing_changes_no_bit(rows, bias, dropout):
    plain, theta, _, _ = augmented(None, dropout, bias=bias)
    same, _, _, _ = augmented(lambda inputs, rows: None, dropout, bias=bias)
    for _ in range(2):
        (cost, gradient), (again, other) = plain(theta, rows), same(theta, rows)
        assert cost == again
        assert gradient.tobytes() == other.tobytes()


@pytest.mark.parametrize("rows", ROWS)
@pytest.mark.parametrize("bias", [True, False])
def test_an_augmentation_is_given_the_rows_and_their_inputs_and_decides_what_is_learnt_from(rows, bias):
    seen = []

    def twice(inputs, rows):
        seen.append((inputs.copy(), rows.copy()))
        inputs *= 2

    doubled, theta, X, _ = augmented(twice, bias=bias)
    wanted = np.arange(6) if rows is None else rows
    cost, gradient = doubled(theta, rows)
    ((inputs, of),) = seen
    np.testing.assert_array_equal(of, wanted)
    np.testing.assert_array_equal(inputs, X[wanted])
    plain, _, _, Y = problem((3, 4, 2), bias=bias)
    expected = Objective(plain.network, 2 * X, Y)
    cost_there, gradient_there = expected(theta, rows)
    assert cost == cost_there
    assert gradient.tobytes() == gradient_there.tobytes()
    assert doubled.correct() == expected.correct()


@pytest.mark.parametrize("rows", ROWS)
def test_the_data_themselves_are_never_augmented(rows):
    def erase(inputs, rows):
        inputs[...] = 0

    erased, theta, X, _ = augmented(erase)
    plain, _, _, _ = augmented(None)
    before = X.copy()
    for _ in range(3):
        assert erased(theta, rows)[0] != plain(theta, rows)[0]
    np.testing.assert_array_equal(X, before)
    np.testing.assert_array_equal(erased.X, plain.X)
    # not those of a whole batch either, which a plain pass reads in place
    assert erased(theta)[0] == erased(theta)[0]
    np.testing.assert_array_equal(erased.X, plain.X)


def test_dropout_of_the_input_comes_after_the_augmentation():
    def ones(inputs, rows):
        assert not (inputs == 0).any()
        inputs[...] = 1

    objective, theta, _, _ = augmented(ones, dropout=True)
    objective(theta, np.arange(6))
    ((work, *_),) = objective._buffers.values()
    assert set(np.unique(work.signals[1].a)) == {0, 2}
