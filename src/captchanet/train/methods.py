"""The names that a configuration can give to the parts of a training, and what they stand for."""

from collections.abc import Callable
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

# Full-batch optimisers search along lines and need a cost that stays the same; the others allow noise
FULL_BATCH: dict[str, Callable[..., nn.Result]] = {
    "cg": nn.conjugate_gradient,
    "scipy_cg": nn.scipy_conjugate_gradient,
    "l_bfgs": nn.l_bfgs,
}
MINI_BATCH: dict[str, Callable[..., Any]] = {"sgd": nn.GradientDescent, "adamw": nn.AdamW}
OPTIMISERS: dict[str, Callable[..., Any]] = {**FULL_BATCH, **MINI_BATCH}
