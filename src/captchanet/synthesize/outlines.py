"""The outlines of letters: `captchanet.synthesize.filling` places them in a picture and fills them.

A seed must give the same letters everywhere, and two versions of Pillow render fonts differently. So the
faces ship as outlines (`faces/*.json`, written once by `tools/outlines.py`).
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib import resources

import numpy as np
import numpy.typing as npt

from captchanet.errors import UserError

Contour = npt.NDArray[np.float64]
"""Corners, (corners, 2): x to the right; y upwards in a glyph, downwards in a picture."""
Outline = tuple[Contour, ...]

MIDDLE = 0.33
"""The height above the baseline about which letters are slanted, in ems: half of a capital's."""

FOLDER = resources.files("captchanet.synthesize") / "faces"


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
    slant : float
        How far letters lean to the right, in ems for each em upwards. At the height `MIDDLE` they stay.
    """

    outlines: str
    em: float
    x_scale: float = 1.0
    slant: float = 0.0


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
