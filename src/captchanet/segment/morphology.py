"""The steps that cleaners share: what is no letter is taken out of ink maps, float32 (n, h, w) in 0 … 1."""

import numpy as np
from numpy.typing import NDArray

INK = 0.3
"""A pixel with more than this belongs to a component; less is the soft rim around one."""


def tidy(
    maps: NDArray[np.float32], *, frame: int = 0, speckle_neighbours: int = 0, smallest_component: int = 0
) -> NDArray[np.float32]:
    """Frame, speckles and small components taken out of ink maps, in this order, each unless its number is 0.

    Args:
        maps: float32 (n, h, w), 1 = ink, 0 = paper; changed in place and returned.
        frame: see `without_frame`.
        speckle_neighbours: see `without_speckles`.
        smallest_component: see `without_small_components`.
    """
    check(frame=frame, speckle_neighbours=speckle_neighbours, smallest_component=smallest_component)
    without_frame(maps, frame)
    without_speckles(maps, speckle_neighbours)
    return without_small_components(maps, smallest_component)


def without_frame(maps: np.ndarray, frame: int) -> np.ndarray:
    """`maps` (n, h, w), in place, with `frame` pixels along each edge set to zero."""
    if frame:
        maps[:, :frame] = 0
        maps[:, -frame:] = 0
        maps[:, :, :frame] = 0
        maps[:, :, -frame:] = 0
    return maps


def inner(pictures: np.ndarray, frame: int) -> np.ndarray:
    """The part of pictures (n, h, w, …) within the frame, a view; all of them where nothing would be left."""
    height, width = pictures.shape[1:3]
    if 2 * frame >= min(height, width):
        return pictures
    return pictures[:, frame : height - frame, frame : width - frame]


def without_speckles(maps: NDArray[np.float32], neighbours: int) -> NDArray[np.float32]:
    """`maps` (n, h, w), in place, without single pixels that do not go with the eight around them.

    Ink with fewer than `neighbours` inked pixels around it becomes paper; paper with fewer than `neighbours`
    pixels of paper around it, the mean of its neighbours. Beyond the picture is paper.
    """
    if not neighbours:
        return maps
    inked = maps > INK
    _, height, width = maps.shape
    padded = np.pad(inked, ((0, 0), (1, 1), (1, 1))).astype(np.uint8)
    around = sum(padded[:, y : y + height, x : x + width] for y in range(3) for x in range(3)) - inked
    holes = ~inked & (around > 8 - neighbours)
    mended = mean_around(maps, holes)
    maps[inked & (around < neighbours)] = 0
    maps[holes] = mended
    return maps


def mean_around(maps: np.ndarray, where: np.ndarray) -> np.ndarray:
    """The weighted mean (edges 1, corners ½) of the eight neighbours of each pixel in `where`, float32 (k,).

    Only those pixels are visited: they are few. Beyond the picture is paper.
    """
    n, height, width = maps.shape
    padded = np.zeros((n, height + 2, width + 2), np.float32)
    padded[:, 1:-1, 1:-1] = maps
    row = width + 2
    # The index of the same pixel in `where`, without the margin, and in `padded`: one column more to the left
    # of it, two more for each row and two more rows for each picture above it, and one more row.
    index = np.flatnonzero(where)
    above = index // width
    centre = index + 1 + 2 * above + row * (2 * (above // height) + 1)
    edges, corners = np.zeros((2, len(index)), np.float32)
    for step in (-row, -1, 1, row):
        edges += padded.take(centre + step)
    for step in (-row - 1, -row + 1, row - 1, row + 1):
        corners += padded.take(centre + step)
    return (edges + corners / 2) / 6


def label_components(inked: NDArray[np.bool_]) -> NDArray[np.integer]:
    """The 8-connected components of `inked` (n, h, w), numbered from 1 through the batch; 0 is none.

    They are connected within a picture, never with the picture before or after.
    """
    # Imported here because it takes longer than cleaning a thousand pictures, and not every job cleans.
    from scipy import ndimage

    within = np.zeros((3, 3, 3), bool)
    within[1] = True
    labels: NDArray[np.integer] = ndimage.label(inked, within)[0]
    return labels


def without_small_components(maps: NDArray[np.float32], smallest: int) -> NDArray[np.float32]:
    """`maps` (n, h, w), in place, without the 8-connected components of fewer than `smallest` pixels."""
    inked = maps > INK
    if smallest <= 1 or not inked.any():
        return maps
    labels = label_components(inked)
    # Only the pixels with ink are visited from here on: they are few.
    pixels = np.flatnonzero(inked)
    component = labels.ravel()[pixels]
    small = np.bincount(component) < smallest
    np.put(maps, pixels[small[component]], 0)
    return maps


def lines_across(dark: NDArray[np.bool_], thickest: int, shortest: int) -> NDArray[np.bool_]:
    """Which pixels belong to thin dark lines that run across, bool (n, h, w).

    A pixel can be of a line where no more than `thickest` dark pixels stand on one another; an 8-connected
    component of those is a line where it reaches over `shortest` columns. So the upright strokes of letters
    stay, and so do short bars; steep lines are not found.
    """
    if not dark.any():
        return dark
    above, below = np.zeros(dark.shape, np.int32), np.zeros(dark.shape, np.int32)
    height = dark.shape[1]
    for y in range(height):
        above[:, y] = (above[:, y - 1] + 1 if y else 1) * dark[:, y]
    for y in reversed(range(height)):
        below[:, y] = (below[:, y + 1] + 1 if y < height - 1 else 1) * dark[:, y]
    labels = label_components(dark & (above + below - 1 <= thickest))
    component = labels.ravel()
    column = np.arange(len(component)) % dark.shape[2]
    first, last = np.full(labels.max() + 1, dark.shape[2]), np.full(labels.max() + 1, -1)
    np.minimum.at(first, component, column)
    np.maximum.at(last, component, column)
    long = last - first + 1 >= shortest
    long[0] = False
    return long[labels]


def bridged(maps: NDArray[np.float32], gaps: NDArray[np.bool_]) -> NDArray[np.float32]:
    """`maps` (n, h, w) with `gaps` filled: with the less ink of the nearest pixels above and below the gap.

    Beyond the picture is paper.
    """
    above, below = np.where(gaps, np.float32(0), maps), np.where(gaps, np.float32(0), maps)
    height = maps.shape[1]
    for y in range(1, height):
        above[:, y] = np.where(gaps[:, y], above[:, y - 1], above[:, y])
    for y in reversed(range(height - 1)):
        below[:, y] = np.where(gaps[:, y], below[:, y + 1], below[:, y])
    return np.minimum(above, below)


def check(**options: float) -> None:
    """Raises ValueError, naming it, for an option that is negative or no number."""
    for name, value in options.items():
        if not value >= 0:  # not-a-number neither
            raise ValueError(f"{name} is {value}, but cannot be negative")
