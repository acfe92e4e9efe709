"""What an optimiser minimises: cost and gradient of a network on its training rows, from one pass."""

from collections.abc import Callable
from math import prod
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from captchanet.nn.costs import Cost, cross_entropy
from captchanet.nn.layer import Array
from captchanet.nn.network import Network, Pass
from captchanet.nn.penalties import Penalty, no_penalty

Augment = Callable[[Array, NDArray[np.integer]], None]
"""augment(inputs, rows) overwrites a batch's inputs (rows, inputs) by other versions of these rows."""


class _Work(NamedTuple):
    """What an objective needs for so many rows: the pass, its targets, an array like them to work in.

    `table` takes the rows of a batch, and `wanted` are the targets in it, in another order of memory.
    """

    work: Pass
    targets: Array
    scratch: Array
    table: Array
    wanted: Array


class Objective:
    """Cost and gradient of a network on its data.

    `objective(theta)` works on all rows, `objective(theta, rows)` on those rows alone (a mini-batch).

    Parameters
    ----------
    network
        The network.
    X
        The inputs, shape (rows, inputs), or as `Network.row_shape` allows.
    Y
        The targets, shape (rows, outputs).
    cost
        The cost; it has to go with the network's output activation.
    penalty
        The penalty on the weights.
    augment
        Called with a copy of each batch's inputs (rows, inputs) and the indices of its rows; it overwrites
        the inputs by other versions of them.
    rng
        Where layers with noise sample from; needed only for those.
    dtype
        float64 or float32: what all arithmetic is done in. theta must have it too.

    Attributes
    ----------
    rows
        How many rows there are.
    state
        The state of the network's layers, see `Network.initial_state`; training changes it in place.
    unrepeatable
        The names of what makes two calls with the same theta differ: layers with noise or state, and
        augmentation. An optimiser that searches along lines refuses such an objective.
    """

    def __init__(
        self,
        network: Network,
        X: ArrayLike,
        Y: ArrayLike,
        *,
        cost: Cost = cross_entropy,
        penalty: Penalty = no_penalty,
        augment: Augment | None = None,
        rng: np.random.Generator | None = None,
        dtype: DTypeLike = np.float64,
    ) -> None:
        self.network, self.penalty, self.augment, self.rng = network, penalty, augment, rng
        self.dtype = np.dtype(dtype)
        self.state = network.initial_state(self.dtype)
        self.unrepeatable = (*network.noisy, *(["augmentation"] if augment else []))
        self._cost, self._cost_of = cost, cost.for_output(network.output)
        self._training = True
        X, Y = np.asarray(X), np.asarray(Y)
        self.rows, self._shape = len(X), network.row_shape(X)
        outputs = network.signal_shapes(self._shape)[-1]
        if Y.shape != (self.rows, prod(outputs)) or not self.rows:
            raise ValueError(f"Y has shape {Y.shape}, expected ({self.rows}, {prod(outputs)}), not empty")
        # a row of the data lies before its targets, so that a batch takes both at once
        self._table = network.with_ones(X, self.dtype, Y)
        self.X, self.targets = self._parts(self._table)
        self.classes = _classes(self.targets)
        self._gradient = np.empty(network.size, self.dtype)
        self._gradients = network.views(self._gradient)
        self._scratch = np.empty(network.size, self.dtype)
        self._buffers: dict[int | None, _Work] = {}
        self._theta: Array | None = None
        self._parameters: list[Array] = []
        self._last: tuple[Array, NDArray[np.integer] | None] | None = None

    def reading(self, X: ArrayLike, Y: ArrayLike) -> "Objective":
        """Make the bare cost of the same network on other data, as it reads them.

        Parameters
        ----------
        X, Y
            The other data, in shape as here.

        Returns
        -------
        Objective
            Without penalty, augmentation and noise. It shares the state of this one, and never changes it.
        """
        other = type(self)(self.network, X, Y, cost=self._cost, dtype=self.dtype)
        other.state, other.unrepeatable, other._training = self.state, (), False
        return other

    def __call__(self, theta: Array, rows: NDArray[np.integer] | None = None) -> tuple[float, Array]:
        """Compute the cost and its gradient.

        Parameters
        ----------
        theta
            Shape (size,), in this objective's dtype.
        rows
            The indices of the rows to work on; None for all.

        Returns
        -------
        cost : float
            The mean over the rows, plus the penalty.
        gradient : array
            Shape (size,). The next call overwrites it: copy it to keep it.

        Raises
        ------
        TypeError
            If theta has another dtype.
        """
        if theta is not self._theta:  # an optimiser that changes theta in place keeps its views
            if theta.dtype != self.dtype:
                raise TypeError(f"theta is {theta.dtype}, but this objective works in {self.dtype}")
            self._theta, self._parameters = theta, self.network.views(theta)
        work, targets, scratch, *_ = self._loaded(rows)
        n, (_, z, delta) = len(work.batch), work.last
        with np.errstate(over="ignore"):
            outputs = work.forward(self._parameters)
            cost = self._cost_of(z, outputs, targets, delta, scratch) / n
        delta *= 1 / n
        work.backward(self._parameters, self._gradients)
        self._last = outputs, rows
        cost += self.penalty(self.network, theta, self.rows, self._gradient, self._scratch)
        return cost, self._gradient

    def correct(self) -> int:
        """Count the rows of the last call that were read right, by the outputs that it left behind.

        Right means that the largest output is the target's largest; for a single output, that it is on the
        same side of 1/2.

        Returns
        -------
        int
            0 … the number of rows of that call.
        """
        if self._last is None:
            raise RuntimeError("nothing has been evaluated yet")
        outputs, rows = self._last
        wanted = self.classes if rows is None else self.classes.take(rows, axis=-1)
        return int(np.count_nonzero(_classes(outputs) == wanted))

    def _parts(self, table: Array) -> tuple[Array, Array]:
        """Cut the table into views: data, (rows, 1 + inputs), and targets, (*outputs, rows)."""
        outputs, inputs = self.network.signal_shapes(self._shape)[-1], prod(self._shape)
        return table[:, : 1 + inputs], table.T[1 + inputs :].reshape(*outputs, len(table))

    def _loaded(self, rows: NDArray[np.integer] | None) -> _Work:
        """Return what these rows need, with their data in it. It is made once for each number of rows."""
        n = None if rows is None else len(rows)
        if n not in self._buffers:
            self._buffers[n] = self._made(n)
        found = self._buffers[n]
        if rows is not None:
            # mode="clip" because the default makes NumPy copy through a buffer of its own
            self._table.take(rows, axis=0, out=found.table, mode="clip")
            np.copyto(found.targets, found.wanted)
        if self.augment:
            if rows is None:
                np.copyto(found.work.batch, self.X)
            self.augment(found.work.batch[:, 1:], np.arange(self.rows) if rows is None else rows)
        return found

    def _made(self, rows: int | None) -> _Work:
        """Make it; all rows (None) are read where they lie, if nothing augments them."""
        table = self._table
        if rows is not None or self.augment:
            table = np.empty((rows or self.rows, self._table.shape[1]), self.dtype)
        batch, wanted = self._parts(table)
        state, rng = self.state, self.rng
        work = Pass(self.network, batch, self._shape, state, rng, training=self._training, both_ways=True)
        targets = self.targets.copy() if rows is None else np.empty_like(work.outputs)
        return _Work(work, targets, np.empty_like(work.outputs), table, wanted)


def _classes(outputs: Array) -> NDArray[np.generic]:
    """Find the number of each row's largest output; for a single output, whether it is more than 1/2."""
    return outputs.argmax(axis=0) if len(outputs) > 1 else outputs[0] > 0.5
