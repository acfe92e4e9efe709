"""Letters from outlines: turn glyphs, place them in a picture, and measure the pixels that they cover.

Pillow fills polygons in each version a little differently (11.3 fills some corners otherwise than 11.0). So
this module counts sub-pixels in whole numbers. It does so for many letters at once: a letter alone takes five
times as long, nearly all of it the cost of calling NumPy.
"""

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from captchanet.synthesize.outlines import MIDDLE, Face, Glyph

Coverage = npt.NDArray[np.uint8]
"""How much of each pixel is covered, (height, width): 0 for no part of it, 255 for all."""

FINENESS = 16  # sub-pixels along each side of a pixel


class Placement(NamedTuple):
    """Where one glyph goes, in pixels from the picture's upper left corner, to the edges of pixels.

    Parameters
    ----------
    pivot_x : float
        Where the middle of the glyph's advance width is, and the point that it is turned about, across.
    pivot_y : float
        Where the point is that it is turned about, down.
    baseline : float
        What it stands on before it is turned, down.
    degrees : float
        How far it is turned, clockwise.
    shift : tuple of float
        How far it is then moved, across and down.
    """

    pivot_x: float
    pivot_y: float
    baseline: float
    degrees: float = 0.0
    shift: tuple[float, float] = (0.0, 0.0)


class Letter(NamedTuple):
    """A glyph, its face and size, and where it goes."""

    glyph: Glyph
    face: Face
    where: Placement


class Outlines(NamedTuple):
    """The outlines of letters in a picture, one after another.

    Parameters
    ----------
    x : ndarray of float, shape (corners,)
        Pixels to the right.
    y : ndarray of float, shape (corners,)
        Pixels downwards.
    contours : ndarray of int, shape (contours,)
        How many corners each contour has.
    letters : ndarray of int, shape (letters,)
        How many corners each letter has; one at least.
    """

    x: npt.NDArray[np.float64]
    y: npt.NDArray[np.float64]
    contours: npt.NDArray[np.int64]
    letters: npt.NDArray[np.int64]


class Tile(NamedTuple):
    """The coverage of one glyph.

    Parameters
    ----------
    coverage : ndarray of uint8, shape (rows, columns)
        0 where no part of a pixel is covered, 255 where all is.
    left : int
        Column of the picture where its left column belongs.
    top : int
        Row of the picture where its top row belongs.
    """

    coverage: Coverage
    left: int
    top: int


def place(letters: Sequence[Letter]) -> Outlines:
    """Scale, slant, turn and move glyphs to where they go in a picture.

    Parameters
    ----------
    letters : sequence of Letter
        The glyphs, one at least; each may have a face, a size and a picture of its own.

    Returns
    -------
    Outlines
        Their outlines, in the order of the letters.
    """
    contours = [contour for letter in letters for contour in letter.glyph.contours]
    corners = np.array([sum(map(len, letter.glyph.contours)) for letter in letters])
    # each number of a letter, for each of its corners
    numbers = np.repeat(np.array([_numbers(letter) for letter in letters]).T, corners, axis=1)
    across, down, slant, middle, stands, cosine, sine, centre_x, centre_y = numbers
    x, y = np.concatenate(contours).T
    if slant.any():
        x = x + slant * y - slant * MIDDLE
    x, y = x * across - middle, y * -down - stands
    # sums of products, without a matrix product: how that is rounded depends on the processor
    x, y = x * cosine - y * sine + centre_x, x * sine + y * cosine + centre_y
    return Outlines(x, y, np.array(list(map(len, contours))), corners)


def _numbers(letter: Letter) -> tuple[float, ...]:
    """Return the numbers that place a glyph: its scales, slant, pivot, turn and centre."""
    glyph, face, (pivot_x, pivot_y, baseline, degrees, shift) = letter
    across, turn = face.em * face.x_scale, math.radians(degrees)
    # The point that is scaled to the pivot: the glyph's middle, so far above its baseline.
    pivot = glyph.advance / 2 * across, pivot_y - baseline
    centre = pivot_x + shift[0], pivot_y + shift[1]
    # from `math`, since NumPy's sine and cosine differ from one processor to another
    return (across, face.em, face.slant, *pivot, math.cos(turn), math.sin(turn), *centre)


