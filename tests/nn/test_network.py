"""A network is views of one flat vector, and its forward pass is the one on paper."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from captchanet.nn import fully_connected, sigmoid, uniform

TUTORIAL = fully_connected((260, 200, 200, 36))

layers = st.lists(st.integers(1, 6), min_size=2, max_size=5).map(tuple)


def test_the_tutorials_network_has_its_published_shapes_and_99636_numbers():
    # the tutorial's "Details" and the docstring of its nn_gradient
    assert TUTORIAL.shapes == [(200, 261), (200, 201), (36, 201)]
    assert TUTORIAL.size == 99_636


@settings(max_examples=40)
@given(layers, st.booleans())
def test_the_matrices_are_views_that_cover_theta_once(widths, bias):
    network = fully_connected(widths, bias=bias)
    theta = np.zeros(network.size)
    for matrix in network.matrices(theta):
        assert np.shares_memory(matrix, theta)
        matrix += 1
    np.testing.assert_array_equal(theta, 1)


def test_the_bias_is_the_first_column_of_each_matrix():
    network = fully_connected((2, 1))
    theta = np.array([10.0, 2.0, 3.0])
    z = 10 + 2 * 0.5 + 3 * 0.25
    np.testing.assert_allclose(network.outputs(theta, [[0.5, 0.25]]), [[1 / (1 + np.exp(-z))]], rtol=1e-15)


@settings(max_examples=40)
@given(layers, st.booleans(), st.integers(0, 3), st.integers(1, 5))
def test_the_outputs_are_those_of_the_textbook_loop(widths, bias, seed, rows):
    rng = np.random.default_rng(seed)
    network = fully_connected(widths, bias=bias)
    theta, X = uniform(network, rng, limit=2), rng.random((rows, widths[0]))
    for row, outputs in zip(X, network.outputs(theta, X), strict=True):
        a = row
        for matrix in network.matrices(theta):
            z = [
                sum(w * x for w, x in zip(unit, [1, *a] if bias else a, strict=True))
                for unit in matrix.tolist()
            ]
            a = [1 / (1 + np.exp(-one)) for one in z]
        np.testing.assert_allclose(outputs, a, rtol=1e-12)


def test_outputs_do_not_depend_on_how_many_rows_are_read_together():
    network = fully_connected((3, 2))
    rng = np.random.default_rng(0)
    theta, X = uniform(network, rng), rng.random((9000, 3))
    np.testing.assert_allclose(network.outputs(theta, X)[4090:4100], network.outputs(theta, X[4090:4100]))


def test_sigmoid_meets_zero_and_one_without_a_wrong_number():
    z = np.array([-1e300, -800.0, -1.0, 0.0, 1.0, 800.0])
    with np.errstate(over="ignore"):
        a = sigmoid.apply(z, np.empty(6))
    np.testing.assert_allclose(a, [0, 0, 0.2689414213699951, 0.5, 0.7310585786300049, 1], rtol=1e-15)


@pytest.mark.parametrize("widths", [(), (3,), (3, 0), (3, -1, 2)])
def test_a_network_without_two_layers_of_units_is_refused(widths):
    with pytest.raises(ValueError, match="at least two layers"):
        fully_connected(widths)


def test_a_theta_or_an_input_of_the_wrong_size_is_refused_with_both_sizes():
    with pytest.raises(ValueError, match=r"\(5,\).*\(99636,\)"):
        TUTORIAL.matrices(np.zeros(5))
    with pytest.raises(ValueError, match=r"\(2, 9\).*\(rows, 260\)"):
        TUTORIAL.outputs(np.zeros(99_636), np.zeros((2, 9)))


def test_the_initial_theta_is_uniform_within_its_limit_in_the_wanted_dtype():
    theta = uniform(TUTORIAL, np.random.default_rng(1), limit=0.1, dtype=np.float32)
    assert theta.dtype == np.float32
    assert 0.099 < theta.max() <= 0.1
    assert -0.1 <= theta.min() < -0.099
    assert abs(theta.mean()) < 1e-3
