"""Estimate where the characters of a kind of captcha are, from pictures that nobody has measured."""

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

MOST = 10
"""The largest number of characters that is tried where it is not known."""
NEAREST = 4
"""The least distance between characters that is tried, in pixels, where the picture has room for it."""
QUIET = 10
"""The percentile of a profile that is taken for what noise and lines leave everywhere."""
TAIL = 0.003
"""The share of the ink that may lie above the first row, and below the last."""
CLEAR = 0.1
"""How much less ink there must be between characters than in them for a grid to make sense, as a share."""

WIDE = 5 / 3
"""The width of a window that shows its character's neighbourhood, in distances between characters."""


@dataclass(frozen=True)
class GridEstimate:
    """A grid for `captchanet.segment.split.grid`.

    Parameters
    ----------
    characters : int
        How many characters there are.
    left : float
        Column where the first window starts.
    top : int
        Row where all windows start.
    pitch : float
        Columns from one window's start to the next one's.
    width : int
        Columns of a window.
    height : int
        Rows of a window.
    clear : bool
        Whether characters have fixed positions: whether there is, in the mean of all pictures, less ink
        between them than in them.
    """

    characters: int
    left: float
    top: int
    pitch: float
    width: int
    height: int
    clear: bool


class Fit(NamedTuple):
    """Equal bumps at equal distances: their squared error, number, common middle, distance and width s."""

    error: float
    number: int
    middle: float
    pitch: float
    width: float


def estimate_grid(cleaned: np.ndarray, characters: int | None = None) -> GridEstimate:
    """Estimate a grid from the mean of ink maps.

    Parameters
    ----------
    cleaned : ndarray of float32, shape (n, h, w)
        Ink maps, at least one.
    characters : int, optional
        How many characters each picture has, where that is known.

    Returns
    -------
    GridEstimate
        Its windows are one column wider than the distance of characters.

    Notes
    -----
    The rows of the grid are those that hold nearly all of the ink (`TAIL`). For the columns, equal bumps at
    equal distances, exp(−(x / s)⁴), are fitted by least squares to the mean ink of each column: over
    distances, positions and widths s and, where `characters` is None, numbers of characters up to `MOST`.
    """
    mean = cleaned.mean(axis=0, dtype=np.float64)
    top, bottom = _rows(mean.sum(axis=1))
    profile = _above_noise(mean[top:bottom].sum(axis=0))
    most = max(1, min(MOST, len(profile) // NEAREST))
    numbers = range(1, most + 1) if characters is None else [characters]
    # of fits with the same error, the first has the fewest characters
    fits = [_fit(profile, number) for number in numbers]
    _, number, middle, exact, bump_width = min(fits, key=lambda fit: fit.error)
    pitch = exact
    if abs(pitch - round(pitch)) * (number - 1) < 1:  # less than a column from first to last
        pitch = float(round(pitch))
    width = min(round(pitch) + 1, len(profile))
    left = round(middle - ((number - 1) * pitch + width) / 2)
    bump, between = np.exp(-((np.array([0, exact / 2]) / bump_width) ** 4))
    clear = bool(number == 1 or 1 - 2 * between / bump > CLEAR)
    return GridEstimate(number, left, top, round(pitch, 1), width, bottom - top, clear)


def widened(found: GridEstimate, width: int, height: int) -> GridEstimate:
    """Widen the windows of a grid: they then show what is around their characters.

    They keep their middles, and become `WIDE` distances wide and as high as the picture. The first and the
    last one may stick out of it.

    Parameters
    ----------
    found : GridEstimate
        The grid.
    width : int
        Columns of a picture.
    height : int
        Rows of a picture.

    Returns
    -------
    GridEstimate
        The grid with wider windows.
    """
    wider = min(round(WIDE * found.pitch), width)
    left = found.left + (found.width - wider) / 2
    return replace(found, left=left, top=0, width=wider, height=height)


def _above_noise(profile: np.ndarray) -> np.ndarray:
    return np.maximum(profile - np.percentile(profile, QUIET), 0)


def _rows(profile: np.ndarray) -> tuple[int, int]:
    """Return the first row that matters and the one after the last; all rows where there is no ink."""
    share = _above_noise(profile).cumsum()
    if not share[-1]:
        return 0, len(profile)
    first, last = np.searchsorted(share / share[-1], [TAIL, 1 - TAIL])
    return int(first), int(last) + 1


def _fit(profile: np.ndarray, number: int) -> Fit:
    """Find the best bumps of this number: in coarse steps first, then in fine steps around the best."""
    columns = np.arange(len(profile)) + 0.5
    mass = float((profile * columns).sum() / profile.sum()) if profile.any() else len(profile) / 2
    widest = len(profile) / number
    pitches = np.arange(min(NEAREST, widest), widest + 0.5, 0.5) if number > 1 else np.array([widest])
    middles = mass + np.arange(-4, 4.5, 0.5)
    best = _search(profile, number, middles, pitches, np.arange(0.2, 0.75, 0.1))
    fine = np.arange(-0.5, 0.6, 0.1)
    around = best.pitch + fine if number > 1 else pitches
    share = best.width / best.pitch
    return _search(profile, number, best.middle + fine, around, share + np.arange(-0.1, 0.12, 0.02))


def _search(
    profile: np.ndarray, number: int, middles: np.ndarray, pitches: np.ndarray, shares: np.ndarray
) -> Fit:
    """Find the best of all these middles, distances, and widths as shares of the distance."""
    columns = np.arange(len(profile)) + 0.5
    best = Fit(np.inf, number, float(middles[0]), float(pitches[0]), float(shares[0] * pitches[0]))
    for pitch in pitches:
        centres = middles + (np.arange(number)[:, np.newaxis] - (number - 1) / 2) * pitch
        far = np.abs(columns - centres[:, :, np.newaxis]) / pitch
        for share in shares:
            bumps = np.exp(-((far / share) ** 4)).sum(axis=0)
            # the height of the bumps that fits best, and the error that it leaves
            heights = bumps @ profile / np.maximum((bumps * bumps).sum(axis=1), 1e-12)
            errors = ((profile - heights[:, np.newaxis] * bumps) ** 2).sum(axis=1)
            # a bump outside the picture would add no error
            errors[(centres[0] < 0) | (centres[-1] > len(profile))] = np.inf
            at = int(errors.argmin())
            if errors[at] < best.error:
                best = Fit(float(errors[at]), number, float(middles[at]), float(pitch), float(share * pitch))
    return best
