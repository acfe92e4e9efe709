"""Is the confidence worth its number? Confidences beside what was right, and answering only when sure.

A reading is a pair: how sure the reader was of it, 0 … 1, and whether it was right.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from captchanet.evaluate.confidence_interval import proportion

BINS = 15
"""Of equal width: the usual number, with which others can be compared."""
SURE = (0.5, 0.8, 0.9, 0.95, 0.99)
RELIABILITY = ("of", "from", "to", "n", "confidence", "accuracy", "low", "high")
ABSTENTION = ("sure", "answered", "share", "correct", "accuracy", "low", "high")


def _placed(confidence: ArrayLike, bins: int) -> tuple[np.ndarray, np.ndarray]:
    """The confidences and the bin of each; bins are equally wide, and the last takes 1 as well."""
    sure = np.asarray(confidence, np.float64)
    return sure, np.minimum((sure * bins).astype(int), bins - 1)


def ece(confidence: ArrayLike, right: ArrayLike, bins: int = BINS) -> float:
    """The expected calibration error: how far mean confidence and accuracy of a bin are apart, over all bins.

    `confidence` (n,) 0 … 1, `right` (n,) booleans; each bin counts by its readings. Of none it is 0.
    M. P. Naeini, G. F. Cooper and M. Hauskrecht, "Obtaining well calibrated probabilities using Bayesian
    binning", AAAI 2015.
    """
    sure, place = _placed(confidence, bins)
    excess = np.bincount(place, sure - np.asarray(right, np.float64), minlength=bins)
    return float(np.abs(excess).sum() / max(1, len(sure)))


def brier(confidence: ArrayLike, right: ArrayLike) -> float:
    """The Brier score, the mean of (confidence - right)²: less is better, and always 0.5 gives 0.25.

    Unlike the expected calibration error it is small only for a reader that is unsure of its misreads.
    """
    return float(np.square(np.asarray(confidence, np.float64) - np.asarray(right, np.float64)).mean())


def reliability(confidence: ArrayLike, right: ArrayLike, bins: int = BINS) -> list[tuple[Any, ...]]:
    """Of each bin that is not empty: its edges, n, mean confidence, accuracy and its 95 % Wilson interval."""
    sure, place = _placed(confidence, bins)
    correct = np.asarray(right, bool)
    rows = []
    for number in np.unique(place).tolist():
        here = place == number
        found = proportion(int(correct[here].sum()), int(here.sum()))
        mean = float(sure[here].mean())
        edges = number / bins, (number + 1) / bins
        rows.append((*edges, found["n"], mean, found["accuracy"], found["low"], found["high"]))
    return rows


def abstention(confidence: ArrayLike, right: ArrayLike) -> list[tuple[Any, ...]]:
    """What answering only when sure enough gives: rows as ABSTENTION names them, a row for each confidence.

    The first demands the highest confidence that occurs, the last is satisfied by every reading. Equal
    confidences are answered together, since no threshold can part them.
    """
    sure, correct = np.asarray(confidence, np.float64), np.asarray(right, np.int64)
    levels, place = np.unique(-sure, return_inverse=True)
    total = np.cumsum(np.bincount(place, minlength=len(levels)))
    good = np.cumsum(np.bincount(place, correct, minlength=len(levels)).astype(np.int64))
    rows = []
    for level, n, k in zip((-levels).tolist(), total.tolist(), good.tolist(), strict=True):
        found = proportion(k, n)
        share = n / len(sure)
        rows.append((level, n, share, k, found["accuracy"], found["low"], found["high"]))
    return rows


def answered(confidence: ArrayLike, right: ArrayLike, sure: float) -> dict[str, Any]:
    """What is answered by a reader that must be `sure` at least: the share of all, and how many are right."""
    enough = np.asarray(confidence, np.float64) >= sure
    found = proportion(int(np.asarray(right, bool)[enough].sum()), int(enough.sum()))
    return {"sure": sure, "share": found["n"] / max(1, len(enough)), **found}


def largest_share(rows: Sequence[tuple[Any, ...]], accuracy: float) -> float:
    """The largest share that can be answered with at least that accuracy, from the rows of `abstention`."""
    good = [row[2] for row in rows if row[4] >= accuracy - 1e-12]
    return max(good, default=0.0)


def judged(confidence: ArrayLike, right: ArrayLike) -> dict[str, float]:
    """Mean confidence, expected calibration error and Brier score of some readings, one at least."""
    mean = float(np.asarray(confidence, np.float64).mean())
    return {"confidence": mean, "ece": ece(confidence, right), "brier": brier(confidence, right)}
