"""The names that a configuration can give to a start, a penalty and an optimiser, and what they stand for."""

from collections.abc import Callable

from captchanet import nn

STARTS: dict[str, Callable] = {"uniform": nn.uniform}

PENALTIES: dict[str, Callable[..., nn.penalties.Penalty]] = {
    "l2": nn.l2,
    "tutorial": nn.tutorial_penalty,
    "none": lambda: nn.no_penalty,
}

OPTIMISERS: dict[str, Callable[..., nn.Result]] = {
    "cg": nn.conjugate_gradient,
    "sgd": nn.gradient_descent,
}
