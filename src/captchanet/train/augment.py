"""Augmentation: at every step of a training other versions of its characters, turned, sheared, moved, scaled.

A version is read from the cleaned picture, not from the character's window. When a letter is turned or moved,
the version also shows what lies beyond the edge of the window, such as the ink of the next letter (see
`crops`).

To add an augmentation, write a function `f(*, option: type = default, …)` that returns an `Affine`, and name
it in `AUGMENTERS`: then a configuration can set its options.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, NamedTuple

import numpy as np
from annotated_types import Ge
from numpy.typing import NDArray

from captchanet.errors import UserError

MARGIN = 8
"""Pixels of paper around a picture. What lies beyond them is paper too."""


@dataclass(frozen=True, kw_only=True)
class Affine:
    """Characters turned, sheared, moved and scaled, as the same letters could stand in another captcha.

    The random numbers are normal, have the mean 0, and are sampled anew for each version.

    Parameters
    ----------
    rotation : float
        Standard deviation of the angle, in degrees.
    shear_x : float
        Standard deviation of the shear across, in pixels per pixel.
    shear_y : float
        Standard deviation of the shear down, in pixels per pixel.
    shift : float
        Standard deviation of the shift across and of the shift down, in pixels.
    scale : float
        Standard deviation of the logarithms of the factors by which width and height change.
    contrast : float
        Standard deviation of the logarithm of the factor by which the ink changes.
    noise : float
        Standard deviation of the change of each pixel's ink, where 1 is full ink.
    pivot : tuple of float
        The point that a character is turned, sheared and scaled about, in pixels right of its window's centre
        and below it.
    """

    rotation: Annotated[float, Ge(0)] = 15.0
    shear_x: Annotated[float, Ge(0)] = 0.0
    shear_y: Annotated[float, Ge(0)] = 0.0
    shift: Annotated[float, Ge(0)] = 0.6
    scale: Annotated[float, Ge(0)] = 0.04
    contrast: Annotated[float, Ge(0)] = 0.0
    noise: Annotated[float, Ge(0)] = 0.0
    pivot: tuple[float, float] = (0.0, 0.0)


UNCHANGED = Affine(rotation=0, shift=0, scale=0)
"""Every version is the character as it is."""


def none() -> None:
    """Leave every character as it is."""


AUGMENTERS: dict[str, Callable[..., Affine | None]] = {"none": none, "affine": Affine}


class Crops(NamedTuple):
    """Characters as crops of their pictures.

    Parameters
    ----------
    cleaned : ndarray of float32, shape (n, h, w) or (n, h, w, channels)
        The cleaned pictures.
    windows : ndarray, shape (characters, 4)
        Left, top, right and bottom of each character, picture after picture, equally many of each.
    shape : tuple of int
        Height and width of a vector.
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
    """Find the crops of pictures that characters are.

    A splitting method can leave out a part of what a window shows, and that must not come back. Then the
    characters are crops of themselves.

    Parameters
    ----------
    vectors : ndarray of float, shape (characters, channels * height * width)
        The characters.
    cleaned : ndarray of float32, shape (n, h, w) or (n, h, w, channels)
        The cleaned pictures.
    windows : ndarray of int, shape (characters, 4)
        Left, top, right and bottom of each character, picture after picture.
    split : mapping
        The splitting method that made the vectors, `method`, and its options.

    Returns
    -------
    Crops
        The crops.

    Raises
    ------
    UserError
        If the vectors do not have the size of windows.
    """
    shape = (split["height"], split["width"])
    channels, rest = divmod(vectors.shape[1], shape[0] * shape[1])
    if rest or not channels:
        raise UserError(
            f"augment: {split['method']} makes vectors of {vectors.shape[1]} numbers, which are no windows "
            f"of {shape[1]} × {shape[0]} pixels; train without, or choose another splitting method"
        )
    found = Crops(cleaned, _exact(windows, len(windows) // len(cleaned), split), shape)
    plain = Augmenter(UNCHANGED, found, np.arange(len(vectors)), np.random.default_rng(0))
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
    """Return `windows`, `per` of each picture, with the fraction of a pixel where each begins in a grid."""
    exact = windows.astype(np.float64)
    if split["method"] in ("grid", "seams"):
        fraction = np.round(split["left"] + split["pitch"] * (np.arange(len(windows)) % per), 9) % 1
        exact[:, 0] += fraction
        exact[:, 2] += fraction - np.ceil(fraction)
    return exact


class Augmenter:
    """Write other versions of characters over their vectors: what `captchanet.nn.Objective` calls `augment`.

    Parameters
    ----------
    how : Affine
        What happens to a character.
    of : Crops
        The characters.
    characters : ndarray of int, shape (rows,)
        For each training row the number of its character among the crops; -1 for a row that is left as it is.
    rng : Generator
        Source of the random numbers.
    """

    def __init__(
        self, how: Affine, of: Crops, characters: NDArray[np.integer], rng: np.random.Generator
    ) -> None:
        self.how, self.characters, self.rng = how, characters, rng
        maps = of.cleaned[np.newaxis] if of.cleaned.ndim == 3 else np.moveaxis(of.cleaned, 3, 0)
        padded = np.pad(maps, ((0, 0), (0, 0), (MARGIN, MARGIN), (MARGIN, MARGIN))).astype(np.float32)
        # for each channel the pixels of all pictures, one after another
        self._channels = padded.reshape(len(padded), -1)
        self._height, self._width = padded.shape[2:]
        per = len(of.windows) // max(1, len(of.cleaned))
        self._picture = np.repeat(np.arange(len(of.cleaned)) * self._height * self._width, per)
        left, top, right, bottom = of.windows.astype(np.float64).T
        height, width = of.shape
        # a window may have been brought to another size on its way to the vector
        stretch = (right - left) / width, (bottom - top) / height
        # -0.5: from the edges of pixels, in which windows are given, to their centres
        centre = (left + right) / 2 + (MARGIN - 0.5), (top + bottom) / 2 + (MARGIN - 0.5)
        self._windows = np.stack([*stretch, *centre], axis=1)
        rows, columns = np.mgrid[:height, :width]
        across, down = columns.ravel() + (0.5 - width / 2), rows.ravel() + (0.5 - height / 2)
        self._offsets = np.stack([across, down, np.ones(height * width)], axis=1).astype(np.float32)
        self._space: list[NDArray[Any]] = []

    def __call__(self, inputs: NDArray[np.floating], rows: NDArray[np.integer]) -> None:
        """Overwrite the rows that have versions.

        Parameters
        ----------
        inputs : ndarray of float, shape (rows, pixels of a vector)
            Changed in place.
        rows : ndarray of int, shape (rows,)
            The training rows that they are.
        """
        characters = self.characters[rows]
        some = np.flatnonzero(characters >= 0)
        if len(some) == len(rows):
            inputs[...] = self.versions(characters)
        elif len(some):
            inputs[some] = self.versions(characters[some])

    def versions(self, characters: NDArray[np.integer]) -> NDArray[np.float32]:
        """Make one new version of each of these characters.

        Parameters
        ----------
        characters : ndarray of int, shape (characters,)
            Their numbers among the crops.

        Returns
        -------
        ndarray of float32, shape (characters, pixels of a vector)
            The versions.
        """
        how, n = self.how, len(characters)
        normal = self.rng.standard_normal((8, n), dtype=np.float32).astype(np.float64)
        angle = normal[0] * np.radians(how.rotation)
        wider, taller = np.exp(normal[1:3] * how.scale)
        shear_x, shear_y = normal[3] * how.shear_x, normal[4] * how.shear_y
        moved = normal[5:7] * how.shift
        # where in the picture each pixel of the vector comes from: the matrix (xx xy; yx yy) about the pivot
        xx, xy = np.cos(angle) * wider, (shear_x - np.sin(angle)) * wider
        yx, yy = (shear_y + np.sin(angle)) * taller, np.cos(angle) * taller
        pivot = np.array(how.pivot)[:, np.newaxis]
        to_x, to_y = moved + pivot
        across, down, *centre = self._windows.take(characters, axis=0).T
        x, y = centre + pivot
        from_offsets = np.array(
            [
                [xx * across, xy * down, x - xx * to_x - xy * to_y],
                [yx * across, yy * down, y - yx * to_x - yy * to_y],
            ],
            np.float32,
        )
        ink = self._between(from_offsets, self._picture.take(characters)).T
        if how.contrast:
            ink *= np.exp(normal[7] * how.contrast).astype(np.float32)[:, np.newaxis]
        if how.noise:
            ink += self.rng.standard_normal(ink.shape, dtype=np.float32) * np.float32(how.noise)
        if how.contrast or how.noise:
            np.clip(ink, 0, 1, out=ink)
        return ink

    def _between(
        self, from_offsets: NDArray[np.float32], picture: NDArray[np.integer]
    ) -> NDArray[np.float32]:
        """Blend the ink of each point from the four pixels around it, channel after channel.

        `from_offsets`, shape (2, 3, n), makes x and y of the offsets of a vector's pixels. The result has
        shape (pixels of a vector, n): neighbours in it are of n pictures, and a processor fetches from many
        places of its memory at the same time.
        """
        n, pixels = len(picture), len(self._offsets)
        x, y, *corners, column, row, at = self._buffers(pixels, n)
        ways = (x, self._width, column), (y, self._height, row)
        for (points, size, whole), of in zip(ways, from_offsets, strict=True):
            np.matmul(self._offsets, of, out=points)
            points.clip(0, size - 1.001, out=points)
            np.floor(points, out=corners[0])
            np.copyto(whole, corners[0], casting="unsafe")
            points -= corners[0]
        row *= self._width
        row += column
        np.copyto(at, row)
        at += picture
        ink = np.empty((len(self._channels), pixels, n), np.float32)
        # the pixel itself, the one to the right of it, and both below
        steps = (0, 1, self._width, self._width + 1)
        above, right, below, beyond = corners
        for channel, blended in zip(self._channels, ink, strict=True):
            for step, corner in zip(steps, corners, strict=True):
                channel[step:].take(at, out=corner, mode="clip")
            for start, end, share in ((above, right, x), (below, beyond, x), (above, below, y)):
                end -= start
                end *= share
                start += end
            np.copyto(blended, above)
        return ink.reshape(-1, n)

    def _buffers(self, pixels: int, n: int) -> list[NDArray[Any]]:
        """Return arrays (pixels, n) to work in: six of float32, two of int32, and one of indices."""
        size = pixels * n
        if not self._space or len(self._space[0]) < size:
            dtypes = [np.float32] * 6 + [np.int32] * 2 + [np.intp]
            self._space = [np.empty(size, dtype) for dtype in dtypes]
        return [each[:size].reshape(pixels, n) for each in self._space]
