"""A look at a folder of captchas: some raw, cleaned and cut, and settings for a kind never seen before."""

import os
import warnings
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from captchanet.errors import UserError
from captchanet.images.clean import distance, ink
from captchanet.images.colours import ink_colour, paper_colour
from captchanet.images.cut import Cut, clean_and_cut
from captchanet.images.geometry import estimate
from captchanet.images.labels import label_from_name
from captchanet.images.parts import inner, lines_across, tidy
from captchanet.images.read import FORMATS, Unusable, decode, list_pictures, read_bytes

LARGEST = 1024
"""Pixels along a side that are still looked at."""
ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyz"
OUTLINES = ((216, 96, 0), (0, 130, 90))  # of windows, by turns, for they may overlap
GAP = 12  # pixels between the parts of a sheet


@dataclass(frozen=True)
class Sample:
    """Some pictures of a folder, those of the most frequent size: names, and pixels uint8 (n, h, w, 3).

    `files` are the names of all files in the folder, `left_out` how many of those tried could not be used.
    """

    files: list[str]
    names: list[str]
    pictures: np.ndarray
    left_out: int


def sample(folder: str | os.PathLike[str], most: int = 200) -> Sample:
    """At most so many pictures, evenly spread over a folder's file names in their order.

    Raises UserError where the folder cannot be read or none of them is a picture.
    """
    files = list_pictures(folder)
    tried = [files[len(files) * i // min(most, len(files))] for i in range(min(most, len(files)))]
    data, reasons = {}, []
    for name in tried:
        try:
            content = read_bytes(Path(folder) / name, LARGEST, LARGEST)
            data[name] = content, _size(content)
        except Unusable as reason:
            reasons.append(f"{name}: {reason}")
    sizes = Counter(size for _, size in data.values())
    names, pictures = [], []
    for name, (content, size) in data.items():
        if size == sizes.most_common(1)[0][0]:
            try:
                pictures.append(decode(content, *size))
                names.append(name)
            except Unusable as reason:
                reasons.append(f"{name}: {reason}")
    if not pictures:
        raise UserError(
            f"None of the {len(tried)} files of {folder} that were tried is a picture that can be used "
            f"({'; '.join(reasons[:3])}); give a folder of captchas"
        )
    return Sample(files, names, np.stack(pictures), len(tried) - len(names))


def _size(data: bytes) -> tuple[int, int]:
    """A picture's width and height, without decoding it; raises Unusable where it is none, or too large."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(BytesIO(data), formats=FORMATS) as image:
                size = image.size
    except Exception as error:  # as in `decode`: whatever it is, the picture is what is wrong
        raise Unusable("not an image (PNG, GIF, BMP or JPEG)") from error
    if max(size) > LARGEST:
        raise Unusable(f"is {size[0]} × {size[1]} pixels; up to {LARGEST} a side are looked at")
    return size


def suggest(seen: Sample) -> tuple[dict[str, Any], list[str]]:
    """Settings, an entry of a configuration's `segment`, for pictures never seen; and remarks for a person.

    Cleaning is by the ink's colour where paper is white and the ink of nearly all pictures the same, else by
    the distance from the background, with blackness beside it where black lines run across. Characters are
    counted in the labels where file names are labels, else by `captchanet.images.geometry.estimate`, which
    finds the grid as well. Where no grid is to be seen, the cutting is by connected pieces.
    """
    height, width = seen.pictures.shape[1:3]
    clean, maps = _cleaning(seen.pictures)
    labels = _labels(seen.files)
    found = estimate(maps, len(labels[0]) if labels else None)
    remarks = [
        f"{len(labels)} file names are labels of {found.characters} characters"
        if labels
        else f"file names are no labels; {found.characters} characters is what the ink looks like"
    ]
    settings: dict[str, Any] = {"picture": {"width": width, "height": height}, "characters": found.characters}
    characters = sorted(set("".join(labels)))
    if not set(characters) <= set(ALPHABET):
        remarks.append(f"the alphabet is what the labels are made of, {len(characters)} characters")
        settings["alphabet"] = "".join(characters)
    if any(character.lower() != character and character.lower() in characters for character in characters):
        remarks.append(
            "letters of both cases occur; where that makes no difference, add `fold: lower` and an alphabet "
            "without capitals"
        )
    settings["clean"] = clean
    size = {"width": found.width, "height": found.height}
    pitch = int(found.pitch) if found.pitch.is_integer() else found.pitch
    if found.clear:
        settings["cut"] = {
            "method": "grid",
            "left": found.left,
            "top": found.top,
            "pitch": pitch,
            **size,
        }
    else:
        remarks.append("the characters have no fixed places, so they are sought piece by piece")
        settings["cut"] = {"method": "pieces", "top": found.top, **size}
    return settings, remarks


def _cleaning(pictures: np.ndarray) -> tuple[dict[str, Any], np.ndarray]:
    """The cleaning that suits the pictures, and their ink maps without lines."""
    within = inner(pictures, 1)
    colours, any_ink = ink_colour(within)
    if any_ink.any() and np.median(paper_colour(within)) > 240:
        colour = np.median(colours[any_ink], axis=0)
        alike = np.abs(colours - colour).max(axis=1) < 48
        if alike.mean() > 0.8:
            red, green, blue = (int(part) for part in colour)
            found = ink(pictures, colour=(red, green, blue))
            # black lines over coloured letters are alike as well; what they leave over are no speckles
            rest = np.where(found > 0.3, np.float32(0), distance(pictures))
            rest = tidy(rest, speckle_neighbours=0, smallest_piece=8)
            if np.count_nonzero(rest > 0.3) < 0.05 * np.count_nonzero(found > 0.3):
                return {"method": "ink", "colour": [red, green, blue]}, found
    length = max(12, pictures.shape[2] // 4)
    lines = lines_across(within.max(axis=3) < 128, 2, length).any(axis=(1, 2))
    settings = {"method": "distance", "lines": "channel"} if lines.mean() > 0.5 else {"method": "distance"}
    return settings, distance(pictures, lines="remove", line_length=length)


def _labels(files: Sequence[str]) -> list[str]:
    """The labels in file names, those of the usual length; [] where the names are no labels."""
    labels = [label_from_name(name) for name in files]
    length = Counter(map(len, labels)).most_common(1)[0][0]
    usual = [label for label in labels if len(label) == length and label.isalnum()]
    if length < 2 or len(usual) < 0.8 * len(labels) or len(set(usual)) < 0.5 * len(usual):
        return []
    if all(label.isdecimal() for label in usual):  # numbered through, such as 0001.png?
        numbers = sorted(map(int, usual))
        if numbers[-1] - numbers[0] < 2 * len(numbers):
            return []
    return usual


def sheet(seen: Sample, cut: Cut, count: int) -> Image.Image:
    """One picture: `count` of the sample, each raw with its windows, cleaned, and as its vectors, enlarged.

    Of several channels one stands below the other.
    """
    chosen = [len(seen.names) * i // count for i in range(count)]
    if len(seen.names) <= count:
        chosen = list(range(len(seen.names)))
    pictures = seen.pictures[chosen]
    cleaned, vectors, windows = clean_and_cut(pictures, cut)
    scale = max(1, min(4, 320 // cut.width))
    font = ImageFont.load_default()
    rows = []
    for at, number in enumerate(chosen):
        parts = [outlined(pictures[at], windows[at], scale), *drawn(cleaned[at], vectors[at], cut, scale)]
        rows.append((_plain(seen.names[number]), parts))
    widths = [max(parts[i].width for _, parts in rows) for i in range(3)]
    heights = [max(part.height for part in parts) + 18 for _, parts in rows]
    image = Image.new("RGB", (sum(widths) + 4 * GAP, sum(heights) + GAP * (len(rows) + 1) + 18), "white")
    pen = ImageDraw.Draw(image)
    lefts = [GAP * (i + 1) + sum(widths[:i]) for i in range(3)]
    for left, title in zip(
        lefts, ("raw, with windows", f"cleaned: {cut.clean}", f"cut: {cut.cut}"), strict=True
    ):
        pen.text((left, GAP), title, (110, 110, 110), font)
    top = GAP + 18
    for (name, parts), height in zip(rows, heights, strict=True):
        pen.text((GAP, top), name, (0, 0, 0), font)
        for left, part in zip(lefts, parts, strict=True):
            image.paste(part, (left, top + 16))
        top += height + GAP
    return image


def png(image: Image.Image) -> bytes:
    """A picture as the bytes of a PNG file."""
    buffer = BytesIO()
    image.save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def outlined(picture: np.ndarray, windows: np.ndarray, scale: int) -> Image.Image:
    """A picture, uint8 (h, w, 3), enlarged, with its windows, int (characters, 4), drawn around."""
    image = _enlarged(picture, scale)
    pen = ImageDraw.Draw(image)
    for i, (left, top, right, bottom) in enumerate(windows.tolist()):
        box = (left * scale, top * scale, right * scale - 1, bottom * scale - 1)
        pen.rectangle(box, outline=OUTLINES[i % 2])
    return image


def drawn(cleaned: np.ndarray, vectors: np.ndarray, cut: Cut, scale: int) -> tuple[Image.Image, Image.Image]:
    """What cleaning and cutting made of a picture, enlarged: ink black, and channel below channel.

    Args:
        cleaned: float32 (h, w) or (h, w, channels).
        vectors: float32 (characters, channels * pixels).
        cut: how it was made.
        scale: how many pixels a pixel becomes.
    """
    maps = cleaned[np.newaxis] if cleaned.ndim == 2 else np.moveaxis(cleaned, 2, 0)
    size = cut.cut_options["height"], cut.cut_options["width"]
    tiles = vectors.reshape(len(vectors), len(maps), *size)
    # a line of grey around each, so that one sees where it ends
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
    """A file name in letters that every font has."""
    return name.encode("ascii", "backslashreplace").decode().encode("unicode_escape").decode()[:60]
