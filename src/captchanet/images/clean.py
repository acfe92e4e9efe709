"""From pixels to ink: each cleaner turns a batch of pictures into maps of how much ink lies where.

To add one, write a function `f(pictures, *, option: type = default, …)` and name it in `CLEANERS`; its
options can then be set by those names.
"""

from collections.abc import Callable

import numpy as np

# ITU-R BT.601 luma in 65,536ths, as Pillow's convert("L"): whole numbers give every machine the same grey.
LUMA = (19595, 38470, 7471)

# A pixel of a piece of ink, as opposed to the soft rim around one.
INK = 0.3


def threshold(pictures: np.ndarray, *, level: int = 128, frame: int = 1) -> np.ndarray:
    """Ink is what is darker than a grey level.

    Args:
        pictures: uint8 (n, h, w, 3), RGB.
        level: greys below it are ink, 0 … 256.
        frame: pixels along each edge that are taken for the picture's frame, hence paper.

    Returns:
        float32 (n, h, w), 1 = ink, 0 = paper.
    """
    _check(frame=frame)
    if not 0 <= level <= 256:
        raise ValueError(f"level is {level}, but a grey level lies in 0 … 256")
    grey = np.full(pictures.shape[:3], 32768, np.int32)
    for part in range(3):
        grey += pictures[..., part] * np.int32(LUMA[part])
    return _without_frame((grey < level * 65536).astype(np.float32), frame)


def ink(
    pictures: np.ndarray,
    *,
    colour: tuple[int, int, int] = (0, 0, 153),
    frame: int = 1,
    speckle_distance: float = 90.0,
    smallest_piece: int = 3,
) -> np.ndarray:
    """How much of each pixel is ink of a known colour on white paper; speckles of other colours are mended.

    A pixel that mixes ink and paper lies on the line between their colours, at `alpha` = its share of ink.
    One farther from that line than `speckle_distance` is a speckle, drawn over ink or paper: it becomes the
    weighted mean of its eight neighbours (edges 1, corners ½) if that exceeds ½, else paper.

    Args:
        pictures: uint8 (n, h, w, 3), RGB.
        colour: the ink's red, green and blue, 0 … 255.
        frame: pixels along each edge that are taken for the picture's frame, hence paper.
        speckle_distance: the distance in RGB units from which a pixel counts as a speckle.
        smallest_piece: 8-connected pieces of ink (> 0.3) with fewer pixels than this are erased.

    Returns:
        float32 (n, h, w), 1 = ink, 0 = paper.
    """
    _check(frame=frame, speckle_distance=speckle_distance, smallest_piece=smallest_piece)
    if not all(0 <= part <= 255 for part in colour):
        raise ValueError(f"colour is {tuple(colour)}, but red, green and blue lie in 0 … 255")
    line = 255.0 - np.array(colour, np.float32)
    length = float(line @ line)
    if length == 0:
        raise ValueError("colour is white, the colour of the paper")

    # Colours are seen from white: d = 255 − RGB. `alpha` is d's projection onto v, the ink's colour, and
    # |d − alpha·v|² = d·d − alpha·(2 d·v − alpha·v·v). Plane by plane, since NumPy is slow on rows of three.
    # The sums are whole numbers below 2²⁴, hence exact in float32 in whatever order.
    along = np.zeros(pictures.shape[:3], np.float32)
    beside = np.zeros_like(along)
    for part in range(3):
        plane = np.subtract(255, pictures[..., part]).astype(np.float32)
        along += plane * line[part]
        beside += np.square(plane, out=plane)
    alpha = np.clip(along / length, 0, 1)
    along *= 2
    along -= alpha * length
    beside -= np.multiply(along, alpha, out=along)

    speckle = _without_frame(beside > speckle_distance**2, frame)
    alpha = _without_frame(alpha, frame)
    mean = _neighbours(alpha, speckle)
    alpha[speckle] = np.where(mean > 0.5, mean, 0)
    return _without_small_pieces(alpha, smallest_piece)


def _neighbours(values: np.ndarray, where: np.ndarray) -> np.ndarray:
    """The weighted mean (edges 1, corners ½) of the eight neighbours of each pixel in `where`, float32 (k,).

    Only those pixels are visited: they are few. Beyond the picture is paper.
    """
    n, height, width = values.shape
    padded = np.zeros((n, height + 2, width + 2), np.float32)
    padded[:, 1:-1, 1:-1] = values
    row = width + 2
    # The same place in `where`, without the margin, and in `padded`: one column more to the left of it, two
    # more for each row and two more rows for each picture above it, and one more row.
    place = np.flatnonzero(where)
    above = place // width
    centre = place + 1 + 2 * above + row * (2 * (above // height) + 1)
    edges, corners = np.zeros((2, len(place)), np.float32)
    for step in (-row, -1, 1, row):
        edges += padded.take(centre + step)
    for step in (-row - 1, -row + 1, row - 1, row + 1):
        corners += padded.take(centre + step)
    return (edges + corners / 2) / 6


def _without_small_pieces(alpha: np.ndarray, smallest: int) -> np.ndarray:
    """`alpha` (n, h, w), in place, without the 8-connected pieces of ink of fewer than `smallest` pixels."""
    inked = alpha > INK
    if smallest <= 1 or not inked.any():
        return alpha
    # Imported here because it takes longer than cleaning a thousand pictures, and not every job cleans.
    from scipy import ndimage

    # One call for the whole batch: connected within a picture, never to the picture before or after.
    within = np.zeros((3, 3, 3), bool)
    within[1] = True
    labels, _ = ndimage.label(inked, within)
    # Only the pixels with ink are visited from here on: they are few.
    pixels = np.flatnonzero(inked)
    piece = labels.ravel()[pixels]
    small = np.bincount(piece) < smallest
    np.put(alpha, pixels[small[piece]], 0)
    return alpha


def _without_frame(maps: np.ndarray, frame: int) -> np.ndarray:
    """`maps` (n, h, w), in place, with `frame` pixels along each edge set to zero."""
    if frame:
        maps[:, :frame] = 0
        maps[:, -frame:] = 0
        maps[:, :, :frame] = 0
        maps[:, :, -frame:] = 0
    return maps


def _check(**options: float) -> None:
    for name, value in options.items():
        if not value >= 0:  # not-a-number neither
            raise ValueError(f"{name} is {value}, but cannot be negative")


CLEANERS: dict[str, Callable[..., np.ndarray]] = {"ink": ink, "threshold": threshold}
