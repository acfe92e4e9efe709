"""The same work by bare matrix products alone, the tutorial's way, and by scikit-learn.

Each function here takes the data and returns a function that does one round of the work at each call.
"""

import itertools
from collections.abc import Callable

import numpy as np
from harness import Work
from scipy.optimize import minimize

LAYERS = (260, 200, 200, 36)
RATE = 0.1


def products(X: np.ndarray, Y: np.ndarray, batch: int) -> Work:
    """The lower limit: only the eight matrix products of each step of an epoch, into existing arrays."""
    dtype, rng = X.dtype, np.random.default_rng(0)
    theta = [rng.normal(size=(m, 1 + n)).astype(dtype) for n, m in itertools.pairwise(LAYERS)]
    gradients = [np.empty_like(matrix) for matrix in theta]

    def arrays(rows: int) -> tuple[list[np.ndarray], list[np.ndarray]]:
        a = [rng.random((1 + width, rows)).astype(dtype) for width in LAYERS[:-1]]
        return a, [rng.random((width, rows)).astype(dtype) for width in LAYERS]

    sizes = [min(batch, len(X) - start) for start in range(0, len(X), batch)]
    spaces = {size: arrays(size) for size in set(sizes)}

    def epoch() -> None:
        for size in sizes:
            a, delta = spaces[size]
            for layer in (1, 2, 3):
                np.matmul(theta[layer - 1], a[layer - 1], out=delta[layer])
            for layer in (3, 2, 1):
                np.matmul(delta[layer], a[layer - 1].T, out=gradients[layer - 1])
                if layer > 1:
                    np.matmul(theta[layer - 1][:, 1:].T, delta[layer], out=delta[layer - 1])

    return epoch


def tutorial_functions(X: np.ndarray, Y: np.ndarray) -> tuple[Callable, Callable, np.ndarray]:
    """The tutorial's cost and gradient: a forward pass for each, a copy at every layer; and a first theta."""
    n = len(X)
    ends = np.cumsum([units * (1 + inputs) for inputs, units in itertools.pairwise(LAYERS)])

    def forward(theta: np.ndarray) -> tuple[list[np.ndarray], list[np.ndarray]]:
        parts = np.split(theta, ends[:-1])
        matrices = [part.reshape(units, -1) for part, units in zip(parts, LAYERS[1:], strict=True)]
        signals, a = [], X
        for matrix in matrices:
            signals.append(np.append(np.ones((n, 1)), a, axis=1))
            a = 1 / (1 + np.exp(-signals[-1].dot(matrix.T)))
        return matrices, [*signals, a]

    def cost(theta: np.ndarray) -> float:
        matrices, (*_, a) = forward(theta)
        squares = [np.sum(matrix[:, 1:] ** 2) for matrix in matrices]
        error = -(1 / n) * (np.sum(Y * np.log(a)) + np.sum((1 - Y) * np.log(1 - a)))
        return error + 0.1 / (2 * n * squares[0] + squares[1] + squares[2])

    def gradient(theta: np.ndarray) -> np.ndarray:
        matrices, (a1, a2, a3, a4) = forward(theta)
        d4 = a4 - Y
        d3 = (d4.dot(matrices[2]) * a3 * (1 - a3))[:, 1:]
        d2 = (d3.dot(matrices[1]) * a2 * (1 - a2))[:, 1:]
        pairs = ((d2, a1), (d3, a2), (d4, a3))
        return np.concatenate([(1 / n * d.T.dot(a)).flatten() for d, a in pairs])

    return cost, gradient, np.random.default_rng(1).uniform(-0.1, 0.1, ends[-1])


def tutorial_pass(X: np.ndarray, Y: np.ndarray) -> Work:
    """One cost and one gradient, the tutorial's way."""
    cost, gradient, theta = tutorial_functions(X, Y)
    return lambda: (cost(theta), gradient(theta))


def tutorial_cg(X: np.ndarray, Y: np.ndarray, iterations: int) -> Work:
    """The tutorial's conjugate gradient; returns how many evaluations it took."""
    cost, gradient, theta = tutorial_functions(X, Y)
    return lambda: minimize(cost, theta, method="CG", jac=gradient, options={"maxiter": iterations}).nfev


def scikit_learn(X: np.ndarray, Y: np.ndarray, batch: int) -> Work:
    """An epoch of MLPClassifier, SGD without momentum: one call of partial_fit is one."""
    from sklearn.neural_network import MLPClassifier

    model = MLPClassifier(
        LAYERS[1:-1],
        activation="logistic",
        solver="sgd",
        alpha=0,
        batch_size=batch,
        learning_rate_init=RATE,
        momentum=0,
        nesterovs_momentum=False,
        random_state=1,
    )
    labels = Y.argmax(axis=1)
    model.partial_fit(X, labels, classes=np.arange(LAYERS[-1]))
    return lambda: model.partial_fit(X, labels)
