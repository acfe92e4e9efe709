"""Is the gradient the derivative of the cost? Differences of the cost show it, by entries and along lines."""

from collections.abc import Iterator
from itertools import product
from typing import NamedTuple

import numpy as np

from captchanet.nn.activations import relu, sigmoid, softmax, tanh
from captchanet.nn.architectures import fully_connected
from captchanet.nn.convolution import Convolution, Pooling, squares
from captchanet.nn.costs import Cost, cross_entropy, quadratic
from captchanet.nn.dense import Dense
from captchanet.nn.initialisation import uniform
from captchanet.nn.layer import Array, Layer
from captchanet.nn.network import Network, Pass
from captchanet.nn.objective import Objective
from captchanet.nn.optimisation import Minimised
from captchanet.nn.penalties import Penalty, l2, no_penalty

STEP = 1e-3
"""Where truncation, of order step⁴, and rounding, 1e-16 / step, are both near 1e-12 for costs of order 1."""

TOLERANCE = {"float64": 1e-9, "float32": 2e-6}
"""The relative error that is well above that of any right gradient.

In float64 the differences are the limit, see STEP (the worst seen over 40 seeds is 4.6e-11). In float32 the
gradient itself is: it is compared with differences taken in float64 at the same theta, and each of its sums
is rounded to 6e-8 of its terms (the worst seen is 4.1e-7).
"""


def central_differences(objective: Minimised, theta: Array, step: float = STEP) -> Array:
    """Compute the derivative of the cost by every entry of theta, with four evaluations for each.

    Parameters
    ----------
    objective
        Costs the same at every call with the same theta.
    theta
        Shape (size,).
    step
        How far to go from theta.

    Returns
    -------
    array
        Shape (size,).
    """
    return np.array([slope_along(objective, theta, e, step) for e in np.eye(theta.size, dtype=theta.dtype)])


def slope_along(objective: Minimised, theta: Array, direction: Array, step: float = STEP) -> float:
    """Compute the slope of the cost along a direction, by central differences of fourth order.

    (8 [cost(+h) - cost(-h)] - [cost(+2h) - cost(-2h)]) / (12 h), with an error of order h⁴.

    Parameters
    ----------
    objective, theta, step
        As in `central_differences`.
    direction
        Shape (size,), of length 1.

    Returns
    -------
    float
        The slope.
    """
    cost = [objective(theta + k * step * direction)[0] for k in (1, -1, 2, -2)]
    return (8 * (cost[0] - cost[1]) - (cost[2] - cost[3])) / (12 * step)


def relative_error(found: Array, expected: Array) -> float:
    """Compute |found - expected| / (|found| + |expected|), Euclidean norms; 0 where both are 0.

    Parameters
    ----------
    found, expected
        Of the same shape.

    Returns
    -------
    float
        0 … 1.
    """
    scale = float(np.linalg.norm(found) + np.linalg.norm(expected))
    return float(np.linalg.norm(np.subtract(found, expected))) / scale if scale else 0.0


class Checked(NamedTuple):
    """One combination, and the relative errors of its gradient: entry by entry, and along random lines."""

    name: str
    depth: int
    dtype: str
    entries: float
    lines: float


def check_all(seed: int = 0) -> Iterator[Checked]:
    """Check the gradient of every combination that goes together, in float64 and in float32.

    These are: output, cost, activation, penalty, bias, and depth 1 … 4; and convolutions in one and two
    layers, pooled and not, with every activation.

    Parameters
    ----------
    seed
        Decides theta and data.

    Yields
    ------
    Checked
        Two of each combination, one in each dtype.
    """
    for name, network, cost, penalty in _combinations():
        yield from _checked(name, network, cost, penalty, seed)


def _combinations() -> Iterator[tuple[str, Network, Cost, Penalty]]:
    outputs = ((sigmoid, cross_entropy), (sigmoid, quadratic), (softmax, cross_entropy))
    activations, biases = (sigmoid, tanh, relu), {True: "bias", False: "no bias"}
    penalties = {"no penalty": no_penalty, "l2": l2(weight=0.7)}
    for (output, cost), hidden, name, bias, depth in product(
        outputs, activations, penalties, biases, (1, 2, 3, 4)
    ):
        if depth == 1 and hidden is not sigmoid:
            continue  # without hidden layers their activation does not matter
        network = fully_connected((*(4, 5, 3, 4)[:depth], 3), bias=bias, hidden=hidden, output=output)
        words = [output.name, cost.name, *([hidden.name] if depth > 1 else []), name, biases[bias]]
        yield ", ".join(words), network, cost, penalties[name]
    for hidden, bias in product(activations, biases):
        one = Convolution(2, 3, bias)
        convolved: dict[str, tuple[Layer, ...]] = {
            "1 convolved, pool 1": (one, hidden),
            "1 convolved, pool 2": (one, Pooling(2), hidden),
            "2 convolved, pool 2": (one, hidden, one, Pooling(2), hidden),
        }
        for name, layers in convolved.items():
            network = Network((2, 3, 4), (*layers, Dense(3, bias)), softmax)
            yield f"{name}, {hidden.name}, l2, {biases[bias]}", network, cross_entropy, penalties["l2"]


def _nearest_kink(network: Network, theta: Array, X: Array) -> float:
    """Tell how near to a kink any signal comes: a difference taken across one is no derivative.

    ReLU has one at 0; pooling has one where the two largest of a square are equal.
    """
    nearest = [np.inf]
    for number, layer in enumerate(network.layers):
        if layer is relu or isinstance(layer, Pooling):
            before = Network(network.input_shape, network.layers[:number])
            work = Pass(before, before.with_ones(X, theta.dtype), before.input_shape, both_ways=True)
            work.forward(before.views(theta[: before.size]))
            z = work.last.a
            if isinstance(layer, Pooling):
                *_, second, largest = np.sort(squares(z, layer.size), axis=0)
                z = largest - second
            nearest.append(float(np.abs(z).min()))
    return min(nearest)


def _checked(name: str, network: Network, cost: Cost, penalty: Penalty, seed: int) -> Iterator[Checked]:
    """One combination, in float64 and in float32."""
    rng = np.random.default_rng(seed)
    X, Y = rng.normal(size=(6, network.widths[0])), rng.dirichlet(np.ones(3), 6)
    theta = uniform(network, rng, limit=1)
    while _nearest_kink(network, theta, X) < 0.02:
        theta = uniform(network, rng, limit=1)
    # numbers that float32 holds exactly: both dtypes see the same, and one reference serves both
    X, theta = (numbers.astype(np.float32).astype(np.float64) for numbers in (X, theta))
    exact = Objective(network, X, Y, cost=cost, penalty=penalty)
    reference = central_differences(exact, theta)
    lines = rng.normal(size=(8, theta.size))
    slopes = np.array([slope_along(exact, theta, line / np.linalg.norm(line)) for line in lines])
    for dtype in ("float64", "float32"):
        objective = Objective(network, X, Y, cost=cost, penalty=penalty, dtype=dtype)
        gradient = objective(theta.astype(dtype))[1].astype(np.float64)
        along = lines @ gradient / np.linalg.norm(lines, axis=1)
        entries, of_lines = relative_error(gradient, reference), relative_error(along, slopes)
        yield Checked(name, len(network.shapes), dtype, entries, of_lines)
