"""Are confidences calibrated? Expected calibration error, Brier score, and the bins of a reliability diagram.

A reading is a pair: the confidence in it, 0 … 1, and whether it was right.
"""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from captchanet.evaluate.confidence_interval import accuracy_interval

BINS = 15
"""Of equal width: the usual number, with which others can be compared."""
RELIABILITY = ("of", "from", "to", "n", "confidence", "accuracy", "low", "high")
"""Columns of the table of an evaluation: characters or captchas, and their rows of `reliability_bins`."""


def _binned(confidence: ArrayLike, bins: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the confidences and the bin of each; bins are equally wide, and the last takes 1 as well."""
    confidences = np.asarray(confidence, np.float64)
    return confidences, np.minimum((confidences * bins).astype(int), bins - 1)


def expected_calibration_error(confidence: ArrayLike, right: ArrayLike, bins: int = BINS) -> float:
    """Compute the expected calibration error.

    It is the mean distance of mean confidence and accuracy in a bin; each bin counts by its readings.

    Parameters
    ----------
    confidence
        Confidences, 0 to 1, shape (n,).
    right
        Whether each reading is right, booleans, shape (n,).
    bins
        How many bins there are, of equal width.

    Returns
    -------
    float
        A share of 1; 0 for no readings.

    References
    ----------
    M. P. Naeini, G. F. Cooper and M. Hauskrecht, "Obtaining well calibrated probabilities using Bayesian
    binning", AAAI 2015.
    """
    confidences, bin_of = _binned(confidence, bins)
    excess = np.bincount(bin_of, confidences - np.asarray(right, np.float64), minlength=bins)
    return float(np.abs(excess).sum() / max(1, len(confidences)))


def brier_score(confidence: ArrayLike, right: ArrayLike) -> float:
    """Compute the Brier score, the mean of (confidence - right)².

    Less is better, and a confidence that is always 0.5 gives 0.25. Unlike the expected
    calibration error it is small only where misreads have a low confidence.

    Parameters
    ----------
    confidence
        Confidences, 0 to 1, shape (n,), n > 0.
    right
        Whether each reading is right, booleans, shape (n,).

    Returns
    -------
    float
        0 to 1.
    """
    return float(np.square(np.asarray(confidence, np.float64) - np.asarray(right, np.float64)).mean())


def reliability_bins(confidence: ArrayLike, right: ArrayLike, bins: int = BINS) -> list[tuple[Any, ...]]:
    """Compute the bins of a reliability diagram.

    Parameters
    ----------
    confidence
        Confidences, 0 to 1, shape (n,).
    right
        Whether each reading is right, booleans, shape (n,).
    bins
        How many bins there are, of equal width.

    Returns
    -------
    list of tuple
        For each bin that is not empty, from the lowest confidence up: its edges, n, mean confidence, accuracy
        and the ends of its 95 % Wilson interval, which are the columns of `RELIABILITY` but the first.
    """
    confidences, bin_of = _binned(confidence, bins)
    correct = np.asarray(right, bool)
    rows = []
    for number in np.unique(bin_of).tolist():
        here = bin_of == number
        found = accuracy_interval(int(correct[here].sum()), int(here.sum()))
        mean = float(confidences[here].mean())
        edges = number / bins, (number + 1) / bins
        rows.append((*edges, found["n"], mean, found["accuracy"], found["low"], found["high"]))
    return rows


def calibration_metrics(confidence: ArrayLike, right: ArrayLike) -> dict[str, float]:
    """Measure how well the confidences of some readings are calibrated.

    Parameters
    ----------
    confidence
        Confidences, 0 to 1, shape (n,), n > 0.
    right
        Whether each reading is right, booleans, shape (n,).

    Returns
    -------
    dict
        `confidence`, the mean; `ece`, the expected calibration error; `brier`, the Brier score.
    """
    return {
        "confidence": float(np.asarray(confidence, np.float64).mean()),
        "ece": expected_calibration_error(confidence, right),
        "brier": brier_score(confidence, right),
    }
