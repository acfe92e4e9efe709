"""From pixels to ink: each cleaner turns a batch of pictures into maps of how much ink lies where.

To add one, write a function `f(pictures, *, option: type = default, …)` and name it in `CLEANERS`; its
options can then be set by those names. docs/segmentation.md has a complete one, and shows all.
"""

from collections.abc import Callable

import numpy as np

from captchanet.segment.colours import distance_from, grey, ink_colour, otsu_levels, paper_colour
from captchanet.segment.morphology import (
    bridged,
    check,
    inner,
    lines_across,
    mean_around,
    tidy,
    without_frame,
    without_small_components,
)

LINES = ("keep", "remove", "channel")


def threshold(
    pictures: np.ndarray,
    *,
    level: int = 128,
    frame: int = 1,
    speckle_neighbours: int = 0,
    smallest_component: int = 0,
) -> np.ndarray:
    """Ink is what is darker than a grey level.

    Args:
        pictures: uint8 (n, h, w, 3), RGB.
        level: greys below it are ink, 0 … 256.
        frame: pixels along each edge that are taken for the picture's frame, hence paper.
        speckle_neighbours: ink with fewer inked pixels around it is erased, paper with less paper filled.
        smallest_component: 8-connected components of ink with fewer pixels than this are erased.

    Returns:
        float32 (n, h, w), 1 = ink, 0 = paper.
    """
    if not 0 <= level <= 256:
        raise ValueError(f"level is {level}, but a grey level lies in 0 … 256")
    maps = (grey(pictures) < level * 65536).astype(np.float32)
    return tidy(
        maps, frame=frame, speckle_neighbours=speckle_neighbours, smallest_component=smallest_component
    )


def otsu(
    pictures: np.ndarray, *, frame: int = 1, speckle_neighbours: int = 0, smallest_component: int = 3
) -> np.ndarray:
    """Ink is what is darker than a grey level that is found for each picture, by Otsu's method.

    Args:
        pictures: uint8 (n, h, w, 3), RGB.
        frame: pixels along each edge that are taken for the picture's frame, hence paper; the level is found
            without them.
        speckle_neighbours: ink with fewer inked pixels around it is erased, paper with less paper filled.
        smallest_component: 8-connected components of ink with fewer pixels than this are erased.

    Returns:
        float32 (n, h, w), 1 = ink, 0 = paper; a picture of a single grey is paper.
    """
    check(frame=frame)
    greys = grey(pictures) >> 16
    maps = (greys < otsu_levels(inner(greys, frame))[:, np.newaxis, np.newaxis]).astype(np.float32)
    return tidy(
        maps, frame=frame, speckle_neighbours=speckle_neighbours, smallest_component=smallest_component
    )


def ink(
    pictures: np.ndarray,
    *,
    colour: tuple[int, int, int] | None = (0, 0, 153),
    frame: int = 1,
    speckle_distance: float = 90.0,
    smallest_component: int = 3,
) -> np.ndarray:
    """How much of each pixel is ink of one colour on white paper; speckles of other colours are mended.

    A pixel that mixes ink and paper lies on the line between their colours, at `alpha` = its share of ink.
    One farther from that line than `speckle_distance` is a speckle, over ink or paper: it becomes the
    weighted mean of its eight neighbours (edges 1, corners ½) if that exceeds ½, else paper.

    Args:
        pictures: uint8 (n, h, w, 3), RGB.
        colour: the ink's red, green and blue, 0 … 255; None: that of each picture, estimated by itself
            (`captchanet.segment.colours.ink_colour`).
        frame: pixels along each edge that are taken for the picture's frame, hence paper.
        speckle_distance: the distance in RGB units from which a pixel counts as a speckle.
        smallest_component: 8-connected components of ink (> 0.3) with fewer pixels than this are erased.

    Returns:
        float32 (n, h, w), 1 = ink, 0 = paper.
    """
    check(frame=frame, speckle_distance=speckle_distance, smallest_component=smallest_component)
    if colour is None:
        colours, any_ink = ink_colour(inner(pictures, frame))
    else:
        if not all(0 <= part <= 255 for part in colour):
            raise ValueError(f"colour is {tuple(colour)}, but red, green and blue lie in 0 … 255")
        colours, any_ink = np.array([colour], np.float32), np.ones(1, bool)
    line = (255 - colours)[:, :, np.newaxis, np.newaxis]  # (1, 3, 1, 1), or for n pictures (n, 3, 1, 1)
    length = (line * line).sum(axis=1)
    if not length.all():
        raise ValueError("colour is white, the colour of the paper")

    # Colours are seen from white: d = 255 − RGB. `alpha` is d's projection onto v, the ink's colour, and
    # |d − alpha·v|² = d·d − alpha·(2 d·v − alpha·v·v). Plane by plane, since NumPy is slow on rows of three.
    # The sums are whole numbers below 2²⁴, hence exact in float32 in whatever order.
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

    speckle = without_frame(squared_distance > speckle_distance**2, frame)
    alpha = without_frame(alpha, frame)
    mean = mean_around(alpha, speckle)
    alpha[speckle] = np.where(mean > 0.5, mean, 0)
    if not any_ink.all():
        alpha[~any_ink] = 0
    return without_small_components(alpha, smallest_component)


def distance(
    pictures: np.ndarray,
    *,
    lines: str = "keep",
    line_thickness: int = 2,
    line_length: int = 12,
    frame: int = 1,
    speckle_neighbours: int = 0,
    smallest_component: int = 3,
) -> np.ndarray:
    """How far each pixel's colour is from the background's, whatever colours ink and background have.

    The background is the most frequent colour of each picture; 1 is as far from it as a colour can be. Black
    lines across the letters can be taken out, with what the letters lose where they cross them; or be left
    to the network, which then sees blackness, 1 − max(red, green, blue) / 255, as a second channel.

    Args:
        pictures: uint8 (n, h, w, 3), RGB.
        lines: "keep", "remove" or "channel".
        line_thickness: to remove, lines are at most so many pixels thick, measured upright,
        line_length: and reach over at least so many columns without a break.
        frame: pixels along each edge that are taken for the picture's frame, hence background.
        speckle_neighbours: ink (> 0.3) with fewer inked pixels around it is erased, holes likewise filled.
        smallest_component: 8-connected components of ink (> 0.3) with fewer pixels than this are erased.

    Returns:
        float32 (n, h, w), 0 = background; with "channel" float32 (n, h, w, 2), distance and blackness.
    """
    check(frame=frame, line_thickness=line_thickness, line_length=line_length)
    if lines not in LINES:
        raise ValueError(f"lines is {lines!r}, but one of {', '.join(LINES)} is needed")
    maps = without_frame(distance_from(pictures, paper_colour(inner(pictures, frame))), frame)
    black = without_frame((255 - pictures.max(axis=3)) / np.float32(255), frame)
    if lines == "remove":
        maps = bridged(maps, lines_across(black > 0.5, line_thickness, line_length))
    maps = tidy(maps, speckle_neighbours=speckle_neighbours, smallest_component=smallest_component)
    return np.stack([maps, black], axis=3) if lines == "channel" else maps


CLEANERS: dict[str, Callable[..., np.ndarray]] = {
    "ink": ink,
    "threshold": threshold,
    "otsu": otsu,
    "distance": distance,
}
