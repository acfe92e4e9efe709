"""A new layer that follows the protocol is trained, read, checked and saved like the others."""

import copy

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from layers import Repeatable, RunningMean

from captchanet.nn import (
    AdamW,
    Convolution,
    Dense,
    Dropout,
    Network,
    Objective,
    Pooling,
    conjugate_gradient,
    l2,
    l_bfgs,
    relu,
    scipy_conjugate_gradient,
    sigmoid,
    softmax,
    tanh,
    uniform,
)
from captchanet.nn.gradient_check import central_differences, relative_error

NETWORK = Network((3,), (Dense(4), RunningMean(), tanh, Dense(2)), softmax)


def problem(network=NETWORK, rows=8, **options):
    rng = np.random.default_rng(0)
    X, Y = rng.normal(size=(rows, network.widths[0])), rng.dirichlet(np.ones(2), rows)
    return Objective(network, X, Y, **options), uniform(network, rng, limit=1), X, Y


def test_the_state_is_no_part_of_theta_and_starts_as_the_layer_says():
    assert NETWORK.size == 4 * 4 + 2 * 5
    np.testing.assert_array_equal(NETWORK.initial_state(), np.full(4, 0.5))
    assert Network((3,), (Dense(2),)).initial_state().shape == (0,)
    with pytest.raises(ValueError, match=r"state has shape \(3,\), but this network needs \(4,\)"):
        NETWORK.outputs(np.zeros(NETWORK.size), np.zeros((1, 3)), np.zeros(3))


def test_training_changes_the_state_and_reading_does_not():
    objective, theta, X, Y = problem()
    reading = objective.reading(X, Y)
    before = reading(theta)[0]
    assert objective.state.tolist() == [0.5] * 4
    objective(theta, np.array([1, 2]))
    expected = 0.9 * 0.5 + 0.1 * (NETWORK.matrices(theta)[0] @ NETWORK.with_ones(X[[1, 2]], float).T).mean(1)
    np.testing.assert_allclose(objective.state, expected)
    # reading uses the state that training left, and does not change it
    assert reading(theta)[0] == reading(theta)[0] != before
    np.testing.assert_allclose(objective.state, expected)


def test_outputs_are_those_of_the_state():
    objective, theta, X, Y = problem()
    for _ in range(3):
        objective(theta)
    outputs = NETWORK.outputs(theta, X, objective.state)
    expected = -(Y * np.log(outputs)).sum() / len(X)
    assert objective.reading(X, Y)(theta)[0] == pytest.approx(expected, rel=1e-12)
    assert not np.allclose(outputs, NETWORK.outputs(theta, X))


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("rows", [None, np.array([4, 1, 1])])
def test_with_a_frozen_state_the_gradient_is_right_in_training_and_in_reading(training, rows):
    objective, theta, X, Y = problem(penalty=l2(weight=0.3))
    objective = objective if training else objective.reading(X, Y)
    frozen = Repeatable(objective, rows)
    gradient = frozen(theta)[1].copy()
    assert relative_error(gradient, central_differences(frozen, theta)) < 1e-9


@pytest.mark.parametrize("epoch", [1, 3])
def test_with_the_state_set_back_a_resumed_training_ends_in_the_bits_of_an_unbroken_one(epoch):
    optimiser, kept = AdamW(learning_rate=0.05, epochs=5, batch_size=3), []
    objective, initial, *_ = problem(dtype="float32")
    initial = initial.astype("float32")

    def keep(state):
        if state.epoch == epoch:
            kept.append(copy.deepcopy((state, objective.state)))

    unbroken = optimiser(objective, initial, rng=np.random.default_rng(1), checkpoint=keep)
    ((state, of_layers),) = kept
    again, *_ = problem(dtype="float32")
    again.state[:] = of_layers
    resumed = optimiser(again, initial, rng=np.random.default_rng(9), resume=state)
    assert resumed.theta.tobytes() == unbroken.theta.tobytes()
    assert again.state.tobytes() == objective.state.tobytes()
    assert again.state.dtype == np.float32


@pytest.mark.parametrize("optimiser", [conjugate_gradient, scipy_conjugate_gradient, l_bfgs])
def test_an_optimiser_that_searches_along_lines_refuses_state_by_the_layers_name(optimiser):
    objective, theta, *_ = problem()
    with pytest.raises(ValueError, match=r"layer 2, RunningMean\. Take an optimiser by mini-batch"):
        optimiser(objective, theta)


# any order of layers, and pictures of any size

LAYERS = [sigmoid, tanh, Dropout(0.3), Pooling(2), Convolution(2, 3), Convolution(2, 1, False), RunningMean()]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(LAYERS), max_size=4), st.booleans(), st.integers(0, 3))
def test_layers_in_any_order_have_the_right_gradient_and_change_no_data(layers, bias, seed):
    try:
        network = Network((2, 4, 5), (*layers, Dense(2, bias)), softmax)
    except ValueError:
        return  # pooled to nothing
    rng = np.random.default_rng(seed)
    X, Y, theta = rng.normal(size=(5, 40)), rng.dirichlet(np.ones(2), 5), uniform(network, rng, limit=1)
    objective = Objective(network, X, Y, rng=rng, penalty=l2(weight=0.3))
    before = objective.X.copy()
    for rows in (None, np.array([3, 0, 3])):
        same = Repeatable(objective, rows)
        gradient = same(theta)[1].copy()
        some = rng.normal(size=theta.size)
        some /= np.linalg.norm(some)
        ahead, behind = (same(theta + step * some)[0] for step in (1e-6, -1e-6))
        assert gradient @ some == pytest.approx((ahead - behind) / 2e-6, rel=1e-5, abs=1e-8)
    np.testing.assert_array_equal(objective.X, before)
    reading = objective.reading(X, Y)
    assert reading(theta)[0] == reading(theta)[0]
    outputs = network.outputs(theta, X, objective.state)
    expected = -(Y * np.log(outputs)).sum() / 5 + 0.0
    assert reading(theta)[0] == pytest.approx(expected, rel=1e-9)


def test_pictures_of_another_width_go_through_the_same_theta():
    # no dense layer: theta knows the channels alone
    network = Network((1, 4, 6), (Convolution(3), Pooling(2), relu, Convolution(2, 3)), softmax)
    rng = np.random.default_rng(0)
    theta = uniform(network, rng, limit=1)
    for width in (6, 9, 6):
        X, Y = rng.random((5, 1, 4, width)), rng.dirichlet(np.ones(2), (5, 2 * (width // 2)))
        Y = np.moveaxis(Y, 2, 1).reshape(5, -1)
        outputs = network.outputs(theta, X)
        assert outputs.shape == (5, 2 * 2 * (width // 2))
        np.testing.assert_allclose(outputs.reshape(5, 2, -1).sum(axis=1), 1)
        objective = Objective(network, X, Y)
        assert objective(theta)[0] == pytest.approx(-(Y * np.log(outputs)).sum() / 5, rel=1e-12)
        assert relative_error(objective(theta)[1].copy(), central_differences(objective, theta, 1e-4)) < 1e-8
    np.testing.assert_array_equal(network.outputs(theta, X), network.outputs(theta, X.reshape(5, -1)))
    with_dense = Network((1, 4, 6), (Convolution(3), Dense(2)))
    with pytest.raises(ValueError, match=r"\(5, 1, 4, 9\), but the network takes \(rows, 24\)"):
        with_dense.outputs(np.zeros(with_dense.size), np.zeros((5, 1, 4, 9)))
