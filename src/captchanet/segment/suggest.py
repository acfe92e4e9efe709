"""Look at a folder of captchas: take a sample of it, and suggest settings for a kind never seen before."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from captchanet.errors import UserError
from captchanet.progress import counted
from captchanet.segment.clean import distance, ink
from captchanet.segment.colours import ink_colour, paper_colour
from captchanet.segment.decode import decode, size_of
from captchanet.segment.estimate_grid import estimate_grid, widened
from captchanet.segment.labels import (
    label_from_name,
    labels_in_names,
    of_files,
    read_label_file,
    rival_labels,
    usual,
)
from captchanet.segment.morphology import inner, lines_across, without_noise
from captchanet.segment.numbering import no_labels
from captchanet.segment.read import LABEL_FILE, Unusable, label_file_in, list_pictures, read_bytes, spread
from captchanet.segment.segmentation import ALPHABET

LARGEST = 1024
"""The longest side, in pixels, of a picture that is looked at."""


@dataclass(frozen=True)
class Sample:
    """Some pictures of a folder, those of the most frequent size.

    Parameters
    ----------
    files : list of str
        The names of all files in the folder.
    names : list of str
        The names of the pictures.
    pictures : ndarray of uint8, shape (n, h, w, 3)
        RGB.
    left_out : int
        How many of the files that were tried could not be used.
    labels : list of str
        The labels of all files, as far as they have the usual length; [] where none are known.
    origin : str
        A sentence that says where the labels come from.
    """

    files: list[str]
    names: list[str]
    pictures: np.ndarray
    left_out: int
    labels: list[str]
    origin: str


def sample(folder: Path, most: int = 200, label_file: Path | None = None) -> Sample:
    """Take a sample of a folder.

    Parameters
    ----------
    folder : Path
        The folder.
    most : int
        The most pictures to take. They are evenly spread over the sorted file names.
    label_file : Path, optional
        A CSV of labels. None: a CSV `LABEL_FILE` in the folder, or else the file names.

    Returns
    -------
    Sample
        The sample.

    Raises
    ------
    UserError
        Where the folder or the CSV cannot be used, or none of the files is a picture.
    """
    files = list_pictures(folder, label_file)
    labels, origin = _labels(folder, files, label_file)
    tried = [files[i] for i in spread(len(files), most)]
    data, reasons = {}, []
    for name in counted(tried, "picture"):
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
    return Sample(files, names, np.stack(pictures), len(tried) - len(names), labels, origin)


def _labels(folder: Path, files: list[str], label_file: Path | None) -> tuple[list[str], str]:
    """Return `labels` and `origin` of a Sample."""
    where = f"{label_file}"
    if label_file is None and (label_file := label_file_in(folder)):
        where = f"{LABEL_FILE} in the folder (--labels names another)"
    if label_file is not None:
        given = read_label_file(label_file)
        found, _ = of_files(files, given)
        labels = usual(of[0] for of in found.values() if len(of) == 1)
        if not labels:
            raise UserError(
                f"{label_file} has no label for any of the {len(files)} files of {folder}: it names "
                f"{next(iter(given))!r}, the folder has {files[0]!r}; write each file's name as it is there"
            )
        number = f"{len(labels)} of {len(files)} files have one of {len(labels[0])} characters"
        return labels, f"labels from {where}: {number}"
    if labels := labels_in_names(files):
        origin = f"{len(labels)} file names are labels of {len(labels[0])} characters"
        if rivals := rival_labels(files):
            origin += f"; or is it {rivals[0]!r}, behind the last _? Set `label_part: first` or `last`"
        return labels, origin
    reason = no_labels(usual(label_from_name(name) for name in files))
    instead = f"{reason}, and " if reason else ""
    if labels := labels_in_names(files, "last"):
        origin = (
            f"file names up to the first _ are {instead}no labels; behind the last _ they look like labels "
        )
        return labels, f"{origin}of {len(labels[0])} characters: set `label_part: last` for these pictures"
    return [], f"file names are {instead}no labels (--labels names a CSV of them)"


def _size(data: bytes) -> tuple[int, int]:
    """Return a picture's width and height, without decoding it; raise Unusable if it is none or large."""
    size = size_of(data)
    if max(size) > LARGEST:
        raise Unusable(f"is {size[0]} × {size[1]} pixels; up to {LARGEST} a side are looked at")
    return size


