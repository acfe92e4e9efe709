"""Steps that cleanings share: they take out of ink maps, float32 (n, h, w) from 0 to 1, what is no letter."""

import numpy as np
from numpy.typing import NDArray

INK = 0.3
"""A pixel with more ink than this belongs to a connected component; one with less is its soft rim."""


def without_noise(
    maps: NDArray[np.float32], *, frame: int = 0, speckle_neighbours: int = 0, smallest_component: int = 0
) -> NDArray[np.float32]:
    """Take frame, speckles and small components out of ink maps, in this order.

    Parameters
    ----------
    maps : ndarray of float32, shape (n, h, w)
        1 = ink, 0 = paper; changed in place.
    frame : int
        See `without_frame`; 0: nothing is done.
    speckle_neighbours : int
        See `without_speckles`; 0: nothing is done.
    smallest_component : int
        See `without_small_components`; 0: nothing is done.

    Returns
    -------
    ndarray of float32, shape (n, h, w)
        `maps`.
    """
    without_frame(maps, frame)
    without_speckles(maps, speckle_neighbours)
    return without_small_components(maps, smallest_component)


def without_frame(maps: np.ndarray, frame: int) -> np.ndarray:
    """Set `frame` pixels along each edge of `maps` (n, h, w) to zero, in place, and return `maps`."""
    if frame:
        maps[:, :frame] = maps[:, -frame:] = 0
        maps[:, :, :frame] = maps[:, :, -frame:] = 0
    return maps


def inner(pictures: np.ndarray, frame: int) -> np.ndarray:
    """Return what is within the frame of pictures (n, h, w, …), a view; all, where nothing would be left."""
    height, width = pictures.shape[1:3]
    if 2 * frame >= min(height, width):
        return pictures
    return pictures[:, frame : height - frame, frame : width - frame]


def without_speckles(maps: NDArray[np.float32], neighbours: int) -> NDArray[np.float32]:
    """Take single pixels out of ink maps that differ from the eight around them.

    Parameters
    ----------
    maps : ndarray of float32, shape (n, h, w)
        1 = ink, 0 = paper; changed in place. Beyond a picture is paper.
    neighbours : int
        Ink with fewer inked pixels around it becomes paper. Paper with fewer pixels of paper around it
        becomes the mean of its neighbours.

    Returns
    -------
    ndarray of float32, shape (n, h, w)
        `maps`.
    """
    if not neighbours:
        return maps
    inked = maps > INK
    _, height, width = maps.shape
    padded = np.pad(inked, ((0, 0), (1, 1), (1, 1))).astype(np.uint8)
    around = sum(padded[:, y : y + height, x : x + width] for y in range(3) for x in range(3)) - inked
    holes = ~inked & (around > 8 - neighbours)
    means = mean_around(maps, holes)
    maps[inked & (around < neighbours)] = 0
    maps[holes] = means
    return maps


def mean_around(maps: np.ndarray, where: np.ndarray) -> np.ndarray:
    """Return the weighted mean (edges 1, corners ½) of the eight neighbours of some pixels.

    Parameters
    ----------
    maps : ndarray of float32, shape (n, h, w)
        Ink maps; beyond a picture is paper.
    where : ndarray of bool, shape (n, h, w)
        Which pixels.

    Returns
    -------
    ndarray of float32, shape (k,)
        The means, in the order of the pixels.
    """
    n, height, width = maps.shape
    padded = np.zeros((n, height + 2, width + 2), np.float32)
    padded[:, 1:-1, 1:-1] = maps
    row = width + 2
    # Only the pixels in `where` are visited, since they are few. `index` is a pixel's position in `where`,
    # `centre` in `padded`, which has one column more to the left of it, two more for each row above it, and
    # one row more above it and two more for each picture before it.
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
    """Label the connected components (8 neighbours) of ink.

    Parameters
    ----------
    inked : ndarray of bool, shape (n, h, w)
        Where there is ink.

    Returns
    -------
    ndarray of int, shape (n, h, w)
        The number of each pixel's component, from 1 on through the batch; 0 without ink. A component lies
        within one picture.
    """
    # Imported here because it takes longer than cleaning a thousand pictures, and not every job cleans.
    from scipy import ndimage

    within = np.zeros((3, 3, 3), bool)
    within[1] = True
    labels: NDArray[np.integer] = ndimage.label(inked, within)[0]
    return labels


def without_small_components(maps: NDArray[np.float32], smallest: int) -> NDArray[np.float32]:
    """Take connected components (8 neighbours) of fewer than `smallest` pixels out of ink maps.

    Parameters
    ----------
    maps : ndarray of float32, shape (n, h, w)
        1 = ink, 0 = paper; changed in place.
    smallest : int
        Pixels that a component needs to stay.

    Returns
    -------
    ndarray of float32, shape (n, h, w)
        `maps`.
    """
    inked = maps > INK
    if smallest <= 1 or not inked.any():
        return maps
    labels = label_components(inked)
    # below, only the pixels with ink are visited, since they are few
    pixels = np.flatnonzero(inked)
    component = labels.ravel()[pixels]
    small = np.bincount(component) < smallest
    np.put(maps, pixels[small[component]], 0)
    return maps


def lines_across(dark: NDArray[np.bool_], thickest: int, shortest: int) -> NDArray[np.bool_]:
    """Find thin dark lines that run across.

    A pixel can belong to a line where no more than `thickest` dark pixels stand on one another. A connected
    component (8 neighbours) of such pixels is a line where it reaches over `shortest` columns. So the upright
    strokes of letters are no lines, and neither are short bars. Steep lines are not found.

    Parameters
    ----------
    dark : ndarray of bool, shape (n, h, w)
        Which pixels are dark.
    thickest : int
        The most dark pixels of a line on one another.
    shortest : int
        The fewest columns of a line.

    Returns
    -------
    ndarray of bool, shape (n, h, w)
        Which pixels belong to lines.
    """
    from scipy import ndimage

    # opening leaves the upright runs of more than `thickest` pixels
    thick = ndimage.binary_opening(dark, np.ones((1, min(thickest, dark.shape[1]) + 1, 1)))
    labels = label_components(dark & ~thick)
    columns = [place[2].stop - place[2].start for place in ndimage.find_objects(labels)]
    long: NDArray[np.bool_] = np.array([0, *columns]) >= shortest
    return long[labels]


def bridged(maps: NDArray[np.float32], gaps: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Fill gaps in ink maps.

    Parameters
    ----------
    maps : ndarray of float32, shape (n, h, w)
        1 = ink, 0 = paper. Beyond a picture is paper.
    gaps : ndarray of bool, shape (n, h, w)
        Which pixels are filled: with the ink of the nearest pixel above the gap or below it, whichever has
        less.

    Returns
    -------
    ndarray of float32, shape (n, h, w)
        The filled maps.
    """
    above, below = np.where(gaps, np.float32(0), maps), np.where(gaps, np.float32(0), maps)
    height = maps.shape[1]
    for y in range(1, height):
        above[:, y] = np.where(gaps[:, y], above[:, y - 1], above[:, y])
    for y in reversed(range(height - 1)):
        below[:, y] = np.where(gaps[:, y], below[:, y + 1], below[:, y])
    return np.minimum(above, below)
