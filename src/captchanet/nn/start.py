"""Where training starts: a random theta."""

from typing import Protocol

import numpy as np
from numpy.typing import DTypeLike

from captchanet.nn.network import Array, Network


class Uniform(Protocol):
    """A source of uniform numbers in [0, 1): a NumPy Generator, or the legacy RandomState."""

    def random(self, size: int) -> Array: ...


def uniform(network: Network, rng: Uniform, *, limit: float = 0.1, dtype: DTypeLike = np.float64) -> Array:
    """Every number of theta, biases too, uniform in ±limit: the tutorial's start, with its limit of .1.

    theta is drawn in one go, front to back, so that `RandomState(10)` and limit 1 give the tutorial's own
    numbers for XOR.
    """
    return (rng.random(network.size) * 2 * limit - limit).astype(dtype)
