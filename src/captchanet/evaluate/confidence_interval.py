"""Accuracies with their confidence intervals: how many of how many, and how far that can be trusted."""

import math
from typing import Any


def wilson_interval(correct: int, n: int) -> tuple[float, float]:
    """Compute the 95 % confidence interval of an accuracy, the Wilson score interval.

    Unlike the normal approximation it stays within 0 to 1, and is not empty at 0 or 100 %.

    Parameters
    ----------
    correct
        How many are right.
    n
        Of how many.

    Returns
    -------
    low, high : float
        The interval, within 0 to 1. For n = 0, which tells nothing, it is (0, 1).

    References
    ----------
    E. B. Wilson, "Probable inference, the law of succession, and statistical inference", JASA 22 (1927).

    Notes
    -----
    SciPy's `binomtest(correct, n).proportion_ci(method="wilson")` gives the same but for the last bits. Its
    import would add 0.6 s to each evaluation.
    """
    if not n:
        return 0.0, 1.0
    z = 1.959963984540054  # the normal distribution's 97.5 % quantile
    share, spread = correct / n, z * z / n
    centre = (share + spread / 2) / (1 + spread)
    half = z / (1 + spread) * math.sqrt(share * (1 - share) / n + spread / (4 * n))
    return max(0.0, centre - half), min(1.0, centre + half)


def accuracy_interval(correct: int, n: int) -> dict[str, Any]:
    """Return an accuracy and its 95 % Wilson interval, as the metrics of an evaluation hold them.

    Parameters
    ----------
    correct
        How many are right.
    n
        Of how many.

    Returns
    -------
    dict
        `n`, `correct`, `accuracy` (None for n = 0), `low` and `high`, the last three shares of 1.
    """
    low, high = wilson_interval(correct, n)
    return {"n": n, "correct": correct, "accuracy": correct / n if n else None, "low": low, "high": high}
