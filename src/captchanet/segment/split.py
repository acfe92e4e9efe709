"""From ink maps to one vector for each character.

To add a splitting method, write a function `f(cleaned, *, characters: int = 4, option: type = default, …)`
and name it in `SPLITTERS`; its options can then be set by those names. It needs the options `width` and
`height`, the size of its vectors. `captchanet.segment.windows.take` makes vectors of windows.
"""

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from captchanet.segment.connected_components import components_in_number
from captchanet.segment.morphology import INK, check, label_components
from captchanet.segment.seams import expected_boundaries, least_ink_seam, owners, straight_boundary
from captchanet.segment.windows import around_ink, check_sizes, ink_of, planes, take

Vectors = tuple[NDArray[np.float32], NDArray[np.int64]]
"""vectors, float32 (n, characters, pixels), and windows, int (n, characters, 4)."""


def grid(
    cleaned: np.ndarray,
    *,
    characters: int = 4,
    left: float = 4.0,
    top: int = 1,
    pitch: float = 12.0,
    width: int = 13,
    height: int = 20,
) -> Vectors:
    """One window per character, at equal distances; what sticks out of the picture is paper.

    Args:
        cleaned: float32 (n, h, w) or (n, h, w, channels), ink maps.
        characters: windows per picture.
        left: column where the first window starts; a fraction blends the two neighbouring whole columns.
        top: row where all windows start.
        pitch: columns from one window's start to the next one's; a fraction as with `left`.
        width: columns of a window.
        height: rows of a window.

    Returns:
        vectors, float32 (n, characters, channels * height * width), channel after channel and in each row
        after row, and windows, int (n, characters, 4): left, top, right and bottom of the pixels they were
        made from, right and bottom one past the last.
    """
    check_sizes(characters=characters, width=width, height=height)
    maps = planes(cleaned)
    vectors = np.zeros((len(maps), characters, maps.shape[1], height, width), np.float32)
    windows = np.empty((len(maps), characters, 4), np.int64)
    for i in range(characters):
        # rounded, so that 4.3 + 12 has the fraction of 4.3
        start = round(left + pitch * i, 9)
        first = math.floor(start)
        fraction = round(start - first, 9)
        _paste(maps, vectors[:, i], first, top)
        if fraction:
            shifted = np.zeros_like(vectors[:, i])
            _paste(maps, shifted, first + 1, top)
            vectors[:, i] += np.float32(fraction) * (shifted - vectors[:, i])
        windows[:, i] = first, top, first + width + (1 if fraction else 0), top + height
    return vectors.reshape(*vectors.shape[:2], maps.shape[1] * height * width), windows


def _paste(maps: np.ndarray, window: np.ndarray, left: int, top: int) -> None:
    """Copies the part of `maps` (…, h, w) under a window (…, height, width) at (left, top) into it."""
    bottom = min(top + window.shape[-2], maps.shape[-2])
    right = min(left + window.shape[-1], maps.shape[-1])
    y, x = max(top, 0), max(left, 0)
    if y < bottom and x < right:
        window[..., y - top : bottom - top, x - left : right - left] = maps[..., y:bottom, x:right]


def seams(
    cleaned: np.ndarray,
    *,
    characters: int = 4,
    left: float = 4.0,
    top: int = 1,
    pitch: float = 12.0,
    reach: int = 4,
    width: int = 13,
    height: int = 20,
) -> Vectors:
    """The windows of a grid, each without its neighbours' ink, which lies beyond paths of least ink.

    Between two characters, half a pitch from either window's middle, a path is sought from the top row to the
    bottom by dynamic programming: a step leads to the row below, straight or to the next column. It costs
    the ink of its pixels, 0.03 for each column that one is aside of the expected boundary, and 0.02 for each
    step aside. What is left of a path belongs to the character before it, the path itself to the one after.

    Args:
        cleaned: float32 (n, h, w) or (n, h, w, channels), ink maps; the first channel decides.
        characters: windows per picture.
        left: as for `grid`.
        top: as for `grid`.
        pitch: as for `grid`.
        reach: columns that a path may be away from the expected boundary.
        width: columns of a window.
        height: rows of a window.

    Returns:
        vectors and windows as of `grid`.
    """
    check_sizes(characters=characters, width=width, height=height)
    check(reach=reach)
    expected = expected_boundaries(characters, left, pitch, width)
    owner = owners(cleaned, [least_ink_seam(ink_of(cleaned), boundary, reach) for boundary in expected])
    shape = {"top": top, "width": width, "height": height}
    vectors, windows = [], []
    for i in range(characters):
        mine = owner == i if cleaned.ndim == 3 else (owner == i)[..., np.newaxis]
        alone = np.where(mine, cleaned, np.float32(0))
        found = grid(alone, characters=1, left=left + pitch * i, **shape)
        vectors.append(found[0])
        windows.append(found[1])
    return np.concatenate(vectors, axis=1), np.concatenate(windows, axis=1)


