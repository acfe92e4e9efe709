"""A network is a list of layers. A pass is the one loop over them, for training, reading and checking."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from math import prod

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from captchanet.nn.activations import Activation, sigmoid
from captchanet.nn.dense import Dense
from captchanet.nn.layer import NOTHING, Array, Layer, Place, Shape, Signal, Worker


@dataclass(frozen=True)
class Network:
    """A network: what it takes, its layers, and the function that makes outputs of the last layer's z.

    Its parameters are one flat vector `theta` that the layers look into.

    Attributes
    ----------
    input_shape
        The shape of one row of the input: (inputs,), or (channels, height, width) for pictures.
    layers
        The layers from the input to the last z, see `layer`.
    output
        The output activation, sigmoid or softmax. It stands apart from the layers because a cost takes z and
        outputs together, see `costs`.

    Raises
    ------
    ValueError
        If a layer cannot take what the one before gives, or if there is nothing to train.
    """

    input_shape: Shape
    layers: tuple[Layer, ...]
    output: Activation = sigmoid

    def __post_init__(self) -> None:
        if not self.size:
            raise ValueError("a network needs at least one layer with parameters")

    def signal_shapes(self, shape: Shape) -> list[Shape]:
        """Tell the shapes of one row of what each layer takes and, last, of what the last one gives.

        Parameters
        ----------
        shape
            The shape of one row of the network's input.

        Returns
        -------
        list of tuples
            One more than there are layers.
        """
        return list(accumulate(self.layers, lambda before, layer: layer.output_shape(before), initial=shape))

    def parameter_shapes(self, shape: Shape) -> list[Shape]:
        """Tell the shape of each layer's parameters, (0,) where it has none; `shape` is that of its input."""
        shapes = self.signal_shapes(shape)
        return [layer.parameters_shape(one) for layer, one in zip(self.layers, shapes, strict=False)]

    @cached_property
    def _own_shapes(self) -> list[Shape]:
        return self.parameter_shapes(self.input_shape)

    @cached_property
    def _initial_states(self) -> list[Array]:
        shapes = self.signal_shapes(self.input_shape)
        return [layer.initial_state(one) for layer, one in zip(self.layers, shapes, strict=False)]

    @property
    def shapes(self) -> list[Shape]:
        """The shapes of theta1, theta2, …: (units, bias + inputs) or (filters, bias + patch)."""
        return [shape for shape in self._own_shapes if prod(shape)]

    @cached_property
    def size(self) -> int:
        """How many numbers theta holds: 99,636 for the tutorial's network."""
        return sum(map(prod, self._own_shapes))

    @property
    def widths(self) -> tuple[int, ...]:
        """How many inputs there are, and how many units in each dense layer: (260, 200, 200, 36)."""
        dense = (layer.units for layer in self.layers if isinstance(layer, Dense))
        return (prod(self.input_shape), *dense)

    @property
    def noisy(self) -> tuple[str, ...]:
        """The names of the layers whose training has noise or changes a state."""
        pairs = zip(self.layers, self._initial_states, strict=True)
        return tuple(
            f"layer {number}, {type(layer).__name__}"
            for number, (layer, state) in enumerate(pairs, 1)
            if layer.noise or state.size
        )

    def views(self, theta: Array) -> list[Array]:
        """Cut theta into the parameters of each layer. They are views: writing to one writes to theta.

        Parameters
        ----------
        theta
            Shape (size,); the gradient has the same layout.

        Returns
        -------
        list of arrays
            One for each layer, in the layer's shape; empty arrays for layers without parameters.
        """
        return _views(theta, self._own_shapes, "theta")

    def matrices(self, theta: Array) -> list[Array]:
        """Cut out theta1, theta2, …: as `views`, but only of layers with parameters."""
        return [matrix for matrix in self.views(theta) if matrix.size]

    def biases(self, theta: Array) -> list[Array]:
        """Cut out the column of biases of each of `matrices`, (units, 1); (units, 0) where there is none."""
        pairs = zip(self.layers, self.views(theta), strict=True)
        return [matrix[:, : int(layer.bias)] for layer, matrix in pairs if matrix.size]

    def initial_state(self, dtype: DTypeLike = np.float64) -> Array:
        """Tell what all layers keep but do not train, before training.

        Parameters
        ----------
        dtype
            float64 or float32.

        Returns
        -------
        array
            One flat vector, layer after layer; empty for a network without such layers.
        """
        return np.concatenate(self._initial_states).astype(dtype)

    def state_views(self, state: Array) -> list[Array]:
        """Cut the flat state into that of each layer; they are views.

        Parameters
        ----------
        state
            As `initial_state` gives it, and of that shape.

        Returns
        -------
        list of arrays
            One vector for each layer.
        """
        return _views(state, [one.shape for one in self._initial_states], "state")

    def row_shape(self, X: Array) -> Shape:
        """Tell the shape of one row of the data: `input_shape`, or another that the same theta fits.

        Parameters
        ----------
        X
            Shape (rows, inputs); or (rows, *shape) for pictures of a size of their own, which only a network
            without dense layers takes.

        Returns
        -------
        tuple of int
            The shape.

        Raises
        ------
        ValueError
            If the network takes no such rows.
        """
        shape, inputs = X.shape[1:], prod(self.input_shape)
        if shape == (inputs,):
            return self.input_shape
        if len(shape) == len(self.input_shape) and self.parameter_shapes(shape) == self._own_shapes:
            return shape
        raise ValueError(f"X has shape {X.shape}, but the network takes (rows, {inputs})")

    def with_ones(self, X: Array, dtype: DTypeLike, Y: Array | None = None) -> Array:
        """Copy the data as a pass takes them.

        Parameters
        ----------
        X
            Shape (rows, …).
        dtype
            float64 or float32: what the pass works in.
        Y
            Targets, shape (rows, outputs), to put behind them.

        Returns
        -------
        array
            Shape (rows, 1 + inputs): each row behind a one, which carries the bias of a first dense layer;
            with targets (rows, 1 + inputs + outputs).
        """
        inputs = prod(X.shape[1:])
        signal = np.ones((len(X), 1 + inputs + (0 if Y is None else Y.shape[1])), dtype)
        signal[:, 1 : 1 + inputs] = X.reshape(len(X), -1)
        if Y is not None:
            signal[:, 1 + inputs :] = Y
        return signal

    def outputs(self, theta: Array, X: ArrayLike, state: Array | None = None) -> Array:
        """Compute the outputs of the network when it reads.

        Parameters
        ----------
        theta
            Shape (size,). Its dtype is the one that the network works in.
        X
            The data, shape (rows, inputs), or as `row_shape` allows.
        state
            The state of the layers that have one; before training, if it is left out.

        Returns
        -------
        array
            Shape (rows, outputs), each 0 … 1. Rows go through in blocks, so that the memory for it does not
            grow with them.
        """
        X = np.asarray(X)
        shape, views = self.row_shape(X), self.views(theta)
        result = np.empty((len(X), prod(self.signal_shapes(shape)[-1])), theta.dtype)
        block = min(layer.block for layer in self.layers)
        work = None
        for start in range(0, len(X), block):
            rows = X[start : start + block]
            if work is None or len(work.batch) != len(rows):
                work = Pass(self, self.with_ones(rows, theta.dtype), shape, state)
            work.batch[:, 1:] = rows.reshape(len(rows), -1)
            with np.errstate(over="ignore"):
                result[start : start + block] = work.forward(views).reshape(-1, len(rows)).T
        return result


