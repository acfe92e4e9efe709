"""A network is a list of layers; its parameters are one flat vector `theta` that the layers look into.

`Network` knows where in theta each layer's parameters lie. `Pass` is the one loop over the layers: training,
reading and the gradient check all run it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate, pairwise
from math import prod

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from captchanet.nn.activations import Activation, sigmoid
from captchanet.nn.dense import Dense
from captchanet.nn.dropout import Dropout
from captchanet.nn.layer import NOTHING, Array, Layer, Place, Shape, Signal, Worker


@dataclass(frozen=True)
class Network:
    """A network: what it takes, its layers, and the function that makes outputs of the last layer's z.

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
        """The shapes of one row of what each layer takes and, last, of what the last one gives.

        Parameters
        ----------
        shape
            The shape of the input: `input_shape`, or that of other pictures.
        """
        shapes = [shape]
        for layer in self.layers:
            shapes.append(layer.output_shape(shapes[-1]))
        return shapes

    def parameter_shapes(self, shape: Shape) -> list[Shape]:
        """The shape of each layer's parameters, (0,) where it has none; `shape` as in `signal_shapes`."""
        shapes = self.signal_shapes(shape)
        return [layer.parameters_shape(one) for layer, one in zip(self.layers, shapes, strict=False)]

    @cached_property
    def _own_shapes(self) -> list[Shape]:
        return self.parameter_shapes(self.input_shape)

    @cached_property
    def _slices(self) -> list[slice]:
        """Where in theta each layer's parameters lie."""
        return _slices([prod(shape) for shape in self._own_shapes])

    @cached_property
    def _initial_states(self) -> list[Array]:
        shapes = self.signal_shapes(self.input_shape)
        return [layer.initial_state(shape) for layer, shape in zip(self.layers, shapes, strict=False)]

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

    @cached_property
    def entry(self) -> int | None:
        """The place in `layers` of the layer that takes the data where they lie, if there is one.

        Layers before it, such as dropout, work in place.
        """
        for number, layer in enumerate(self.layers):
            if not layer.in_place:
                return number
            if layer.reads_output:
                return None
        return None

    @property
    def ones(self) -> int:
        """How many ones stand in front of each row of the input: 1 for a first dense layer with bias."""
        return 0 if self.entry is None else self.layers[self.entry].ones

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
        """The parameters of each layer as views of `theta`: writing to one writes to theta.

        Parameters
        ----------
        theta
            Shape (size,); the gradient has the same layout.

        Returns
        -------
        list of arrays
            One for each layer, in the layer's shape; empty arrays for layers without parameters.
        """
        if theta.shape != (self.size,):
            raise ValueError(f"theta has shape {theta.shape}, but this network needs ({self.size},)")
        pairs = zip(self._slices, self._own_shapes, strict=True)
        return [theta[where].reshape(shape) for where, shape in pairs]

    def matrices(self, theta: Array) -> list[Array]:
        """theta1, theta2, …: as `views`, which takes the same, but only of layers with parameters."""
        return [matrix for matrix in self.views(theta) if matrix.size]

    def biases(self, theta: Array) -> list[Array | None]:
        """The first column of each of `matrices` if it is a bias, else None; views as well."""
        pairs = zip(self.layers, self.views(theta), strict=True)
        return [matrix[:, 0] if layer.bias else None for layer, matrix in pairs if matrix.size]

    def initial_state(self, dtype: DTypeLike = np.float64) -> Array:
        """What all layers keep but do not train, before training.

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
        """The state of each layer as views of the flat one.

        Parameters
        ----------
        state
            As `initial_state` gives it, and of that shape.
        """
        sizes = [one.size for one in self._initial_states]
        if state.shape != (sum(sizes),):
            raise ValueError(f"state has shape {state.shape}, but this network needs ({sum(sizes)},)")
        return [state[where] for where in _slices(sizes)]

    def row_shape(self, X: Array) -> Shape:
        """The shape of one row of the data `X`: `input_shape`, or another that the same theta fits.

        Parameters
        ----------
        X
            Shape (rows, inputs); or (rows, *shape) for pictures of a size of their own, which only a network
            without dense layers takes.

        Raises
        ------
        ValueError
            If the network takes no such rows.
        """
        if X.ndim == 2 and X.shape[1] == prod(self.input_shape):
            return self.input_shape
        shape, inputs = X.shape[1:], prod(self.input_shape)
        if len(shape) == len(self.input_shape) and self.parameter_shapes(shape) == self._own_shapes:
            return shape
        raise ValueError(f"X has shape {X.shape}, but the network takes (rows, {inputs})")

    def with_ones(self, X: ArrayLike, dtype: DTypeLike) -> Array:
        """A copy of the data as the first layer wants it.

        Parameters
        ----------
        X
            The data, as `row_shape` allows.
        dtype
            float64 or float32.

        Returns
        -------
        array
            Shape (rows, ones + inputs).
        """
        X = np.asarray(X)
        inputs = prod(self.row_shape(X))
        signal = np.ones((len(X), self.ones + inputs), dtype)
        signal[:, self.ones :] = X.reshape(len(X), inputs)
        return signal

    def outputs(self, theta: Array, X: ArrayLike, state: Array | None = None) -> Array:
        """The outputs of the network when it reads.

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
            rows = X[start : start + block].reshape(-1, prod(shape))
            if work is None or len(work.batch) != len(rows):
                batch = np.ones((len(rows), self.ones + prod(shape)), theta.dtype)
                work = Pass(self, batch, shape, state=state)
            work.batch[:, self.ones :] = rows
            with np.errstate(over="ignore"):
                outputs = work.forward(views)
            result[start : start + block] = outputs.reshape(-1, len(rows)).T
        return result


