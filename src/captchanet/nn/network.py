"""A network is a list of layers; its parameters are one flat vector `theta` that the layers look into."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate, pairwise
from math import prod

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from captchanet.nn.activations import Activation, sigmoid
from captchanet.nn.dense import Dense
from captchanet.nn.layer import Array, Layer, Shape
from captchanet.nn.passes import Pass, entry, signal_shapes


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

    def parameter_shapes(self, shape: Shape) -> list[Shape]:
        """The shape of each layer's parameters, (0,) where it has none; `shape` is that of its input."""
        shapes = signal_shapes(self.layers, shape)
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
        shapes = signal_shapes(self.layers, self.input_shape)
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
    def ones(self) -> int:
        """How many ones stand in front of each row of the input: 1 for a first dense layer with bias."""
        first = entry(self.layers)
        return 0 if first is None else self.layers[first].ones

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

    def work(
        self,
        batch: Array,
        shape: Shape,
        *,
        training: bool = False,
        both_ways: bool = False,
        rng: np.random.Generator | None = None,
        state: Array | None = None,
    ) -> Pass:
        """The network at work on so many rows, with all buffers.

        Parameters
        ----------
        batch
            The input, shape (rows, ones + inputs), as `with_ones` makes it; see `Pass`.
        shape
            The shape of one row of the input, see `row_shape`.
        training
            True: dropout samples, and layers with state change it. False: the network reads.
        both_ways
            Whether the pass can go backward too; without, no buffers for derivatives are made.
        rng
            Where layers with noise sample from; only training needs it.
        state
            The state of the layers; as `initial_state` gives it, if it is left out.
        """
        states = self.state_views(self.initial_state(batch.dtype) if state is None else state)
        how = (self.layers, self.output, batch, shape)
        return Pass(*how, states=states, training=training, both_ways=both_ways, rng=rng)

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
        result = np.empty((len(X), prod(signal_shapes(self.layers, shape)[-1])), theta.dtype)
        block = min(layer.block for layer in self.layers)
        work = None
        for start in range(0, len(X), block):
            rows = X[start : start + block].reshape(-1, prod(shape))
            if work is None or len(work.batch) != len(rows):
                batch = np.ones((len(rows), self.ones + prod(shape)), theta.dtype)
                work = self.work(batch, shape, state=state)
            work.batch[:, self.ones :] = rows
            with np.errstate(over="ignore"):
                outputs = work.forward(views)
            result[start : start + block] = outputs.reshape(-1, len(rows)).T
        return result


def _slices(sizes: Sequence[int]) -> list[slice]:
    """One part after the other, of these sizes."""
    return [slice(*ends) for ends in pairwise([0, *accumulate(sizes)])]
