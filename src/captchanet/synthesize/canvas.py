"""Paint captchas of coloured letters and lines: colours, lines and letters, onto a canvas.

A canvas is float64 (height, width, 3), red, green and blue from 0 to 255. Positions are in pixels from the
upper left corner, to the edges of pixels.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from captchanet.synthesize.filling import Letter, Placement, Tile
from captchanet.synthesize.outlines import MIDDLE, Face, load_outlines
from captchanet.synthesize.style import Alpha

Canvas = NDArray[np.float64]


def blank(width: int, height: int, colour: NDArray[np.generic]) -> Canvas:
    """Return a canvas of one colour, (3,): in memory a plane for each of red, green and blue.

    NumPy takes several times as long where the three of a pixel lie together.
    """
    planes = np.empty((3, height, width))
    planes[:] = colour[:, np.newaxis, np.newaxis]
    return np.moveaxis(planes, 0, 2)


BRIGHTEST = 160.0
"""The largest luminance of a letter's colour, of 255: a little below that of orange (173)."""
LUMINANCE = np.array([0.299, 0.587, 0.114])
"""The weights of red, green and blue in a luminance (ITU-R BT.601)."""
USUAL = 0.5
"""The advance width of a usual letter, in ems."""
LAYOUTS = ("middles", "starts", "text")
"""How letters can stand in a row, see `middles`."""


@dataclass(frozen=True)
class Row:
    """The letters of a captcha, in one face.

    Parameters
    ----------
    label : str
        The letters.
    face : str
        Name of the face.
    ems : ndarray of float, shape (letters,)
        The em of each letter, in pixels.
    degrees : ndarray of float, shape (letters,)
        How far each letter is turned, clockwise.
    slant : float
        How far letters lean to the right beyond the face's own slant, in ems for each em upwards.
    """

    label: str
    face: str
    ems: NDArray[np.float64]
    degrees: NDArray[np.float64]
    slant: float


def advances(row: Row) -> NDArray[np.float64]:
    """Return the advance widths of the letters of a row, in pixels, (letters,)."""
    glyphs = load_outlines(row.face)
    return np.array([glyphs[character].advance for character in row.label]) * row.ems


def letters_of(row: Row, x: NDArray[np.float64], baselines: NDArray[np.float64]) -> list[Letter]:
    """Place the letters of a row.

    Parameters
    ----------
    row : Row
        The letters.
    x : ndarray of float, shape (letters,)
        Where the middle of each letter's advance width is, from the left edge.
    baselines : ndarray of float, shape (letters,)
        What each letter stands on, from the top edge.

    Returns
    -------
    list of Letter
        They turn about the height `MIDDLE` above their baseline.
    """
    glyphs, pivots = load_outlines(row.face), baselines - MIDDLE * row.ems
    measures = (each.tolist() for each in (row.ems, x, pivots, baselines, row.degrees))
    return [
        Letter(glyphs[character], Face(row.face, em, slant=row.slant), Placement(*where))
        for character, em, *where in zip(row.label, *measures, strict=True)
    ]


def within(tile: Tile, width: int, height: int) -> Tile:
    """Crop a tile to a picture; nothing is left of one that lies outside."""
    coverage, left, top = tile
    x, y = max(-left, 0), max(-top, 0)
    return Tile(coverage[y : max(height - top, 0), x : max(width - left, 0)], left + x, top + y)


