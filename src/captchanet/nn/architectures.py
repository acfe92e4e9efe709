"""Networks of a common kind, by the numbers of their units."""

from collections.abc import Sequence

from captchanet.nn.activations import Activation, sigmoid
from captchanet.nn.dense import Dense
from captchanet.nn.dropout import Dropout
from captchanet.nn.layer import Layer
from captchanet.nn.network import Network


def fully_connected(
    widths: Sequence[int],
    *,
    bias: bool = True,
    hidden: Activation = sigmoid,
    output: Activation = sigmoid,
    dropout: Sequence[float] = (),
) -> Network:
    """Make a network of dense layers alone, with the same activation after each but the last.

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

    Raises
    ------
    ValueError
        If widths or rates are too few, or a width is no number of units.
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
