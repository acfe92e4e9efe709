"""Synthesize captchas of the tutorial's kind to train on: turned bold letters over speckles in a grey frame.

One captcha is rendered as `captchanet.synthesize.style` renders it; what is here lets faces, inks and sizes
vary from one captcha to the next.
"""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from captchanet.errors import UserError
from captchanet.synthesize.outlines import Coverage, Face, check_face
from captchanet.synthesize.style import (
    HEROS,
    Alpha,
    Style,
    check_characters,
    fringed,
    nearest_faces,
    one_bit,
    render_captcha,
    sample_labels,
    soft,
)


def turned(
    *,
    count: int = 5000,
    seed: int = 1,
    width: int = 72,
    height: int = 27,
    characters: int = 4,
    alphabet: str = "0123456789abcdefghijklmnopqrstuvwxyz",
    faces: str = "mixed",
    rotation: float = 31.0,
    jitter: float = 0.42,
    size_sd: float = 0.03,
    aspect_sd: float = 0.025,
    pitch: float = 12.0,
    first_pivot_x: float = 10.85,
    pivot_y: float = 10.0,
    baseline: float = 16.75,
    one_bit_share: float = 0.4,
    fringed_share: float = 0.15,
    threshold_sd: float = 0.06,
    gain_sd: float = 0.08,
    ink: tuple[int, int, int] = (0, 0, 153),
    speckles: int = 140,
    frame: int | None = 204,
) -> tuple[np.ndarray, list[str]]:
    """The tutorial's kind, a little wilder than it is, so that the real ones lie well within.

    Bold letters turned about a point of their slot, over coloured speckles in a grey frame. `faces` is
    "mixed" (the nearest free face of each character, and half the time TeX Gyre Heros), or the name of one
    face for all; `one_bit_share` and `fringed_share` are the shares of captchas with hard ink and with
    colour-fringed ink, the rest is soft. Lengths are in pixels, `rotation` the largest angle in degrees, `sd`
    standard deviations (of logarithms for size, aspect and gain). Raises UserError for a face that there is
    not, a character that no face has, a colour that is none, shares above 1 together, and letters whose
    points are outside the picture.
    """
    if one_bit_share + fringed_share > 1:
        raise UserError(
            f"one_bit_share {one_bit_share} and fringed_share {fringed_share} are more than all captchas; "
            "make their sum 1 at most"
        )
    for name, colours in (("ink", ink), ("frame", () if frame is None else (frame,))):
        if not all(0 <= colour <= 255 for colour in colours):
            raise UserError(f"{name}: found {colours}; expected 0 to 255, from dark to light")
    check_face(faces, ("mixed",))
    style = replace(
        Style(),
        width=width,
        height=height,
        characters=characters,
        alphabet=alphabet,
        faces=_mixed() if faces == "mixed" else dict.fromkeys(alphabet, (Face(faces, HEROS.em),)),
        rotation=rotation,
        jitter=jitter,
        size_sd=size_sd,
        aspect_sd=aspect_sd,
        pitch=pitch,
        first_pivot_x=first_pivot_x,
        pivot_y=pivot_y,
        baseline=baseline,
        ink_colour=ink,
        speckles=speckles,
        frame=frame,
    )
    check_characters(alphabet, style)
    last_pivot_x = first_pivot_x + pitch * (characters - 1)
    if not (first_pivot_x >= 0 and last_pivot_x < width and 0 <= pivot_y < height):
        raise UserError(
            f"the letters turn about the points ({first_pivot_x:g}, {pivot_y:g}) to ({last_pivot_x:g}, "
            f"{pivot_y:g}) of a picture of {width} × {height} pixels; bring them into it by `first_pivot_x`, "
            "`pitch`, `pivot_y` or `characters`, or render it larger"
        )
    rng = np.random.default_rng(seed)
    labels = sample_labels(count, style, rng)
    pictures = np.empty((count, height, width, 3), np.uint8)
    for number, label in enumerate(labels):
        # three random numbers whatever comes of them, so that one share does not move all the rest
        kind, threshold, gain = rng.random(), rng.normal(0.5, threshold_sd), np.exp(rng.normal(0.06, gain_sd))
        kinds = ((one_bit_share, one_bit), (one_bit_share + fringed_share, fringed), (1.0, soft))
        how: Callable[[Coverage, Style], Alpha] = next(how for below, how in kinds if kind <= below)
        one = replace(style, ink=how, threshold=float(np.clip(threshold, 0.05, 0.95)), gain=float(gain))
        pictures[number] = render_captcha(label, one, rng)
    return pictures, labels


def _mixed() -> dict[str, tuple[Face, ...]]:
    """For each character Heros, and the face that comes nearest where that is another, as often."""
    return {
        character: tuple(dict.fromkeys((*nearest, HEROS))) for character, nearest in nearest_faces().items()
    }
