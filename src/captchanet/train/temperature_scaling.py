"""Temperature scaling: one number for all outputs of a network calibrates its confidences.

It is fitted on captchas that trained nothing.

After C. Guo, G. Pleiss, Y. Sun and K. Q. Weinberger, "On calibration of modern neural networks", ICML 2017,
https://arxiv.org/abs/1706.04599. A temperature changes the confidence in a reading, and never the reading.
"""

import math

import numpy as np
from numpy.typing import NDArray

SPREAD = 0.5
"""Standard deviation of the normal prior of log T, about 0."""
RANGE = (-3.0, 3.0)
"""Of log T: where the best is searched."""


def scaled(outputs: NDArray[np.floating], temperature: float) -> NDArray[np.float64]:
    """Compute probabilities, (n, k), from a network's outputs o, (n, k), each 0 … 1: p_k ∝ o_k ** (1 / T).

    Of softmax outputs of z that is the softmax of z / T. T above 1 lowers the confidence, below 1 raises it.
    """
    return np.exp(_log_probabilities(outputs, temperature))


def fit_temperature(outputs: NDArray[np.floating], truth: NDArray[np.integer]) -> float:
    """Find the temperature at which `outputs`, (n, k), best tell the classes `truth`, (n,), 0 … k - 1.

    It minimises the negative log-likelihood, the sum of -log p of the true classes, plus the normal prior of
    log T, (log T / SPREAD)² / 2. Without a prior a few captchas, all read right, would send T to 0 and every
    confidence to 1; with hundreds it hardly counts. Without any captcha T is 1.
    """
    from scipy.optimize import minimize_scalar

    rows = np.arange(len(truth))

    def loss(log_t: float) -> float:
        log_likelihood = _log_probabilities(outputs, math.exp(log_t))[rows, truth].sum()
        return -float(log_likelihood) + (log_t / SPREAD) ** 2 / 2

    return math.exp(minimize_scalar(loss, bounds=RANGE, method="bounded").x)


def _log_probabilities(outputs: NDArray[np.floating], temperature: float) -> NDArray[np.float64]:
    # an output that underflowed to 0 is the smallest number that its type has
    known = np.maximum(outputs, np.finfo(outputs.dtype).tiny).astype(np.float64)
    logits = np.log(known) / temperature
    logits -= logits.max(axis=1, keepdims=True)
    return logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
