"""Synthesize captchas of the tutorial's kind to train on: turned bold letters over speckles in a grey frame.

`captchanet.synthesize.style` renders one captcha. This module lets faces, inks and sizes vary from one
captcha to the next.
"""

import math
from dataclasses import dataclass
from string import ascii_lowercase, digits
from typing import Annotated

import numpy as np
from annotated_types import Ge, Gt, Interval, MinLen

from captchanet.errors import UserError
from captchanet.settings import check
from captchanet.synthesize.blocks import draw
from captchanet.synthesize.outlines import Face, check_face
from captchanet.synthesize.style import (
    HEROS,
    Captchas,
    Channel,
    Colour,
    Ink,
    Share,
    Style,
    check_characters,
    check_shares,
    ink_of_share,
    nearest_faces,
    render,
    sample_captcha,
    sample_labels,
)


@dataclass(frozen=True, kw_only=True)
class Turned:
    """Bold letters, each turned about a point of its place, over coloured speckles in a grey frame.

    This is the tutorial's kind. By default it varies a little more than the real captchas do, so that these
    lie well within. Call it to synthesize the captchas.

    Parameters
    ----------
    count : int
        How many captchas.
    seed : int
        Decides all that is random. Each character occurs as often as the others.
    width : int
        Columns of a picture; as the segmentation's.
    height : int
        Rows of a picture; as the segmentation's.
    characters : int
        How many characters a picture shows; as the segmentation's.
    alphabet : str
        The characters that labels are made of. All of them must be in the segmentation's.
    faces : str
        "mixed": each character in the nearest free face or, as often, in TeX Gyre Heros. Or the name of one
        face for all.
    rotation : float
        The largest angle, in degrees, to either side.
    jitter : float
        Standard deviation of a letter's position, across and down, in pixels.
    size_sd : float
        Standard deviation of the logarithm of a letter's size.
    aspect_sd : float
        Standard deviation of the logarithm of a letter's width over its height.
    pitch : float
        Pixels from one letter's pivot, the point that it is turned about, to the next one's; may be a
        fraction.
    first_pivot_x : float
        Where the first pivot is, in pixels from the left edge.
    pivot_y : float
        Where all pivots are, in pixels from the top edge.
    baseline : float
        What upright letters stand on, in pixels from the top edge.
    one_bit_share : float
        The share of captchas whose ink is there or not, without shades.
    fringed_share : float
        The share of captchas whose ink has coloured edges. The rest has soft grey ones.
    threshold_sd : float
        Ink without shades is where about half of a pixel is covered. This is the standard deviation of that
        share of a pixel.
    gain_sd : float
        Standard deviation of the logarithm of how strong soft and coloured ink is.
    ink : tuple of int
        The ink's red, green and blue, 0 to 255.
    speckles : int
        How many speckles a picture has.
    frame : int, optional
        The grey of the frame, 0 to 255. None: no frame.

    Raises
    ------
    UserError
        For a face that does not exist, a colour that is none, shares of more than 1 together, and letters
        whose pivots are outside the picture.
    """

    count: Annotated[int, Interval(ge=1, le=1_000_000)] = 5000
    seed: Annotated[int, Ge(0)] = 1
    width: Annotated[int, Interval(ge=1, le=4096)] = 72
    height: Annotated[int, Interval(ge=1, le=4096)] = 27
    characters: Annotated[int, Interval(ge=1, le=64)] = 4
    alphabet: Annotated[str, MinLen(1)] = digits + ascii_lowercase
    faces: str = "mixed"
    rotation: Annotated[float, Ge(0)] = 31.0
    jitter: Annotated[float, Ge(0)] = 0.42
    size_sd: Annotated[float, Ge(0)] = 0.03
    aspect_sd: Annotated[float, Ge(0)] = 0.025
    pitch: Annotated[float, Gt(0)] = 12.0
    first_pivot_x: float = 10.85
    pivot_y: float = 10.0
    baseline: float = 16.75
    one_bit_share: Share = 0.4
    fringed_share: Share = 0.15
    threshold_sd: Annotated[float, Ge(0)] = 0.06
    gain_sd: Annotated[float, Ge(0)] = 0.08
    ink: Colour = (0, 0, 153)
    speckles: Annotated[int, Ge(0)] = 140
    frame: Channel | None = 204

    def __post_init__(self) -> None:
        """Raise UserError for values that no captcha can have."""
        check(type(self), vars(self))
        check_shares(self.one_bit_share, self.fringed_share)
        check_face(self.faces, ("mixed",))
        first, y = self.first_pivot_x, self.pivot_y
        last = first + self.pitch * (self.characters - 1)
        if not (first >= 0 and last < self.width and 0 <= y < self.height):
            raise UserError(
                f"the letters turn about the points ({first:g}, {y:g}) to ({last:g}, {y:g}) of a picture of "
                f"{self.width} × {self.height} pixels; bring them into it by `first_pivot_x`, `pitch`, "
                "`pivot_y` or `characters`, or render it larger"
            )

    def __call__(self, processes: int = 1) -> Captchas:
        """Synthesize the captchas.

        Parameters
        ----------
        processes : int
            How many may work at the same time. Any number gives the same pixels.

        Returns
        -------
        pictures : ndarray of uint8, shape (count, height, width, 3)
            RGB.
        labels : list of str
            What stands on each picture.

        Raises
        ------
        UserError
            For a character that no face has.
        """
        style = self._style()
        check_characters(self.alphabet, style)
        rng = np.random.default_rng(self.seed)
        labels = sample_labels(self.count, style, rng)
        sampled = (sample_captcha(label, style, rng, self._ink(rng)) for label in labels)
        return draw(sampled, (self.count, self.height, self.width, 3), render, processes), labels

    def _style(self) -> Style:
        """Return what all captchas have in common."""
        named = dict.fromkeys(self.alphabet, (Face(self.faces, HEROS.em),))
        return Style(
            width=self.width,
            height=self.height,
            characters=self.characters,
            alphabet=self.alphabet,
            faces=_mixed() if self.faces == "mixed" else named,
            pitch=self.pitch,
            first_pivot_x=self.first_pivot_x,
            pivot_y=self.pivot_y,
            baseline=self.baseline,
            rotation=self.rotation,
            jitter=self.jitter,
            size_sd=self.size_sd,
            aspect_sd=self.aspect_sd,
            ink_colour=self.ink,
            speckles=self.speckles,
            frame=self.frame,
        )

    def _ink(self, rng: np.random.Generator) -> Ink:
        """Sample the ink of one captcha, always by three numbers, so that no share changes what follows."""
        how = ink_of_share(rng.random(), self.one_bit_share, self.fringed_share)
        threshold = 0.5 + self.threshold_sd * rng.standard_normal()
        gain = math.exp(0.06 + self.gain_sd * rng.standard_normal())
        return Ink(how, min(max(threshold, 0.05), 0.95), gain)


def _mixed() -> dict[str, tuple[Face, ...]]:
    """Return for each character its nearest face and, where that is another one, Heros."""
    return {
        character: tuple(dict.fromkeys((*nearest, HEROS))) for character, nearest in nearest_faces().items()
    }