def suggest(seen: Sample) -> tuple[dict[str, Any], list[str]]:
    """Suggest settings for pictures of a kind never seen before.

    Parameters
    ----------
    seen : Sample
        The pictures.

    Returns
    -------
    settings : dict
        An entry of a configuration's `segment`.
    remarks : list of str
        What a person should know about it.

    Notes
    -----
    The cleaning is `ink` where the paper is white and the ink of nearly all pictures the same. Else it is
    `distance`, with blackness as a second channel where black lines run across. The labels tell the number of
    characters, where they are known, else `captchanet.segment.estimate_grid.estimate_grid`, which also finds
    the grid. Where there is no clear grid, the splitting method is `components`.
    """
    height, width = seen.pictures.shape[1:3]
    clean, maps = _cleaning(seen.pictures)
    found = estimate_grid(maps, len(seen.labels[0]) if seen.labels else None)
    guessed = "" if seen.labels else f"; {found.characters} characters is what the ink looks like"
    remarks = [seen.origin + guessed]
    settings: dict[str, Any] = {"picture": {"width": width, "height": height}, "characters": found.characters}
    counts = Counter("".join(seen.labels))
    characters = sorted(counts)
    if not set(characters) <= set(ALPHABET):
        remarks.append(f"the alphabet is what the labels are made of, {len(characters)} characters")
        settings["alphabet"] = "".join(characters)
        # the chance that the next one is new is about the share of those seen once (Good 1953, Biometrika 40)
        if once := sum(number == 1 for number in counts.values()):
            remarks[-1] += f"; {once} occur only once, so others may be missing from so few labels: add those"
    if any(character.lower() != character and character.lower() in characters for character in characters):
        remarks.append(
            "letters of both cases occur; where that makes no difference, add `fold: lower` and an alphabet "
            "without capitals"
        )
    settings["clean"] = clean
    if found.clear and clean.get("lines") == "channel":
        # Captchas whose lines stay as a channel have letters at less exact places, and the network reads more
        # if it sees what is around them. Measured on coloured italics under lines, with the network and the
        # synthetic captchas of config/another-kind.yaml: 74.6 % in narrow windows (left 9, top 3, pitch 18,
        # 19 × 27), 83.8 % in these (left 3.5, 30 × 32, no small components taken out), 83.6 % in those of
        # that file.
        found = widened(found, width, height)
        clean["smallest_component"] = 0
    size = {"width": found.width, "height": found.height}
    left, pitch = (int(value) if value == int(value) else value for value in (found.left, found.pitch))
    if found.clear:
        settings["split"] = {"method": "grid", "left": left, "top": found.top, "pitch": pitch, **size}
    else:
        remarks.append("the characters have no fixed positions, so connected components are taken for them")
        settings["split"] = {"method": "components", "top": found.top, **size}
    return settings, remarks


def _cleaning(pictures: np.ndarray) -> tuple[dict[str, Any], np.ndarray]:
    """Return the cleaning that suits the pictures, and their ink maps without lines."""
    within = inner(pictures, 1)
    colours, any_ink = ink_colour(within)
    if any_ink.any() and np.median(paper_colour(within)) > 240:
        colour = np.median(colours[any_ink], axis=0)
        alike = np.abs(colours - colour).max(axis=1) < 48
        if alike.mean() > 0.8:
            red, green, blue = (int(part) for part in colour)
            found = ink(pictures, colour=(red, green, blue))
            # Black lines over coloured letters have one colour too. But then large components are left over,
            # which are no speckles.
            rest = np.where(found > 0.3, np.float32(0), distance(pictures))
            rest = without_noise(rest, smallest_component=8)
            if np.count_nonzero(rest > 0.3) < 0.05 * np.count_nonzero(found > 0.3):
                return {"method": "ink", "colour": [red, green, blue]}, found
    length = max(12, pictures.shape[2] // 4)
    lines = lines_across(within.max(axis=3) < 128, 2, length).any(axis=(1, 2))
    settings = {"method": "distance", "lines": "channel"} if lines.mean() > 0.5 else {"method": "distance"}
    return settings, distance(pictures, lines="remove", line_length=length)
