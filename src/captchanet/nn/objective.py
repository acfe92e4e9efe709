"""What an optimiser minimises: cost and gradient of a network on its training rows, from one pass."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from captchanet.nn.costs import Cost, cross_entropy
from captchanet.nn.layer import Array
from captchanet.nn.network import Network
from captchanet.nn.passes import Pass, signal_shapes
from captchanet.nn.penalties import Penalty, no_penalty

Augment = Callable[[Array, NDArray[np.integer]], None]
"""augment(inputs, rows) overwrites a batch's inputs (rows, inputs) by other versions of these rows."""


class _Buffers(NamedTuple):
    """What one call works with: made once for each number of rows, and used again."""

    work: Pass
    targets: Array
    scratch: Array


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
        self._set_data(np.asarray(X), np.asarray(Y))
        self._gradient = np.empty(network.size, self.dtype)
        self._gradients = network.views(self._gradient)
        self._scratch = np.empty(network.size, self.dtype)
        self._buffers: dict[int | None, _Buffers] = {}
        self._theta: Array | None = None
        self._parameters: list[Array] = []
        self._last: tuple[Array, NDArray[np.integer] | None] | None = None

    def _set_data(self, X: Array, Y: Array) -> None:
        """Keeps the data as the passes want them: inputs row by row, targets feature-major."""
        self.rows, self._shape = len(X), self.network.row_shape(X)
        outputs = signal_shapes(self.network.layers, self._shape)[-1]
        numbers = int(np.prod(outputs))
        self.X = self.network.with_ones(X, self.dtype)
        if Y.shape != (self.rows, numbers) or not self.rows:
            raise ValueError(f"Y has shape {Y.shape}, expected ({self.rows}, {numbers}), not empty")
        self.targets = np.ascontiguousarray(Y.T, self.dtype).reshape(*outputs, self.rows)
        self.classes = self.targets.argmax(axis=0) if numbers > 1 else self.targets[0] > 0.5

    def reading(self, X: ArrayLike, Y: ArrayLike) -> "Objective":
        """The bare cost of the same network on other data, as it reads them.

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
        """The cost and its gradient.

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
        if theta.dtype != self.dtype:
            raise TypeError(f"theta is {theta.dtype}, but this objective works in {self.dtype}")
        if theta is not self._theta:  # an optimiser that changes theta in place keeps its views
            self._theta, self._parameters = theta, self.network.views(theta)
        work, targets, scratch = self._load(rows)
        n = len(work.batch)
        z, delta = work.last
        with np.errstate(over="ignore"):
            outputs = work.forward(self._parameters)
            cost = self._cost_of(z, outputs, targets, delta, scratch) / n
        delta *= 1 / n
        work.backward(self._parameters, self._gradients)
        self._last = outputs, rows
        cost += self.penalty(self.network, theta, self.rows, self._gradient, self._scratch)
        return cost, self._gradient

    def correct(self) -> int:
        """How many rows of the last call were read right, by the outputs that it left behind.

        Right means that the largest output is the target's largest; for a single output, that it is on the
        same side of 1/2.
        """
        if self._last is None:
            raise RuntimeError("nothing has been evaluated yet")
        outputs, rows = self._last
        found = outputs.argmax(axis=0) if len(outputs) > 1 else outputs[0] > 0.5
        return int(np.count_nonzero(found == (self.classes if rows is None else self.classes[..., rows])))

    def _load(self, rows: NDArray[np.integer] | None) -> _Buffers:
        """The buffers for these rows, with their inputs and targets in them."""
        n = None if rows is None else len(rows)
        if n not in self._buffers:
            self._buffers[n] = self._made(n)
        found = self._buffers[n]
        batch = found.work.batch
        if rows is not None:
            # mode="clip" because the default makes NumPy copy through a buffer of its own
            np.take(self.X, rows, axis=0, out=batch, mode="clip")
            np.take(self.targets, rows, axis=-1, out=found.targets, mode="clip")
        elif batch is not self.X:
            np.copyto(batch, self.X)
        if self.augment:
            inputs = batch[:, self.network.ones :]
            self.augment(inputs, np.arange(self.rows) if rows is None else rows)
        return found

    def _made(self, rows: int | None) -> _Buffers:
        """Buffers for so many rows; for all of them (None) the data are read where they lie, if possible."""
        as_they_lie = rows is None and not self.augment and not self.network.layers[0].in_place
        batch = self.X if as_they_lie else np.empty((rows or self.rows, self.X.shape[1]), self.dtype)
        work = self.network.work(
            batch, self._shape, training=self._training, both_ways=True, rng=self.rng, state=self.state
        )
        targets = self.targets if rows is None else np.empty_like(work.outputs)
        return _Buffers(work, targets, np.empty_like(work.outputs))
