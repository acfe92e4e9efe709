"""What an optimiser minimises: cost and gradient of a network on its training rows, from one pass.

Backpropagation is the loop at the end of `Objective`. Everything it writes to is allocated once, in a
`Workspace` for each number of rows, so that a training step allocates no array.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from captchanet.nn.activations import Array
from captchanet.nn.costs import Cost, cross_entropy
from captchanet.nn.dropout import Dropout
from captchanet.nn.network import Network
from captchanet.nn.penalties import Penalty, no_penalty

Augment = Callable[[Array, NDArray[np.integer]], None]
"""augment(inputs, rows) overwrites a batch's inputs (rows, inputs) by other versions of these rows."""


class Workspace:
    """The buffers of one pass over `rows` rows: signals, deltas, the output layer's z, and dropout's masks.

    `a[l]` is what layer l hands on, with the ones row on top, which nothing overwrites; `units[l]` is what
    its activation gave. They are the same memory, unless dropout stands between them. Layer 0 is the input
    or, with convolutions, what `front` makes of it; `batch` is the input, row by row.
    """

    def __init__(self, network: Network, rows: int, dtype: np.dtype, rates: tuple[float, ...]) -> None:
        extra, widths = int(network.bias), network.widths
        self.front = network.front(rows, dtype)
        self.batch = np.empty((rows, network.layers[0] if self.front else extra + widths[0]), dtype)
        self.targets = np.empty((widths[-1], rows), dtype)
        self.a = [np.ones((extra + width, rows), dtype) for width in widths[1:-1]]
        self.a.insert(0, np.ones((extra + widths[0], rows), dtype) if self.front else self.batch.T)
        self.a.append(np.empty((widths[-1], rows), dtype))
        self.units = [a[extra:] for a in self.a[:-1]] + [self.a[-1]]
        # masks, and scratch to sample them: of the input, which lies as the batch does, and of each layer
        self.input_mask: tuple[Array, np.ndarray] | None = None
        self.masks: dict[int, tuple[Array, np.ndarray]] = {}
        if rates and rates[0]:
            shape = (rows, network.layers[0])
            self.input_mask = (np.empty(shape, dtype), np.empty(shape, bool))
        for layer, rate in enumerate(rates[1:], 0 if self.front else 1):
            if rate:
                shape = (widths[layer], rows)
                self.masks[layer] = (np.empty(shape, dtype), np.empty(shape, bool))
                self.units[layer] = np.empty(shape, dtype)
        # an input has no delta
        self.delta = [
            np.empty((width if layer or self.front else 0, rows), dtype) for layer, width in enumerate(widths)
        ]
        self.z = np.empty((widths[-1], rows), dtype)
        self.scratch = np.empty((widths[-1], rows), dtype)


