"""The same SGD in JAX, compiled on the CPU: a call for each step, or an epoch as one scan."""

import importlib.util
import itertools
from typing import Any

import numpy as np
from harness import Work
from peers import LAYERS, RATE

jax: Any = importlib.import_module("jax") if importlib.util.find_spec("jax") else None

Theta = list[tuple[Any, Any]]


def _cost(theta: Theta, X: Any, Y: Any) -> Any:
    """The cross-entropy of sigmoid outputs, from z."""
    for weights, bias in theta[:-1]:
        X = jax.nn.sigmoid(X @ weights + bias)
    weights, bias = theta[-1]
    z = X @ weights + bias
    return (jax.numpy.maximum(z, 0) - z * Y + jax.numpy.log1p(jax.numpy.exp(-abs(z)))).sum() / len(Y)


def _step(theta: Theta, X: Any, Y: Any) -> Theta:
    gradient = jax.grad(_cost)(theta, X, Y)
    return jax.tree_util.tree_map(lambda part, slope: part - RATE * slope, theta, gradient)


def _first() -> Theta:
    rng = np.random.default_rng(1)
    pairs = itertools.pairwise(LAYERS)
    return [(rng.uniform(-0.1, 0.1, (n, m)).astype(np.float32), np.zeros(m, np.float32)) for n, m in pairs]


def step_by_step(X: np.ndarray, Y: np.ndarray, batch: int) -> Work | None:
    """An epoch with a call of the compiled step for each batch; None where JAX is not installed."""
    if jax is None:
        return None
    step = jax.jit(_step, donate_argnums=0)
    rng = np.random.default_rng(1)
    held = [jax.device_put(_first())]

    def epoch() -> None:
        theta, order = held.pop(), rng.permutation(len(X))
        for start in range(0, len(X), batch):
            rows = order[start : start + batch]
            theta = step(theta, X[rows], Y[rows])
        held.append(jax.block_until_ready(theta))

    return epoch


def scanned(X: np.ndarray, Y: np.ndarray, batch: int) -> Work | None:
    """An epoch as one compiled scan over its whole batches; None where JAX is not installed.

    The last batch, which is smaller, is one more call of the step.
    """
    if jax is None:
        return None
    inputs, targets = jax.device_put(X), jax.device_put(Y)
    whole = len(X) // batch * batch

    def run(theta: Theta, X: Any, Y: Any, order: Any) -> Theta:
        def body(theta: Theta, rows: Any) -> tuple[Theta, None]:
            return _step(theta, X[rows], Y[rows]), None

        theta, _ = jax.lax.scan(body, theta, order[:whole].reshape(-1, batch))
        return _step(theta, X[order[whole:]], Y[order[whole:]]) if whole < len(X) else theta

    compiled = jax.jit(run, donate_argnums=0)
    rng = np.random.default_rng(1)
    held = [jax.device_put(_first())]

    def epoch() -> None:
        held.append(
            jax.block_until_ready(
                compiled(held.pop(), inputs, targets, rng.permutation(len(X)).astype(np.int32))
            )
        )

    return epoch