def _slices(sizes: Sequence[int]) -> list[slice]:
    """One part after the other, of these sizes."""
    return [slice(*ends) for ends in pairwise([0, *accumulate(sizes)])]


class Pass:
    """The layers at work on so many rows: all their buffers, and the loop over them, there and back.

    Parameters
    ----------
    network
        The network.
    batch
        The input, shape (rows, ones + inputs), as `Network.with_ones` makes it. `forward` reads it: write
        other rows into it to run them. The pass works in its dtype.
    shape
        The shape of one row of the input, see `Network.row_shape`.
    training
        True: dropout samples, and layers with state change it. False: the network reads.
    both_ways
        Whether the pass can go backward too; without, no buffers for derivatives are made.
    rng
        Where layers with noise sample from; only training needs it.
    state
        The state of the layers, as `Network.initial_state` gives it (and if it is left out).

    Attributes
    ----------
    last
        The last layer's z; before `backward` its `delta` has to be filled with the cost's derivative by z.
    outputs
        What the output activation made of z, of the same shape (*outputs, rows).
    """

    def __init__(
        self,
        network: Network,
        batch: Array,
        shape: Shape,
        *,
        training: bool = False,
        both_ways: bool = False,
        rng: np.random.Generator | None = None,
        state: Array | None = None,
    ) -> None:
        self.network, self.batch = network, batch
        shapes = network.signal_shapes(shape)
        z = np.empty((*shapes[-1], len(batch)), batch.dtype)
        self.last = Signal(z, np.empty_like(z) if both_ways else NOTHING)
        # a pass that only reads needs no z any more when it has the outputs
        self.outputs = np.empty_like(z) if both_ways else z
        self._steps: list[tuple[int, Worker]] = []
        data, signal = batch.T, self.last
        states = network.state_views(network.initial_state(batch.dtype) if state is None else state)
        learning = [bool(prod(one)) for one in network._own_shapes]
        # what does nothing is left out
        active = [(i, one) for i, one in enumerate(network.layers) if training or not one.training_only]
        for position in reversed(range(len(active))):
            number, layer = active[position]
            worker = layer.work(
                Place(
                    shape=shapes[number],
                    output=signal,
                    training=training,
                    rng=rng,
                    state=states[number],
                    wanted=both_ways and any(learning[:number]),
                    kept=position > 0 and active[position - 1][1].reads_output,
                    memory=data if number == network.entry else None,
                )
            )
            self._steps.insert(0, (number, worker))
            signal = worker.input
        self._first, self._apply = learning.index(True), network.output.apply
        # where the first layer did not take the data's own memory they are copied
        self._data = data[network.ones :].reshape(signal.a.shape)
        self._entry = None if np.may_share_memory(signal.a, batch) else signal.a

    def forward(
        self, parameters: Sequence[Array], look: Callable[[Layer, Array], None] | None = None
    ) -> Array:
        """From `batch` to `outputs`, which it returns.

        Parameters
        ----------
        parameters
            The parameters of each layer, as `Network.views` gives them.
        look
            Called before each layer with the layer and its input, to watch the signals on their way.
        """
        if self._entry is not None:
            np.copyto(self._entry, self._data)
        for number, worker in self._steps:
            if look:
                look(self.network.layers[number], worker.input.a)
            worker.forward(parameters[number])
        self._apply(self.last.a, self.outputs)
        return self.outputs

    @property
    def signals(self) -> list[Signal]:
        """What each layer gets and, last, what the last one gives: their memory, to look at."""
        return [*(worker.input for _, worker in self._steps), self.last]

    def backward(self, parameters: Sequence[Array], gradients: Sequence[Array]) -> None:
        """From `last.delta` to the gradient: the loop of backpropagation.

        Parameters
        ----------
        parameters
            As in `forward`.
        gradients
            Views of the gradient like those of theta; they are overwritten.
        """
        for number, worker in reversed(self._steps):
            if number < self._first:
                return
            worker.backward(parameters[number], gradients[number])


def fully_connected(
    widths: Sequence[int],
    *,
    bias: bool = True,
    hidden: Activation = sigmoid,
    output: Activation = sigmoid,
    dropout: Sequence[float] = (),
) -> Network:
    """A network of dense layers alone, with the same activation after each but the last.

    Parameters
    ----------
    widths
        The number of inputs, then of each layer's units: (260, 200, 200, 36) for the tutorial's network.
    bias
        Whether the layers have one.
    hidden
        The activation of all layers but the last.
    output
        The output activation, sigmoid or softmax.
    dropout
        The rate for the input, then for each hidden layer; empty for none.

    Returns
    -------
    Network
        Its layers: (Dropout), Dense, hidden, (Dropout), Dense, …, Dense.
    """
    if len(widths) < 2 or min(widths) < 1:
        raise ValueError(f"a network needs at least two layers of at least one unit, not {tuple(widths)}")
    rates = dropout or [0.0] * (len(widths) - 1)
    if len(rates) != len(widths) - 1:
        raise ValueError(f"{len(rates)} dropout rates for {len(widths) - 1} layers that are dropped from")
    layers: list[Layer] = []
    for number, (rate, units) in enumerate(zip(rates, widths[1:], strict=True)):
        layers += [hidden] * bool(number) + [Dropout(rate)] * bool(rate) + [Dense(units, bias)]
    return Network((widths[0],), tuple(layers), output)
