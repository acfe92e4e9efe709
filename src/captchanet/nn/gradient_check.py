"""Is the gradient the derivative of the cost? Differences of the cost tell, by entries and along lines."""

from collections.abc import Iterator
from itertools import product
from typing import NamedTuple

import numpy as np

from captchanet.nn.activations import Array, relu, sigmoid, softmax, tanh
from captchanet.nn.costs import cross_entropy, quadratic
from captchanet.nn.network import Network
from captchanet.nn.objective import Objective
from captchanet.nn.optimisation import Minimised
from captchanet.nn.penalties import l2, no_penalty
from captchanet.nn.start import uniform

STEP = 1e-3
"""Where truncation, of order step⁴, and rounding, 1e-16 / step, are both near 1e-12 for costs of order 1."""


def central_differences(objective: Minimised, theta: Array, step: float = STEP) -> Array:
    """The derivative of the cost by every entry of theta, same shape: four evaluations each."""
    return np.array([slope_along(objective, theta, e, step) for e in np.eye(theta.size, dtype=theta.dtype)])


def slope_along(objective: Minimised, theta: Array, direction: Array, step: float = STEP) -> float:
    """The derivative of the cost at theta along `direction`, by central differences, to fourth order.

    (8 [cost(+h) - cost(-h)] - [cost(+2h) - cost(-2h)]) / (12 h), with an error of order h⁴.
    """
    cost = [objective(theta + k * step * direction)[0] for k in (1, -1, 2, -2)]
    return (8 * (cost[0] - cost[1]) - (cost[2] - cost[3])) / (12 * step)


def relative_error(found: Array, expected: Array) -> float:
    """|found - expected| / (|found| + |expected|), Euclidean norms; 0 where both vanish."""
    scale = float(np.linalg.norm(found) + np.linalg.norm(expected))
    return float(np.linalg.norm(np.subtract(found, expected))) / scale if scale else 0.0


class Checked(NamedTuple):
    """One combination, and the relative errors of its gradient: entry by entry, and along random lines."""

    name: str
    depth: int
    dtype: str
    entries: float
    lines: float


def _nearest_kink(network: Network, theta: Array, X: Array) -> float:
    """How near to 0 any hidden z comes: a difference taken across ReLU's kink is no derivative."""
    a, nearest = network.with_ones(X, theta.dtype).T, np.inf
    for matrix in network.matrices(theta)[:-1]:
        z = matrix @ a
        nearest = min(nearest, float(np.abs(z).min()))
        a = np.ones((len(z) + int(network.bias), z.shape[1]))
        network.hidden.apply(z, a[int(network.bias) :])
    return nearest


TOLERANCE = {"float64": 1e-9, "float32": 2e-6}
"""What a right gradient keeps well below. In float64 the differences are the limit, see STEP (the worst seen
over 40 seeds is 4.6e-11). In float32 the gradient itself is: it is held against differences taken in
float64 at the same theta, and each of its sums is rounded to 6e-8 of its terms (the worst seen is 4.1e-7).
"""


def check_all(seed: int = 0) -> Iterator[Checked]:
    """The gradient of every legal combination of output, cost, activation, penalty, depth 1 … 4 and dtype."""
    outputs = ((sigmoid, cross_entropy), (sigmoid, quadratic), (softmax, cross_entropy))
    penalties = (("no penalty", no_penalty), ("l2", l2(weight=0.7)))
    combinations = product(outputs, (sigmoid, tanh, relu), penalties, (True, False), (1, 2, 3, 4))
    for (output, cost), hidden, (name, penalty), bias, depth in combinations:
        if depth == 1 and hidden is not sigmoid:
            continue  # without hidden layers their activation does not matter
        rng = np.random.default_rng(seed)
        network = Network((*(4, 5, 3, 4)[:depth], 3), bias, hidden, output)
        X, Y = rng.normal(size=(6, 4)), rng.dirichlet(np.ones(3), 6)
        theta = uniform(network, rng, limit=1)
        while hidden is relu and _nearest_kink(network, theta, X) < 0.02:
            theta = uniform(network, rng, limit=1)
        words = [output.name, cost.name, *([hidden.name] if depth > 1 else []), name]
        for dtype in ("float64", "float32"):
            objective = Objective(network, X, Y, cost=cost, penalty=penalty, dtype=dtype)
            gradient = objective(theta.astype(dtype))[1].astype(np.float64)
            # in float32 the very numbers that the float32 objective saw, in float64 arithmetic
            exact = Objective(
                network, X.astype(dtype), Y.astype(dtype), cost=cost, penalty=penalty, dtype=np.float64
            )
            at = theta.astype(dtype).astype(np.float64)
            reference = central_differences(exact, at)
            lines = rng.normal(size=(8, theta.size))
            slopes = np.array([slope_along(exact, at, line / np.linalg.norm(line)) for line in lines])
            along = lines @ gradient / np.linalg.norm(lines, axis=1)
            yield Checked(
                ", ".join([*words, "bias" if bias else "no bias"]),
                depth,
                dtype,
                relative_error(gradient, reference),
                relative_error(along, slopes),
            )
