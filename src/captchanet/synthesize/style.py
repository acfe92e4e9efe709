"""Render captchas of the kind that we read: turned bold letters over coloured speckles in a grey frame.

Every number of the default style was measured on 2,265 real captchas of the kind, the look of ink, paper and
frame on the 1,266 of them whose ink has one colour. One captcha is rendered in steps, each a function: its
letters' coverage (``letter``, ``cover``), the paper (``background``), the ink on it (``ink_over``). All
randomness comes from the Generator handed in.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from captchanet.errors import UserError
from captchanet.synthesize.outlines import (
    Coverage,
    Face,
    Placement,
    Tile,
    close_dot,
    fill,
    join,
    load_outlines,
    place_glyph,
)

Pixels = npt.NDArray[np.uint8]  # (height, width, 3): red, green, blue
Alpha = npt.NDArray[np.float64]  # (height, width, 1 or 3): how much of the ink's colour a pixel shows, 0 to 1

HEROS = Face("heros-bold", 21.2)
INTER = Face("inter-bold", 20.5)
INTER_DIGIT = Face("inter-bold", 20.5, x_scale=0.9)  # Inter's own digits are too wide
OPEN_SANS = Face("open-sans-bold", 20.3)

WEB = 51  # the 216 "web-safe" colours are the multiples of 51 in each channel


def nearest_faces() -> dict[str, tuple[Face, ...]]:
    """The free face, at its size, that comes nearest to the averaged real letters, character by character."""
    faces = {"02356789akloswxz": HEROS, "bcdefghijmnpqrtu": INTER, "14vy": OPEN_SANS}
    return {character: (face,) for characters, face in faces.items() for character in characters}


def one_bit(coverage: Coverage, style: "Style") -> Alpha:
    """All ink or none: ink where at least ``style.threshold`` of a pixel is covered."""
    return (coverage >= style.threshold * 255).astype(float)[:, :, np.newaxis]


def soft(coverage: Coverage, style: "Style") -> Alpha:
    """Grey edges: as much ink as there is coverage, times ``style.gain``."""
    return np.minimum(coverage / 255 * style.gain, 1.0)[:, :, np.newaxis]


def fringed(coverage: Coverage, style: "Style") -> Alpha:
    """Coloured edges, as on a screen with red, green and blue stripes: each channel a third of a pixel on."""
    grey = np.pad(coverage / 255 * style.gain, ((0, 0), (1, 1)))
    before, here, after = grey[:, :-2], grey[:, 1:-1], grey[:, 2:]
    return np.minimum(np.stack([(before + 2 * here) / 3, here, (2 * here + after) / 3], axis=2), 1.0)


@dataclass(frozen=True)
class Style:
    """How captchas look; ``dataclasses.replace`` makes another style of one. Lengths are in pixels.

    Positions are measured from the picture's upper left corner, to edges of pixels, not to their centres.
    """

    width: int = 72  # columns of the picture
    height: int = 27  # rows of the picture
    characters: int = 4  # how many characters a captcha has
    alphabet: str = "0123456789abcdefghijklmnopqrstuvwxyz"  # the characters that labels are made of
    # For each character the faces it may be rendered in, each as likely as the others.
    faces: Mapping[str, tuple[Face, ...]] = field(default_factory=nearest_faces, hash=False)
    pitch: float = 12.0  # from one letter's pivot to the next one's
    first_pivot_x: float = 10.85  # where the first letter's pivot is, across
    pivot_y: float = 10.0  # where all pivots are, down
    baseline: float = 16.75  # what upright letters stand on, down
    rotation: float = 25.0  # degrees about the pivot, at most, either way; every angle is as likely
    jitter: float = 0.3  # standard deviation of a letter's position, across and down
    size_sd: float = 0.0  # standard deviation of the logarithm of a letter's size
    aspect_sd: float = 0.0  # standard deviation of the logarithm of a letter's width over its height
    # The free faces leave a wider gap under the dots of i and j than the real letters have: dots reach lower
    # and stems end lower by a random share of an em between these bounds. Of real letters that touch no
    # neighbour 88 in 100 show the gap, and so do 88 of these.
    dot_growth: tuple[float, float] = (0.0, 0.05)
    stem_trim: tuple[float, float] = (0.0, 0.02)
    ink: Callable[[Coverage, "Style"], Alpha] = one_bit  # or soft, fringed, a function of your own
    ink_colour: tuple[int, int, int] = (0, 0, 153)  # red, green and blue, 0 to 255
    threshold: float = 0.5  # the share of a pixel that one_bit ink must cover
    gain: float = 1.0  # how much stronger than its coverage soft and fringed ink is
    speckles: int = 150  # how many fall anywhere on the picture, one on another as it happens
    frame: int | None = 204  # grey of the frame, one pixel wide, 0 to 255; None: no frame
    frame_dots: int = 153  # grey of every other pixel on the frame's left side


def sample_labels(count: int, style: Style, rng: np.random.Generator) -> list[str]:
    """Sample ``count`` labels in which no character occurs more than once oftener than another.

    So every character occurs as soon as there is room for all. Labels may repeat, if rarely.
    """
    letters = count * style.characters
    alphabet = np.array(list(style.alphabet))
    rounds, rest = divmod(letters, len(alphabet))
    bag = np.concatenate([np.tile(alphabet, rounds), rng.permutation(alphabet)[:rest]])
    rows = rng.permutation(bag).reshape(count, style.characters)
    return ["".join(row) for row in rows]


def check_characters(characters: str, style: Style) -> None:
    """Raise UserError naming the characters that the style has no face for."""
    missing = sorted(
        character
        for character in set(characters)
        if not style.faces.get(character)
        or any(character not in load_outlines(face.outlines) for face in style.faces[character])
    )
    if missing:
        raise UserError(
            f"No face of the style has {', '.join(map(repr, missing))}: leave it out of the labels and the "
            "alphabet, or give the style a face that has it."
        )


def letter(character: str, slot: int, style: Style, rng: np.random.Generator) -> Tile:
    """Cover the pixels of one character at the given slot (0 is the first), turned and moved at random."""
    faces = style.faces[character]
    face = faces[rng.integers(len(faces))]
    size = np.exp(style.size_sd * rng.standard_normal())
    aspect = np.exp(style.aspect_sd * rng.standard_normal())
    face = replace(face, em=face.em * size / np.sqrt(aspect), x_scale=face.x_scale * aspect)
    glyph = load_outlines(face.outlines)[character]
    if character in "ij":
        glyph = close_dot(glyph, rng.uniform(*style.dot_growth), rng.uniform(*style.stem_trim))
    x, y = style.jitter * rng.standard_normal(2)
    where = Placement(
        pivot_x=style.first_pivot_x + style.pitch * slot,
        pivot_y=style.pivot_y,
        baseline=style.baseline,
        degrees=rng.uniform(-style.rotation, style.rotation),
        shift=(x, y),
    )
    return fill(place_glyph(glyph, face, where))


def cover(label: str, style: Style, rng: np.random.Generator) -> Coverage:
    """Cover the pixels of a whole label's letters, joined: (height, width) uint8."""
    tiles = [letter(character, slot, style, rng) for slot, character in enumerate(label)]
    return join(tiles, style.width, style.height)


