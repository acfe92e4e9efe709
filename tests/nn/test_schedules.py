"""Schedules, stopping, initialisations and targets do what their sources say."""

import inspect
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from captchanet.nn import (
    EarlyStopping,
    conjugate_gradient,
    constant,
    cosine,
    fully_connected,
    glorot,
    he,
    l_bfgs,
    one_cycle,
    one_hot,
    scipy_conjugate_gradient,
    steps,
    uniform,
)


def test_a_constant_rate_and_one_in_steps():
    assert [constant(0.3)(step) for step in (0, 9)] == [0.3, 0.3]
    assert [steps(1.0, every=3, factor=0.5)(step) for step in range(7)] == [1, 1, 1, 0.5, 0.5, 0.5, 0.25]


def test_the_cosine_goes_from_the_rate_through_the_middle_to_the_last():
    at = cosine(2.0, total=100, last=1.0)
    assert [at(step) for step in (0, 50, 100, 150)] == pytest.approx([2, 1.5, 1, 1])
    # SGDR, equation 5
    assert at(20) == pytest.approx(1 + 0.5 * (2 - 1) * (1 + math.cos(20 / 100 * math.pi)))


@given(total=st.integers(5, 500), warm_up=st.floats(0, 0.9))
def test_one_cycle_rises_to_the_rate_and_falls_to_nothing(total, warm_up):
    at = one_cycle(0.1, total=total, warm_up=warm_up)
    rates = [at(step) for step in range(total + 1)]
    top = max(range(total + 1), key=lambda step: rates[step])
    assert rates[: top + 1] == sorted(rates[: top + 1])
    assert rates[top:] == sorted(rates[top:], reverse=True)
    assert abs(top - warm_up * total) <= 1
    assert 0.004 - 1e-12 <= rates[0] <= 0.1
    assert rates[-1] == pytest.approx(0)
    assert max(rates) <= 0.1 + 1e-15


def test_one_cycle_starts_at_its_share():
    at = one_cycle(1.0, total=100, warm_up=0.2, start=0.04)
    assert at(0) == pytest.approx(0.04)
    assert at(10) == pytest.approx(0.52)
    assert at(20) == 1
    assert at(40) == pytest.approx(0.5 * (1 + math.cos(0.25 * math.pi)))
    assert at(60) == pytest.approx(0.5)
    assert at(100) == at(150) == pytest.approx(0)


def test_the_defaults_are_the_documented_ones():
    # config/README.md names them too
    assert steps(1.0, every=1)(1) == pytest.approx(0.1)
    assert cosine(1.0, total=10)(10) == 0
    assert [one_cycle(1.0, total=100)(step) for step in (0, 20)] == [pytest.approx(0.04), 1]
    network = fully_connected((3, 2))
    first, second = (np.random.default_rng(0) for _ in range(2))
    np.testing.assert_array_equal(uniform(network, first), uniform(network, second, limit=0.1))
    for function in (conjugate_gradient, scipy_conjugate_gradient, l_bfgs):
        assert inspect.signature(function).parameters["iterations"].default == 100
    assert inspect.signature(l_bfgs).parameters["memory"].default == 10


def test_the_bias_counts_for_nothing_in_a_scaled_initialisation():
    weights = [glorot(fully_connected((1, 1)), np.random.default_rng(seed))[1] for seed in range(200)]
    assert 0.95 * 3**0.5 < np.abs(weights).max() < 3**0.5


def test_early_stopping_waits_its_patience_and_keeps_the_best():
    costs = iter([5.0, 3.0, 4.0, 3.0, 2.9, 3.5, 3.5, 3.5])
    stopping = EarlyStopping(lambda theta: (next(costs), None), patience=3)
    answers = []
    for step in range(1, 9):
        answers.append(stopping(step, np.array([float(step)]), 0.0, 0.0))
    assert answers == [False] * 7 + [True]
    assert (stopping.step, stopping.cost, stopping.theta.tolist()) == (5, 2.9, [5.0])


def test_early_stopping_keeps_a_copy_of_the_state_that_goes_with_the_best_theta():
    costs, state = iter([3.0, 2.0, 4.0]), np.zeros(1)
    stopping = EarlyStopping(lambda theta: (next(costs), None), patience=9, state=state)
    for step in (1, 2, 3):
        state[:] = step
        stopping(step, np.array([float(step)]), 0.0, 0.0)
    assert (stopping.theta.tolist(), stopping.best_state.tolist()) == ([2.0], [2.0])


def test_an_equal_held_out_cost_is_no_lower_one():
    stopping = EarlyStopping(lambda theta: (3.0, None), patience=2)
    assert [stopping(step, np.array([float(step)]), 0.0, 0.0) for step in (1, 2, 3)] == [False, False, True]
    assert stopping.theta.tolist() == [1]


def test_early_stopping_copies_the_theta_that_is_only_lent():
    stopping, theta = EarlyStopping(lambda theta: (float(theta[0]), None), patience=1), np.array([1.0])
    stopping(1, theta, 0.0, 0.0)
    theta[0] = 7
    assert stopping.theta.tolist() == [1]
    with pytest.raises(ValueError, match="patience is 0"):
        EarlyStopping(lambda theta: (0.0, None), patience=0)


@pytest.mark.parametrize("bias", [True, False])
def test_glorot_and_he_scale_to_the_widths_and_leave_biases_at_0(bias):
    network = fully_connected((100, 300, 50), bias=bias)
    for initialisation, limits in (
        (glorot, [(6 / 400) ** 0.5, (6 / 350) ** 0.5]),
        (he, [(6 / 100) ** 0.5, (6 / 300) ** 0.5]),
    ):
        theta = initialisation(network, np.random.default_rng(0), dtype=np.float32)
        assert theta.dtype == np.float32
        for matrix, limit in zip(network.matrices(theta), limits, strict=True):
            weights = matrix[:, int(bias) :]
            assert 0.99 * limit < np.abs(weights).max() <= limit * (1 + 1e-6)
            assert abs(weights.mean()) < 0.02 * limit
            if bias:
                assert not matrix[:, 0].any()


def test_targets_are_one_hot_from_class_1():
    np.testing.assert_array_equal(one_hot(np.array([[1], [3]]), 3), [[1, 0, 0], [0, 0, 1]])
    np.testing.assert_array_equal(one_hot([2, 1], 2), [[0, 1], [1, 0]])


@given(st.floats(0, 0.9))
def test_smoothed_targets_still_sum_to_1_and_point_to_their_class(smoothing):
    targets = one_hot([1, 4, 2], 4, smoothing=smoothing)
    np.testing.assert_allclose(targets.sum(axis=1), 1)
    assert targets.argmax(axis=1).tolist() == [0, 3, 1]
    assert targets[0, 1] == smoothing / 4
