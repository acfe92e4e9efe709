"""From ink maps to one vector for each character.

To add a splitting method, write a function `f(cleaned, *, characters: int = 4, option: type = default, …)`
and name it in `SPLITTERS`: then a configuration can use it and set its options. It needs the options `width`
and `height`, the size of its vectors. `captchanet.segment.windows.take` makes vectors of windows.
"""

import math
from collections.abc import Callable
from typing import Annotated

import numpy as np
from annotated_types import Ge, Gt, Interval
from numpy.typing import NDArray

from captchanet.segment.connected_components import components_in_number
from captchanet.segment.morphology import INK, label_components
from captchanet.segment.seams import expected_boundaries, least_ink_seam, owners, straight_boundary
from captchanet.segment.windows import around_ink, ink_of, planes, take
from captchanet.settings import checked

Vectors = tuple[NDArray[np.float32], NDArray[np.int64]]
"""vectors, float32 (n, characters, pixels), and windows, int (n, characters, 4)."""
Number = Annotated[int, Interval(ge=1, le=64)]
Pitch = Annotated[float, Gt(0)]
Side = Annotated[int, Interval(ge=1, le=4096)]


@checked
def grid(
    cleaned: np.ndarray,
    *,
    characters: Number = 4,
    left: float = 4.0,
    top: int = 1,
    pitch: Pitch = 12.0,
    width: Side = 13,
    height: Side = 20,
) -> Vectors:
    """Take a window for each character, at equal distances.

    Parameters
    ----------
    cleaned : ndarray of float32, shape (n, h, w) or (n, h, w, channels)
        Ink maps. Beyond a picture is paper.
    characters : int
        Windows of a picture.
    left : float
        Column where the first window starts. A fraction blends the two neighbouring columns.
    top : int
        Row where all windows start.
    pitch : float
        Columns from one window's start to the next one's; may be a fraction.
    width : int
        Columns of a window.
    height : int
        Rows of a window.

    Returns
    -------
    vectors : ndarray of float32, shape (n, characters, channels * height * width)
        Channel after channel, and in each channel row after row.
    windows : ndarray of int, shape (n, characters, 4)
        Left, top, right and bottom of the pixels that each vector was made from, right and bottom one past
        the last.
    """
    maps = planes(cleaned)
    vectors = np.zeros((len(maps), characters, maps.shape[1], height, width), np.float32)
    windows = np.empty((len(maps), characters, 4), np.int64)
    for i in range(characters):
        # rounded: 4.3 + 12 must have the same fraction as 4.3
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
    """Copy the part of `maps` (…, h, w) under a window (…, height, width) at (left, top) into it."""
    bottom = min(top + window.shape[-2], maps.shape[-2])
    right = min(left + window.shape[-1], maps.shape[-1])
    y, x = max(top, 0), max(left, 0)
    if y < bottom and x < right:
        window[..., y - top : bottom - top, x - left : right - left] = maps[..., y:bottom, x:right]


@checked
def seams(
    cleaned: np.ndarray,
    *,
    characters: Number = 4,
    left: float = 4.0,
    top: int = 1,
    pitch: Pitch = 12.0,
    reach: Annotated[int, Ge(0)] = 4,
    width: Side = 13,
    height: Side = 20,
) -> Vectors:
    """Take the windows of a grid, each without its neighbours' ink, which lies beyond paths of least ink.

    Parameters
    ----------
    cleaned : ndarray of float32, shape (n, h, w) or (n, h, w, channels)
        Ink maps; the first channel decides. Beyond a picture is paper.
    characters : int
        Windows of a picture.
    left : float
        Column where the first window starts. A fraction blends the two neighbouring columns.
    top : int
        Row where all windows start.
    pitch : float
        Columns from one window's start to the next one's; may be a fraction.
    reach : int
        Columns that a path may be away from the expected boundary.
    width : int
        Columns of a window.
    height : int
        Rows of a window.

    Returns
    -------
    vectors, windows
        As of `grid`.

    Notes
    -----
    A boundary is expected midway between the middles of two windows. Dynamic programming finds a path from
    the top row to the bottom row; each step leads to the row below, straight or to the next column. The cost
    of a path is the ink of its pixels, 0.03 for each column that a pixel is away from the expected boundary,
    and 0.02 for each step to the next column. What is left of a path belongs to the character before it, the
    path itself to the character after it.
    """
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


