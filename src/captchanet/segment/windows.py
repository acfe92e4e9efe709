"""From windows in pictures to vectors, for splitting methods that know where the characters are.

A window, (left, top, right, bottom) with right and bottom one past the last pixel, says which part of the
picture a character's vector shows. Augmentation makes other versions of the same part.
"""

import numpy as np
from numpy.typing import NDArray

from captchanet.segment.morphology import INK


def ink_of(cleaned: np.ndarray) -> np.ndarray:
    """Return the maps that say where the ink is, (n, h, w): `cleaned` itself, or its first channel."""
    return cleaned if cleaned.ndim == 3 else cleaned[..., 0]


def planes(cleaned: np.ndarray) -> np.ndarray:
    """Return a view (n, channels, h, w) of `cleaned`, (n, h, w) or (n, h, w, channels)."""
    return cleaned[:, np.newaxis] if cleaned.ndim == 3 else np.moveaxis(cleaned, 3, 1)


def take(
    cleaned: np.ndarray,
    windows: NDArray[np.integer],
    width: int,
    height: int,
    owner: NDArray[np.integer] | None = None,
) -> NDArray[np.float32]:
    """Make vectors of what windows show.

    Parameters
    ----------
    cleaned : ndarray of float32, shape (n, h, w) or (n, h, w, channels)
        Ink maps. Beyond a picture is paper.
    windows : ndarray of int, shape (n, characters, 4)
        Left, top, right and bottom of each.
    width : int
        Columns of the vectors.
    height : int
        Rows of the vectors.
    owner : ndarray of int, shape (n, h, w), optional
        The number of the character, from 0, that each pixel belongs to. The ink of others is left out of a
        character's vector. None: no ink is left out.

    Returns
    -------
    ndarray of float32, shape (n, characters, channels * height * width)
        Channel after channel, and in each channel row after row.

    Notes
    -----
    A window of `width` × `height` pixels is copied. Any other is brought to that size by bilinear
    interpolation: pixel j of a row is at left + (j + ½)(right − left) / width − ½, and rows likewise.
    """
    maps = planes(cleaned)
    n, channels, h, w = maps.shape
    left, top, right, bottom = np.moveaxis(windows, 2, 0).astype(np.float64)[..., np.newaxis]
    x = left + (np.arange(width) + 0.5) * (right - left) / width - 0.5
    y = top + (np.arange(height) + 0.5) * (bottom - top) / height - 0.5
    column, row = np.floor(x).astype(np.int64), np.floor(y).astype(np.int64)
    across, down = (x - column).astype(np.float32), (y - row).astype(np.float32)
    picture, channel = np.arange(n)[:, None, None, None], np.arange(channels)[:, None, None]
    vectors = np.empty((n, windows.shape[1], channels, height, width), np.float32)
    for i in range(windows.shape[1]):
        ink = maps if owner is None else np.where((owner == i)[:, np.newaxis], maps, np.float32(0))
        padded = np.pad(ink, ((0, 0), (0, 0), (1, 1), (1, 1)))
        y0, y1 = (np.clip(row[:, i] + step, 0, h + 1)[:, np.newaxis, :, np.newaxis] for step in (1, 2))
        x0, x1 = (np.clip(column[:, i] + step, 0, w + 1)[:, np.newaxis, np.newaxis] for step in (1, 2))
        above = padded[picture, channel, y0, x0]
        if across[:, i].any() or down[:, i].any():
            fx, fy = across[:, i, np.newaxis, np.newaxis], down[:, i, np.newaxis, :, np.newaxis]
            below = padded[picture, channel, y1, x0]
            above += fx * (padded[picture, channel, y0, x1] - above)
            below += fx * (padded[picture, channel, y1, x1] - below)
            above += fy * (below - above)
        vectors[:, i] = above
    return vectors.reshape(*vectors.shape[:2], channels * height * width)


def around_ink(
    cleaned: np.ndarray,
    owner: NDArray[np.integer],
    cells: NDArray[np.integer],
    *,
    width: int,
    height: int,
    top: int | None = None,
) -> NDArray[np.int64]:
    """Put a window around each character's ink, with the ink's middle in its middle.

    The middle is the ink's centre of mass, which a stray pixel hardly moves. Where a character's ink (> 0.3)
    is wider than `width` or higher than `height`, its window is larger, and `take` squeezes it.

    Parameters
    ----------
    cleaned : ndarray of float32, shape (n, h, w) or (n, h, w, channels)
        Ink maps; the first channel counts.
    owner : ndarray of int, shape (n, h, w)
        The number of the character, from 0, that each pixel belongs to.
    cells : ndarray of int, shape (n, characters, 2)
        From which column to which one each character is. A character without ink has its window in the middle
        of these, and in the middle of the rows.
    width : int
        Columns of a window.
    height : int
        Rows of a window.
    top : int, optional
        Row where all windows start, which then have `height` rows. None: the ink's middle decides.

    Returns
    -------
    ndarray of int, shape (n, characters, 4)
        Left, top, right and bottom of each window.
    """
    ink = ink_of(cleaned)
    n, rows, _ = ink.shape
    windows = np.empty((n, cells.shape[1], 4), np.int64)
    for i in range(cells.shape[1]):
        mine = np.where((owner == i) & (ink > INK), ink, 0)
        across, down = mine.sum(axis=1), mine.sum(axis=2)
        windows[:, i, 0], windows[:, i, 2] = _span(across, width, cells[:, i].sum(axis=1) / 2)
        windows[:, i, 1], windows[:, i, 3] = _span(down, height, np.full(n, rows / 2))
    if top is not None:
        windows[..., 1], windows[..., 3] = top, top + height
    return windows


def _span(ink: np.ndarray, size: int, otherwise: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return where windows start and end in one direction, int (n,) each, given the ink there, (n, length).

    `otherwise`, (n,), is the middle where there is no ink.
    """
    inked = ink > 0
    length = ink.shape[1] - inked.argmax(axis=1) - inked[:, ::-1].argmax(axis=1)
    total = ink.sum(axis=1)
    mean = (ink * (np.arange(ink.shape[1]) + 0.5)).sum(axis=1) / np.maximum(total, 1e-9)
    middle, length = np.where(total > 0, mean, otherwise), np.where(total > 0, length, 0)
    reach = np.maximum(length, size)
    start = np.floor(middle - reach / 2 + 0.5).astype(np.int64)
    return start, start + reach
