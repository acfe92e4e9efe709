"""From pixels to ink: each cleaning turns a batch of pictures into maps of how much ink each pixel holds.

To add one, write a function `f(pictures, *, option: type = default, …)` and name it in `CLEANERS`: then a
configuration can use it and set its options. docs/segmentation.md has a complete example, and shows all.
"""

from collections.abc import Callable
from typing import Annotated, Literal

import numpy as np
from annotated_types import Ge, Interval
from numpy.typing import NDArray

from captchanet.segment.colours import distance_from, grey, ink_colour, otsu_levels, paper_colour
from captchanet.segment.morphology import (
    bridged,
    inner,
    lines_across,
    mean_around,
    without_frame,
    without_noise,
    without_small_components,
)
from captchanet.settings import checked

Lines = Literal["keep", "remove", "channel"]
Channel = Annotated[int, Interval(ge=0, le=255)]


@checked
def threshold(
    pictures: np.ndarray,
    *,
    level: Annotated[int, Interval(ge=0, le=256)] = 128,
    frame: Annotated[int, Ge(0)] = 1,
    speckle_neighbours: Annotated[int, Interval(ge=0, le=8)] = 0,
    smallest_component: Annotated[int, Ge(0)] = 0,
) -> np.ndarray:
    """Take for ink what is darker than a grey level.

    Parameters
    ----------
    pictures : ndarray of uint8, shape (n, h, w, 3)
        RGB.
    level : int
        Greys below it are ink; a grey is 0 to 255.
    frame : int
        Width of the picture's frame, in pixels; it becomes paper.
    speckle_neighbours : int
        Ink with fewer inked pixels among its eight neighbours is erased. Paper with fewer pixels of paper
        among them is filled.
    smallest_component : int
        Connected components (8 neighbours) of ink with fewer pixels are erased.

    Returns
    -------
    ndarray of float32, shape (n, h, w)
        1 = ink, 0 = paper.
    """
    maps = (grey(pictures) < level * 65536).astype(np.float32)
    return without_noise(
        maps, frame=frame, speckle_neighbours=speckle_neighbours, smallest_component=smallest_component
    )


@checked
def otsu(
    pictures: np.ndarray,
    *,
    frame: Annotated[int, Ge(0)] = 1,
    speckle_neighbours: Annotated[int, Interval(ge=0, le=8)] = 0,
    smallest_component: Annotated[int, Ge(0)] = 3,
) -> np.ndarray:
    """Take for ink what is darker than a grey level that Otsu's method finds for each picture.

    Parameters
    ----------
    pictures : ndarray of uint8, shape (n, h, w, 3)
        RGB.
    frame : int
        Width of the picture's frame, in pixels; it becomes paper. The level is found without it.
    speckle_neighbours : int
        Ink with fewer inked pixels among its eight neighbours is erased. Paper with fewer pixels of paper
        among them is filled.
    smallest_component : int
        Connected components (8 neighbours) of ink with fewer pixels are erased.

    Returns
    -------
    ndarray of float32, shape (n, h, w)
        1 = ink, 0 = paper; a picture of a single grey is paper.
    """
    greys = grey(pictures) >> 16
    maps = (greys < otsu_levels(inner(greys, frame))[:, np.newaxis, np.newaxis]).astype(np.float32)
    return without_noise(
        maps, frame=frame, speckle_neighbours=speckle_neighbours, smallest_component=smallest_component
    )


@checked
def ink(
    pictures: np.ndarray,
    *,
    colour: tuple[Channel, Channel, Channel] | None = (0, 0, 153),
    frame: Annotated[int, Ge(0)] = 1,
    speckle_distance: Annotated[float, Ge(0)] = 90.0,
    smallest_component: Annotated[int, Ge(0)] = 3,
) -> np.ndarray:
    """Measure how much of each pixel is ink of one colour on white paper, and repair other speckles.

    Parameters
    ----------
    pictures : ndarray of uint8, shape (n, h, w, 3)
        RGB.
    colour : tuple of int, optional
        The ink's red, green and blue, 0 to 255. None: it is estimated for each picture
        (`captchanet.segment.colours.ink_colour`).
    frame : int
        Width of the picture's frame, in pixels; it becomes paper.
    speckle_distance : float
        A pixel is a speckle where its colour is farther than this from all mixtures of ink and paper, in
        RGB units.
    smallest_component : int
        Connected components (8 neighbours) of ink (> 0.3) with fewer pixels are erased.

    Returns
    -------
    ndarray of float32, shape (n, h, w)
        1 = ink, 0 = paper.

    Notes
    -----
    The colour of a pixel that mixes ink and paper lies on the line between their colours, at its share of
    ink. A pixel farther from that line than `speckle_distance` is a speckle, over ink or over paper: it
    becomes the weighted mean of its eight neighbours (edges 1, corners ½) if that exceeds ½, else paper.
    """
    if colour is None:
        colours, any_ink = ink_colour(inner(pictures, frame))
    else:
        colours, any_ink = np.array([colour], np.float32), np.ones(1, bool)
    alpha, squared_distance = _mixture(pictures, colours)
    speckle = without_frame(squared_distance > speckle_distance**2, frame)
    alpha = without_frame(alpha, frame)
    mean = mean_around(alpha, speckle)
    alpha[speckle] = np.where(mean > 0.5, mean, 0)
    if not any_ink.all():
        alpha[~any_ink] = 0
    return without_small_components(alpha, smallest_component)


