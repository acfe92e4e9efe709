"""What a layer is: the small protocol that every layer follows, so that one loop runs them all.

A layer has two halves:

- `Layer` describes it: a small frozen value such as `Dense(200)`. It knows the shapes of its output, of its
  parameters and of its state, and holds no numbers itself.
- `Worker` is the layer at work in one pass, over a fixed number of rows. It owns the buffers, so that a
  training step allocates no array, and has two methods, `forward` and `backward`.

`Layer.work` makes the worker for a `Place`: the signal before the layer and the signal after it. The pass
makes the signals, see `captchanet.nn.network`.

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
    with_ones
        The values below a row of ones, shape (1 + units, rows). A dense layer takes them as they lie here:
        the ones carry its bias.
    a
        The values alone: a view of `with_ones`, shape (*shape, rows).
    delta
        The cost's derivative by the values, shape (*shape, rows); NOTHING where nobody needs it.
    """

    with_ones: Array
    a: Array
    delta: Array


@dataclass(frozen=True)
class Place:
    """Where a layer works in a pass.

    Attributes
    ----------
    input, output
        The signals before and after the layer, see `Layer.in_place`.
    training
        Whether the network trains; else it reads.
    rng
        Where to sample from, if there is noise in training.
    state
        The layer's own state, a vector; in training the layer changes it in place.
    """

    input: Signal
    output: Signal
    training: bool
    rng: np.random.Generator | None
    state: Array


class Worker:
    """A layer at work in one pass: its buffers, the way forward and the way back."""

    def forward(self, theta: Array) -> None:
        """Make the output from the input.

        Parameters
        ----------
        theta
            The layer's own parameters, a view of the flat theta in the shape of `Layer.parameters_shape`.
        """
        raise NotImplementedError

    def backward(self, theta: Array, gradient: Array) -> None:
        """Make the derivatives by theta, and by the input if it has a `delta`, from those by the output.

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
        Whether its output can take the memory of its input. Then `input.delta` and `output.delta` are the
        same array, so `backward` changes it in place, and `backward` finds the output as `forward` left it.
        A layer that is not in place must not read its output in `backward`: the next layer may have
        overwritten it.
    noise
        Whether the layer is noise: it samples random numbers in training, and is left out in reading.
    bias
        Whether the first column of its parameters is a bias, which penalties leave out.
    block
        How many rows of the data it should get at once when the network reads, for the memory's sake.
    """

    in_place: ClassVar[bool] = False
    noise: ClassVar[bool] = False
    block: ClassVar[int] = 4096
    bias: bool = False

    def output_shape(self, shape: Shape) -> Shape:
        """Tell the shape of one row of the output.

        Parameters
        ----------
        shape
            The shape of one row of the input.

        Returns
        -------
        tuple of int
            That of the input, if the layer does not say otherwise.

        Raises
        ------
        ValueError
            If the layer cannot take such an input.
        """
        return shape

    def parameters_shape(self, shape: Shape) -> Shape:
        """Tell the shape of the layer's parameters, (0,) for none; `shape` as in `output_shape`."""
        return (0,)

    def initial_state(self, shape: Shape) -> Array:
        """Tell what the layer keeps but does not train (running statistics, say), before training.

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
        """Make the layer's buffers for one pass.

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
