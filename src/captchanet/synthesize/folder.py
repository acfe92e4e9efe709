"""Synthetic captchas as files of a folder, <label>.png, where people want to look at them or keep them."""

import os
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from captchanet.errors import UserError
from captchanet.synthesize.style import Pixels, Style, check_characters, render_captcha, sample_labels

UNFINISHED = ".unfinished.png"  # a picture's name while it is written; hidden, so that nobody reads it


def synthesize_folder(
    folder: str | os.PathLike[str], count: int, seed: int, style: Style | None = None
) -> list[Path]:
    """Synthesize ``count`` captchas of a style into a folder, see ``write_folder``.

    The default style is the real kind's. The same arguments give the same pixels again. Raises UserError as
    ``write_folder`` does, and where a character of the alphabet is in no face.
    """
    style = style or Style()
    check_characters(style.alphabet, style)
    rng = np.random.default_rng(seed)
    labels = sample_labels(count, style, rng)
    return write_folder(folder, labels, (render_captcha(label, style, rng) for label in labels))


def write_folder(
    folder: str | os.PathLike[str], labels: Sequence[str], pictures: Iterable[Pixels]
) -> list[Path]:
    """Write captchas into a folder as <label>.png, a label's second one as <label>_2.png.

    Labels that differ in nothing but their case count as one, since there are disks on which their files
    would be one. Raises UserError where the folder holds anything else or cannot be written to. Returns the
    files' paths, in the order of the labels.
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
        for picture, path in zip(pictures, paths, strict=True):
            # Under another name first: whatever interrupts this, no half picture is left to be read.
            write_png(picture, folder / UNFINISHED)
            (folder / UNFINISHED).replace(path)
    except OSError as error:
        raise UserError(
            f"Cannot write into {folder}: {error.strerror}; name a folder that can be written to."
        ) from error
    return paths


def write_png(picture: Pixels, path: Path) -> None:
    """Write a picture as a small PNG file: with a palette, as the real ones, if 256 colours are enough."""
    colours, indices = np.unique(picture.reshape(-1, 3), axis=0, return_inverse=True)
    if len(colours) > 256:
        image = Image.fromarray(picture)
    else:
        image = Image.fromarray(indices.reshape(picture.shape[:2]).astype(np.uint8))
        image.putpalette(colours.ravel().tolist())
    image.save(path, format="PNG", optimize=True)