def _mixture(
    pictures: np.ndarray, colours: NDArray[np.float32]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return each pixel's share of ink and squared distance from all mixtures, float32 (n, h, w) each.

    `colours`, (1, 3) or (n, 3), are those of the ink.

    Colours are seen from white: d = 255 − RGB. The share alpha is the projection of d onto v, the ink's
    colour, and |d − alpha·v|² = d·d − alpha·(2 d·v − alpha·v·v).
    """
    line = (255 - colours)[:, :, np.newaxis, np.newaxis]
    length = (line * line).sum(axis=1)
    if not length.all():
        raise ValueError("colour is white, the colour of the paper")
    # Plane by plane, since NumPy is slow on rows of three. The sums are whole numbers below 2²⁴, so they are
    # exact in float32 in any order.
    along = np.zeros(pictures.shape[:3], np.float32)
    squared_distance = np.zeros_like(along)
    for part in range(3):
        plane = np.subtract(255, pictures[..., part]).astype(np.float32)
        along += plane * line[:, part]
        squared_distance += np.square(plane, out=plane)
    alpha = np.clip(along / length, 0, 1)
    along *= 2
    along -= alpha * length
    squared_distance -= np.multiply(along, alpha, out=along)
    return alpha, squared_distance


@checked
def distance(
    pictures: np.ndarray,
    *,
    lines: Lines = "keep",
    line_thickness: Annotated[int, Ge(1)] = 2,
    line_length: Annotated[int, Ge(1)] = 12,
    frame: Annotated[int, Ge(0)] = 1,
    speckle_neighbours: Annotated[int, Interval(ge=0, le=8)] = 0,
    smallest_component: Annotated[int, Ge(0)] = 3,
) -> np.ndarray:
    """Measure how far each pixel's colour is from the background's; ink may have any colours.

    The background is the most frequent colour of each picture. 1 is as far from it as a colour can be.

    Parameters
    ----------
    pictures : ndarray of uint8, shape (n, h, w, 3)
        RGB.
    lines : {"keep", "remove", "channel"}
        Black lines across the letters are kept. Or they are removed, and the gaps in letters filled. Or
        blackness, 1 − max(red, green, blue) / 255, is a second channel, for the network to tell lines from
        letters.
    line_thickness : int
        Lines to remove are at most so many pixels thick, measured upright.
    line_length : int
        Lines to remove reach over at least so many columns without a break.
    frame : int
        Width of the picture's frame, in pixels; it becomes background.
    speckle_neighbours : int
        Ink (> 0.3) with fewer inked pixels among its eight neighbours is erased. Background with fewer pixels
        of background among them is filled.
    smallest_component : int
        Connected components (8 neighbours) of ink (> 0.3) with fewer pixels are erased.

    Returns
    -------
    ndarray of float32, shape (n, h, w) or (n, h, w, 2)
        0 = background, 1 = farthest from it; with the lines as a channel, distance and blackness.
    """
    maps = without_frame(distance_from(pictures, paper_colour(inner(pictures, frame))), frame)
    black = without_frame((255 - pictures.max(axis=3)) / np.float32(255), frame)
    if lines == "remove":
        maps = bridged(maps, lines_across(black > 0.5, line_thickness, line_length))
    maps = without_noise(maps, speckle_neighbours=speckle_neighbours, smallest_component=smallest_component)
    return np.stack([maps, black], axis=3) if lines == "channel" else maps


CLEANERS: dict[str, Callable[..., np.ndarray]] = {
    "ink": ink,
    "threshold": threshold,
    "otsu": otsu,
    "distance": distance,
}
