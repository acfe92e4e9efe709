"""A cost says how wrong the outputs are, and how that changes with the last layer's z.

A cost is computed from z and a = f(z) together, so it has one function for each output activation f that it
goes with. Each takes the last layer's z, its outputs a, the targets y, all of shape (outputs, rows), and two
arrays of the same shape to work in: it fills `delta` with the derivative of the cost by z, and returns the
cost summed over rows and outputs. The objective divides both by the number of rows.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from captchanet.nn.activations import ONE, Activation, sigmoid, softmax
from captchanet.nn.layer import Array

ValueAndDelta = Callable[[Array, Array, Array, Array, Array], float]
"""cost(z, a, y, delta, scratch), see above."""


@dataclass(frozen=True)
class Cost:
    """A cost and its arithmetic for each kind of output.

    Attributes
    ----------
    name
        What errors call it.
    functions
        Its function for each output activation that it goes with, by the name of that.
    """

    name: str
    functions: Mapping[str, ValueAndDelta]

    def for_output(self, output: Activation) -> ValueAndDelta:
        """Find its function for an output.

        Parameters
        ----------
        output
            The output activation of a network.

        Returns
        -------
        callable
            cost(z, a, y, delta, scratch), see above.

        Raises
        ------
        ValueError
            If the two do not go together.
        """
        if output.name not in self.functions:
            raise ValueError(f"the {self.name} cost does not go with {output.name} outputs")
        return self.functions[output.name]


def _sigmoid_cross_entropy(z: Array, a: Array, y: Array, delta: Array, scratch: Array) -> float:
    """Compute -[y log a + (1 - y) log(1 - a)], whose delta is the plain difference a - y.

    Computed from z, because a reaches 1 (and its log(1 - a) minus infinity) from z = 37 on in float64:
    -[y log a + (1 - y) log(1 - a)] = log(1 + exp(z)) - y z = max(z, 0) - y z - log(max(a, 1 - a)), where the
    last logarithm is of a number between 1/2 and 1.
    """
    np.multiply(y, z, out=delta)
    np.maximum(z, 0, out=scratch)
    scratch -= delta
    total = float(scratch.sum())
    np.subtract(ONE[a.dtype], a, out=scratch)
    np.maximum(scratch, a, out=scratch)
    np.log(scratch, out=scratch)
    np.subtract(a, y, out=delta)
    return total - float(scratch.sum())


def _softmax_cross_entropy(z: Array, a: Array, y: Array, delta: Array, scratch: Array) -> float:
    """Compute -Σ_k y_k log a_k with Σ_k y_k = 1, whose delta is a - y again.

    With m the largest z of a row, log a_k = z_k - m + log(max_j a_j), so that the cost is
    Σ_k y_k (m - z_k) - log(max_j a_j): the logarithm is of a number between 1 / outputs and 1.
    """
    np.max(z, axis=0, out=scratch[0])
    np.subtract(scratch[0], z, out=delta)
    delta *= y
    total = float(delta.sum())
    np.max(a, axis=0, out=scratch[0])
    np.log(scratch[0], out=scratch[0])
    np.subtract(a, y, out=delta)
    return total - float(scratch[0].sum())


def _sigmoid_quadratic(z: Array, a: Array, y: Array, delta: Array, scratch: Array) -> float:
    """Compute (a - y)² / 2, whose delta is (a - y) a (1 - a)."""
    np.subtract(a, y, out=delta)
    np.multiply(delta, delta, out=scratch)
    total = float(scratch.sum()) / 2
    delta *= a
    np.subtract(1, a, out=scratch)
    delta *= scratch
    return total


cross_entropy = Cost(
    "cross-entropy", {sigmoid.name: _sigmoid_cross_entropy, softmax.name: _softmax_cross_entropy}
)
quadratic = Cost("quadratic", {sigmoid.name: _sigmoid_quadratic})
