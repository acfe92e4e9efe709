"""The one loop over the layers: training, reading and the gradient check all run a `Pass`."""

from collections.abc import Callable, Sequence
from math import prod

import numpy as np

from captchanet.nn.activations import Activation
from captchanet.nn.layer import NOTHING, Array, Layer, Place, Shape, Signal, Worker


def signal_shapes(layers: Sequence[Layer], shape: Shape) -> list[Shape]:
    """The shapes of one row of what each layer takes and, last, of what the last one gives.

    Parameters
    ----------
    layers
        The layers.
    shape
        The shape of one row of the input.
    """
    shapes = [shape]
    for layer in layers:
        shapes.append(layer.output_shape(shapes[-1]))
    return shapes


def entry(layers: Sequence[Layer]) -> int | None:
    """The number of the layer that takes the data where they lie, if there is one.

    Layers before it, such as dropout, work in place.

    Parameters
    ----------
    layers
        The layers.
    """
    for number, layer in enumerate(layers):
        if not layer.in_place:
            return number
        if layer.reads_output:
            return None
    return None


def _active(layers: Sequence[Layer], training: bool) -> list[tuple[int, Layer | None]]:
    """The numbers of the layers that do something, each with the layer that does something before it."""
    numbers = [i for i, layer in enumerate(layers) if training or not layer.training_only]
    return list(zip(numbers, [None, *(layers[i] for i in numbers)], strict=False))


class Pass:
    """The layers at work on so many rows: all their buffers, and the loop over them, there and back.

    Parameters
    ----------
    layers, output
        The layers, and the output activation after them.
    batch
        The input, shape (rows, ones + inputs); the ones are those that the `entry` layer wants. `forward`
        reads it: write other rows into it to run them. The pass works in its dtype.
    shape
        The shape of one row of the input.
    states
        The state of each layer.
    training, both_ways, rng
        As in `Network.work`.

    Attributes
    ----------
    last
        The last layer's z; before `backward` its `delta` has to be filled with the cost's derivative by z.
    outputs
        What the output activation made of z, of the same shape (*outputs, rows).
    """

    def __init__(
        self,
        layers: Sequence[Layer],
        output: Activation,
        batch: Array,
        shape: Shape,
        *,
        states: Sequence[Array],
        training: bool,
        both_ways: bool,
        rng: np.random.Generator | None,
    ) -> None:
        self.layers, self.batch, self._apply = layers, batch, output.apply
        shapes = signal_shapes(layers, shape)
        z = np.empty((*shapes[-1], len(batch)), batch.dtype)
        self.last = Signal(z, np.empty_like(z) if both_ways else NOTHING)
        # a pass that only reads needs no z any more when it has the outputs
        self.outputs = np.empty_like(z) if both_ways else z
        self._steps: list[tuple[int, Worker]] = []
        data, signal, first = batch.T, self.last, entry(layers)
        pairs = zip(layers, shapes, strict=False)
        learning = [prod(layer.parameters_shape(one)) > 0 for layer, one in pairs]
        self._first = learning.index(True)
        for number, before in reversed(_active(layers, training)):
            place = Place(
                shape=shapes[number],
                output=signal,
                training=training,
                rng=rng,
                state=states[number],
                wanted=both_ways and any(learning[:number]),
                kept=before is not None and before.reads_output,
                memory=data if number == first else None,
            )
            worker = layers[number].work(place)
            self._steps.insert(0, (number, worker))
            signal = worker.input
        # where the first layer did not take the data's own memory they are copied
        self._data = data[0 if first is None else layers[first].ones :].reshape(signal.a.shape)
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
                look(self.layers[number], worker.input.a)
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