def _views(vector: Array, shapes: Sequence[Shape], name: str) -> list[Array]:
    """Cut the vector into one part after the other, in these shapes."""
    sizes = [prod(shape) for shape in shapes]
    *starts, size = accumulate(sizes, initial=0)
    if vector.shape != (size,):
        raise ValueError(f"{name} has shape {vector.shape}, but this network needs ({size},)")
    parts = zip(starts, sizes, shapes, strict=True)
    return [vector[start : start + size].reshape(shape) for start, size, shape in parts]


class Pass:
    """A network at work on so many rows: all its buffers, and the loop over its layers, there and back.

    Parameters
    ----------
    network
        The network.
    batch
        The input, shape (rows, 1 + inputs), as `Network.with_ones` makes it. The pass works in its dtype,
        reads it at each `forward` and never changes it: write other rows into it to run them.
    shape
        The shape of one row of the input, see `Network.row_shape`.
    state
        The state of the layers; as `Network.initial_state` gives it, if it is left out.
    rng
        Where layers with noise sample from; only training needs it.
    training
        True: dropout samples, and layers with state change it. False: the network reads.
    both_ways
        Whether the pass can go backward too; without, no buffers for derivatives are made.

    Attributes
    ----------
    signals
        What each layer gets and, last, what the last one gives (layers that do nothing are left out).
    outputs
        What the output activation made of the last signal, of the same shape.
    """

    def __init__(
        self,
        network: Network,
        batch: Array,
        shape: Shape,
        state: Array | None = None,
        rng: np.random.Generator | None = None,
        *,
        training: bool = False,
        both_ways: bool = False,
    ) -> None:
        self.batch, self._apply = batch, network.output.apply
        states = network.state_views(network.initial_state(batch.dtype) if state is None else state)
        # `batch.T` is a view: its column r is row r of the batch
        signal = Signal(batch.T, batch.T[1:].reshape(*shape, len(batch)), NOTHING)
        self.signals = [signal]
        self._there: list[tuple[int, Worker]] = []
        self._back: list[tuple[int, Worker]] = []
        shapes, parameters = network.signal_shapes(shape), network.parameter_shapes(shape)
        # `needed`: deltas are wanted from the first layer with parameters on; before it nothing is trained.
        # `keep`: the next layer must not write over its input, which is the batch, or the output of an
        # in-place layer, which that one reads on the way back.
        needed, keep = False, True
        for number, layer in enumerate(network.layers):
            if layer.noise and not training:
                continue
            needed = needed or (both_ways and prod(parameters[number]) > 0)
            before, signal = signal, _signal_after(signal, layer, shapes[number + 1], needed, keep)
            keep = layer.in_place
            step = (number, layer.work(Place(before, signal, training, rng, states[number])))
            self.signals.append(signal)
            self._there.append(step)
            if needed:
                self._back.insert(0, step)
        # a pass that only reads needs no z any more when it has the outputs
        self.outputs = np.empty_like(signal.a) if both_ways else signal.a

    @property
    def last(self) -> Signal:
        """The last layer's z; before `backward` its `delta` has to be filled with the cost's derivative."""
        return self.signals[-1]

    def forward(self, parameters: Sequence[Array]) -> Array:
        """Go from `batch` to `outputs`, which it returns.

        Parameters
        ----------
        parameters
            The parameters of each layer, as `Network.views` gives them.

        Returns
        -------
        array
            Shape (*outputs, rows); the next call overwrites it.
        """
        for number, worker in self._there:
            worker.forward(parameters[number])
        return self._apply(self.last.a, self.outputs)

    def backward(self, parameters: Sequence[Array], gradients: Sequence[Array]) -> None:
        """Go from `last.delta` to the gradient: the loop of backpropagation.

        Parameters
        ----------
        parameters
            As in `forward`.
        gradients
            Views of the gradient like those of theta; they are overwritten.
        """
        for number, worker in self._back:
            worker.backward(parameters[number], gradients[number])


def _signal_after(before: Signal, layer: Layer, shape: Shape, needed: bool, keep: bool) -> Signal:
    """Make the signal that a layer writes to, with a delta if `needed`, and in other memory if `keep`."""
    rows, dtype, delta = before.a.shape[-1], before.a.dtype, before.delta
    if needed and not (layer.in_place and delta.size):
        delta = np.empty((*shape, rows), dtype)
    if layer.in_place and not keep:
        return before._replace(delta=delta)
    # an in-place layer goes through its input and its output number by number: one order in memory for both
    ones = np.ones_like(before.with_ones) if layer.in_place else np.ones((1 + prod(shape), rows), dtype)
    return Signal(ones, ones[1:].reshape(*shape, rows), delta)
