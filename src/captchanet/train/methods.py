"""The names that a configuration can give to the parts of a training, and what they stand for."""

from collections.abc import Callable, Mapping
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
MINI_BATCH: dict[str, Callable[..., nn.Result]] = {"sgd": nn.gradient_descent, "adamw": nn.adamw}
OPTIMISERS = {**FULL_BATCH, **MINI_BATCH}


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


def window(settings: Mapping[str, Any], split: Mapping[str, Any]) -> tuple[int, int] | None:
    """The height and width of the windows that `split`, a method and its options, makes of a picture.

    None without convolutions, which alone look at them: not every method makes windows of one size.
    """
    return (split["height"], split["width"]) if settings["convolutions"] else None


def options(section: Mapping[str, Any]) -> dict[str, Any]:
    """A resolved method's options, without its name."""
    return {name: value for name, value in section.items() if name != "method"}
