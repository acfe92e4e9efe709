"""Comparison with the tutorial's own program and with PyTorch, if they are there."""

import importlib.util
import sys

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import minimize

from captchanet.nn import (
    Objective,
    conjugate_gradient,
    cross_entropy,
    fully_connected,
    one_hot,
    quadratic,
    relu,
    sigmoid,
    softmax,
    tanh,
    tutorial_penalty,
    uniform,
)

NETWORK = fully_connected((260, 200, 200, 36))
SIZES = (260, 200, 36)


@pytest.fixture(scope="module")
def captchas():
    """60 captchas in the form of the tutorial's program: X (240, 260), y (240, 1) from 1."""
    from pathlib import Path

    from captchanet.segment.labels import encode
    from captchanet.segment.segment import segment
    from captchanet.segment.segmentation import Segmentation

    alphabet = "0123456789abcdefghijklmnopqrstuvwxyz"
    found = segment(Path(__file__).resolve().parents[2] / "data/raw", Segmentation())
    y = [number for picture in found.pictures for number in encode(picture.label, alphabet)]
    return found.X.astype(np.float64), np.array(y).reshape(-1, 1)


@pytest.fixture(scope="module")
def theirs(tutorial, captchas, tmp_path_factory):
    """The tutorial's program as a module; it trains once when it is imported, on our data."""
    folder = tmp_path_factory.mktemp("tutorial")
    (folder / "data/yanzhengma").mkdir(parents=True)
    pd.to_pickle({"X": captchas[0], "y": captchas[1]}, folder / "data/yanzhengma/train_data.pkl")
    spec = importlib.util.spec_from_file_location("example2", tutorial)
    module = importlib.util.module_from_spec(spec)
    before, path = sys.path[:], pytest.MonkeyPatch()
    path.chdir(folder)
    np.random.seed(1)  # noqa: NPY002 (their program samples from the global stream)
    with np.errstate(all="ignore"):
        spec.loader.exec_module(module)
    path.undo()
    sys.path[:] = before
    return module


@pytest.mark.workflow
@pytest.mark.filterwarnings("default")
def test_cg_follows_the_tutorials_own_functions_for_20_iterations_and_ends_as_well(theirs, captchas):
    # two correct programs differ after that: CG amplifies rounding, see docs/mathematics.md
    X, y = captchas
    initial = uniform(NETWORK, np.random.default_rng(1))
    ours = Objective(NETWORK, X, one_hot(y, 36), penalty=tutorial_penalty(weight=0.1))
    arguments = (*SIZES, X, y, 0.1)
    cost, gradient = ours(initial)
    assert cost == pytest.approx(theirs.nn_cost(initial, *arguments), rel=1e-12)
    np.testing.assert_allclose(gradient, theirs.nn_gradient(initial, *arguments), rtol=1e-9, atol=1e-14)
    for iterations in (10, 20):
        options = {"maxiter": iterations}
        expected = minimize(
            theirs.nn_cost, initial, args=arguments, method="CG", jac=theirs.nn_gradient, options=options
        )
        found = conjugate_gradient(ours, initial, iterations=iterations)
        assert found.evaluations == expected.nfev
        np.testing.assert_allclose(found.theta, expected.x, atol=1e-10)
    options = {"maxiter": 100}
    expected = minimize(
        theirs.nn_cost, initial, args=arguments, method="CG", jac=theirs.nn_gradient, options=options
    )
    found = conjugate_gradient(ours, initial, iterations=100)
    ours(found.theta)
    assert ours.correct() == 240
    assert abs(found.evaluations - expected.nfev) <= 0.1 * expected.nfev


@pytest.mark.parametrize(
    ("output", "cost"), [(sigmoid, cross_entropy), (sigmoid, quadratic), (softmax, cross_entropy)]
)
@pytest.mark.parametrize("hidden", [sigmoid, tanh, relu])
def test_cost_and_gradient_are_pytorchs_to_a_part_in_10_to_the_12(output, cost, hidden):
    torch = pytest.importorskip("torch", reason="pip install 'captchanet[bench]' (PyTorch)")
    rng = np.random.default_rng(5)
    network = fully_connected((7, 6, 5, 4), hidden=hidden, output=output)
    X, Y = rng.normal(size=(9, 7)), rng.dirichlet(np.ones(4), 9)
    theta = uniform(network, rng, limit=1)
    value, gradient = Objective(network, X, Y, cost=cost)(theta)
    matrices = [torch.tensor(matrix, requires_grad=True) for matrix in network.matrices(theta)]
    a, targets = torch.tensor(X), torch.tensor(Y)
    between = {"sigmoid": torch.sigmoid, "tanh": torch.tanh, "relu": torch.relu}[hidden.name]
    for number, matrix in enumerate(matrices, 1):
        z = a @ matrix[:, 1:].T + matrix[:, 0]
        a = between(z) if number < len(matrices) else z
    if cost is quadratic:
        loss = ((torch.sigmoid(z) - targets) ** 2).sum() / 2
    elif output is softmax:
        loss = torch.nn.functional.cross_entropy(z, targets, reduction="sum")
    else:
        loss = torch.nn.functional.binary_cross_entropy_with_logits(z, targets, reduction="sum")
    (loss / len(X)).backward()
    expected = np.concatenate([matrix.grad.numpy().ravel() for matrix in matrices])
    assert value == pytest.approx(float(loss.detach()) / len(X), rel=1e-12)
    assert np.linalg.norm(gradient - expected) < 1e-12 * np.linalg.norm(expected)
