"""Synthetic captchas as files of a folder, <label>.png, for people to look at or to keep."""

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from captchanet.errors import UserError
from captchanet.progress import counted
from captchanet.synthesize.blocks import draw
from captchanet.synthesize.style import (
    Pixels,
    Style,
    check_characters,
    render,
    sample_captcha,
    sample_labels,
)

UNFINISHED = ".unfinished.png"
"""The name of a picture while it is written; it is hidden, and no reader takes it for a picture."""


def synthesize_folder(
    folder: str | os.PathLike[str],
    count: int,
    seed: int,
    style: Style | None = None,
    processes: int = 1,
) -> list[Path]:
    """Synthesize captchas of a style into a folder, see `write_folder`.

    Parameters
    ----------
    folder : path
        It is created where it does not exist.
    count : int
        How many captchas.
    seed : int
        The same arguments give the same pixels again.
    style : Style, optional
        How captchas look; by default as the real ones of the tutorial's kind.
    processes : int
        How many may render at the same time.

    Returns
    -------
    list of Path
        The files.

    Raises
    ------
    UserError
        As `write_folder`, and where no face has a character of the alphabet.
    """
    style = style or Style()
    check_characters(style.alphabet, style)
    rng = np.random.default_rng(seed)
    labels = sample_labels(count, style, rng)

    def pictures() -> Iterator[Pixels]:  # only once it is known that they can be written there
        sampled = (sample_captcha(label, style, rng) for label in labels)
        yield from draw(sampled, (count, style.height, style.width, 3), render, processes)

    return write_folder(folder, labels, pictures())


def write_folder(
    folder: str | os.PathLike[str], labels: Sequence[str], pictures: Iterable[Pixels]
) -> list[Path]:
    """Write captchas into a folder as <label>.png, a label's second one as <label>_2.png.

    Labels that differ only in their case count as the same label, since on some disks their files would be
    the same file.

    Parameters
    ----------
    folder : path
        It is created where it does not exist.
    labels : sequence of str
        What stands on each picture.
    pictures : iterable of ndarray of uint8, shape (height, width, 3)
        RGB.

    Returns
    -------
    list of Path
        The files, in the order of the labels.

    Raises
    ------
    UserError
        Where the folder holds anything else or cannot be written to.
    """
    folder = Path(folder)
    paths, seen = [], Counter[str]()
    for label in labels:
        seen[label.lower()] += 1
        again = seen[label.lower()]
        paths.append(folder / (f"{label}.png" if again == 1 else f"{label}_{again}.png"))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        others = {path.name for path in folder.iterdir()} - {path.name for path in paths} - {UNFINISHED}
        if others:
            raise UserError(
                f"{folder} holds {len(others)} file(s) that this would not write, {min(others)} for one: "
                "name an empty or a new folder, or empty this one first."
            )
        for picture, path in zip(pictures, counted(paths, "picture"), strict=True):
            # under another name first: an interruption must not leave half a picture
            write_png(picture, folder / UNFINISHED)
            (folder / UNFINISHED).replace(path)
    except OSError as error:
        raise UserError(
            f"Cannot write into {folder}: {error.strerror}; name a folder that can be written to."
        ) from error
    return paths


def write_png(picture: Pixels, path: Path) -> None:
    """Write a picture, uint8 (height, width, 3), as a small PNG: with a palette if 256 colours are enough."""
    # one number for each colour: NumPy sorts rows of three in several times as long
    packed = picture[..., 0] * np.int32(65536) + picture[..., 1] * np.int32(256) + picture[..., 2]
    colours, indices = np.unique(packed, return_inverse=True)
    if len(colours) > 256:
        image = Image.fromarray(picture)
    else:
        image = Image.fromarray(indices.reshape(picture.shape[:2]).astype(np.uint8))
        palette = np.stack([colours >> 16, colours >> 8 & 255, colours & 255], axis=1)
        image.putpalette(palette.ravel().tolist())
    image.save(path, format="PNG", optimize=True)
