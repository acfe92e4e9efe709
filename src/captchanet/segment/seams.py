"""Boundaries between neighbouring characters: where they are expected, and where there is least ink."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

ASIDE = 0.03
"""The cost of a pixel of a boundary for each column that it is away from the expected boundary."""
DIAGONAL = 0.02
"""The cost of a boundary's step to the next column."""


def expected_boundaries(characters: int, left: float, pitch: float, width: int) -> list[int]:
    """Return the columns midway between the middles of neighbouring windows of a grid."""
    return [math.floor(left + width / 2 + pitch * (i + 0.5)) for i in range(characters - 1)]


def owners(cleaned: np.ndarray, boundaries: Sequence[NDArray[np.integer]]) -> NDArray[np.int64]:
    """Find which character each pixel belongs to.

    Parameters
    ----------
    cleaned : ndarray, shape (n, h, w) or (n, h, w, channels)
        Its shape counts.
    boundaries : sequence of ndarray of int, shape (n, h)
        The column of each boundary in each row. The pixel there belongs to the character after the boundary.

    Returns
    -------
    ndarray of int, shape (n, h, w)
        The number of the character, from 0.
    """
    owner = np.zeros(cleaned.shape[:3], np.int64)
    for boundary in boundaries:
        owner += np.arange(cleaned.shape[2]) >= boundary[:, :, np.newaxis]
    return owner


def straight_boundary(ink: np.ndarray, boundary: int, reach: int) -> NDArray[np.int64]:
    """Find the column of least cost near an expected boundary.

    Parameters
    ----------
    ink : ndarray of float32, shape (n, h, w)
        Ink maps.
    boundary : int
        Column where the boundary is expected.
    reach : int
        Columns that it may be away from there.

    Returns
    -------
    ndarray of int, shape (n, h)
        The column, the same in each row.
    """
    columns, costs = _near(ink, boundary, reach)
    return np.repeat(columns[costs.sum(axis=1).argmin(axis=1)][:, np.newaxis], ink.shape[1], axis=1)


def least_ink_seam(ink: np.ndarray, boundary: int, reach: int) -> NDArray[np.int64]:
    """Find the path of least cost from top to bottom near an expected boundary, by dynamic programming.

    Parameters
    ----------
    ink : ndarray of float32, shape (n, h, w)
        Ink maps.
    boundary : int
        Column where the boundary is expected.
    reach : int
        Columns that it may be away from there.

    Returns
    -------
    ndarray of int, shape (n, h)
        The column in each row; from row to row it changes by 1 at most.
    """
    columns, costs = _near(ink, boundary, reach)
    n, height, number = costs.shape
    total = costs[:, 0]
    steps = np.zeros((n, height, number), np.int64)
    for y in range(1, height):
        aside = np.pad(total, ((0, 0), (1, 1)), constant_values=np.inf) + np.float32(DIAGONAL)
        # straight on stands first, so it wins over a step aside of the same cost
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
    """Return the columns within `reach` of `boundary`, and the cost of a pixel there, (n, h, columns)."""
    columns = np.arange(boundary - reach, boundary + reach + 1)
    within = np.clip(columns, 0, ink.shape[2] - 1)
    return columns, ink[:, :, within] + np.float32(ASIDE) * np.abs(columns - boundary)
