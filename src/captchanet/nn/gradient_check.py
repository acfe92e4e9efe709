"""Is the gradient the derivative of the cost? Central differences tell, entry by entry."""

import numpy as np

from captchanet.nn.network import Array
from captchanet.nn.optimisation import Minimised


def central_differences(objective: Minimised, theta: Array, step: float = 1e-5) -> Array:
    """(cost(theta + step e_i) - cost(theta - step e_i)) / (2 step) for every entry i, shape of theta.

    The error is of order step² (the third derivative) plus rounding / step, at its least near step 1e-5 in
    float64. Two evaluations an entry: for small networks.
    """
    slopes = np.empty_like(theta)
    for i in range(theta.size):
        moved = theta.copy()
        moved[i] = theta[i] + step
        above, _ = objective(moved)
        moved[i] = theta[i] - step
        below, _ = objective(moved)
        slopes[i] = (above - below) / (2 * step)
    return slopes


def relative_error(found: Array, expected: Array) -> float:
    """|found - expected| / (|found| + |expected|), Euclidean norms; 0 where both vanish."""
    scale = float(np.linalg.norm(found) + np.linalg.norm(expected))
    return float(np.linalg.norm(found - expected)) / scale if scale else 0.0
