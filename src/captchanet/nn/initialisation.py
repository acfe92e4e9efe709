"""Initialisation: the random theta that training starts from."""

from collections.abc import Callable
from typing import Protocol

import numpy as np
from numpy.typing import DTypeLike

from captchanet.nn.activations import Array
from captchanet.nn.network import Network


class UniformSource(Protocol):
    """A source of uniform numbers in [0, 1): a NumPy Generator, or the legacy RandomState."""

    def random(self, size: int) -> Array: ...


def uniform(
    network: Network, rng: UniformSource, *, limit: float = 0.1, dtype: DTypeLike = np.float64
) -> Array:
    """Every number of theta, biases too, uniform in ±limit: the tutorial's way, with its limit of .1.

    theta is sampled in one go, front to back, so that `RandomState(10)` and limit 1 give the tutorial's own
    numbers for XOR.
    """
    return (rng.random(network.size) * 2 * limit - limit).astype(dtype)


def glorot(network: Network, rng: UniformSource, *, dtype: DTypeLike = np.float64) -> Array:
    """Weights uniform in ±√(6 / (inputs + units)), biases 0: keeps the signals' size both ways.

    X. Glorot and Y. Bengio, "Understanding the difficulty of training deep feedforward neural networks",
    AISTATS 2010, equation 16.
    """
    return _scaled(network, rng, lambda inputs, units: (6 / (inputs + units)) ** 0.5, dtype)


def he(network: Network, rng: UniformSource, *, dtype: DTypeLike = np.float64) -> Array:
    """Weights uniform in ±√(6 / inputs), biases 0: the same for ReLU, which drops half of the signal.

    K. He et al., "Delving deep into rectifiers", https://arxiv.org/abs/1502.01852, equation 10 (a variance
    of 2 / inputs).
    """
    return _scaled(network, rng, lambda inputs, units: (6 / inputs) ** 0.5, dtype)


def _scaled(
    network: Network, rng: UniformSource, limit: Callable[[int, int], float], dtype: DTypeLike
) -> Array:
    theta = rng.random(network.size) * 2 - 1
    for matrix in network.matrices(theta):
        units, inputs = matrix.shape[0], matrix.shape[1] - int(network.bias)
        matrix *= limit(inputs, units)
        if network.bias:
            matrix[:, 0] = 0
    return theta.astype(dtype)
