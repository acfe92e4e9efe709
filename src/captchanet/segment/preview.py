"""Captchas raw, with their windows, cleaned, and as vectors, side by side for a person to look at."""

from io import BytesIO

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from captchanet.segment.read import spread
from captchanet.segment.segmentation import Segmentation, clean_and_split
from captchanet.segment.suggest import Sample

OUTLINES = ((216, 96, 0), (0, 130, 90))
"""The colours of windows, by turns, since neighbouring windows may overlap."""
GAP = 12
"""Pixels between the parts of a preview."""


def preview(seen: Sample, segmentation: Segmentation, count: int) -> Image.Image:
    """Draw some pictures of a sample, each raw with its windows, cleaned, and as its vectors, enlarged.

    Channels stand below one another.

    Parameters
    ----------
    seen : Sample
        The pictures.
    segmentation : Segmentation
        How they are cleaned and split.
    count : int
        How many of them, evenly spread.

    Returns
    -------
    Image
        One picture of all.
    """
    chosen = spread(len(seen.names), count)
    pictures = seen.pictures[chosen]
    cleaned, vectors, windows = clean_and_split(pictures, segmentation)
    scale = max(1, min(4, 320 // segmentation.picture.width))
    font = ImageFont.load_default()
    rows = []
    for at, number in enumerate(chosen):
        ink, letters = ink_and_vectors(cleaned[at], vectors[at], segmentation, scale)
        parts = [outlined(pictures[at], windows[at], scale), ink, letters]
        rows.append((_plain(seen.names[number]), parts))
    widths = [max(parts[i].width for _, parts in rows) for i in range(3)]
    heights = [max(part.height for part in parts) + 18 for _, parts in rows]
    image = Image.new("RGB", (sum(widths) + 4 * GAP, sum(heights) + GAP * (len(rows) + 1) + 18), "white")
    pen = ImageDraw.Draw(image)
    lefts = [GAP * (i + 1) + sum(widths[:i]) for i in range(3)]
    titles = (
        "raw, with windows",
        f"cleaned: {segmentation.clean.method}",
        f"split: {segmentation.split.method}",
    )
    for left, title in zip(lefts, titles, strict=True):
        pen.text((left, GAP), title, (110, 110, 110), font)
    top = GAP + 18
    for (name, parts), height in zip(rows, heights, strict=True):
        pen.text((GAP, top), name, (0, 0, 0), font)
        for left, part in zip(lefts, parts, strict=True):
            image.paste(part, (left, top + 16))
        top += height + GAP
    return image


def png(image: Image.Image) -> bytes:
    """Return a picture as the bytes of a PNG file."""
    buffer = BytesIO()
    image.save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def outlined(picture: np.ndarray, windows: np.ndarray, scale: int) -> Image.Image:
    """Enlarge a picture and outline its windows.

    Parameters
    ----------
    picture : ndarray of uint8, shape (h, w, 3)
        RGB.
    windows : ndarray of int, shape (characters, 4)
        Left, top, right and bottom of each.
    scale : int
        How many pixels a pixel becomes, each way.

    Returns
    -------
    Image
        The enlarged picture.
    """
    image = _enlarged(picture, scale)
    pen = ImageDraw.Draw(image)
    for i, (left, top, right, bottom) in enumerate(windows.tolist()):
        box = (left * scale, top * scale, right * scale - 1, bottom * scale - 1)
        pen.rectangle(box, outline=OUTLINES[i % 2])
    return image


def ink_and_vectors(
    cleaned: np.ndarray, vectors: np.ndarray, segmentation: Segmentation, scale: int
) -> tuple[Image.Image, Image.Image]:
    """Draw what cleaning and splitting made of a picture, with black ink, and channel below channel.

    Parameters
    ----------
    cleaned : ndarray of float32, shape (h, w) or (h, w, channels)
        The ink map.
    vectors : ndarray of float32, shape (characters, channels * pixels)
        The vectors.
    segmentation : Segmentation
        How they were made.
    scale : int
        How many pixels a pixel becomes, each way.

    Returns
    -------
    cleaned, vectors : Image
        The enlarged pictures.
    """
    maps = cleaned[np.newaxis] if cleaned.ndim == 2 else np.moveaxis(cleaned, 2, 0)
    size = segmentation.split.options["height"], segmentation.split.options["width"]
    tiles = vectors.reshape(len(vectors), len(maps), *size)
    # a grey line around each shows where it ends
    framed = np.pad(1 - np.clip(tiles, 0, 1), ((0, 0), (0, 0), (1, 1), (1, 1)), constant_values=0.8)
    spread = np.pad(framed, ((0, 0), (0, 0), (0, 1), (0, 1)), constant_values=1)
    letters = np.concatenate([np.concatenate(list(channel), axis=1) for channel in np.moveaxis(spread, 0, 1)])
    edged = np.pad(1 - np.clip(maps, 0, 1), ((0, 0), (1, 1), (1, 1)), constant_values=0.8)
    whole = np.concatenate(list(edged))
    one, other = (np.rint(255 * part).astype(np.uint8) for part in (whole, letters))
    return _enlarged(one, scale), _enlarged(other, scale)


def _enlarged(pixels: np.ndarray, scale: int) -> Image.Image:
    image = Image.fromarray(pixels).convert("RGB")
    return image.resize((image.width * scale, image.height * scale), Image.Resampling.NEAREST)


def _plain(name: str) -> str:
    """Return a file name in letters that every font has."""
    return name.encode("ascii", "backslashreplace").decode().encode("unicode_escape").decode()[:60]