def fill(outlines: Outlines) -> list[Tile]:
    """Measure how much of each pixel lies within each letter's outline.

    Parameters
    ----------
    outlines : Outlines
        Contours in pixels of the picture, y downwards.

    Returns
    -------
    list of Tile
        For each letter the smallest tile around its outline and an empty column on either side, for inks that
        reach into it.

    Notes
    -----
    A pixel has 16 lines of 16 sub-pixels. Each line adds what lies to the right of an edge that runs
    downwards and subtracts what lies to the right of an edge that runs upwards, which leaves the inside.
    Filled parts that overlap come out a little too dark at their edges.

    The tiles stand below one another in one array. Every line of it crosses as many edges downwards as
    upwards, so a sum from its left end is nothing again at its right end, and needs no new start there.
    """
    x, y, _, letters = outlines
    starts = np.cumsum(letters) - letters
    left, top = (np.floor(np.minimum.reduceat(at, starts)).astype(np.int64) for at in (x, y))
    right, bottom = (np.ceil(np.maximum.reduceat(at, starts)).astype(np.int64) for at in (x, y))
    left, right = left - 1, right + 1
    rows, columns = bottom - top, right - left
    above = np.cumsum(rows) - rows
    width = int(columns.max())
    line, crossing, sign = _crossings(outlines, left, top, above)
    cell = (line // FINENESS) * width + crossing // FINENESS
    # Whole sub-pixels: so every sum below is exact. What lies to the right of a crossing is all of the cells
    # to the right, and `part` less than all of its own.
    part = crossing % FINENESS
    size = int(rows.sum()) * width
    inside = np.cumsum(np.bincount(cell, sign, size)) * FINENESS
    inside -= np.bincount(cell, sign * part, size)
    np.clip(inside, 0, FINENESS**2, out=inside)
    coverage = np.rint(inside * (255 / FINENESS**2)).astype(np.uint8).reshape(-1, width)
    measures = (each.tolist() for each in (above, rows, columns, left, top))
    return [Tile(coverage[a : a + r, :c], x0, y0) for a, r, c, x0, y0 in zip(*measures, strict=True)]


def _crossings(
    outlines: Outlines,
    left: npt.NDArray[np.int64],
    top: npt.NDArray[np.int64],
    above: npt.NDArray[np.int64],
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """Find where edges cross the lines of sub-pixels.

    `left` and `top` are where each letter's tile begins in the picture, `above` the number of rows above it
    in the array of all tiles, (letters,) each. Returns for each crossing the number of the line in that
    array, that of the sub-pixel in this line, and 1 for an edge that runs downwards, -1 for one upwards.
    """
    x, y, contours, letters = outlines
    ends = np.cumsum(contours)
    following = np.arange(1, len(x) + 1)
    following[ends - 1] = ends - contours  # the last edge of a contour leads to its first corner
    dx, dy = x[following] - x, y[following] - y
    top_of, left_of, above_of = (np.repeat(of, letters) for of in (top, left, above))
    # Line k of sub-pixels, counted from the tile's top, runs at (k + .5) / 16. An edge crosses those from its
    # own `first` up to the next one's.
    first = np.ceil((y - top_of) * FINENESS - 0.5).astype(np.int64)
    last = first[following]
    crossed = np.abs(last - first)
    begin = np.minimum(first, last) + FINENESS * above_of - (np.cumsum(crossed) - crossed)
    line = np.arange(crossed.sum()) + np.repeat(begin, crossed)
    # in place: arrays of this size leave the cache soon
    at = line + 0.5
    at /= FINENESS
    at += np.repeat((top_of - above_of).astype(np.float64), crossed)
    at -= np.repeat(y, crossed)
    at /= np.repeat(dy, crossed)
    at *= np.repeat(dx, crossed)
    at += np.repeat(x, crossed)
    at -= np.repeat(left_of.astype(np.float64), crossed)
    at *= FINENESS
    return line, np.rint(at, out=at).astype(np.int64), np.repeat(np.sign(dy), crossed)


def join(tiles: Iterable[Tile], width: int, height: int) -> Coverage:
    """Lay tiles over one another.

    Parameters
    ----------
    tiles : iterable of Tile
        What lies beyond the picture's edges is left out.
    width : int
        Columns of the picture.
    height : int
        Rows of the picture.

    Returns
    -------
    ndarray of uint8, shape (height, width)
        The coverage, at every pixel the greatest of all tiles.
    """
    joined = np.zeros((height, width), dtype=np.uint8)
    for coverage, tile_left, tile_top in tiles:
        rows, columns = coverage.shape
        top, left = max(tile_top, 0), max(tile_left, 0)
        bottom, right = min(tile_top + rows, height), min(tile_left + columns, width)
        if top < bottom and left < right:
            seen = coverage[top - tile_top : bottom - tile_top, left - tile_left : right - tile_left]
            part = joined[top:bottom, left:right]
            np.maximum(part, seen, out=part)
    return joined
