"""Augmentation: at every step of a training other versions of its characters, turned, sheared, moved, scaled.

A version is read from the cleaned picture, not from the character's window: what the window cut off comes back
when a letter is turned or moved, and with it the neighbours' ink.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MARGIN = 8
"""Pixels of paper around a picture. Beyond them there is nothing but paper either."""


@dataclass(frozen=True)
class Affine:
    """Standard deviations of what happens to a character, each drawn anew for each.

    `rotation` in degrees; `shear_x` and `shear_y` in pixels per pixel; `shift` in pixels, across and down;
    `scale` of the logarithm of width and of height; `contrast` of the logarithm of the ink; `noise` of the
    ink of each pixel. `pivot` is what a character is turned, sheared and scaled about: pixels right of and
    below its window's centre.
    """

    rotation: float
    shear_x: float
    shear_y: float
    shift: float
    scale: float
    contrast: float
    noise: float
    pivot: tuple[float, float]


def affine(
    *,
    rotation: float = 15.0,
    shear_x: float = 0.0,
    shear_y: float = 0.0,
    shift: float = 0.6,
    scale: float = 0.04,
    contrast: float = 0.0,
    noise: float = 0.0,
    pivot: tuple[float, float] = (0.0, 0.0),
) -> Affine:
    """The letters of a captcha as the same letters could have been turned and set, too."""
    return Affine(rotation, shear_x, shear_y, shift, scale, contrast, noise, pivot)


def none() -> None:
    """Every character as it is."""
    return


AUGMENTERS: dict[str, Callable[..., Affine | None]] = {"none": none, "affine": affine}


class Augmenter:
    """Writes other versions of characters over their vectors: what `captchanet.nn.Objective` calls `augment`.

    `cleaned`, float32 (n, h, w), are the pictures; `windows`, int (characters, 4), left, top, right, bottom
    of each character, n · k of them, picture after picture; `shape` is (height, width) of a vector. Training
    row r is the character `characters[r]`; rows with -1 there are left as they are.
    """

    def __init__(
        self,
        how: Affine,
        cleaned: NDArray[np.float32],
        windows: NDArray[np.integer],
        shape: tuple[int, int],
        characters: NDArray[np.integer],
        rng: np.random.Generator,
    ) -> None:
        self.how, self.characters, self.rng = how, characters, rng
        padded = np.pad(cleaned, ((0, 0), (MARGIN, MARGIN), (MARGIN, MARGIN))).astype(np.float32)
        self._pixels, (_, self._height, self._width) = padded.ravel(), padded.shape
        each = self._height * self._width
        per = len(windows) // max(1, len(cleaned))
        self._picture = np.repeat(np.arange(len(cleaned)) * each, per)
        left, top, right, bottom = windows.astype(np.float32).T
        height, width = shape
        # a window may have been brought to another size on its way to the vector
        self._stretch = np.stack([(right - left) / width, (bottom - top) / height])
        self._centre = np.stack([(left + right) / 2, (top + bottom) / 2]) + MARGIN
        rows, columns = np.mgrid[:height, :width].astype(np.float32)
        self._across = columns.ravel() + np.float32(0.5 - width / 2)
        self._down = rows.ravel() + np.float32(0.5 - height / 2)

    def __call__(self, inputs: NDArray[np.floating], rows: NDArray[np.integer]) -> None:
        """Overwrites `inputs` (rows, pixels of a vector), as far as its rows can have versions."""
        characters = self.characters[rows]
        if characters.min() >= 0:
            inputs[...] = self.versions(characters)
        else:
            some = np.flatnonzero(characters >= 0)
            inputs[some] = self.versions(characters[some])

    def versions(self, characters: NDArray[np.integer]) -> NDArray[np.float32]:
        """One new version of each of these characters, float32 (characters, pixels of a vector)."""
        how, n = self.how, len(characters)
        drawn = self.rng.standard_normal((8, n), dtype=np.float32)
        angle = drawn[0] * np.float32(np.radians(how.rotation))
        wider, taller = np.exp(drawn[1:3] * np.float32(how.scale))
        shear_x, shear_y = drawn[3] * np.float32(how.shear_x), drawn[4] * np.float32(how.shear_y)
        moved = drawn[5:7] * np.float32(how.shift)
        stretch, centre = self._stretch[:, characters], self._centre[:, characters]
        # where in the picture each pixel of the vector comes from: about the pivot, (xx xy; yx yy)
        cosine, sine = np.cos(angle), np.sin(angle)
        xx, xy = cosine * wider, (shear_x - sine) * wider
        yx, yy = (shear_y + sine) * taller, cosine * taller
        pivot = np.array(how.pivot, np.float32)[:, np.newaxis]
        across = self._across * stretch[0][:, np.newaxis] - (moved[0] + pivot[0])[:, np.newaxis]
        down = self._down * stretch[1][:, np.newaxis] - (moved[1] + pivot[1])[:, np.newaxis]
        # -0.5: from the edges of pixels, in which places are given, to their centres
        x0, y0 = centre + pivot - np.float32(0.5)
        x = xx[:, np.newaxis] * across + xy[:, np.newaxis] * down + x0[:, np.newaxis]
        y = yx[:, np.newaxis] * across + yy[:, np.newaxis] * down + y0[:, np.newaxis]
        ink = self._between(x, y, self._picture[characters])
        if how.contrast:
            ink *= np.exp(drawn[7] * np.float32(how.contrast))[:, np.newaxis]
        if how.noise:
            ink += self.rng.standard_normal(ink.shape, dtype=np.float32) * np.float32(how.noise)
        if how.contrast or how.noise:
            np.clip(ink, 0, 1, out=ink)
        return ink

    def _between(
        self, x: NDArray[np.float32], y: NDArray[np.float32], picture: NDArray[np.integer]
    ) -> NDArray[np.float32]:
        """The ink at the points (x, y), blended from the four pixels around each."""
        np.clip(x, 0, self._width - 1.001, out=x)
        np.clip(y, 0, self._height - 1.001, out=y)
        column, row = x.astype(np.int32), y.astype(np.int32)
        x -= column
        y -= row
        at = picture[:, np.newaxis] + (row * self._width + column)
        above = self._pixels.take(at)
        above += x * (self._pixels.take(at + 1) - above)
        at += self._width
        below = self._pixels.take(at)
        below += x * (self._pixels.take(at + 1) - below)
        above += y * (below - above)
        return above
