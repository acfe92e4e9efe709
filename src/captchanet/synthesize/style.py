"""Render captchas of the tutorial's kind: turned bold letters over coloured speckles in a grey frame.

Every number of the default style was measured on 2,265 real captchas of the kind; the look of ink, paper and
frame on the 1,266 of them whose ink has one colour. First `sample_captcha` samples all that is random, from a
Generator that is passed in. Then `render` makes pixels of many captchas at once: their letters' coverage, the
paper (`background`), the ink on it (`ink_over`).
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from string import ascii_lowercase, digits
from typing import Annotated, NamedTuple

import numpy as np
import numpy.typing as npt
from annotated_types import Interval

from captchanet.errors import UserError
from captchanet.synthesize.filling import Coverage, Letter, Placement, fill, join, place
from captchanet.synthesize.outlines import Face, close_dot, load_outlines

Pixels = npt.NDArray[np.uint8]  # (height, width, 3): red, green, blue
Alpha = npt.NDArray[np.float64]  # (height, width, 1 or 3): how much of the ink's colour a pixel shows, 0 to 1
Captchas = tuple[npt.NDArray[np.uint8], list[str]]  # pictures (n, height, width, 3), and what stands on them

Share = Annotated[float, Interval(ge=0, le=1)]
Channel = Annotated[int, Interval(ge=0, le=255)]
Colour = tuple[Channel, Channel, Channel]  # red, green and blue

HEROS = Face("heros-bold", 21.2)
INTER = Face("inter-bold", 20.5)
OPEN_SANS = Face("open-sans-bold", 20.3)

WEB = 51  # the 216 "web-safe" colours are the multiples of 51 in each channel


def nearest_faces() -> dict[str, tuple[Face, ...]]:
    """Return for each character the free face, at its size, that is nearest to the mean real letter."""
    faces = {"02356789akloswxz": HEROS, "bcdefghijmnpqrtu": INTER, "14vy": OPEN_SANS}
    return {character: (face,) for characters, face in faces.items() for character in characters}


class Ink(NamedTuple):
    """How ink shows where letters cover a part of a pixel.

    Parameters
    ----------
    how : callable
        `one_bit`, `soft`, `fringed` or another function of coverage and ink that returns alpha.
    threshold : float
        The share of a pixel that `one_bit` ink must cover.
    gain : float
        How much stronger than its coverage `soft` and `fringed` ink is.
    """

    how: "Callable[[Coverage, Ink], Alpha]"
    threshold: float = 0.5
    gain: float = 1.0


def one_bit(coverage: Coverage, ink: Ink) -> Alpha:
    """Ink a pixel fully where at least `ink.threshold` of it is covered, else not at all."""
    return (coverage >= ink.threshold * 255).astype(float)[:, :, np.newaxis]


HARD = Ink(one_bit)


def soft(coverage: Coverage, ink: Ink) -> Alpha:
    """Ink a pixel as much as it is covered, times `ink.gain`: letters have grey edges."""
    return np.minimum(coverage / 255 * ink.gain, 1.0)[:, :, np.newaxis]


def fringed(coverage: Coverage, ink: Ink) -> Alpha:
    """Ink each channel a third of a pixel further: coloured edges, as on a screen with stripes."""
    height, width = coverage.shape
    grey = np.zeros((height, width + 2))
    grey[:, 1:-1] = coverage / 255 * ink.gain
    before, here, after = grey[:, :-2], grey[:, 1:-1], grey[:, 2:]
    channels = np.stack([(before + 2 * here) / 3, here, (2 * here + after) / 3])
    return np.moveaxis(np.minimum(channels, 1.0, out=channels), 0, 2)


def ink_of_share(
    number: float, one_bit_share: float, fringed_share: float
) -> Callable[[Coverage, Ink], Alpha]:
    """Return the ink that a number from 0 to 1 stands for, given the shares of two inks; the rest is soft."""
    if number < one_bit_share:
        return one_bit
    return fringed if number < one_bit_share + fringed_share else soft


def check_shares(one_bit_share: float, fringed_share: float) -> None:
    """Raise UserError where two inks together are more than all captchas."""
    if one_bit_share + fringed_share > 1:
        raise UserError(
            f"one_bit_share {one_bit_share} and fringed_share {fringed_share} are more than all captchas; "
            "make their sum 1 at most"
        )


@dataclass(frozen=True)
class Style:
    """How captchas look; `dataclasses.replace` makes another style of one.

    Positions are in pixels from the picture's upper left corner, to the edges of pixels.

    Parameters
    ----------
    width : int
        Columns of the picture.
    height : int
        Rows of the picture.
    characters : int
        How many characters a captcha has.
    alphabet : str
        The characters that labels are made of.
    faces : mapping of str to tuple of Face
        For each character the faces that it may be rendered in, each as likely as the others.
    pitch : float
        Pixels from one letter's pivot, the point that it is turned about, to the next one's.
    first_pivot_x : float
        Where the first letter's pivot is, across.
    pivot_y : float
        Where all pivots are, down.
    baseline : float
        What upright letters stand on, down.
    rotation : float
        The largest angle about the pivot, in degrees, to either side; every angle is as likely.
    jitter : float
        Standard deviation of a letter's position, across and down, in pixels.
    size_sd : float
        Standard deviation of the logarithm of a letter's size.
    aspect_sd : float
        Standard deviation of the logarithm of a letter's width over its height.
    dot_growth : tuple of float
        Range of how much lower the dots of i and j reach than in the face, in ems.
    stem_trim : tuple of float
        Range of how much lower the stems of i and j end than in the face, in ems.
    ink : Ink
        How ink shows.
    ink_colour : tuple of int
        Its red, green and blue, 0 to 255.
    speckles : int
        How many fall anywhere on the picture; they may fall on one another.
    frame : int, optional
        Grey of the frame, which is one pixel wide, 0 to 255. None: no frame.
    frame_dots : int
        Grey of every other pixel on the frame's left side, 0 to 255.

    Notes
    -----
    The free faces leave a wider gap under the dots of i and j than the real letters have. With `dot_growth`
    and `stem_trim`, 88 of 100 letters that touch no neighbour show the gap, as 88 of 100 real ones do.
    """

    width: int = 72
    height: int = 27
    characters: int = 4
    alphabet: str = digits + ascii_lowercase
    faces: Mapping[str, tuple[Face, ...]] = field(default_factory=nearest_faces, hash=False)
    pitch: float = 12.0
    first_pivot_x: float = 10.85
    pivot_y: float = 10.0
    baseline: float = 16.75
    rotation: float = 25.0
    jitter: float = 0.3
    size_sd: float = 0.0
    aspect_sd: float = 0.0
    dot_growth: tuple[float, float] = (0.0, 0.05)
    stem_trim: tuple[float, float] = (0.0, 0.02)
    ink: Ink = HARD
    ink_colour: Colour = (0, 0, 153)
    speckles: int = 150
    frame: int | None = 204
    frame_dots: int = 153


def sample_labels(count: int, style: Style, rng: np.random.Generator) -> list[str]:
    """Sample labels in which each character occurs as often as the others, or once more.

    Parameters
    ----------
    count : int
        How many labels.
    style : Style
        Its `characters` and `alphabet` count.
    rng : Generator
        Source of the random numbers.

    Returns
    -------
    list of str
        The labels; in rare cases two are the same.
    """
    letters = count * style.characters
    alphabet = np.array(list(style.alphabet))
    rounds, rest = divmod(letters, len(alphabet))
    bag = np.concatenate([np.tile(alphabet, rounds), rng.permutation(alphabet)[:rest]])
    rows = rng.permutation(bag).reshape(count, style.characters)
    return ["".join(row) for row in rows]


def check_characters(characters: str, style: Style) -> None:
    """Raise UserError where the style has no face for some of the characters."""
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


class Speckles(NamedTuple):
    """Where speckles are and which colours they have.

    Parameters
    ----------
    rows : ndarray of int, shape (speckles,)
        Rows of the picture.
    columns : ndarray of int, shape (speckles,)
        Its columns.
    colours : ndarray of float, shape (speckles, 3)
        Red, green and blue, 0 to 1.
    """

    rows: npt.NDArray[np.int64]
    columns: npt.NDArray[np.int64]
    colours: npt.NDArray[np.float64]


class Sampled(NamedTuple):
    """All that was sampled for one captcha."""

    style: Style
    ink: Ink
    letters: list[Letter]
    speckles: Speckles


def sample_letter(character: str, slot: int, style: Style, rng: np.random.Generator) -> Letter:
    """Sample how one character is turned and moved.

    Parameters
    ----------
    character : str
        The character.
    slot : int
        Its place in the label, from 0.
    style : Style
        How captchas look.
    rng : Generator
        Source of the random numbers.

    Returns
    -------
    Letter
        What `captchanet.synthesize.filling.place` needs.
    """
    faces = style.faces[character]
    face = faces[rng.integers(len(faces))] if len(faces) > 1 else faces[0]
    size = math.exp(style.size_sd * rng.standard_normal())
    aspect = math.exp(style.aspect_sd * rng.standard_normal())
    face = Face(face.outlines, face.em * size / math.sqrt(aspect), face.x_scale * aspect)
    glyph = load_outlines(face.outlines)[character]
    if character in "ij":
        glyph = close_dot(glyph, rng.uniform(*style.dot_growth), rng.uniform(*style.stem_trim))
    shift = style.jitter * rng.standard_normal(), style.jitter * rng.standard_normal()
    # as `rng.uniform`, in an eighth of its time
    degrees = -style.rotation + 2 * style.rotation * rng.random()
    pivot_x = style.first_pivot_x + style.pitch * slot
    return Letter(glyph, face, Placement(pivot_x, style.pivot_y, style.baseline, degrees, shift))


def sample_captcha(label: str, style: Style, rng: np.random.Generator, ink: Ink | None = None) -> Sampled:
    """Sample all that is random about one captcha.

    Parameters
    ----------
    label : str
        What stands on it.
    style : Style
        How captchas look.
    rng : Generator
        Source of the random numbers.
    ink : Ink, optional
        How its ink shows; by default as the style's.

    Returns
    -------
    Sampled
        What `render` needs.

    Raises
    ------
    UserError
        Where the label has another length than the style's captchas.
    """
    if len(label) != style.characters:
        raise UserError(
            f"The label {label!r} has {len(label)} characters, where this style's captchas have "
            f"{style.characters}: give a label of that length or another style."
        )
    letters = [sample_letter(character, slot, style, rng) for slot, character in enumerate(label)]
    rows = rng.integers(style.height, size=style.speckles)
    columns = rng.integers(style.width, size=style.speckles)
    speckles = Speckles(rows, columns, rng.random((style.speckles, 3)))
    return Sampled(style, ink or style.ink, letters, speckles)


def background(style: Style, speckles: Speckles) -> Pixels:
    """Render the paper under the letters: white, with speckles, and over these the frame.

    Parameters
    ----------
    style : Style
        How captchas look.
    speckles : Speckles
        The speckles.

    Returns
    -------
    ndarray of uint8, shape (height, width, 3)
        RGB.

    Notes
    -----
    The channels of speckles are sampled evenly from 0 to 255 and rounded to web colours, so 0 and 255 are
    half as frequent as the values between, as they are in the real captchas.
    """
    picture = np.full((style.height, style.width, 3), 255, dtype=np.uint8)
    picture[speckles.rows, speckles.columns] = np.rint(speckles.colours * (255 / WEB)) * WEB
    if style.frame is not None:
        picture[0] = picture[-1] = picture[:, 0] = picture[:, -1] = style.frame
        picture[1:-1:2, 0] = style.frame_dots
    return picture


def ink_over(coverage: Coverage, paper: Pixels, ink: Ink, colour: Colour) -> None:
    """Lay ink over paper, in place, where there is coverage; mixed colours are rounded to web colours.

    Parameters
    ----------
    coverage : ndarray of uint8, shape (height, width)
        How much of each pixel letters cover, 0 to 255.
    paper : ndarray of uint8, shape (height, width, 3)
        RGB, C-contiguous.
    ink : Ink
        How the ink shows.
    colour : tuple of int
        Its red, green and blue, 0 to 255.
    """
    alpha = np.moveaxis(ink.how(coverage, ink), 2, 0)  # planes, which NumPy is fast at
    alpha = alpha.reshape(len(alpha), -1)
    # a fifth of a picture is inked, so only there colours are mixed
    inked = np.flatnonzero(alpha[0] if len(alpha) == 1 else alpha.any(axis=0))
    alpha = alpha.take(inked, axis=1)
    pixels = paper.reshape(-1, 3)
    under = np.ascontiguousarray(pixels.take(inked, axis=0).T, dtype=float)
    mixed = under + alpha * (np.array(colour)[:, np.newaxis] - under)
    if (shades := (alpha > 0) & (alpha < 1)).any():
        np.copyto(mixed, np.rint(mixed / WEB) * WEB, where=shades)
    pixels[inked] = np.rint(mixed, out=mixed).T


def render(sampled: Sequence[Sampled]) -> Iterator[Pixels]:
    """Render captchas.

    Parameters
    ----------
    sampled : sequence of Sampled
        What was sampled for each. For a few dozen at once it takes a third of the time of each alone.

    Yields
    ------
    ndarray of uint8, shape (height, width, 3)
        RGB.
    """
    tiles = iter(fill(place([letter for captcha in sampled for letter in captcha.letters])))
    for style, ink, letters, speckles in sampled:
        coverage = join(islice(tiles, len(letters)), style.width, style.height)
        picture = background(style, speckles)
        ink_over(coverage, picture, ink, style.ink_colour)
        yield picture


def render_captcha(label: str, style: Style, rng: np.random.Generator) -> Pixels:
    """Sample and render one captcha.

    Parameters
    ----------
    label : str
        What stands on it.
    style : Style
        How captchas look.
    rng : Generator
        Source of the random numbers.

    Returns
    -------
    ndarray of uint8, shape (height, width, 3)
        RGB.

    Raises
    ------
    UserError
        As `sample_captcha`, and where no face of the style has one of the characters.
    """
    check_characters(label, style)
    (picture,) = render([sample_captcha(label, style, rng)])
    return picture
