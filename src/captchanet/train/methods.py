"""The names that a configuration can give to the parts of a training, and what they stand for."""

from collections.abc import Callable, Mapping
from typing import Any

from captchanet import nn

ACTIVATIONS = {each.name: each for each in (nn.sigmoid, nn.tanh, nn.relu)}

OUTPUTS = {each.name: each for each in (nn.sigmoid, nn.softmax)}

COSTS = {"cross_entropy": nn.cross_entropy, "quadratic": nn.quadratic}

STARTS: dict[str, Callable[..., Any]] = {"uniform": nn.uniform, "glorot": nn.glorot, "he": nn.he}

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

# These search along lines and need a cost that stays the same; those draw mini-batches and bear noise
LINE_SEARCHES: dict[str, Callable[..., nn.Result]] = {"cg": nn.conjugate_gradient, "l_bfgs": nn.l_bfgs}
DESCENTS: dict[str, Callable[..., nn.Result]] = {"sgd": nn.gradient_descent, "adamw": nn.adamw}
OPTIMISERS = {**LINE_SEARCHES, **DESCENTS}


def network(
    inputs: int, classes: int, settings: Mapping[str, Any], window: tuple[int, int] | None = None
) -> nn.Network:
    """The network that a run's settings describe; raises ValueError where its parts do not fit.

    `window` is the height and width of the pictures that the vectors are; only convolutions need it.
    """
    made = nn.Network(
        (inputs, *settings["hidden"], classes),
        settings["bias"],
        ACTIVATIONS[settings["activation"]],
        OUTPUTS[settings["output"]],
        (inputs // (window[0] * window[1]), *window) if window else None,
        tuple(nn.Convolution(**each) for each in settings["convolutions"]),
    )
    COSTS[settings["cost"]].for_output(made.output)
    return made


def window(settings: Mapping[str, Any], cut: Mapping[str, Any]) -> tuple[int, int] | None:
    """The height and width of what `cut` cuts out, for a run whose convolutions look at it.

    None without convolutions: not every way of cutting makes windows of one size.
    """
    return (cut["height"], cut["width"]) if settings["convolutions"] else None


def options(section: Mapping[str, Any]) -> dict[str, Any]:
    """A resolved method's options, without its name."""
    return {name: value for name, value in section.items() if name != "method"}
