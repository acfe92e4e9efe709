"""The stage `segment`: from a folder of labelled pictures to character vectors, every file accounted for."""

import hashlib
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import compress, islice
from pathlib import Path
from typing import NamedTuple

import numpy as np

from captchanet.errors import DamagedFile, UserError, in_short
from captchanet.files import intact, read_csv, read_npy, write_csv, write_json, write_npy
from captchanet.layout import SegmentedFiles
from captchanet.progress import counted
from captchanet.segment.decode import decode_files
from captchanet.segment.labels import (
    label_from_name,
    labels_in_names,
    match,
    read_label_file,
    rival_labels,
    usual,
)
from captchanet.segment.numbering import no_labels
from captchanet.segment.read import LABEL_FILE, Unusable, label_file_in, list_pictures
from captchanet.segment.segmentation import DARK, Segmentation, clean_and_split, on_dark_paper

BATCH = 256
"""Pictures cleaned and split at once: many enough for NumPy's overhead, few enough for the cache."""


class Character(NamedTuple):
    """Where a character vector comes from: the file, the position in its label, and the window.

    `right` and `bottom` are one past the last pixel.
    """

    file: str
    position: int
    label: str
    left: int
    top: int
    right: int
    bottom: int


class UsablePicture(NamedTuple):
    """A usable picture: its file, its label, and the SHA-256 of its bytes and of its pixels."""

    file: str
    label: str
    sha256: str
    pixels: str


class Rejected(NamedTuple):
    """A file that was not used, its label where one is known, and why."""

    file: str
    label: str
    reason: str


@dataclass
class Segmented:
    """What became of the pictures of a folder; n of them are usable. All is sorted by file name.

    Parameters
    ----------
    X : ndarray of float32, shape (n * characters, pixels of a window)
        The character vectors, picture after picture.
    characters : list of Character
        Where each row of `X` comes from.
    cleaned : ndarray of float32, shape (n, h, w) or (n, h, w, channels)
        The ink maps.
    pictures : list of UsablePicture
        The usable pictures, in the order of `cleaned`.
    rejected : list of Rejected
        The files that were not used.
    """

    X: np.ndarray
    characters: list[Character]
    cleaned: np.ndarray
    pictures: list[UsablePicture]
    rejected: list[Rejected]

    @property
    def share_rejected(self) -> float:
        """The number of rejected files over that of all."""
        return len(self.rejected) / max(1, len(self.rejected) + len(self.pictures))


def segment(
    folder: str | os.PathLike[str],
    segmentation: Segmentation,
    labels: str | os.PathLike[str] | Mapping[str, Sequence[str]] | None = None,
    label_part: str | None = None,
) -> Segmented:
    """Read, clean and split all pictures of a folder.

    It works in batches, so memory grows only with what is returned. Files that cannot be used are listed with
    the reason. Of pictures with the same pixels the first is kept, since a copy could be among the training
    pictures and the unseen ones; where their labels differ, none is kept.

    Parameters
    ----------
    folder : path
        The folder.
    segmentation : Segmentation
        How to clean and split.
    labels : path or mapping of str to sequence of str, optional
        A CSV `file,label`, which may lie in the folder and is not taken for a picture; or what
        `read_label_file` made of it. None: the labels are in the file names.
    label_part : {"first", "last"}, optional
        The part of a file name that is its label: up to the first "_", or behind the last one. None: up to
        the first "_", unless that is a running number or something else that is no label.

    Returns
    -------
    Segmented
        The characters.

    Raises
    ------
    UserError
        Where the folder, its names or the CSV as a whole cannot be used.
    """
    if isinstance(labels, str | os.PathLike):
        names, labels = list_pictures(folder, labels), read_label_file(labels)
    else:
        names = list_pictures(folder)
    labelled, ruled_out = match(
        names,
        labels,
        segmentation.characters,
        segmentation.alphabet,
        segmentation.fold,
        label_part or "first",
    )
    if labels is None and label_part is None:
        check_names(names, labelled, folder)
    rejected = [Rejected(*row) for row in ruled_out]
    readable = _readable(Path(folder), labelled, segmentation, rejected)
    return segment_pictures(readable, len(labelled), segmentation, rejected)


