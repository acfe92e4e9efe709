"""Is the gradient the derivative of the cost? Differences of the cost tell, by entries and along lines."""

from collections.abc import Iterator
from itertools import product
from typing import NamedTuple

import numpy as np

from captchanet.nn.activations import Array, relu, sigmoid, softmax, tanh
from captchanet.nn.convolution import Convolution
from captchanet.nn.costs import Cost, cross_entropy, quadratic
from captchanet.nn.initialisation import uniform
from captchanet.nn.network import Network
from captchanet.nn.objective import Objective
from captchanet.nn.optimisation import Minimised
from captchanet.nn.penalties import Penalty, l2, no_penalty

STEP = 1e-3
"""Where truncation, of order step⁴, and rounding, 1e-16 / step, are both near 1e-12 for costs of order 1."""


CONVOLUTIONS = (
    (Convolution(2, 3, 1),),
    (Convolution(2, 3, 2),),
    (Convolution(2, 3, 1), Convolution(2, 3, 2)),
)

_WITH = {True: "bias", False: "no bias"}


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
    """How near to a kink any z comes: a difference taken across one is no derivative.

    ReLU has one at 0; pooling has one where the two largest of a square are equal.
    """
    signal, nearest, extra = network.with_ones(X, theta.dtype), np.inf, int(network.bias)
    filters, dense = network.parts(theta)
    front, a = network.front(len(X), theta.dtype), signal.T
    if front:
        a = np.ones((extra + network.widths[0], len(X)))
        front.forward(filters, network.hidden, signal, a[extra:])
        for layer in front.layers:
            squares = np.sort(np.stack(layer.squares), axis=0)
            if len(squares) > 1:
                nearest = min(nearest, float((squares[-1] - squares[-2]).min()))
            if network.hidden is relu:
                nearest = min(nearest, float(np.abs(squares[-1]).min()))
    for matrix in dense[:-1] if network.hidden is relu else []:
        z = matrix @ a
        nearest = min(nearest, float(np.abs(z).min()))
        a = np.ones((len(z) + extra, z.shape[1]))
        network.hidden.apply(z, a[extra:])
    return nearest


TOLERANCE = {"float64": 1e-9, "float32": 2e-6}
"""What a right gradient keeps well below. In float64 the differences are the limit, see STEP (the worst seen
over 40 seeds is 4.6e-11). In float32 the gradient itself is: it is held against differences taken in
float64 at the same theta, and each of its sums is rounded to 6e-8 of its terms (the worst seen is 4.1e-7).
"""


def check_all(seed: int = 0) -> Iterator[Checked]:
    """The gradient of every legal combination of output, cost, activation, penalty, depth 1 … 4 and dtype.

    And of convolutions, in one and two layers, pooled and not, with every activation.
    """
    outputs = ((sigmoid, cross_entropy), (sigmoid, quadratic), (softmax, cross_entropy))
    penalties = (("no penalty", no_penalty), ("l2", l2(weight=0.7)))
    combinations = product(outputs, (sigmoid, tanh, relu), penalties, (True, False), (1, 2, 3, 4))
    for (output, cost), hidden, (name, penalty), bias, depth in combinations:
        if depth == 1 and hidden is not sigmoid:
            continue  # without hidden layers their activation does not matter
        network = Network((*(4, 5, 3, 4)[:depth], 3), bias, hidden, output)
        words = [output.name, cost.name, *([hidden.name] if depth > 1 else []), name]
        yield from _checked(", ".join([*words, _WITH[bias]]), network, cost, penalty, seed)
    for convolutions, hidden, bias in product(CONVOLUTIONS, (sigmoid, tanh, relu), (True, False)):
        network = Network((24, 3), bias, hidden, softmax, (2, 3, 4), convolutions)
        words = [f"{len(convolutions)} convolved, pool {convolutions[-1].pool}", hidden.name, "l2"]
        yield from _checked(", ".join([*words, _WITH[bias]]), network, cross_entropy, l2(weight=0.7), seed)


def _checked(name: str, network: Network, cost: Cost, penalty: Penalty, seed: int) -> Iterator[Checked]:
    """One combination, in float64 and in float32."""
    rng = np.random.default_rng(seed)
    X, Y = rng.normal(size=(6, network.layers[0])), rng.dirichlet(np.ones(3), 6)
    theta = uniform(network, rng, limit=1)
    while _nearest_kink(network, theta, X) < 0.02:
        theta = uniform(network, rng, limit=1)
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
            name,
            len(network.shapes),
            dtype,
            relative_error(gradient, reference),
            relative_error(along, slopes),
        )