class Objective:
    """Cost and gradient of `network` on the data X (rows, inputs) and the targets Y (rows, outputs).

    `objective(theta)` works on all rows, `objective(theta, rows)` on those rows alone (a mini-batch); both
    return the mean cost over the rows plus the penalty, and the gradient, shape (size,). The gradient is a
    buffer that the next call overwrites: copy it to keep it. theta must have this objective's dtype. With
    `dropout` or `augment` every call samples anew, so that only an optimiser that expects noise can use it.
    """

    def __init__(
        self,
        network: Network,
        X: ArrayLike,
        Y: ArrayLike,
        *,
        cost: Cost = cross_entropy,
        penalty: Penalty = no_penalty,
        dropout: Dropout | None = None,
        augment: Augment | None = None,
        dtype: DTypeLike = np.float64,
    ) -> None:
        self.network, self.penalty, self.dropout, self.dtype = network, penalty, dropout, np.dtype(dtype)
        self.augment = augment
        self.cost = cost.for_output(network.output)
        self.rates = dropout.rates if dropout else ()
        # of the input, of what convolutions hand on, if there are any, and of each hidden layer
        dropped = len(network.layers) - 1 + bool(network.convolutions)
        if self.rates and len(self.rates) != dropped:
            raise ValueError(f"{len(self.rates)} dropout rates for {dropped} layers that are dropped")
        self.X = network.with_ones(X, self.dtype)
        Y = np.asarray(Y)
        self.rows = len(self.X)
        if Y.shape != (self.rows, network.layers[-1]) or not self.rows:
            raise ValueError(
                f"Y has shape {Y.shape}, expected ({self.rows}, {network.layers[-1]}), not empty"
            )
        # feature-major like every signal, so that what meets them lies in memory as they do
        self.targets = np.ascontiguousarray(Y.T, self.dtype)
        self.classes = self.targets.argmax(axis=0) if network.layers[-1] > 1 else self.targets[0] > 0.5
        self.gradient = np.empty(network.size, self.dtype)
        self._filter_gradients, self.gradients = network.parts(self.gradient)
        self._scratch = np.empty(network.size, self.dtype)
        self._workspaces: dict[int, Workspace] = {}
        self._theta: Array | None = None
        self._filters: list[Array] = []
        self._matrices: list[Array] = []
        self._backward_weights: list[Array] = []
        self._last: tuple[Array, NDArray[np.integer] | None] | None = None

    def __call__(self, theta: Array, rows: NDArray[np.integer] | None = None) -> tuple[float, Array]:
        """The cost (a float) and its gradient at theta, on `rows` (indices, or None for all)."""
        if theta.dtype != self.dtype:
            raise TypeError(f"theta is {theta.dtype}, but this objective works in {self.dtype}")
        n = self.rows if rows is None else len(rows)
        if n not in self._workspaces:
            self._workspaces[n] = Workspace(self.network, n, self.dtype, self.rates)
        work = self._workspaces[n]
        if theta is not self._theta:  # an optimiser that changes theta in place keeps its views
            self._theta = theta
            self._filters, self._matrices = self.network.parts(theta)
            # without the bias column, which nothing comes back through
            self._backward_weights = [matrix[:, int(self.network.bias) :].T for matrix in self._matrices]
        targets = self._gather(work, rows)
        with np.errstate(over="ignore"):
            self._forward(work)
            cost = self.cost(work.z, work.a[-1], targets, work.delta[-1], work.scratch) / n
        work.delta[-1] *= 1 / n
        self._backward(work)
        self._last = work.a[-1], rows
        cost += self.penalty(self.network, theta, self.rows, self.gradient, self._scratch)
        return cost, self.gradient

    def correct(self) -> int:
        """How many rows of the last call were read right, from the outputs that it left behind.

        Right means the largest output is the target's largest; for a single output, the same side of 1/2.
        """
        if self._last is None:
            raise RuntimeError("nothing has been evaluated yet")
        outputs, rows = self._last
        found = outputs.argmax(axis=0) if len(outputs) > 1 else outputs[0] > 0.5
        return int(np.count_nonzero(found == (self.classes if rows is None else self.classes[rows])))

    def _gather(self, work: Workspace, rows: NDArray[np.integer] | None) -> Array:
        """Puts the rows' input signal into a[0], or through the convolutions; returns their targets."""
        if rows is None and not work.input_mask and not self.augment and not work.front:
            work.a[0] = self.X.T
            return self.targets
        if rows is None:
            np.copyto(work.batch, self.X)
        else:
            # mode="clip" because the default makes NumPy copy through a buffer of its own
            np.take(self.X, rows, axis=0, out=work.batch, mode="clip")
            np.take(self.targets, rows, axis=1, out=work.targets, mode="clip")
        inputs = work.batch[:, work.batch.shape[1] - self.network.layers[0] :]
        if self.augment:
            self.augment(inputs, np.arange(self.rows) if rows is None else rows)
        if self.dropout and work.input_mask:
            self.dropout.sample(0, *work.input_mask)
            inputs *= work.input_mask[0]
        if not work.front:
            work.a[0] = work.batch.T
        return self.targets if rows is None else work.targets

    def _forward(self, work: Workspace) -> None:
        if work.front:
            work.front.forward(self._filters, self.network.hidden, work.batch, work.units[0])
            self._thin(work, 0)
        for layer, matrix in enumerate(self._matrices, 1):
            if layer == len(self._matrices):
                np.matmul(matrix, work.a[layer - 1], out=work.z)
                self.network.output.apply(work.z, work.units[layer])
                return
            units = work.units[layer]
            np.matmul(matrix, work.a[layer - 1], out=units)
            self.network.hidden.apply(units, units)
            self._thin(work, layer)

    def _thin(self, work: Workspace, layer: int) -> None:
        """Leaves out of what a layer hands on the units that dropout samples, if it is dropped from."""
        if self.dropout and layer in work.masks:
            self.dropout.sample(layer + bool(work.front), *work.masks[layer])
            np.multiply(work.units[layer], work.masks[layer][0], out=work.a[layer][int(self.network.bias) :])

    def _backward(self, work: Workspace) -> None:
        slope = self.network.hidden.times_slope
        for layer in range(len(self.gradients), 0, -1):
            np.matmul(work.delta[layer], work.a[layer - 1].T, out=self.gradients[layer - 1])
            if (layer > 1 or work.front) and slope:
                # delta of the layer below: back through the weights, through what dropout left, and through
                # the activation, whose own signal has served its gradient by now
                below = work.delta[layer - 1]
                np.matmul(self._backward_weights[layer - 1], work.delta[layer], out=below)
                if layer - 1 in work.masks:
                    below *= work.masks[layer - 1][0]
                slope(below, work.units[layer - 1])
        if work.front:
            work.front.backward(self._filters, self.network.hidden, work.delta[0], self._filter_gradients)