def check_names(
    names: Sequence[str], labelled: Sequence[tuple[str, str]], folder: str | os.PathLike[str]
) -> None:
    """Check that what stands in file names up to the first "_" may be labels.

    Parameters
    ----------
    names : sequence of str
        All files.
    labelled : sequence of (file, label)
        Those with a label that fits the segmentation.
    folder : path
        Where they are; the error names it.

    Raises
    ------
    UserError
        Where they are numbers that count the pictures, dates, digests, or one word, or where another part of
        the names may be the labels just as well.
    """
    found = no_labels([label for _, label in labelled] or usual(map(label_from_name, names)))
    if not found:
        if labelled and (rivals := rival_labels(names)):
            raise UserError(
                f"The names of the pictures in {folder} have two parts that may be labels, such as "
                f"{labelled[0][1]!r} up to the first _ and {rivals[0]!r} behind the last; look at some "
                "pictures, and set `label_part: first` or `label_part: last` for them."
            )
        return
    told = f"The names of the pictures in {folder} are no labels: up to the first _ they are {found}; "
    if behind := labels_in_names(names, "last"):
        told += f"what stands behind the last _, such as {behind[0]!r}, looks like labels: if it is, set "
        told += "`label_part: last` for these pictures. Else "
    there = f"; a {LABEL_FILE} is in the folder already" if label_file_in(folder) else ""
    raise UserError(
        f"{told}write the labels into a CSV 'file,label' and name it as `labels` of these pictures{there}. "
        "Only if it is what stands on the pictures all the same, set `label_part: first`."
    )


def _readable(
    folder: Path, labelled: list[tuple[str, str]], segmentation: Segmentation, rejected: list[Rejected]
) -> Iterator[tuple[UsablePicture, np.ndarray]]:
    """Read pictures; the files that cannot be read go to `rejected`."""
    size, told = segmentation.picture, counted(labelled, "picture")
    while batch := list(islice(told, BATCH)):
        files = decode_files((f"{folder}{os.sep}{name}" for name, _ in batch), size.width, size.height)
        for (name, label), found in zip(batch, files, strict=True):
            if isinstance(found, Unusable):
                rejected.append(Rejected(name, label, str(found)))
                continue
            data, pixels = found
            # another format or another program may store the same picture in other bytes
            of_bytes, of_pixels = hashlib.sha256(data).hexdigest(), hashlib.sha256(pixels.data).hexdigest()
            yield UsablePicture(name, label, of_bytes, of_pixels), pixels


def segment_pictures(
    pictures: Iterable[tuple[UsablePicture, np.ndarray]],
    most: int,
    segmentation: Segmentation,
    rejected: list[Rejected],
) -> Segmented:
    """Clean and split pictures in batches, and leave out those with the same pixels, see `segment`.

    Parameters
    ----------
    pictures : iterable of (UsablePicture, ndarray of uint8, shape (h, w, 3))
        What is known of each, and its pixels, RGB.
    most : int
        At least how many there are: for so many there is room.
    segmentation : Segmentation
        How to clean and split.
    rejected : list of Rejected
        What is rejected already; more is added.

    Returns
    -------
    Segmented
        The characters.
    """
    # room for all, filled batch by batch; a blank picture tells the shapes
    blank = np.full((1, segmentation.picture.height, segmentation.picture.width, 3), 255, np.uint8)
    of_one = clean_and_split(blank, segmentation)
    types = (np.float32, np.float32, np.int64)
    room = [np.empty((most, *one.shape[1:]), of) for one, of in zip(of_one, types, strict=True)]
    usable: list[UsablePicture] = []
    dark: list[bool] = []
    same: dict[str, list[UsablePicture]] = {}
    distinct = _distinct(pictures, same)
    while batch := list(islice(distinct, BATCH)):
        rows = slice(len(usable), len(usable) + len(batch))
        usable += [picture for picture, _ in batch]
        made = clean_and_split(np.stack([pixels for _, pixels in batch]), segmentation)
        for whole, part in zip(room, made, strict=True):
            whole[rows] = part
        dark += on_dark_paper(made[0], segmentation).tolist()

    unusable = _same_pixels(same, rejected)
    on_dark = [picture for picture in compress(usable, dark) if picture.pixels not in unusable]
    rejected += [Rejected(picture.file, picture.label, DARK) for picture in on_dark]
    unusable |= {picture.pixels for picture in on_dark}
    kept = [row for row, picture in enumerate(usable) if picture.pixels not in unusable]
    if unusable:
        for to, row in enumerate(kept):  # in place: a copy of the arrays would double the memory
            for whole in room:
                whole[to] = whole[row]
    usable = [usable[row] for row in kept]
    cleaned, X, windows = (whole[: len(kept)] for whole in room)
    characters = [
        Character(picture.file, position, picture.label[position], *window)
        for picture, of_picture in zip(usable, windows.tolist(), strict=True)
        for position, window in enumerate(of_picture)
    ]
    return Segmented(X.reshape(-1, X.shape[-1]), characters, cleaned, usable, sorted(rejected))


def _distinct(
    pictures: Iterable[tuple[UsablePicture, np.ndarray]], same: dict[str, list[UsablePicture]]
) -> Iterator[tuple[UsablePicture, np.ndarray]]:
    """Yield the first of pictures with the same pixels; `same` gets all, by the digest of their pixels."""
    for picture, pixels in pictures:
        alike = same.setdefault(picture.pixels, [])
        alike.append(picture)
        if len(alike) == 1:
            yield picture, pixels


