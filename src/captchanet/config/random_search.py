"""Random settings: values sampled from distributions, by a seed."""

import copy
import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from captchanet.config.configuration import RandomSearch
from captchanet.errors import UserError
from captchanet.types import Json


def uniform(rng: np.random.Generator, low: float, high: float) -> float:
    """A number between low and high, with four digits."""
    return float(f"{rng.uniform(low, high):.4g}")


def log_uniform(rng: np.random.Generator, low: float, high: float) -> float:
    """A number with four digits whose logarithm is uniform; low and high are above 0."""
    return float(f"{math.exp(rng.uniform(math.log(low), math.log(high))):.4g}")


def integers(rng: np.random.Generator, low: float, high: float) -> int:
    """A whole number from low to high, both included."""
    return int(rng.integers(int(low), int(high) + 1))


RANGES: dict[str, Callable[[np.random.Generator, float, float], float]] = {
    "uniform": uniform,
    "log_uniform": log_uniform,
    "integers": integers,
}


def sampled_settings(random: RandomSearch | None, at: str) -> list[Json]:
    """The random settings; a larger number adds some and changes none.

    A value depends only on the seed, the number of its setting and the key.
    """
    if random is None:
        return [{}]
    for key, distribution in random.values.items():
        where = f"{at}.random.values.{key}"
        if not isinstance(distribution, Mapping) or len(distribution) != 1:
            raise UserError(f"{where}: found {distribution!r}; expected one of {', '.join(RANGES)}, choice")
        ((kind, given),) = distribution.items()
        if kind == "choice":
            if not isinstance(given, list) or not given:
                raise UserError(f"{where}.choice: found {given!r}; expected a list of values")
        elif kind not in RANGES:
            raise UserError(f"{where}: found {kind!r}; choose one of {', '.join(RANGES)}, choice")
        else:
            _check_bounds(kind, given, f"{where}.{kind}")
    sampled = []
    for number in range(random.number):
        values = {}
        for key, distribution in random.values.items():
            rng = np.random.default_rng([random.seed, number, *key.encode()])
            ((kind, given),) = distribution.items()
            if kind == "choice":
                values[key] = copy.deepcopy(given[rng.integers(len(given))])
            else:
                values[key] = RANGES[kind](rng, *(float(bound) for bound in given))
        sampled.append(values)
    return sampled


def _check_bounds(kind: str, given: Any, where: str) -> None:
    try:
        low, high = (float(bound) for bound in given)
        right = low <= high and math.isfinite(high - low) and (kind != "log_uniform" or low > 0)
    except (TypeError, ValueError):
        right = False
    if not right:
        above = ", above 0" if kind == "log_uniform" else ""
        raise UserError(f"{where}: found {given!r}; expected [low, high]{above}")