def background(style: Style, rng: np.random.Generator) -> Pixels:
    """The paper under the letters: white, speckled, framed.

    Speckles lie under the frame. Their channels are sampled evenly from 0 to 255 and rounded to web colours,
    so 0 and 255 are half as frequent as what lies between: so it was counted on the real ones.
    """
    picture = np.full((style.height, style.width, 3), 255, dtype=np.uint8)
    rows = rng.integers(style.height, size=style.speckles)
    columns = rng.integers(style.width, size=style.speckles)
    picture[rows, columns] = np.rint(rng.random((style.speckles, 3)) * (255 / WEB)) * WEB
    if style.frame is not None:
        picture[[0, -1]] = style.frame
        picture[:, [0, -1]] = style.frame
        picture[1:-1:2, 0] = style.frame_dots
    return picture


def ink_over(coverage: Coverage, paper: Pixels, style: Style) -> Pixels:
    """Lay ink over speckles and frame, where there is coverage; mixed colours are rounded to web colours."""
    alpha = style.ink(coverage, style)
    mixed = paper + alpha * (np.array(style.ink_colour) - paper.astype(float))
    web = np.rint(mixed / WEB) * WEB
    return np.rint(np.where((alpha > 0) & (alpha < 1), web, mixed)).astype(np.uint8)


def render_captcha(label: str, style: Style, rng: np.random.Generator) -> Pixels:
    """Render one captcha that says ``label``: (height, width, 3) uint8.

    Raises UserError where the label has another length than the style's captchas or a character that no face
    of the style has.
    """
    if len(label) != style.characters:
        raise UserError(
            f"The label {label!r} has {len(label)} characters, where this style's captchas have "
            f"{style.characters}: give a label of that length or another style."
        )
    check_characters(label, style)
    return ink_over(cover(label, style, rng), background(style, rng), style)
