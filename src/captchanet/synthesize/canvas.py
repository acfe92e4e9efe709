"""What captchas of coloured letters and lines are painted with: colours, lines, letters, onto a canvas.

A canvas is float64 (height, width, 3), red, green and blue from 0 to 255. Lengths are in pixels, from the
upper left corner, to edges of pixels.
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
"""What red, green and blue add to it (ITU-R BT.601)."""
MIDDLE = 0.33
"""How far above the baseline letters are turned and slanted about, in ems: half of a capital's height."""
USUAL = 0.5
"""The advance width of a usual letter, in ems."""
LAYOUTS = ("middles", "starts", "text")
"""How letters can stand in a row, see `middles`."""


@dataclass(frozen=True)
class Row:
    """The letters of a captcha, in one face; arrays have a value for each letter."""

    label: str
    face: str
    ems: NDArray[np.float64]
    degrees: NDArray[np.float64]  # clockwise
    slant: float  # ems to the right for each em upwards, beyond the face's own slant


def advances(row: Row) -> NDArray[np.float64]:
    """How wide the letters are set, (letters,)."""
    glyphs = load_outlines(row.face)
    return np.array([glyphs[character].advance for character in row.label]) * row.ems


def covers(
    row: Row, x: NDArray[np.float64], baselines: NDArray[np.float64], width: int, height: int
) -> Iterator[Coverage]:
    """What each letter covers of a picture: `x` is where the middle of its advance width is, (letters,)."""
    glyphs = load_outlines(row.face)
    for k, character in enumerate(row.label):
        where = Placement(x[k], baselines[k] - MIDDLE * row.ems[k], baselines[k], row.degrees[k])
        glyph = slanted(glyphs[character], row.slant, MIDDLE)
        yield join([fill(place_glyph(glyph, Face(row.face, row.ems[k]), where))], width, height)


def dark_colours(number: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Random colours of letters, (number, 3): of any hue, half to fully saturated, none of them light."""
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
    """Lays a colour over the canvas, as thick as alpha says, 0 to 1: (height, width, 1 or 3)."""
    columns = np.flatnonzero(alpha.any(axis=(0, 2)))
    if len(columns):  # a letter's are a fifth of all
        part = canvas[:, columns[0] : columns[-1] + 1]
        part += alpha[:, columns[0] : columns[-1] + 1] * (colour - part)


def lines_cover(
    ends: NDArray[np.float64], widths: NDArray[np.float64], soft: bool, width: int, height: int
) -> Alpha:
    """How much of each pixel straight lines cover: (height, width, 1), 0 to 1, the greatest of all lines.

    Soft lines have edges of a pixel's width around where they are. Others cover whole pixels: in each column
    (of a steep line in each row) so many as the rounded width, as rendering without anti-aliasing does.

    Args:
        ends: (lines, 4), x and y of one end and of the other, which may lie outside.
        widths: (lines,).
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
    """What lines cover of pixels' middles, edges a pixel wide: (height, width)."""
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
    """Which pixels lines cover that are wider than high, in whole pixels of each column: (height, width)."""
    x0, y0, x1, y1 = ends.T[:, :, np.newaxis]
    x = np.arange(width) + 0.5
    pixels = np.maximum(np.rint(widths), 1)[:, np.newaxis]
    first = np.rint(y0 + (x - x0) * ((y1 - y0) / (x1 - x0)) - pixels / 2)[:, np.newaxis]
    between = ((x >= np.minimum(x0, x1)) & (x < np.maximum(x0, x1)))[:, np.newaxis]
    row = np.arange(height)[:, np.newaxis]
    inside: NDArray[np.bool_] = between & (row >= first) & (row < first + pixels[:, np.newaxis])
    return np.asarray(inside.any(axis=0))


def middles(row: Row, layout: str, pitch: float, middle: float, room: float) -> NDArray[np.float64]:
    """Where letters stand in a row: the x of the middle of each, (letters,).

    Args:
        layout: "middles", which lie at equal distances; "starts", the letters' left ends do; or "text", each
            letter follows the one before at the same gap.
        pitch: the distance, in a text that of two usual letters.
        middle: x of the middle of the row.
        room: the row is moved, and narrowed if need be, to lie between 0 and this, as far as letters can.
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
