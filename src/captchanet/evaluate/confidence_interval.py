"""Accuracies with their confidence intervals: how many of how many, and how far that can be trusted."""

import math
from typing import Any


def wilson_interval(correct: int, n: int) -> tuple[float, float]:
    """The 95 % confidence interval of an accuracy, correct of n: the Wilson score interval.

    E. B. Wilson, "Probable inference, the law of succession, and statistical inference", JASA 22 (1927):
    unlike the normal approximation it stays within 0 … 1 and is not empty at 0 or 100 %. n = 0 tells
    nothing: (0, 1).
    """
    if not n:
        return 0.0, 1.0
    z = 1.959963984540054  # the normal distribution's 97.5 % quantile
    share, spread = correct / n, z * z / n
    centre = (share + spread / 2) / (1 + spread)
    half = z / (1 + spread) * math.sqrt(share * (1 - share) / n + spread / (4 * n))
    return max(0.0, centre - half), min(1.0, centre + half)


def accuracy_interval(correct: int, n: int) -> dict[str, Any]:
    """n, correct, accuracy and its 95 % Wilson interval, as the metrics of an evaluation hold them."""
    low, high = wilson_interval(correct, n)
    return {"n": n, "correct": correct, "accuracy": correct / n if n else None, "low": low, "high": high}
