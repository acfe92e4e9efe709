"""Augmentation: at every step of a training other versions of its characters, turned, sheared, moved, scaled.

A version is read from the cleaned picture, not from the character's window: what lies beyond the window's
edge comes back when a letter is turned or moved, and with it the neighbours' ink (see `crops`).

To add an augmentation, write a function `f(*, option: type = default, …)` that returns an `Affine`, and name
it in `AUGMENTERS`; a configuration can then set its options.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from captchanet.errors import UserError

MARGIN = 8
"""Pixels of paper around a picture. Beyond them there is nothing but paper either."""


@dataclass(frozen=True)
class Affine:
    """Standard deviations of what happens to a character, sampled anew for each.

    `rotation` in degrees; `shear_x` and `shear_y` in pixels per pixel; `shift` in pixels, across and down;
    `scale` of the logarithm of width and of height; `contrast` of the logarithm of the ink; `noise` of the
    ink of each pixel. `pivot` is what a character is turned, sheared and scaled about: pixels right of and
    below its window's centre.
    """

    rotation: float = 0.0
    shear_x: float = 0.0
    shear_y: float = 0.0
    shift: float = 0.0
    scale: float = 0.0
    contrast: float = 0.0
    noise: float = 0.0
    pivot: tuple[float, float] = (0.0, 0.0)


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


class Crops(NamedTuple):
    """Characters as crops of their pictures: the cleaned pictures, each character's window, a vector's shape.

    `cleaned` is float32 (n, h, w) or (n, h, w, channels); `windows` (characters, 4), left, top, right, bottom
    of each character, so many of each picture, picture after picture; `shape` is (height, width) of a vector.
    """

    cleaned: NDArray[np.float32]
    windows: NDArray[np.floating]
    shape: tuple[int, int]


def crops(
    vectors: NDArray[np.floating],
    cleaned: NDArray[np.float32],
    windows: NDArray[np.integer],
    split: Mapping[str, Any],
) -> Crops:
    """The characters `vectors` as crops of the pictures that `split`, method and options, made them of.

    Where they are not what their windows show, because the method left something out, they are crops of
    themselves: what it took away must not come back. Raises UserError where they are no windows at all.
    """
    shape = (split["height"], split["width"])
    channels, rest = divmod(vectors.shape[1], shape[0] * shape[1])
    if rest or not channels:
        raise UserError(
            f"augment: {split['method']} makes vectors of {vectors.shape[1]} numbers, which are no windows "
            f"of {shape[1]} × {shape[0]} pixels; train without, or choose another splitting method"
        )
    found = Crops(cleaned, _exact(windows, len(windows) // len(cleaned), split), shape)
    plain = Augmenter(Affine(), found, np.arange(len(vectors)), np.random.default_rng(0))
    for start in range(0, len(vectors), 4096):
        some = np.arange(start, min(start + 4096, len(vectors)))
        shown = plain.versions(some)
        if shown.shape != vectors[some].shape or not np.allclose(shown, vectors[some], rtol=0, atol=1e-3):
            break
    else:
        return found
    maps = np.moveaxis(vectors.reshape(-1, channels, *shape), 1, 3).astype(np.float32)
    whole = np.tile([0.0, 0.0, shape[1], shape[0]], (len(vectors), 1))
    return Crops(maps, whole, shape)


def _exact(windows: NDArray[np.integer], per: int, split: Mapping[str, Any]) -> NDArray[np.float64]:
    """`windows`, so many `per` picture, are whole pixels; in a grid they may begin at a fraction of one."""
    exact = windows.astype(np.float64)
    if split["method"] in ("grid", "seams"):
        fraction = np.round(split["left"] + split["pitch"] * (np.arange(len(windows)) % per), 9) % 1
        exact[:, 0] += fraction
        exact[:, 2] += fraction - np.ceil(fraction)
    return exact


class Augmenter:
    """Writes other versions of characters over their vectors: what `captchanet.nn.Objective` calls `augment`.

    Training row r is the character `characters[r]` of the crops; rows with -1 there are left as they are.
    """

    def __init__(
        self, how: Affine, of: Crops, characters: NDArray[np.integer], rng: np.random.Generator
    ) -> None:
        self.how, self.characters, self.rng = how, characters, rng
        maps = of.cleaned[np.newaxis] if of.cleaned.ndim == 3 else np.moveaxis(of.cleaned, 3, 0)
        padded = np.pad(maps, ((0, 0), (0, 0), (MARGIN, MARGIN), (MARGIN, MARGIN))).astype(np.float32)
        # channel by channel, all its pictures in a row
        self._channels = padded.reshape(len(padded), -1)
        self._height, self._width = padded.shape[2:]
        per = len(of.windows) // max(1, len(of.cleaned))
        self._picture = np.repeat(np.arange(len(of.cleaned)) * self._height * self._width, per)
        left, top, right, bottom = of.windows.astype(np.float64).T
        height, width = of.shape
        # a window may have been brought to another size on its way to the vector
        self._stretch = np.stack([(right - left) / width, (bottom - top) / height])
        # -0.5: from the edges of pixels, in which windows are given, to their centres
        self._centre = np.stack([(left + right) / 2, (top + bottom) / 2]) + (MARGIN - 0.5)
        rows, columns = np.mgrid[:height, :width]
        across, down = columns.ravel() + (0.5 - width / 2), rows.ravel() + (0.5 - height / 2)
        self._offsets = np.stack([across, down, np.ones(height * width)]).astype(np.float32)

    def __call__(self, inputs: NDArray[np.floating], rows: NDArray[np.integer]) -> None:
        """Overwrites `inputs` (rows, pixels of a vector), as far as its rows can have versions."""
        characters = self.characters[rows]
        some = np.flatnonzero(characters >= 0)
        if len(some) == len(rows):
            inputs[...] = self.versions(characters)
        elif len(some):
            inputs[some] = self.versions(characters[some])

    def versions(self, characters: NDArray[np.integer]) -> NDArray[np.float32]:
        """One new version of each of these characters, float32 (characters, pixels of a vector)."""
        how, n = self.how, len(characters)
        normal = self.rng.standard_normal((8, n), dtype=np.float32).astype(np.float64)
        angle = normal[0] * np.radians(how.rotation)
        wider, taller = np.exp(normal[1:3] * how.scale)
        shear_x, shear_y = normal[3] * how.shear_x, normal[4] * how.shear_y
        moved = normal[5:7] * how.shift
        # where in the picture each pixel of the vector comes from: about the pivot, (xx xy; yx yy)
        xx, xy = np.cos(angle) * wider, (shear_x - np.sin(angle)) * wider
        yx, yy = (shear_y + np.sin(angle)) * taller, np.cos(angle) * taller
        pivot = np.array(how.pivot)[:, np.newaxis]
        to_x, to_y = moved + pivot
        stretch, (x, y) = self._stretch[:, characters], self._centre[:, characters] + pivot
        from_offsets = np.array(
            [
                [xx * stretch[0], xy * stretch[1], x - xx * to_x - xy * to_y],
                [yx * stretch[0], yy * stretch[1], y - yx * to_x - yy * to_y],
            ]
        )
        x, y = from_offsets.astype(np.float32).transpose(0, 2, 1) @ self._offsets
        ink = self._between(x, y, self._picture[characters])
        if how.contrast:
            ink *= np.exp(normal[7] * how.contrast).astype(np.float32)[:, np.newaxis]
        if how.noise:
            ink += self.rng.standard_normal(ink.shape, dtype=np.float32) * np.float32(how.noise)
        if how.contrast or how.noise:
            np.clip(ink, 0, 1, out=ink)
        return ink

    def _between(
        self, x: NDArray[np.float32], y: NDArray[np.float32], picture: NDArray[np.integer]
    ) -> NDArray[np.float32]:
        """The ink at the points (x, y), blended from the four pixels around each, channel after channel."""
        np.clip(x, 0, self._width - 1.001, out=x)
        np.clip(y, 0, self._height - 1.001, out=y)
        column, row = x.astype(np.int32), y.astype(np.int32)
        x -= column
        y -= row
        at = picture[:, np.newaxis] + (row * self._width + column)
        found = []
        for pixels in self._channels:
            above = pixels.take(at)
            above += x * (pixels.take(at + 1) - above)
            below = pixels.take(at + self._width)
            below += x * (pixels.take(at + (self._width + 1)) - below)
            above += y * (below - above)
            found.append(above)
        return found[0] if len(found) == 1 else np.concatenate(found, axis=1)
