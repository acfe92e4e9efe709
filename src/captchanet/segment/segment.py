"""The stage `segment`: from a folder of labelled pictures to character vectors, every file accounted for."""

import hashlib
import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from captchanet.errors import UserError
from captchanet.files import read_csv, read_npy, write_csv, write_json, write_npy
from captchanet.layout import SegmentedFiles
from captchanet.segment.labels import match, read_label_file
from captchanet.segment.read import LABEL_FILE, Unusable, decode, label_file_in, list_pictures, read_bytes
from captchanet.segment.segmentation import Segmentation, clean_and_split

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
    """What became of the pictures of a folder, of which n are usable; all is sorted by file name.

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
        `read_label_file` made of it. None: the label is the file name up to its first "_".

    Returns
    -------
    Segmented
        The characters.

    Raises
    ------
    UserError
        Where the folder or the CSV as a whole cannot be used.
    """
    folder = Path(folder)
    if isinstance(labels, str | os.PathLike):
        names, labels = list_pictures(folder, labels), read_label_file(labels)
    else:
        names = list_pictures(folder)
    labelled, ruled_out = match(
        names, labels, segmentation.characters, segmentation.alphabet, segmentation.fold
    )
    rejected = [Rejected(*row) for row in ruled_out]

    # room for all, filled batch by batch; a blank picture tells the shapes
    blank = np.full((1, segmentation.picture.height, segmentation.picture.width, 3), 255, np.uint8)
    one_cleaned, one_vectors, one_windows = clean_and_split(blank, segmentation)
    X = np.empty((len(labelled), *one_vectors.shape[1:]), np.float32)
    windows = np.empty((len(labelled), *one_windows.shape[1:]), one_windows.dtype)
    cleaned = np.empty((len(labelled), *one_cleaned.shape[1:]), np.float32)
    pictures: list[UsablePicture] = []
    same: dict[str, list[tuple[str, str]]] = {}
    for batch, pixels in _batches(folder, labelled, segmentation, same, rejected):
        rows = slice(len(pictures), len(pictures) + len(batch))
        cleaned[rows], X[rows], windows[rows] = clean_and_split(pixels, segmentation)
        pictures += batch

    contradicted = _same_pixels(same, rejected)
    kept = [row for row, picture in enumerate(pictures) if picture.pixels not in contradicted]
    if contradicted:
        for to, row in enumerate(kept):  # in place: a copy of the arrays would double the memory
            X[to], cleaned[to] = X[row], cleaned[row]
    pictures = [pictures[row] for row in kept]
    characters = characters_of(pictures, windows[kept])
    X = X[: len(kept)].reshape(-1, X.shape[-1])
    return Segmented(X, characters, cleaned[: len(kept)], pictures, sorted(rejected))


def characters_of(pictures: Sequence[UsablePicture], windows: np.ndarray) -> list[Character]:
    """Return the characters of pictures, given their windows, int (n, characters, 4)."""
    return [
        Character(picture.file, position, picture.label[position], *window)
        for picture, of_picture in zip(pictures, windows.tolist(), strict=True)
        for position, window in enumerate(of_picture)
    ]


def _batches(
    folder: Path,
    labelled: list[tuple[str, str]],
    segmentation: Segmentation,
    same: dict[str, list[tuple[str, str]]],
    rejected: list[Rejected],
) -> Iterator[tuple[list[UsablePicture], np.ndarray]]:
    """Read pictures; yield batches of those that differ in their pixels, with their pixels (n, h, w, 3).

    The pixels are valid until the next batch. It also fills `same`, the files and labels for each digest of
    pixels, and `rejected`.
    """
    pixels = np.empty(
        (min(BATCH, len(labelled)), segmentation.picture.height, segmentation.picture.width, 3), np.uint8
    )
    batch: list[UsablePicture] = []
    for name, label in labelled:
        try:
            data = read_bytes(
                f"{folder}{os.sep}{name}", segmentation.picture.width, segmentation.picture.height
            )
            pixels[len(batch)] = decode(data, segmentation.picture.width, segmentation.picture.height)
        except Unusable as reason:
            rejected.append(Rejected(name, label, str(reason)))
            continue
        # another format or another program may store the same picture in other bytes
        shown = hashlib.sha256(pixels[len(batch)]).hexdigest()
        if shown in same:
            same[shown].append((name, label))
            continue
        same[shown] = [(name, label)]
        batch.append(UsablePicture(name, label, hashlib.sha256(data).hexdigest(), shown))
        if len(batch) == len(pixels):
            yield batch, pixels
            batch = []
    if batch:
        yield batch, pixels[: len(batch)]


def _same_pixels(same: Mapping[str, list[tuple[str, str]]], rejected: list[Rejected]) -> set[str]:
    """Reject copies, and pictures whose copy has another label; return the digests of the latter."""
    contradicted = set()
    for shown, files in same.items():
        first, label = files[0]
        if len({one for _, one in files}) == 1:
            rejected += [Rejected(copy, label, f"a copy of {first}") for copy, _ in files[1:]]
            continue
        contradicted.add(shown)
        for name, label in files:
            others = ", ".join([f"{other} labelled {one}" for other, one in files if other != name][:3])
            rejected.append(Rejected(name, label, f"labelled {label}, but the same picture as {others}"))
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
    shown = "; ".join(f"{row.file}: {row.reason}" for row in rejected[:3])
    shown += f"; and {len(rejected) - 3} more" if len(rejected) > 3 else ""
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
    X, cleaned = read_npy(files.characters), read_npy(files.cleaned)
    pictures = [UsablePicture(*row) for row in read_csv(files.pictures, UsablePicture._fields)]
    rejected = [Rejected(*row) for row in read_csv(files.rejected, Rejected._fields)]
    try:
        characters = [
            Character(row[0], int(row[1]), row[2], *map(int, row[3:]))
            for row in read_csv(files.windows, Character._fields)
        ]
    except ValueError as error:
        raise UserError(f"{files.windows} is damaged ({error}); run segment again.") from error
    if len(X) != len(characters) or len(cleaned) != len(pictures):
        raise UserError(
            f"{files.characters} and its neighbours hold {len(X)} vectors for {len(characters)} characters "
            f"and {len(cleaned)} cleaned pictures for {len(pictures)} pictures; they are of different runs: "
            "run segment again."
        )
    return Segmented(X, characters, cleaned, pictures, rejected)