def valleys(
    cleaned: np.ndarray,
    *,
    characters: int = 4,
    left: float = 4.0,
    top: int | None = 1,
    pitch: float = 12.0,
    reach: int = 4,
    width: int = 13,
    height: int = 20,
) -> Vectors:
    """Straight boundaries at columns of least ink; what lies between two moves to its window's middle.

    Its middle is the centre of mass of its ink.

    Args:
        cleaned: float32 (n, h, w) or (n, h, w, channels), ink maps; the first channel decides.
        characters: windows per picture.
        left: where the first window of a grid would start, which tells where boundaries are expected.
        top: row where all windows start; None: the ink's middle decides up and down too.
        pitch: columns from one character's middle to the next one's, on average.
        reach: columns that a boundary may be away from the expected one; a pixel there costs 0.03 a column.
        width: columns of a window; a character that is wider is squeezed.
        height: rows of a window; a character that is higher is squeezed.

    Returns:
        vectors and windows as of `grid`.
    """
    check_sizes(characters=characters, width=width, height=height)
    check(reach=reach)
    expected = expected_boundaries(characters, left, pitch, width)
    boundaries = [straight_boundary(ink_of(cleaned), boundary, reach) for boundary in expected]
    owner = owners(cleaned, boundaries)
    first = np.zeros(len(cleaned), np.int64)
    edges = np.stack([first, *(boundary[:, 0] for boundary in boundaries), first + cleaned.shape[2]], axis=1)
    cells = np.stack([edges[:, :-1], edges[:, 1:]], axis=2)
    windows = around_ink(cleaned, owner, cells, width=width, height=height, top=top)
    return take(cleaned, windows, width, height, owner), windows


def components(
    cleaned: np.ndarray,
    *,
    characters: int = 4,
    smallest_component: int = 3,
    top: int | None = 1,
    width: int = 13,
    height: int = 20,
) -> Vectors:
    """A connected component is a character, wherever it stands; it moves to its window's middle, alone.

    8-connected components of ink (> 0.3) that lie more than half above one another, as a dot above its stem,
    go together. Of too many, the two neighbours that are narrowest together are joined. Of too few, the
    widest are taken for several characters and split near equal widths, at columns of least ink. Where they
    are too narrow for that, the ink, or the picture if there is none, is split into equal widths. Soft rims
    go with the component they touch.

    Args:
        cleaned: float32 (n, h, w) or (n, h, w, channels), ink maps; the first channel decides.
        characters: windows per picture.
        smallest_component: components of fewer pixels are no character's.
        top: row where all windows start; None: the ink's middle decides up and down too.
        width: columns of a window; a character that is wider is squeezed.
        height: rows of a window; a character that is higher is squeezed.

    Returns:
        vectors and windows as of `grid`.
    """
    check_sizes(characters=characters, width=width, height=height)
    check(smallest_component=smallest_component)
    from scipy import ndimage

    ink = ink_of(cleaned)
    labels = label_components(ink > INK)
    # the soft rim goes with the component it touches; of two, with the later one
    labels = np.where(labels, labels, ndimage.maximum_filter(labels, (1, 3, 3), mode="constant"))
    owner = np.full(ink.shape, -1, np.int64)
    cells = np.empty((len(ink), characters, 2), np.int64)
    for number, (one, labelled) in enumerate(zip(ink, labels, strict=True)):
        found = components_in_number(one, labelled, characters, smallest_component)
        for i, component in enumerate(found):
            owner[number][component.of(labelled)] = i
            cells[number, i] = component.left, component.right
    windows = around_ink(cleaned, owner, cells, width=width, height=height, top=top)
    return take(cleaned, windows, width, height, owner), windows


SPLITTERS: dict[str, Callable[..., Vectors]] = {
    "grid": grid,
    "valleys": valleys,
    "components": components,
    "seams": seams,
}