def _same_pixels(same: Mapping[str, Sequence[UsablePicture]], rejected: list[Rejected]) -> set[str]:
    """Reject copies, and pictures whose copy has another label; return the digests of the latter."""
    contradicted = set()
    for pixels, alike in same.items():
        first, *copies = alike
        if all(one.label == first.label for one in copies):
            rejected += [Rejected(one.file, one.label, f"a copy of {first.file}") for one in copies]
            continue
        contradicted.add(pixels)
        for one in alike:
            others = [f"{other.file} labelled {other.label}" for other in alike if other is not one][:3]
            reason = f"labelled {one.label}, but the same picture as {', '.join(others)}"
            rejected.append(Rejected(one.file, one.label, reason))
    return contradicted


def write_rejected(segmented: Segmented, file: str | os.PathLike[str]) -> None:
    """Write the rejected files with their reasons as a CSV; raise UserError where it cannot be written."""
    write_csv(file, Rejected._fields, segmented.rejected)


def check_rejected(
    segmented: Segmented,
    segmentation: Segmentation,
    folder: str | os.PathLike[str],
    listed: str | os.PathLike[str],
    labels: str | os.PathLike[str] | None = None,
) -> None:
    """Check that enough files can be used.

    Parameters
    ----------
    segmented : Segmented
        What became of the files.
    segmentation : Segmentation
        It says which share of the files may be rejected.
    folder : path
        Where the pictures are.
    listed : path
        The file that `write_rejected` wrote; the error names it.
    labels : path, optional
        The CSV of the labels. Without it, the error also names a CSV in the pictures' folder.

    Raises
    ------
    UserError
        Where more than the share `max_rejected` of the files were rejected, or all.
    """
    rejected, share = segmented.rejected, segmented.share_rejected
    if segmented.pictures and share <= segmentation.max_rejected:
        return
    total = len(rejected) + len(segmented.pictures)
    shown = in_short([f"{row.file}: {row.reason}" for row in rejected], 3, "; ")
    hint = ""
    if labels is None and label_file_in(folder):
        hint = f"; a {LABEL_FILE} is in the folder: name it as `labels` of these pictures "
        hint += "if it holds their labels"
    if not segmented.pictures:
        raise UserError(
            f"None of the {total} pictures in {folder} can be used ({shown}); correct them{hint}. "
            f"All reasons: {listed}"
        )
    raise UserError(
        f"{len(rejected)} of {total} pictures in {folder} cannot be used, {share:.1%} where max_rejected "
        f"allows {segmentation.max_rejected:.1%} ({shown}); correct them or raise max_rejected{hint}. "
        f"All reasons: {listed}"
    )


def write_segmented(files: SegmentedFiles, segmented: Segmented) -> None:
    """Write the files of the stage, each as a whole; raise UserError where one cannot be written."""
    write_npy(files.characters, segmented.X)
    write_csv(files.windows, Character._fields, segmented.characters)
    write_npy(files.cleaned, segmented.cleaned)
    write_csv(files.pictures, UsablePicture._fields, segmented.pictures)
    write_rejected(segmented, files.rejected)
    counts = {
        "pictures": len(segmented.pictures) + len(segmented.rejected),
        "usable": len(segmented.pictures),
        "rejected": len(segmented.rejected),
        "share_rejected": segmented.share_rejected,
        "classes": dict(sorted(Counter(row.label for row in segmented.characters).items())),
    }
    write_json(files.counts, counts)


def read_segmented(files: SegmentedFiles) -> Segmented:
    """Read what `write_segmented` wrote; raise UserError where a file is missing, damaged or does not fit."""
    X = read_npy(files.characters, ((None, None), ("float32",)))
    cleaned = read_npy(files.cleaned, (None, ("float32",)))
    pictures = [UsablePicture(*row) for row in read_csv(files.pictures, UsablePicture._fields)]
    rejected = [Rejected(*row) for row in read_csv(files.rejected, Rejected._fields)]
    with intact(files.windows):
        characters = [
            Character(row[0], int(row[1]), row[2], *map(int, row[3:]))
            for row in read_csv(files.windows, Character._fields)
        ]
    if len(X) != len(characters) or len(cleaned) != len(pictures):
        raise DamagedFile(
            files.characters,
            f"and its neighbours hold {len(X)} vectors for {len(characters)} characters "
            f"and {len(cleaned)} cleaned pictures for {len(pictures)} pictures; they are of different runs",
            "run segment again",
        )
    return Segmented(X, characters, cleaned, pictures, rejected)
