"""Letters from polygons: load a face's outlines, turn and place one glyph, and measure the pixels it covers.

A seed must give the same letters everywhere. Two versions of Pillow render fonts differently, and also
polygons, by a few pixels in a thousand letters (Pillow 11.3 fills some corners otherwise than 11.0). So the
faces ship as outlines (`faces/*.json`, written once by `tools/outlines.py`), and this module fills them by
counting sub-pixels in whole numbers.
"""

import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources

import numpy as np
import numpy.typing as npt

from captchanet.errors import UserError

Coverage = npt.NDArray[np.uint8]
"""How much of each pixel is covered, (height, width): 0 for no part of it, 255 for all."""
Contour = npt.NDArray[np.float64]
"""Corners, (corners, 2): x to the right; y upwards in a glyph, downwards in a picture."""
Outline = tuple[Contour, ...]

FOLDER = resources.files("captchanet.synthesize") / "faces"
FINENESS = 16  # sub-pixels along each side of a pixel


@dataclass(frozen=True)
class Face:
    """A face at a size.

    Parameters
    ----------
    outlines : str
        Name of its file in `faces`, without the ending.
    em : float
        Its em, in pixels.
    x_scale : float
        The factor by which it is made wider.
    """

    outlines: str
    em: float
    x_scale: float = 1.0


@dataclass(frozen=True)
class Glyph:
    """One character's shape in ems, y upwards from the baseline.

    Parameters
    ----------
    advance : float
        Its advance width.
    contours : tuple of ndarray of float, shape (corners, 2)
        x and y; anticlockwise around filled parts and clockwise around holes.
    """

    advance: float
    contours: Outline


@dataclass(frozen=True)
class Placement:
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


@dataclass(frozen=True)
class Tile:
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


@cache
def load_outlines(name: str) -> dict[str, Glyph]:
    """Read the glyphs of a face.

    Parameters
    ----------
    name : str
        Name of the face's file in `faces`, without the ending.

    Returns
    -------
    dict of Glyph
        The glyphs, by their character.

    Raises
    ------
    UserError
        Where no such face is shipped.

    Notes
    -----
    In the file a contour is x and y of its first corner, and then x and y of the way from each corner to the
    next.
    """
    check_face(name)
    face = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    em = face["units_per_em"]
    return {
        character: Glyph(
            glyph["advance"] / em,
            tuple(np.cumsum(np.reshape(steps, (-1, 2)), axis=0) / em for steps in glyph["contours"]),
        )
        for character, glyph in face["glyphs"].items()
    }


def check_face(name: str, groups: Iterable[str] = ()) -> None:
    """Raise UserError where `name` is neither a face that is shipped nor one of `groups` of faces."""
    shipped = sorted(entry.name[:-5] for entry in FOLDER.iterdir() if entry.name.endswith(".json"))
    choices = [*groups, *shipped]
    if name not in choices:
        raise UserError(f"No face is called {name!r}: choose one of {', '.join(choices)}.")


def close_dot(glyph: Glyph, growth: float, trim: float) -> Glyph:
    """Narrow the gap below the dot of a letter.

    Parameters
    ----------
    glyph : Glyph
        A letter with a dot.
    growth : float
        How much lower its dot reaches, in ems.
    trim : float
        How much lower its stem ends, in ems.

    Returns
    -------
    Glyph
        The narrowed letter.

    Raises
    ------
    ValueError
        For a glyph that is not made of a stem and a dot.
    """
    stem, dot = sorted(
        (contour.copy() for contour in glyph.contours), key=lambda contour: contour[:, 1].min()
    )
    dot[dot[:, 1] < dot[:, 1].mean(), 1] -= growth
    stem[:, 1] = np.minimum(stem[:, 1], stem[:, 1].max() - trim)
    return Glyph(glyph.advance, (stem, dot))


def slanted(glyph: Glyph, slant: float, about: float) -> Glyph:
    """Lean a glyph to the right by `slant` ems for each em upwards; at the height `about` it stays."""
    lean = np.array([[1.0, 0.0], [slant, 1.0]])
    offset = np.array([slant * about, 0.0])
    return Glyph(glyph.advance, tuple(contour @ lean - offset for contour in glyph.contours))


