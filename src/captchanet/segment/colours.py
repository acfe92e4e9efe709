"""The colours of pictures: greys, a level between dark and light, and the colours of paper and ink."""

import numpy as np
from numpy.typing import NDArray

# ITU-R BT.601 luma in 65,536ths, as Pillow's convert("L"): whole numbers give every machine the same grey.
LUMA = (19595, 38470, 7471)

FAR = 64.0
"""A colour nearer to white than this, in RGB units, is taken for paper, not for ink."""


def grey(pictures: np.ndarray) -> NDArray[np.int32]:
    """Return the greys of pictures, as Pillow sees them.

    Parameters
    ----------
    pictures : ndarray of uint8, shape (n, h, w, 3)
        RGB.

    Returns
    -------
    ndarray of int32, shape (n, h, w)
        Greys in 65,536ths: `grey(pictures) >> 16` is 0 to 255.
    """
    greys = np.full(pictures.shape[:3], 32768, np.int32)
    for part in range(3):
        greys += pictures[..., part] * np.int32(LUMA[part])
    return greys


def otsu_levels(greys: np.ndarray) -> NDArray[np.int64]:
    """Find for each picture the level that best separates its greys into those below it and the rest.

    Parameters
    ----------
    greys : ndarray of int, shape (n, h, w)
        0 to 255.

    Returns
    -------
    ndarray of int64, shape (n,)
        1 to 255; 0 for a picture of a single grey.

    Notes
    -----
    The best level has the largest variance between the two parts, ω₀ω₁(μ₀ − μ₁)², where ω is a part's share
    of the pixels and μ its mean grey. Of several best levels the middle one is taken.

    References
    ----------
    N. Otsu, "A threshold selection method from gray-level histograms", IEEE Transactions on Systems, Man, and
    Cybernetics 9 (1979), 62–66.
    """
    counts = _counts(greys, 256)
    below, sums = counts.cumsum(axis=1), (counts * np.arange(256)).cumsum(axis=1)
    number, total = below[:, -1:], sums[:, -1:]
    # the variance times N²: (b·N − a·total)² / (a (N − a)); of N pixels a are below, with the sum of greys b
    parts = np.maximum(below * (number - below), 1).astype(np.float64)
    between = (sums * number - below * total).astype(np.float64) ** 2 / parts
    best = between == between.max(axis=1, keepdims=True)
    middle = (best.argmax(axis=1) + 255 - best[:, ::-1].argmax(axis=1)) // 2
    return np.where(between.any(axis=1), middle + 1, 0)


def paper_colour(pictures: np.ndarray) -> NDArray[np.float32]:
    """Find the most frequent colour of each picture.

    Colours are counted in 16 steps a channel. The result is the mean of the colours in the fullest step.

    Parameters
    ----------
    pictures : ndarray of uint8, shape (n, h, w, 3)
        RGB.

    Returns
    -------
    ndarray of float32, shape (n, 3)
        Red, green and blue, whole numbers.
    """
    steps = _steps(pictures)
    return _mean(pictures, steps == _counts(steps, 4096).argmax(axis=1)[:, np.newaxis, np.newaxis])


def ink_colour(pictures: np.ndarray) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Find the colour that most of the ink on white paper has.

    Colours are counted in 16 steps a channel. The weight of a step is its number of pixels times how much
    farther than `FAR` it is from white. So neither soft rims win, which have many colours, nor speckles,
    which have few pixels of each colour.

    Parameters
    ----------
    pictures : ndarray of uint8, shape (n, h, w, 3)
        RGB.

    Returns
    -------
    colours : ndarray of float32, shape (n, 3)
        The mean colour of the step with the largest weight, in whole numbers.
    any_ink : ndarray of bool, shape (n,)
        Whether any step has a weight.
    """
    steps = _steps(pictures)
    number = np.arange(4096)
    middles = np.stack([number >> 8, number >> 4 & 15, number & 15]) * 16 + 8
    far = np.maximum(np.sqrt(((255 - middles) ** 2).sum(axis=0)) - FAR, 0)
    weights = _counts(steps, 4096) * far
    colours = _mean(pictures, steps == weights.argmax(axis=1)[:, np.newaxis, np.newaxis])
    return colours, weights.any(axis=1)


def distance_from(pictures: np.ndarray, colours: np.ndarray) -> NDArray[np.float32]:
    """Measure how far each pixel is from a colour.

    Parameters
    ----------
    pictures : ndarray of uint8, shape (n, h, w, 3)
        RGB.
    colours : ndarray of float32, shape (n, 3)
        One for each picture, 0 to 255.

    Returns
    -------
    ndarray of float32, shape (n, h, w)
        |pixel − colour| divided by the largest distance that any colour can have from it.
    """
    square = np.zeros(pictures.shape[:3], np.float32)
    for part in range(3):
        square += (pictures[..., part] - colours[:, part, np.newaxis, np.newaxis]) ** 2
    farthest = (np.maximum(colours, 255 - colours) ** 2).sum(axis=1)
    return np.minimum(np.sqrt(square / farthest[:, np.newaxis, np.newaxis]), np.float32(1))


def _steps(pictures: np.ndarray) -> NDArray[np.int32]:
    """Return which of 16 × 16 × 16 steps of colour each pixel is in, int32 (n, h, w)."""
    coarse = (pictures >> 4).astype(np.int32)
    return coarse[..., 0] << 8 | coarse[..., 1] << 4 | coarse[..., 2]


def _counts(values: np.ndarray, most: int) -> NDArray[np.int64]:
    """Count how often each of 0 … most - 1 occurs in each picture, int64 (n, most)."""
    n = len(values)
    flat = values + most * np.arange(n)[:, np.newaxis, np.newaxis]
    return np.bincount(flat.ravel(), minlength=most * n).reshape(n, most)


def _mean(pictures: np.ndarray, where: np.ndarray) -> NDArray[np.float32]:
    """Return the mean colour of the pixels of each picture in `where` (n, h, w), rounded; black without any.

    The sums are of whole numbers, so they are the same in every batch.
    """
    number = np.maximum(where.sum(axis=(1, 2)), 1)
    sums = [np.where(where, pictures[..., part], 0).sum(axis=(1, 2), dtype=np.int64) for part in range(3)]
    return np.rint(np.stack(sums, axis=1) / number[:, np.newaxis]).astype(np.float32)
