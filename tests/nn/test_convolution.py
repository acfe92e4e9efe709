"""A convolution computes as a dense layer does, but on windows of a picture, and learns by the same rules."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from layers import Repeatable

from captchanet.nn import (
    AdamW,
    Convolution,
    Dense,
    Dropout,
    Network,
    Objective,
    Pooling,
    he,
    l2,
    relu,
    sigmoid,
    softmax,
    tanh,
    uniform,
)
from captchanet.nn.gradient_check import central_differences, relative_error, slope_along
from captchanet.nn.layer import NOTHING, Place, Signal


def textbook(matrix, picture, how, pool, activation):
    """One convolution of one picture (channels, height, width), pixel by pixel and number by number."""
    bias = how.bias
    channels, height, width = picture.shape
    margin = how.size // 2
    z = np.zeros((how.filters, height, width))
    for filter_, y, x in product(range(how.filters), range(height), range(width)):
        weights = matrix[filter_, int(bias) :].reshape(channels, how.size, how.size)
        total = matrix[filter_, 0] if bias else 0.0
        for channel, dy, dx in product(range(channels), range(how.size), range(how.size)):
            row, column = y + dy - margin, x + dx - margin
            if 0 <= row < height and 0 <= column < width:
                total += weights[channel, dy, dx] * picture[channel, row, column]
        z[filter_, y, x] = total
    high, wide = height // pool, width // pool
    pooled = np.empty((how.filters, high, wide))
    for y, x in product(range(high), range(wide)):
        square = z[:, y * pool : (y + 1) * pool, x * pool : (x + 1) * pool]
        pooled[:, y, x] = square.max(axis=(1, 2))
    return activation.apply(pooled, pooled.copy())


@settings(max_examples=25)
@given(
    st.tuples(st.integers(1, 2), st.integers(2, 5), st.integers(2, 5)),
    st.lists(
        st.tuples(st.integers(1, 3), st.sampled_from([1, 3, 5]), st.integers(1, 2)),
        min_size=1,
        max_size=2,
    ),
    st.booleans(),
    st.sampled_from([sigmoid, tanh, relu]),
    st.integers(0, 3),
)
def test_the_outputs_are_those_of_the_textbook_loop(input_shape, convolutions, bias, hidden, seed):
    layers = []
    for filters, size, pool in convolutions:
        layers += [Convolution(filters, size, bias), Pooling(pool), hidden]
    try:
        network = Network(input_shape, (*layers, Dense(3, bias)), softmax)
    except ValueError:
        return
    rng = np.random.default_rng(seed)
    theta, X = uniform(network, rng, limit=1), rng.random((3, int(np.prod(input_shape))))
    *filters, last = network.matrices(theta)
    for row, outputs in zip(X, network.outputs(theta, X), strict=True):
        a = row.reshape(input_shape)
        for matrix, how, pooling in zip(filters, layers[::3], layers[1::3], strict=True):
            a = textbook(matrix, a, how, pooling.size, hidden)
        z = last @ np.concatenate([[1.0], a.ravel()] if bias else [a.ravel()])
        np.testing.assert_allclose(outputs, np.exp(z) / np.exp(z).sum(), rtol=1e-10)


CONVOLUTIONS = (Convolution(3, 3), Convolution(2, 3))
INPUT_SHAPE = (2, 5, 4)


def thinned(rate):
    return (Dropout(rate),) if rate else ()


def made(hidden=tanh, rates=(0.0, 0.0, 0.0)):
    """Two convolutions, the first of them pooled, and two dense layers, with dropout between them."""
    rng = np.random.default_rng(0)
    first, second = CONVOLUTIONS
    dropout = [thinned(rate) for rate in rates]
    convolved = (*dropout[0], first, Pooling(2), hidden, second, hidden, *dropout[1])
    network = Network(INPUT_SHAPE, (*convolved, Dense(5), hidden, *dropout[2], Dense(3)), softmax)
    return network, rng.random((7, 40)), rng.dirichlet(np.ones(3), 7), uniform(network, rng, limit=1), rng


def test_the_parameters_of_a_convolution_are_its_filters_with_the_bias_first():
    network, *_ = made()
    # 2 channels of 3 × 3, then 3 of them; of 5 × 4 pixels pooling leaves 2 × 2
    assert network.shapes == [(3, 1 + 18), (2, 1 + 27), (5, 1 + 8), (3, 1 + 5)]
    assert network.widths == (40, 5, 3)
    theta = np.arange(float(network.size))
    filters = network.matrices(theta)
    assert np.concatenate([matrix.ravel() for matrix in filters]).tolist() == theta.tolist()


@pytest.mark.parametrize("rows", [None, np.array([6, 0, 3])])
def test_outputs_are_those_of_the_pass_that_gave_the_gradient(rows):
    network, X, Y, theta, _ = made()
    objective = Objective(network, X, Y)
    objective(theta, rows)
    expected = network.outputs(theta, X if rows is None else X[rows])
    np.testing.assert_allclose(objective._last[0].T, expected, rtol=1e-12)


def test_outputs_do_not_depend_on_how_many_rows_are_read_together():
    network, _, _, theta, rng = made()
    X = rng.random((600, 40))
    np.testing.assert_allclose(
        network.outputs(theta, X)[250:260], network.outputs(theta, X[250:260]), rtol=1e-12
    )


@pytest.mark.parametrize("hidden", [sigmoid, tanh, relu])
@pytest.mark.parametrize("rates", [(0.0, 0.4, 0.0), (0.3, 0.4, 0.5)])
def test_with_dropout_the_gradient_is_that_of_the_thinned_network(hidden, rates):
    network, X, Y, theta, _ = made(hidden, rates)
    objective = Objective(network, X, Y, rng=np.random.default_rng(5), penalty=l2(weight=0.3))
    same = Repeatable(objective, np.array([6, 0, 3, 2]))
    gradient = same(theta)[1].copy()
    lines = np.random.default_rng(6).normal(size=(12, theta.size))
    lines /= np.linalg.norm(lines, axis=1, keepdims=True)
    # a short step, so that no difference is taken across a kink; rounding then allows 1e-9
    slopes = [slope_along(same, theta, line, 1e-5) for line in lines]
    assert relative_error(lines @ gradient, slopes) < 2e-9


def test_where_the_largest_are_equal_one_of_them_counts_and_not_all():
    # on blank paper all z of a square are the bias: its derivative must not come four times
    network = Network((1, 4, 4), (Convolution(1), Pooling(2), tanh, Dense(2)), softmax)
    X, Y = np.zeros((3, 16)), np.eye(2)[[0, 1, 1]]
    theta = uniform(network, np.random.default_rng(1), limit=1)
    objective = Objective(network, X, Y)
    gradient = objective(theta)[1].copy()
    numbers = central_differences(objective, theta, 1e-4)
    assert relative_error(gradient[:1], numbers[:1]) < 1e-8
    assert gradient[0] != 0


@pytest.mark.parametrize(
    ("square", "first"),
    [
        ([[5, 5], [5, 5]], (0, 0)),
        ([[1, 5], [5, 5]], (0, 1)),
        ([[1, 2], [5, 5]], (1, 0)),
        ([[4, 2], [3, 5]], (1, 1)),
    ],
)
def test_the_delta_of_a_square_goes_to_the_first_of_the_largest(square, first):
    z, pooled = np.array(square, float).reshape(1, 2, 2, 1), np.empty((1, 1, 1, 1))
    before, after = Signal(z, z, np.full_like(z, 9)), Signal(pooled, pooled, np.full_like(pooled, -7))
    worker = Pooling(2).work(Place(before, after, True, None, NOTHING))
    worker.forward(NOTHING)
    worker.backward(NOTHING, NOTHING)
    expected = np.zeros((2, 2))
    expected[first] = -7
    assert pooled.item() == np.max(square)
    np.testing.assert_array_equal(before.delta[0, :, :, 0], expected)


def test_squares_of_more_pixels_than_a_byte_can_count_are_pooled_as_well():
    rng = np.random.default_rng(0)
    network = Network((1, 18, 18), (Convolution(2, 1), Pooling(17), tanh, Dense(2)), softmax)
    X, Y, theta = rng.normal(size=(4, 324)), np.eye(2)[[0, 1, 1, 0]], uniform(network, rng, limit=1)
    X[:, -20] = 9  # the largest of each square is its last pixel, number 288 from 0
    objective = Objective(network, X, Y)
    assert relative_error(objective(theta)[1].copy(), central_differences(objective, theta, 1e-5)) < 1e-8


def test_a_second_step_knows_nothing_of_the_first():
    network, X, Y, theta, rng = made(relu)
    objective = Objective(network, X, Y)
    fresh = objective(theta)[1].copy()
    objective(uniform(network, rng, limit=3))
    np.testing.assert_array_equal(objective(theta)[1], fresh)


def test_a_stroke_may_stand_anywhere():
    # pictures of a bar that lies or stands; a new position of it is read as well, as no pixel's own weight
    # could
    rng = np.random.default_rng(0)

    def bars(corners):
        X = np.zeros((2 * len(corners), 1, 8, 8))
        for n, (y, x) in enumerate(corners):
            X[2 * n, 0, y, x : x + 4] = 1
            X[2 * n + 1, 0, y : y + 4, x] = 1
        return X.reshape(-1, 64), np.tile(np.eye(2), (len(corners), 1))

    convolved = (Convolution(6), Pooling(2), relu, Convolution(6), Pooling(4), relu)
    network = Network((1, 8, 8), (*convolved, Dense(2)), softmax)
    X, Y = bars([(0, 0), (2, 1), (4, 4), (1, 3), (3, 0)])
    result = AdamW(learning_rate=0.02, epochs=150)(Objective(network, X, Y), he(network, rng))
    unseen, truth = bars([(1, 1), (3, 3), (2, 4), (4, 2)])
    assert (network.outputs(result.theta, unseen).argmax(axis=1) == truth.argmax(axis=1)).all()


def test_what_cannot_be_convolved_is_refused_in_words():
    with pytest.raises(ValueError, match=r"a picture, .*, not at \(40,\)"):
        Network((40,), (*CONVOLUTIONS, Dense(2)))
    with pytest.raises(ValueError, match="size is odd"):
        Convolution(2, 4)
    with pytest.raises(ValueError, match="nothing of a picture of 5 × 4: pool less"):
        Network(INPUT_SHAPE, (Convolution(2), Pooling(6), Dense(2)))
    with pytest.raises(ValueError, match="at least 1 × 1"):
        Pooling(0)


def test_a_step_after_the_first_allocates_no_array():
    import tracemalloc

    network, X, Y, theta, _ = made(relu)
    objective, rows = Objective(network, X, Y), np.array([6, 0, 3])
    objective(theta, rows)
    tracemalloc.start()
    objective(theta, rows)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    # the patches of the first convolution: 18 numbers and a one, for 20 pixels of 3 rows
    assert peak < 19 * 20 * 3 * 8 / 2


def test_cost_and_gradient_are_pytorchs_to_a_part_in_10_to_the_12():
    torch = pytest.importorskip("torch", reason="pip install 'captchanet[bench]' (PyTorch)")
    network, X, Y, theta, _ = made(relu)
    value, gradient = Objective(network, X, Y)(theta)
    matrices = [torch.tensor(matrix, requires_grad=True) for matrix in network.matrices(theta)]
    a = torch.tensor(X).reshape(-1, *INPUT_SHAPE)
    for matrix, how, pool in zip(matrices, CONVOLUTIONS, (2, 1), strict=False):
        weights = matrix[:, 1:].reshape(how.filters, -1, how.size, how.size)
        z = torch.nn.functional.conv2d(a, weights, matrix[:, 0], padding=how.size // 2)
        a = torch.relu(torch.nn.functional.max_pool2d(z, pool))
    a = torch.relu(a.flatten(1) @ matrices[2][:, 1:].T + matrices[2][:, 0])
    z = a @ matrices[3][:, 1:].T + matrices[3][:, 0]
    loss = torch.nn.functional.cross_entropy(z, torch.tensor(Y))
    loss.backward()
    expected = np.concatenate([matrix.grad.numpy().ravel() for matrix in matrices])
    assert value == pytest.approx(float(loss.detach()), rel=1e-12)
    assert np.linalg.norm(gradient - expected) < 1e-12 * np.linalg.norm(expected)
