"""What the figures of sweeps share: labels that fit next to an axis, spreads, and how far an axis reaches."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from captchanet.evaluate.comparison import SettingSummary

LINE = 30
"""Characters of a label in one line."""


def fitted(label: str) -> str:
    """A setting's label in two short lines at most; a longer one loses its middle."""
    if len(label) > 2 * LINE:
        label = f"{label[: LINE - 1]}…{label[-LINE:]}"
    if len(label) <= LINE:
        return label
    ends = (label.rfind(mark, 0, LINE) + 1 for mark in ",-")
    at = next((end for end in ends if end >= len(label) - LINE), LINE)
    return f"{label[:at]}\n{label[at:]}"


def spreads(summaries: Sequence[SettingSummary]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The means, and how far a standard deviation reaches below and above each, (2, n): within 0 … 1."""
    means = np.array([one.mean for one in summaries], float)
    deviations = np.array([one.deviation or 0.0 for one in summaries], float)
    return means, np.array([np.minimum(deviations, means), np.minimum(deviations, 1 - means)])


def reach(shares: Sequence[float]) -> tuple[float, float]:
    """The range of an axis on which `shares` are seen apart: within 0 to 1 plus a margin, and never empty."""
    low, high = min(shares, default=0.0), max(shares, default=1.0)
    room = max(0.05 * (high - low), 0.05 - (high - low) / 2)
    low, high = low - room, high + room
    # room for a whole marker at 0 or 1, and for no further tick
    edge = 0.04 * (min(1.0, high) - max(0.0, low))
    return max(-edge, low), min(1 + edge, high)
