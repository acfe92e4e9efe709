"""Confidences that mean something: one temperature for all outputs of a network, fitted on held-out captchas.

After C. Guo, G. Pleiss, Y. Sun and K. Q. Weinberger, "On calibration of modern neural networks", ICML 2017,
https://arxiv.org/abs/1706.04599. A temperature changes how sure a reading is, and never the reading.
"""

import math

import numpy as np
from numpy.typing import NDArray

SPREAD = 0.5
"""Standard deviation of log T before any captcha was seen, about 0."""
RANGE = (-3.0, 3.0)
"""Of log T."""


def tempered(outputs: NDArray[np.floating], temperature: float) -> NDArray[np.float64]:
    """Probabilities, (n, k), from a network's outputs o, (n, k), each 0 … 1: p_k ∝ o_k ** (1 / T).

    Of softmax outputs of z that is the softmax of z / T. T above 1 makes less sure, below 1 surer.
    """
    return np.exp(_logarithms(outputs, temperature))


def fit(outputs: NDArray[np.floating], truth: NDArray[np.integer]) -> float:
    """The temperature at which `outputs`, (n, k), best tell the classes `truth`, (n,), 0 … k - 1.

    It minimises the sum of -log p of the true classes, plus (log T / SPREAD)² / 2: the summand of a normal
    distribution of log T about 0. Without it a few captchas, all read right, would send T to 0 and every
    confidence to 1; beside hundreds it counts for next to nothing. No captcha at all leaves 1.
    """
    from scipy.optimize import minimize_scalar

    rows = np.arange(len(truth))

    def loss(log_t: float) -> float:
        surprise = -_logarithms(outputs, math.exp(log_t))[rows, truth].sum()
        return float(surprise) + (log_t / SPREAD) ** 2 / 2

    return math.exp(minimize_scalar(loss, bounds=RANGE, method="bounded").x)


def _logarithms(outputs: NDArray[np.floating], temperature: float) -> NDArray[np.float64]:
    # an output that underflowed to 0 is the smallest number that its type has
    known = np.maximum(outputs, np.finfo(outputs.dtype).tiny).astype(np.float64)
    scaled = np.log(known) / temperature
    scaled -= scaled.max(axis=1, keepdims=True)
    return scaled - np.log(np.exp(scaled).sum(axis=1, keepdims=True))
