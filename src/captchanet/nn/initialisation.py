"""Initialisation: the random theta that training starts from."""

from collections.abc import Callable
from typing import Annotated, Protocol

import numpy as np
from annotated_types import Gt
from numpy.typing import DTypeLike

from captchanet.nn.layer import Array
from captchanet.nn.network import Network


class UniformSource(Protocol):
    """A source of uniform numbers in [0, 1): a NumPy Generator, or the legacy RandomState."""

    def random(self, size: int) -> Array:
        """Return so many numbers."""


def uniform(
    network: Network,
    rng: UniformSource,
    *,
    limit: Annotated[float, Gt(0)] = 0.1,
    dtype: DTypeLike = np.float64,
) -> Array:
    """Sample every number of theta uniformly in ±limit, biases too: the tutorial's way.

    Parameters
    ----------
    network
        The network that theta is for.
    rng
        Samples theta in one go, front to back: `RandomState(10)` and limit 1 give the tutorial's own numbers
        for XOR.
    limit
        The largest number; the tutorial takes 0.1.
    dtype
        float64 or float32.

    Returns
    -------
    array
        Shape (size,).
    """
    return (rng.random(network.size) * 2 * limit - limit).astype(dtype)


def glorot(network: Network, rng: UniformSource, *, dtype: DTypeLike = np.float64) -> Array:
    """Sample weights in ±√(6 / (inputs + units)), biases 0: signals keep their size in both directions.

    Parameters
    ----------
    network, rng, dtype
        As in `uniform`, and so is what it returns.

    References
    ----------
    X. Glorot and Y. Bengio, "Understanding the difficulty of training deep feedforward neural networks",
    AISTATS 2010, equation 16.
    """
    return _scaled(network, rng, lambda inputs, units: (6 / (inputs + units)) ** 0.5, dtype)


def he(network: Network, rng: UniformSource, *, dtype: DTypeLike = np.float64) -> Array:
    """Sample weights in ±√(6 / inputs), biases 0: the same for ReLU, which sets half of the signal to 0.

    Parameters
    ----------
    network, rng, dtype
        As in `uniform`, and so is what it returns.

    References
    ----------
    K. He et al., "Delving deep into rectifiers", https://arxiv.org/abs/1502.01852, equation 10 (a variance of
    2 / inputs).
    """
    return _scaled(network, rng, lambda inputs, units: (6 / inputs) ** 0.5, dtype)


def _scaled(
    network: Network, rng: UniformSource, limit: Callable[[int, int], float], dtype: DTypeLike
) -> Array:
    theta = rng.random(network.size) * 2 - 1
    for matrix, bias in zip(network.matrices(theta), network.biases(theta), strict=True):
        units, inputs = matrix.shape
        matrix *= limit(inputs - bias.shape[1], units)
        bias[:] = 0
    return theta.astype(dtype)
