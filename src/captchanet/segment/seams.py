"""Boundaries between neighbouring characters: where they are expected, and those of least ink near there."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

ASIDE = 0.03
"""What a pixel of a boundary costs for each column that it is away from where the boundary is expected."""
DIAGONAL = 0.02
"""What a step of a boundary to the next column costs."""


def expected_boundaries(characters: int, left: float, pitch: float, width: int) -> list[int]:
    """Columns where boundaries are expected: midway between the middles of neighbouring windows of a grid."""
    return [math.floor(left + width / 2 + pitch * (i + 0.5)) for i in range(characters - 1)]


def owners(cleaned: np.ndarray, boundaries: Sequence[NDArray[np.integer]]) -> NDArray[np.int64]:
    """Which character each pixel belongs to, from 0, int (n, h, w): the number of boundaries not right of it.

    `boundaries` have a column for each row, int (n, h). The pixels of one belong to the character after it.
    """
    owner = np.zeros(cleaned.shape[:3], np.int64)
    for boundary in boundaries:
        owner += np.arange(cleaned.shape[2]) >= boundary[:, :, np.newaxis]
    return owner


def straight_boundary(ink: np.ndarray, boundary: int, reach: int) -> NDArray[np.int64]:
    """The cheapest column within `reach` of `boundary` in ink maps (n, h, w), for all rows: int (n, h)."""
    columns, costs = _near(ink, boundary, reach)
    return np.repeat(columns[costs.sum(axis=1).argmin(axis=1)][:, np.newaxis], ink.shape[1], axis=1)


def least_ink_seam(ink: np.ndarray, boundary: int, reach: int) -> NDArray[np.int64]:
    """The cheapest path from top to bottom within `reach` of `boundary` in ink maps (n, h, w): int (n, h)."""
    columns, costs = _near(ink, boundary, reach)
    n, height, number = costs.shape
    total = costs[:, 0]
    steps = np.zeros((n, height, number), np.int64)
    for y in range(1, height):
        aside = np.pad(total, ((0, 0), (1, 1)), constant_values=np.inf) + np.float32(DIAGONAL)
        # straight on first: of equals it is taken
        ways = np.stack([total, aside[:, :-2], aside[:, 2:]])
        best = ways.argmin(axis=0)
        steps[:, y] = np.array([0, -1, 1])[best]
        total = np.take_along_axis(ways, best[np.newaxis], axis=0)[0] + costs[:, y]
    path = np.empty((n, height), np.int64)
    at, every = total.argmin(axis=1), np.arange(n)
    for y in reversed(range(height)):
        path[:, y] = columns[at]
        at = at + steps[every, y, at]
    return path


def _near(ink: np.ndarray, boundary: int, reach: int) -> tuple[NDArray[np.int64], np.ndarray]:
    """The columns within `reach` of `boundary`, and what a pixel there costs, (n, h, columns)."""
    columns = np.arange(boundary - reach, boundary + reach + 1)
    within = np.clip(columns, 0, ink.shape[2] - 1)
    return columns, ink[:, :, within] + np.float32(ASIDE) * np.abs(columns - boundary)