def place_glyph(glyph: Glyph, face: Face, where: Placement) -> Outline:
    """Scale, turn and move a glyph to where it goes in a picture.

    Parameters
    ----------
    glyph : Glyph
        Its shape.
    face : Face
        Its size.
    where : Placement
        Where it goes.

    Returns
    -------
    tuple of ndarray of float, shape (corners, 2)
        Its contours in pixels of the picture, x to the right and y downwards.
    """
    cosine, sine = math.cos(math.radians(where.degrees)), math.sin(math.radians(where.degrees))
    turn = np.array([[cosine, sine], [-sine, cosine]])
    scale = np.array([face.em * face.x_scale, -face.em])
    # The point that is scaled to the pivot: the glyph's middle, so far above its baseline.
    pivot = np.array([glyph.advance / 2 * scale[0], where.pivot_y - where.baseline])
    centre = np.array([where.pivot_x + where.shift[0], where.pivot_y + where.shift[1]])
    return tuple((contour * scale - pivot) @ turn + centre for contour in glyph.contours)


def fill(outline: Outline) -> Tile:
    """Measure how much of each pixel lies within an outline.

    Parameters
    ----------
    outline : tuple of ndarray of float, shape (corners, 2)
        Contours in pixels of the picture.

    Returns
    -------
    Tile
        The smallest one around the outline.

    Notes
    -----
    A pixel has 16 lines of 16 sub-pixels. Each line adds what lies to the right of an edge that runs
    downwards and subtracts what lies to the right of an edge that runs upwards, which leaves the inside.
    Filled parts that overlap come out a little too dark at their edges.
    """
    starts = np.concatenate(outline)
    ends = np.concatenate([part for contour in outline for part in (contour[1:], contour[:1])])
    left, top = np.floor(starts.min(axis=0)).astype(int).tolist()
    right, bottom = np.ceil(starts.max(axis=0)).astype(int).tolist()
    rows, columns = bottom - top, right - left
    # Line k of sub-pixels, counted from the tile's top, runs at (k + .5) / 16. An edge crosses those from
    # `first` to `last`.
    first, last = np.ceil((np.stack([starts[:, 1], ends[:, 1]]) - top) * FINENESS - 0.5).astype(int)
    crossed = np.abs(last - first)
    edge = np.repeat(np.arange(len(starts)), crossed)
    line = np.arange(len(edge)) + np.repeat(np.minimum(first, last) - np.cumsum(crossed) + crossed, crossed)
    # row by row, since NumPy is slow at gathering pairs
    x, y, dx, dy = (of_each.take(edge) for of_each in (*starts.T, *(ends - starts).T))
    down = (line + 0.5) / FINENESS + top - y
    # Whole sub-pixels: so every sum below is exact.
    crossing = np.rint((x + down / dy * dx - left) * FINENESS).astype(int)
    pixel, part = np.divmod(crossing, FINENESS)
    cell = line // FINENESS * (columns + 2) + pixel
    size, sign = rows * (columns + 2), np.sign(dy)
    steps = np.bincount(cell, sign * (FINENESS - part), size) + np.bincount(cell + 1, sign * part, size)
    inside = np.cumsum(steps.reshape(rows, columns + 2), axis=1)[:, :columns]
    coverage = np.rint(np.clip(inside, 0, FINENESS**2) * (255 / FINENESS**2))
    return Tile(coverage.astype(np.uint8), left, top)


def join(tiles: Sequence[Tile], width: int, height: int) -> Coverage:
    """Lay tiles over one another.

    Parameters
    ----------
    tiles : sequence of Tile
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
    for tile in tiles:
        rows, columns = tile.coverage.shape
        top, left = max(tile.top, 0), max(tile.left, 0)
        bottom, right = min(tile.top + rows, height), min(tile.left + columns, width)
        if top < bottom and left < right:
            seen = tile.coverage[top - tile.top : bottom - tile.top, left - tile.left : right - tile.left]
            part = joined[top:bottom, left:right]
            np.maximum(part, seen, out=part)
    return joined
