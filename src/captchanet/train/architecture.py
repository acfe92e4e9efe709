"""The networks that a configuration can ask for: convolutions, if any, dense layers, and the outputs."""

from collections.abc import Sequence
from math import prod
from typing import Annotated, Literal, Self

from annotated_types import Interval
from pydantic import model_validator

from captchanet import nn
from captchanet.settings import Name, Settings, wrong
from captchanet.train.methods import ACTIVATIONS, OUTPUTS


class ConvolutionSettings(Settings):
    """A convolution, and the pooling behind it."""

    filters: Annotated[int, Interval(ge=1, le=1024)]
    """How many filters it has."""
    size: Literal[1, 3, 5, 7, 9, 11] = 3
    """Width and height of a filter, in pixels."""
    pool: Annotated[int, Interval(ge=1, le=16)] = 2
    """Of each square of so many pixels a side the largest stays; 1 pools nothing."""


class Architecture(Settings):
    """All that reading must know of a network, without theta; the file of a model holds it."""

    layers: tuple[int, ...]
    """The numbers of inputs, of the units of each dense layer, and of outputs."""
    bias: bool
    """Whether the layers have a bias."""
    activation: Annotated[str, Name(ACTIVATIONS)]
    """The activation of the hidden layers."""
    output: Annotated[str, Name(OUTPUTS)]
    """The activation of the last layer."""
    input_shape: tuple[int, int, int] | None
    """Channels, height and width of the pictures that convolutions look at."""
    convolutions: tuple[ConvolutionSettings, ...]
    """The convolutions in front of the dense layers."""

    @model_validator(mode="after")
    def _parts_go_together(self) -> Self:
        if len(self.layers) < 2 or min(self.layers) < 1:
            raise wrong("layers", f"found {list(self.layers)}; expected two or more numbers, each at least 1")
        if bool(self.convolutions) != bool(self.input_shape):
            raise wrong("input_shape", "convolutions need it, and a network without them has none")
        if self.input_shape and (min(self.input_shape) < 1 or prod(self.input_shape) != self.layers[0]):
            raise wrong(
                "input_shape", f"found {list(self.input_shape)}; expected {self.layers[0]} inputs altogether"
            )
        return self

    def network(self, dropout: Sequence[float] = ()) -> nn.Network:
        """Make the network that is described here.

        Parameters
        ----------
        dropout
            The rates for the input, for what convolutions give, if there are any, and for each hidden layer;
            empty for none.

        Raises
        ------
        ValueError
            Where the parts do not fit each other.
        """
        hidden, output = ACTIVATIONS[self.activation], OUTPUTS[self.output]
        # the dense layers take one rate each, for what comes into them
        rates = dropout[1 - len(self.layers) :]
        dense = nn.fully_connected(self.layers, bias=self.bias, hidden=hidden, output=output, dropout=rates)
        if self.input_shape is None:
            return dense
        front: list[nn.Layer] = [nn.Dropout(rate) for rate in dropout[:1] if rate]
        for one in self.convolutions:
            front.append(nn.Convolution(one.filters, one.size, self.bias))
            front += [nn.Pooling(one.pool)] * (one.pool > 1) + [hidden]
        return nn.Network(self.input_shape, (*front, *dense.layers), output)
