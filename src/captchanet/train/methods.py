"""The names that a configuration can give to the parts of a training, and what they stand for."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from captchanet import nn

ACTIVATIONS = {each.name: each for each in (nn.sigmoid, nn.tanh, nn.relu)}

OUTPUTS = {each.name: each for each in (nn.sigmoid, nn.softmax)}

COSTS = {"cross_entropy": nn.cross_entropy, "quadratic": nn.quadratic}

INITIALISATIONS: dict[str, Callable[..., Any]] = {"uniform": nn.uniform, "glorot": nn.glorot, "he": nn.he}

PENALTIES: dict[str, Callable[..., nn.Penalty]] = {
    "l2": nn.l2,
    "tutorial": nn.tutorial_penalty,
    "none": lambda: nn.no_penalty,
}

SCHEDULES: dict[str, Callable[..., Callable[[int], float]]] = {
    "constant": nn.constant,
    "steps": nn.steps,
    "cosine": nn.cosine,
    "one_cycle": nn.one_cycle,
}

# The former search along lines and need a cost that stays the same; the latter sample rows and bear noise
FULL_BATCH: dict[str, Callable[..., nn.Result]] = {"cg": nn.conjugate_gradient, "l_bfgs": nn.l_bfgs}
MINI_BATCH: dict[str, Callable[..., Any]] = {"sgd": nn.GradientDescent, "adamw": nn.AdamW}
OPTIMISERS: dict[str, Callable[..., Any]] = {**FULL_BATCH, **MINI_BATCH}


def network(
    inputs: int, classes: int, settings: Mapping[str, Any], window: tuple[int, int] | None = None
) -> nn.Network:
    """The network that a run's settings describe, with its dropout.

    Parameters
    ----------
    inputs
        How many numbers a character is.
    classes
        How many outputs there are.
    settings
        A resolved entry of the configuration's `train`.
    window
        The height and width of the pictures that the characters are; only convolutions need it.

    Raises
    ------
    ValueError
        If the parts do not fit each other.
    """
    facts = {
        "layers": [inputs, *settings["hidden"], classes],
        "input_shape": (inputs // (window[0] * window[1]), *window) if window else None,
        **{key: settings[key] for key in ("bias", "activation", "output", "convolutions")},
    }
    made = built(facts, settings["dropout"])
    COSTS[settings["cost"]].for_output(made.output)
    return made


def built(facts: Mapping[str, Any], dropout: Sequence[float] = ()) -> nn.Network:
    """The network that `facts`, see `described`, stand for.

    Parameters
    ----------
    facts
        `layers` are the numbers of inputs and of each dense layer's units. `convolutions`, each with
        `filters`, `size` and `pool`, come before the dense layers and look at pictures of `input_shape`.
    dropout
        The rates for the input, for what convolutions hand on, if there are any, and for each hidden layer;
        empty for none.
    """
    hidden, bias = ACTIVATIONS[facts["activation"]], facts["bias"]
    inputs, *widths, classes = facts["layers"]
    shape = (inputs,)
    blocks: list[list[nn.Layer]] = [[nn.Dense(units, bias), hidden] for units in widths]
    if facts["convolutions"]:
        shape = tuple(facts["input_shape"])
        blocks.insert(0, [])
        for each in facts["convolutions"]:
            blocks[0] += [nn.Convolution(each["filters"], each["size"], bias)]
            blocks[0] += [nn.Pooling(each["pool"])] * (each["pool"] > 1) + [hidden]
    blocks.insert(0, [])  # of the input only dropout can leave something out
    layers: list[nn.Layer] = []
    for block, rate in zip(blocks, dropout or [0.0] * len(blocks), strict=True):
        layers += block + [nn.Dropout(rate)] * bool(rate)
    return nn.Network(shape, (*layers, nn.Dense(classes, bias)), OUTPUTS[facts["output"]])


def described(network: nn.Network) -> dict[str, Any]:
    """JSON-ready facts about a network of the kind that `built` makes, for a model's file.

    Dropout is left out: it has no part in reading.
    """
    activations = [layer.name for layer in network.layers if isinstance(layer, nn.Activation)]
    convolutions: list[dict[str, int]] = []
    for layer in network.layers:
        if isinstance(layer, nn.Convolution):
            convolutions.append({"filters": layer.filters, "size": layer.size, "pool": 1})
        if isinstance(layer, nn.Pooling):
            convolutions[-1]["pool"] = layer.size
    return {
        "layers": list(network.widths),
        "bias": any(layer.bias for layer in network.layers),
        "activation": activations[0] if activations else nn.sigmoid.name,
        "output": network.output.name,
        "input_shape": list(network.input_shape) if len(network.input_shape) > 1 else None,
        "convolutions": convolutions,
    }


def window(settings: Mapping[str, Any], split: Mapping[str, Any]) -> tuple[int, int] | None:
    """The height and width of the windows that a splitting method makes of a picture.

    Parameters
    ----------
    settings
        A resolved entry of the configuration's `train`.
    split
        The method and its options. Not every one makes windows of one size.

    Returns
    -------
    tuple or None
        None without convolutions: nothing else looks at it.
    """
    return (split["height"], split["width"]) if settings["convolutions"] else None


def options(section: Mapping[str, Any]) -> dict[str, Any]:
    """A resolved method's options, without its name."""
    return {name: value for name, value in section.items() if name != "method"}