@checked
def valleys(
    cleaned: np.ndarray,
    *,
    characters: Number = 4,
    left: float = 4.0,
    top: int | None = 1,
    pitch: Pitch = 12.0,
    reach: Annotated[int, Ge(0)] = 4,
    width: Side = 13,
    height: Side = 20,
) -> Vectors:
    """Split at straight boundaries of least ink, and move what lies between two to its window's middle.

    Parameters
    ----------
    cleaned : ndarray of float32, shape (n, h, w) or (n, h, w, channels)
        Ink maps; the first channel decides. Beyond a picture is paper.
    characters : int
        Windows of a picture.
    left : float
        Column where the first window of a grid would start, which says where boundaries are expected.
    top : int, optional
        Row where all windows start. None: the ink's middle decides up and down too.
    pitch : float
        Columns from one character's middle to the next one's, on average; may be a fraction.
    reach : int
        Columns that a boundary may be away from the expected one.
    width : int
        Columns of a window. A character that is wider is squeezed.
    height : int
        Rows of a window. A character that is higher is squeezed.

    Returns
    -------
    vectors, windows
        As of `grid`.

    Notes
    -----
    The cost of a boundary is the ink of its pixels, and 0.03 for each pixel and each column that it is away
    from the expected boundary. The middle of what lies between two boundaries is its ink's centre of mass.
    """
    expected = expected_boundaries(characters, left, pitch, width)
    boundaries = [straight_boundary(ink_of(cleaned), boundary, reach) for boundary in expected]
    owner = owners(cleaned, boundaries)
    first = np.zeros(len(cleaned), np.int64)
    edges = np.stack([first, *(boundary[:, 0] for boundary in boundaries), first + cleaned.shape[2]], axis=1)
    cells = np.stack([edges[:, :-1], edges[:, 1:]], axis=2)
    windows = around_ink(cleaned, owner, cells, width=width, height=height, top=top)
    return take(cleaned, windows, width, height, owner), windows


@checked
def components(
    cleaned: np.ndarray,
    *,
    characters: Number = 4,
    smallest_component: Annotated[int, Ge(0)] = 3,
    top: int | None = 1,
    width: Side = 13,
    height: Side = 20,
) -> Vectors:
    """Take each connected component for a character, and move it to its window's middle, alone.

    Parameters
    ----------
    cleaned : ndarray of float32, shape (n, h, w) or (n, h, w, channels)
        Ink maps; the first channel decides. Beyond a picture is paper.
    characters : int
        Windows of a picture.
    smallest_component : int
        Components of fewer pixels belong to no character.
    top : int, optional
        Row where all windows start. None: the ink's middle decides up and down too.
    width : int
        Columns of a window. A character that is wider is squeezed.
    height : int
        Rows of a window. A character that is higher is squeezed.

    Returns
    -------
    vectors, windows
        As of `grid`.

    Notes
    -----
    Components are those of ink (> 0.3), with 8 neighbours. Two that share more than half of the columns of
    the narrower one, as a dot and its stem do, are one. Of too many components, the two neighbours that are
    narrowest together are joined. Of too few, the widest are taken for several characters and split near
    equal widths, at the columns of least ink. Where they are too narrow for that, the ink, or the picture
    without ink, is split into equal widths. Soft rims belong to the component that they touch.
    """
    from scipy import ndimage

    ink = ink_of(cleaned)
    labels = label_components(ink > INK)
    # a soft rim that touches two components belongs to the later one
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
