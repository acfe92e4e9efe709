"""Paint captchas of coloured letters and lines: colours, lines and letters, onto a canvas.

A canvas is float64 (height, width, 3), red, green and blue from 0 to 255. Positions are in pixels from the
upper left corner, to the edges of pixels.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from captchanet.synthesize.outlines import (
    Coverage,
    Face,
    Placement,
    fill,
    join,
    load_outlines,
    place_glyph,
    slanted,
)
from captchanet.synthesize.style import Alpha

Canvas = NDArray[np.float64]

BRIGHTEST = 160.0
"""The largest luminance of a letter's colour, of 255: a little below that of orange (173)."""
LUMINANCE = np.array([0.299, 0.587, 0.114])
"""The weights of red, green and blue in a luminance (ITU-R BT.601)."""
MIDDLE = 0.33
"""The height above the baseline about which letters are turned and slanted, in ems: half of a capital's."""
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


def covers(
    row: Row, x: NDArray[np.float64], baselines: NDArray[np.float64], width: int, height: int
) -> Iterator[Coverage]:
    """Measure what each letter of a row covers of a picture.

    Parameters
    ----------
    row : Row
        The letters.
    x : ndarray of float, shape (letters,)
        Where the middle of each letter's advance width is, from the left edge.
    baselines : ndarray of float, shape (letters,)
        What each letter stands on, from the top edge.
    width : int
        Columns of the picture.
    height : int
        Rows of the picture.

    Yields
    ------
    ndarray of uint8, shape (height, width)
        The coverage by one letter, 0 to 255.
    """
    glyphs = load_outlines(row.face)
    for k, character in enumerate(row.label):
        where = Placement(x[k], baselines[k] - MIDDLE * row.ems[k], baselines[k], row.degrees[k])
        glyph = slanted(glyphs[character], row.slant, MIDDLE)
        yield join([fill(place_glyph(glyph, Face(row.face, row.ems[k]), where))], width, height)


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
    columns = np.flatnonzero(alpha.any(axis=(0, 2)))
    if len(columns):  # a letter covers a fifth of all columns, so only these are computed
        part = canvas[:, columns[0] : columns[-1] + 1]
        part += alpha[:, columns[0] : columns[-1] + 1] * (colour - part)


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
    if soft:
        return _soft(ends, widths, width, height)[:, :, np.newaxis]
    steep = np.abs(reach[:, 1]) > np.abs(reach[:, 0])
    cover = _hard(ends[~steep], widths[~steep], width, height)
    cover |= _hard(ends[steep][:, [1, 0, 3, 2]], widths[steep], height, width).T
    return cover[:, :, np.newaxis].astype(float)


def _soft(
    ends: NDArray[np.float64], widths: NDArray[np.float64], width: int, height: int
) -> NDArray[np.float64]:
    """Return the coverage by soft lines, (height, width), from each pixel's distance to them."""
    x0, y0, x1, y1 = ends.T[:, :, np.newaxis, np.newaxis]
    dx, dy, length = x1 - x0, y1 - y0, np.hypot(x1 - x0, y1 - y0)
    x = np.arange(width) + 0.5 - x0
    y = np.arange(height)[:, np.newaxis] + 0.5 - y0
    along, distance = (x * dx + y * dy) / length, np.abs(x * dy - y * dx) / length
    cover = np.clip(widths[:, np.newaxis, np.newaxis] / 2 + 0.5 - distance, 0, 1)
    cover *= np.clip(np.minimum(along, length - along) + 0.5, 0, 1)
    most: NDArray[np.float64] = cover.max(axis=0)
    return most


def _hard(
    ends: NDArray[np.float64], widths: NDArray[np.float64], width: int, height: int
) -> NDArray[np.bool_]:
    """Return which pixels lines cover that are not steep, (height, width)."""
    x0, y0, x1, y1 = ends.T[:, :, np.newaxis]
    x = np.arange(width) + 0.5
    pixels = np.maximum(np.rint(widths), 1)[:, np.newaxis]
    first = np.rint(y0 + (x - x0) * ((y1 - y0) / (x1 - x0)) - pixels / 2)[:, np.newaxis]
    between = ((x >= np.minimum(x0, x1)) & (x < np.maximum(x0, x1)))[:, np.newaxis]
    row = np.arange(height)[:, np.newaxis]
    inside: NDArray[np.bool_] = between & (row >= first) & (row < first + pixels[:, np.newaxis])
    return np.asarray(inside.any(axis=0))


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
