"""What a layer is: the small protocol that every layer follows, so that one loop runs them all.

A layer has two halves:

- `Layer` describes it: a small frozen value such as `Dense(200)`. It knows the shapes of its output, of its
  parameters and of its state, and holds no numbers itself.
- `Worker` is the layer at work in one pass, over a fixed number of rows. It owns the buffers, so that a
  training step allocates no array, and has two methods, `forward` and `backward`.

`Layer.work` makes the worker for a `Place`. Workers are made from the last layer to the first: each is told
where its output goes, and says where it wants its input. So a layer writes straight into the memory of the
next one, and an activation can work in place.

A signal has shape (*shape, rows): one column for each row of the data ("feature-major"). `shape` is (units,)
after a dense layer and (channels, height, width) for pictures.
"""

from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating]

Shape = tuple[int, ...]
"""The shape of one row of a signal: (units,) or (channels, height, width)."""

NOTHING: Array = np.empty(0)
"""Stands for an array that is not needed: a derivative, or a state."""


class Signal(NamedTuple):
    """What one layer hands to the next, and what comes back.

    Attributes
    ----------
    a
        The values, shape (*shape, rows).
    delta
        The cost's derivative by these values, of the same shape; NOTHING where nobody needs it. It may lie
        in the memory of `a`, if `a` is no longer read by the time that the derivative comes.
    """

    a: Array
    delta: Array


@dataclass(frozen=True)
class Place:
    """Where a layer works in a pass: between which signals, and how.

    Attributes
    ----------
    shape
        The shape of one row of its input.
    output
        The signal that it writes to; `output.delta` is what comes back to it.
    training
        Whether the network trains; else it reads.
    rng
        Where to sample from, if there is noise in training.
    state
        The layer's own state, a vector; in training the layer changes it in place.
    wanted
        Whether the layers before need the derivative by its input.
    kept
        Whether the layer before reads its own output again on the way back: then it must not be changed.
    memory
        The input data, if they come to this layer as they are: shape (ones + numbers of a row, rows). They
        are the transpose of the data, so in memory they lie row by row.
    """

    shape: Shape
    output: Signal
    training: bool
    rng: np.random.Generator | None
    state: Array
    wanted: bool
    kept: bool
    memory: Array | None

    @property
    def rows(self) -> int:
        """How many rows of the data the pass takes at once."""
        return self.output.a.shape[-1]

    @property
    def dtype(self) -> np.dtype:
        """float32 or float64."""
        return self.output.a.dtype

    def separate(self) -> Signal:
        """An input signal with memory of its own."""
        shape = (*self.shape, self.rows)
        a = np.empty(shape, self.dtype) if self.memory is None else self.memory.reshape(shape)
        return Signal(a, np.empty(shape, self.dtype) if self.wanted else NOTHING)

    def in_place(self) -> Signal:
        """An input signal in the memory of the output, unless the layer before still reads it."""
        return Signal(np.empty_like(self.output.a), self.output.delta) if self.kept else self.output


class Worker:
    """A layer at work in one pass: its buffers, the way forward and the way back.

    Attributes
    ----------
    input
        The signal that the layer before writes to.
    """

    input: Signal

    def forward(self, theta: Array) -> None:
        """Makes the output of the input; changes the input only if the layer is `in_place`.

        Parameters
        ----------
        theta
            The layer's own parameters, a view of the flat theta in the shape of `Layer.parameters_shape`.
        """
        raise NotImplementedError

    def backward(self, theta: Array, gradient: Array) -> None:
        """Makes the derivatives by theta and, if wanted, those by the input of those by the output.

        Parameters
        ----------
        theta
            As in `forward`.
        gradient
            Where the derivatives by theta go, a view of the same shape.
        """
        raise NotImplementedError


class Layer:
    """A description of a layer; a new kind of layer is a frozen dataclass that derives from this.

    Attributes
    ----------
    in_place
        Whether its output may take the memory of its input.
    reads_output
        Whether `backward` reads the layer's output.
    training_only
        Whether it does nothing when the network reads.
    noise
        Whether it samples random numbers in training.
    bias
        Whether the first column of its parameters is a bias, which penalties leave out.
    ones
        How many rows of ones it wants above its input.
    block
        How many rows of the data it should get at once when the network reads, for the memory's sake.
    """

    in_place: ClassVar[bool] = False
    reads_output: ClassVar[bool] = False
    training_only: ClassVar[bool] = False
    noise: ClassVar[bool] = False
    block: ClassVar[int] = 4096
    bias: bool = False

    @property
    def ones(self) -> int:
        """None but for dense layers, see the class."""
        return 0

    def output_shape(self, shape: Shape) -> Shape:
        """The shape of one row of the output.

        Parameters
        ----------
        shape
            The shape of one row of the input.

        Raises
        ------
        ValueError
            If the layer cannot take such an input.
        """
        return shape

    def parameters_shape(self, shape: Shape) -> Shape:
        """The shape of the layer's parameters, (0,) for none; `shape` as in `output_shape`."""
        return (0,)

    def initial_state(self, shape: Shape) -> Array:
        """What the layer keeps but does not train (running statistics, say), before training.

        Parameters
        ----------
        shape
            The shape of one row of the input.

        Returns
        -------
        array
            A vector; empty for a layer without state.
        """
        return NOTHING

    def work(self, place: Place) -> Worker:
        """Makes the layer's buffers for one pass.

        Parameters
        ----------
        place
            Between which signals it works, and how.

        Returns
        -------
        Worker
            What the pass runs.
        """
        raise NotImplementedError
