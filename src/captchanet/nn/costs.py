"""A cost is a value and an output delta: what the error is, and how it changes with the last layer's z.

Each takes the last layer's z, its outputs a = sigmoid(z), the targets y, all of shape (outputs, rows), and
two arrays of the same shape to work in; it fills `delta` with the derivative of the cost with respect to z
and returns the cost summed over rows and outputs. The objective divides both by the number of rows.
"""

from collections.abc import Callable

import numpy as np

from captchanet.nn.network import Array

Cost = Callable[[Array, Array, Array, Array, Array], float]


def cross_entropy(z: Array, a: Array, y: Array, delta: Array, scratch: Array) -> float:
    """-[y log a + (1 - y) log(1 - a)], whose delta is the plain difference a - y.

    Computed from z, because a reaches 1 (and its log(1 - a) minus infinity) from z = 37 on in float64:
    -[y log a + (1 - y) log(1 - a)] = log(1 + exp(z)) - y z = max(z, 0) - y z - log(max(a, 1 - a)), where the
    last logarithm is of a number between 1/2 and 1.
    """
    np.multiply(y, z, out=delta)
    np.maximum(z, 0, out=scratch)
    scratch -= delta
    total = float(scratch.sum())
    np.subtract(1, a, out=scratch)
    np.maximum(scratch, a, out=scratch)
    np.log(scratch, out=scratch)
    np.subtract(a, y, out=delta)
    return total - float(scratch.sum())


def quadratic(z: Array, a: Array, y: Array, delta: Array, scratch: Array) -> float:
    """(a - y)² / 2, whose delta is (a - y) a (1 - a)."""
    np.subtract(a, y, out=delta)
    np.multiply(delta, delta, out=scratch)
    total = float(scratch.sum()) / 2
    delta *= a
    np.subtract(1, a, out=scratch)
    delta *= scratch
    return total


COSTS: dict[str, Cost] = {"cross_entropy": cross_entropy, "quadratic": quadratic}
