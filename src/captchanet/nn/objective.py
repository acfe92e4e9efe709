"""What an optimiser minimises: cost and gradient of a network on its training rows, from one pass.

Backpropagation is the loop at the end of `Objective.__call__`. Everything it writes to is allocated once, in
a `Workspace` for each number of rows, so that a training step allocates no array.
"""

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from captchanet.nn.costs import Cost, cross_entropy
from captchanet.nn.network import Array, Network, sigmoid
from captchanet.nn.penalties import Penalty, no_penalty


class Workspace:
    """The buffers of one pass over `rows` rows: the signals a, the deltas, and the output layer's z.

    `a[0]` is the input; each further `a[l]` of a hidden layer keeps the ones row on top, which nothing
    overwrites, and `units[l]` is the part below it that the layer itself writes.
    """

    def __init__(self, network: Network, rows: int, dtype: np.dtype) -> None:
        extra = int(network.bias)
        widths = network.layers
        self.batch = np.empty((rows, extra + widths[0]), dtype)
        self.targets = np.empty((rows, widths[-1]), dtype)
        self.a = [self.batch.T]
        self.a += [np.ones((extra + width, rows), dtype) for width in widths[1:-1]]
        self.a += [np.empty((widths[-1], rows), dtype)]
        self.units = [self.a[0], *(a[extra:] for a in self.a[1:-1]), self.a[-1]]
        self.delta = [np.empty((width, rows), dtype) for width in widths]
        self.z = np.empty((widths[-1], rows), dtype)
        self.scratch = np.empty((widths[-1], rows), dtype)


class Objective:
    """Cost and gradient of `network` on the data X (rows, inputs) and the targets Y (rows, outputs).

    `objective(theta)` works on all rows, `objective(theta, rows)` on those rows alone (a mini-batch); both
    return the mean cost over the rows plus the penalty, and the gradient, shape (size,). The gradient is a
    buffer that the next call overwrites: copy it to keep it. theta must have this objective's dtype.
    """

    def __init__(
        self,
        network: Network,
        X: ArrayLike,
        Y: ArrayLike,
        *,
        cost: Cost = cross_entropy,
        penalty: Penalty = no_penalty,
        dtype: DTypeLike = np.float64,
    ) -> None:
        self.network, self.cost, self.penalty, self.dtype = network, cost, penalty, np.dtype(dtype)
        self.X = network.with_ones(X, self.dtype)
        self.Y = np.ascontiguousarray(Y, self.dtype)
        self.rows = len(self.X)
        if self.Y.shape != (self.rows, network.layers[-1]) or not self.rows:
            raise ValueError(
                f"Y has shape {self.Y.shape}, expected ({self.rows}, {network.layers[-1]}), not empty"
            )
        self.gradient = np.empty(network.size, self.dtype)
        self._scratch = np.empty(network.size, self.dtype)
        self._workspaces: dict[int, Workspace] = {}
        self._last: Workspace | None = None

    def __call__(self, theta: Array, rows: NDArray[np.integer] | None = None) -> tuple[float, Array]:
        """The cost (a float) and its gradient at theta, on `rows` (indices, or None for all)."""
        if theta.dtype != self.dtype:
            raise TypeError(f"theta is {theta.dtype}, but this objective works in {self.dtype}")
        n = self.rows if rows is None else len(rows)
        work = self._workspace(n)
        if rows is None:
            work.a[0], targets = self.X.T, self.Y.T
        else:
            # mode="clip" because the default makes NumPy copy through a buffer of its own
            np.take(self.X, rows, axis=0, out=work.batch, mode="clip")
            np.take(self.Y, rows, axis=0, out=work.targets, mode="clip")
            work.a[0], targets = work.batch.T, work.targets.T
        with np.errstate(over="ignore"):
            cost = self._forward(theta, work, targets) / n
        work.delta[-1] /= n
        self._backward(theta, work)
        self._last = work
        return cost + self.penalty(
            self.network, theta, self.rows, self.gradient, self._scratch
        ), self.gradient

    def correct(self) -> int:
        """How many rows of the last call were read right, from the outputs that it left behind.

        Right means the largest output is the target's largest; for a single output, the same side of 1/2.
        """
        work = self._last
        if work is None:
            raise RuntimeError("nothing has been evaluated yet")
        outputs = work.a[-1]
        targets = self.Y.T if work.a[0].base is self.X else work.targets.T
        if len(outputs) == 1:
            return int(np.count_nonzero((outputs > 0.5) == (targets > 0.5)))
        return int(np.count_nonzero(outputs.argmax(axis=0) == targets.argmax(axis=0)))

    def _workspace(self, rows: int) -> Workspace:
        if rows not in self._workspaces:
            self._workspaces[rows] = Workspace(self.network, rows, self.dtype)
        return self._workspaces[rows]

    def _forward(self, theta: Array, work: Workspace, targets: Array) -> float:
        matrices = self.network.matrices(theta)
        last = len(matrices)
        for layer, matrix in enumerate(matrices, 1):
            z = work.z if layer == last else work.units[layer]
            np.matmul(matrix, work.a[layer - 1], out=z)
            sigmoid(z, out=work.units[layer])
        return self.cost(work.z, work.a[-1], targets, work.delta[-1], work.scratch)

    def _backward(self, theta: Array, work: Workspace) -> None:
        first = int(self.network.bias)
        matrices, gradients = self.network.matrices(theta), self.network.matrices(self.gradient)
        for layer in range(len(matrices), 0, -1):
            np.matmul(work.delta[layer], work.a[layer - 1].T, out=gradients[layer - 1])
            if layer > 1:
                # delta of the layer below, through the weights (not the biases) and then the sigmoid's
                # derivative a (1 - a); a has served its gradient and makes room for 1 - a
                below, units = work.delta[layer - 1], work.units[layer - 1]
                np.matmul(matrices[layer - 1][:, first:].T, work.delta[layer], out=below)
                below *= units
                np.subtract(1, units, out=units)
                below *= units