def dark_colours(number: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Sample colours of letters: of any hue, half to fully saturated, none of them light.

    Parameters
    ----------
    number : int
        How many.
    rng : Generator
        Source of the random numbers.

    Returns
    -------
    ndarray of float, shape (number, 3)
        Red, green and blue, whole numbers from 0 to 255.
    """
    hue, saturation, value = rng.random((3, number, 1))
    saturation = np.minimum(0.5 + 0.75 * saturation, 1)
    # red, green and blue of hue, saturation and value (Smith, 1978)
    sector = (np.array([5.0, 3.0, 1.0]) + 6 * hue) % 6
    away = np.clip(np.minimum(sector, 4 - sector), 0, 1)
    colours = 255 * (0.25 + 0.75 * value) * (1 - saturation * away)
    luminance = (colours * LUMINANCE).sum(axis=1, keepdims=True)
    shaded: NDArray[np.float64] = np.rint(colours * np.minimum(1, BRIGHTEST / luminance))
    return shaded


def paint(canvas: Canvas, alpha: Alpha, colour: NDArray[np.float64]) -> None:
    """Lay a colour over a canvas, in place.

    Parameters
    ----------
    canvas : ndarray of float, shape (height, width, 3)
        Red, green and blue, 0 to 255.
    alpha : ndarray of float, shape (height, width, 1) or (height, width, 3)
        The share of the colour in each pixel, 0 to 1.
    colour : ndarray of float, shape (3,)
        Red, green and blue, 0 to 255.
    """
    canvas += alpha * (colour - canvas)


def lines_cover(
    ends: NDArray[np.float64], widths: NDArray[np.float64], soft: bool, width: int, height: int
) -> Alpha:
    """Measure how much of each pixel straight lines cover.

    Soft lines have edges that are one pixel wide. Others cover whole pixels, as rendering without
    anti-aliasing does: as many as the rounded width in each column, or in each row of a steep line.

    Parameters
    ----------
    ends : ndarray of float, shape (lines, 4)
        x and y of one end and of the other end; they may lie outside the picture.
    widths : ndarray of float, shape (lines,)
        How wide each line is, in pixels.
    soft : bool
        Whether lines are soft.
    width : int
        Columns of the picture.
    height : int
        Rows of the picture.

    Returns
    -------
    ndarray of float, shape (height, width, 1)
        0 to 1; where lines cross, the greatest coverage.
    """
    reach = ends[:, 2:] - ends[:, :2]
    somewhere = np.hypot(*reach.T) > 1e-6  # a line without length has no direction
    ends, widths, reach = ends[somewhere], widths[somewhere], reach[somewhere]
    if not len(ends):
        return np.zeros((height, width, 1))
    cover = (_soft if soft else _hard)(ends, widths, width, height)
    return cover[:, :, np.newaxis]


def _soft(
    ends: NDArray[np.float64], widths: NDArray[np.float64], width: int, height: int
) -> NDArray[np.float64]:
    """Return the coverage by soft lines, (height, width), from each pixel's distance to them."""
    x0, y0, x1, y1 = ends.T[:, :, np.newaxis, np.newaxis]
    dx, dy, length = x1 - x0, y1 - y0, np.hypot(x1 - x0, y1 - y0)
    x = np.arange(width) + 0.5 - x0
    y = np.arange(height)[:, np.newaxis] + 0.5 - y0
    # in place: arrays of all lines and pixels leave the cache soon
    along, distance = x * dx + y * dy, x * dy - y * dx
    along /= length
    cover = np.abs(distance, out=distance)
    cover /= length
    np.subtract(widths[:, np.newaxis, np.newaxis] / 2 + 0.5, cover, out=cover)
    np.clip(cover, 0, 1, out=cover)
    within_ends = np.minimum(along, length - along)
    within_ends += 0.5
    cover *= np.clip(within_ends, 0, 1, out=within_ends)
    most: NDArray[np.float64] = cover.max(axis=0)
    return most


def _hard(
    ends: NDArray[np.float64], widths: NDArray[np.float64], width: int, height: int
) -> NDArray[np.float64]:
    """Return which pixels lines cover, (height, width); a steep line is seen with x and y exchanged."""
    steep = np.abs(ends[:, 3] - ends[:, 1]) > np.abs(ends[:, 2] - ends[:, 0])
    x0, y0, x1, y1 = np.where(steep, ends[:, [1, 0, 3, 2]].T, ends.T)
    x = np.arange(max(width, height)) + 0.5
    between = (x >= np.minimum(x0, x1)[:, np.newaxis]) & (x < np.maximum(x0, x1)[:, np.newaxis])
    line, along = np.nonzero(between)
    pixels, slope = np.maximum(np.rint(widths), 1), (y1 - y0) / (x1 - x0)
    first = y0[line] + (x[along] - x0[line]) * slope[line] - pixels[line] / 2
    first = np.rint(first).astype(np.int64)
    steep, pixels = steep[line], pixels[line]
    covered = np.zeros((height, width))
    for below in range(int(pixels.max(initial=0))):
        across = first + below
        row, column = np.where(steep, along, across), np.where(steep, across, along)
        inside = (row >= 0) & (row < height) & (column >= 0) & (column < width) & (below < pixels)
        covered[row[inside], column[inside]] = 1
    return covered


def middles(row: Row, layout: str, pitch: float, middle: float, room: float) -> NDArray[np.float64]:
    """Find where the letters of a row stand.

    Parameters
    ----------
    row : Row
        The letters.
    layout : {"middles", "starts", "text"}
        What is at equal distances: the letters' middles, or their left ends; or the gaps between letters are
        equal, as in a text.
    pitch : float
        The distance, in pixels; in a text that of two letters of usual width.
    middle : float
        x of the middle of the row.
    room : float
        The row is moved so that it lies between 0 and this; where it does not fit, it is narrowed as far as
        letters can be.

    Returns
    -------
    ndarray of float, shape (letters,)
        x of the middle of each letter.
    """
    widths, usual = advances(row), USUAL * row.ems.mean()
    pitch = min(pitch, (room - 1.5 * usual) / max(1, len(widths) - 1))
    x = (np.arange(len(widths)) - (len(widths) - 1) / 2) * pitch
    if layout == "starts":
        x += (widths - usual) / 2
    elif layout == "text":
        gap = min(pitch - usual, (room - widths.sum()) / max(1, len(widths) - 1))
        ends = np.cumsum(widths + gap) - gap
        x = ends - widths / 2 - ends[-1] / 2
    left, right = x[0] - widths[0] / 2, x[-1] + widths[-1] / 2
    if right - left > room:
        return x + (room - left - right) / 2
    return x + min(max(middle, -left), room - right)
