"""Selective prediction: the model answers only where its confidence reaches a threshold.

The coverage is the share of captchas with an answer, the accuracy the share of answers that are right. A
reading is a pair: the confidence in it, 0 … 1, and whether it was right.

Y. Geifman and R. El-Yaniv, "Selective classification for deep neural networks", NIPS 2017.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from captchanet.evaluate.confidence_interval import accuracy_interval

THRESHOLDS = (0.5, 0.8, 0.9, 0.95, 0.99)
COVERAGE = ("threshold", "n", "coverage", "correct", "accuracy", "low", "high")
"""Columns of the table of an evaluation: the rows of `accuracy_over_coverage`."""


def accuracy_over_coverage(confidence: ArrayLike, right: ArrayLike) -> list[tuple[Any, ...]]:
    """Compute coverage and accuracy at every threshold that makes a difference.

    Equal confidences are covered together, since no threshold can separate them.

    Parameters
    ----------
    confidence
        Confidences, 0 to 1, shape (n,).
    right
        Whether each reading is right, booleans, shape (n,).

    Returns
    -------
    list of tuple
        Rows with the columns of `COVERAGE`. The first threshold is the highest confidence that occurs, the
        last is reached by every reading.
    """
    confidences, correct = np.asarray(confidence, np.float64), np.asarray(right, np.int64)
    levels, level_of = np.unique(-confidences, return_inverse=True)
    total = np.cumsum(np.bincount(level_of, minlength=len(levels)))
    good = np.cumsum(np.bincount(level_of, correct, minlength=len(levels)).astype(np.int64))
    rows = []
    for threshold, n, k in zip((-levels).tolist(), total.tolist(), good.tolist(), strict=True):
        found = accuracy_interval(k, n)
        coverage = n / len(confidences)
        rows.append((threshold, n, coverage, k, found["accuracy"], found["low"], found["high"]))
    return rows


def at_threshold(confidence: ArrayLike, right: ArrayLike, threshold: float) -> dict[str, Any]:
    """Compute the coverage at a threshold, and how many of the answers are right.

    Parameters
    ----------
    confidence
        Confidences, 0 to 1, shape (n,).
    right
        Whether each reading is right, booleans, shape (n,).
    threshold
        The confidence from which a reading is an answer, 0 to 1.

    Returns
    -------
    dict
        `threshold`, `coverage` (a share of 1), and what `accuracy_interval` says of the answers.
    """
    answers = np.asarray(confidence, np.float64) >= threshold
    found = accuracy_interval(int(np.asarray(right, bool)[answers].sum()), int(answers.sum()))
    return {"threshold": threshold, "coverage": found["n"] / max(1, len(answers)), **found}


def coverage_at_accuracy(rows: Sequence[tuple[Any, ...]], accuracy: float) -> float:
    """Find the largest coverage with at least some accuracy.

    Parameters
    ----------
    rows
        Rows of `accuracy_over_coverage`.
    accuracy
        The accuracy that is wanted, 0 to 1.

    Returns
    -------
    float
        A share of 1; 0 where no threshold reaches the accuracy.
    """
    good = [row[2] for row in rows if row[4] >= accuracy - 1e-12]
    return max(good, default=0.0)
