"""The data set: which captchas train and which stay unseen, as the arrays that the rest works from.

A split samples captchas, never characters. The characters of a picture share its ink, its speckles and their
neighbours' edges, so a character is not unseen where the rest of its captcha trained the network.
"""

import hashlib
import pickle
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

import numpy as np
from numpy.typing import DTypeLike, NDArray

from captchanet.dataset.settings import DatasetSettings
from captchanet.dataset.split import split
from captchanet.errors import DamagedFile, UserError
from captchanet.files import (
    Like,
    intact,
    read_csv,
    read_json,
    read_npz,
    write_bytes,
    write_csv,
    write_json,
    write_npz,
)
from captchanet.layout import PARTS, DatasetFiles
from captchanet.progress import counted
from captchanet.segment.labels import encode
from captchanet.types import Json

if TYPE_CHECKING:  # reading pictures is not needed to read a data set
    from captchanet.segment.segment import Segmented

HEADER = ("part", "pictures", "file", "label", "sha256")
PICTURES = ("pictures", "file", "label", "sha256")
ARRAYS: dict[str, Like] = {"X": ((None, None), ("float64", "float32")), "y": ((None, 1), ("int64",))}
"""What the arrays of a part are like, see `Part`."""
FOR_AUGMENTATION: dict[str, Like] = {"cleaned": (None, ("float32",)), "windows": ((None, 4), ("int64",))}
LISTED = [name for name in PARTS if name != "synthetic"]
"""The parts whose captchas are listed. A seed gives synthetic ones again."""


@dataclass(frozen=True)
class Part:
    """Captchas of one part of a data set, see `captchanet.layout.PARTS`.

    Attributes
    ----------
    X : ndarray of float, shape (n, pixels)
        The characters, 0 to 1: float64, or float32 for synthetic captchas that are mixed in, since these are
        many.
    y : ndarray of int64, shape (n, 1)
        Their classes, from 1.
    captchas : list of (pictures, file, label, sha256)
        The captchas, in the order of their characters in `X`.
    """

    X: NDArray[np.floating]
    y: NDArray[np.int64]
    captchas: list[tuple[str, str, str, str]]

    @property
    def digest(self) -> str:
        """The SHA-256 of X and y, in hexadecimal."""
        return _digest(self.X, self.y)


def part(
    segmented: "Segmented", rows: Sequence[int], name: str, alphabet: str, dtype: DTypeLike = np.float64
) -> Part:
    """Make a part of some captchas of a folder.

    Parameters
    ----------
    segmented : Segmented
        The folder, segmented.
    rows : sequence of int
        Which of its pictures, in the order that they shall have.
    name : str
        What the folder is called.
    alphabet : str
        The characters, in the order of their classes.
    dtype : dtype
        The type of `X`.

    Returns
    -------
    Part
    """
    per = len(segmented.X) // max(1, len(segmented.pictures))
    pictures = [segmented.pictures[row] for row in rows]
    captchas = [(name, picture.file, picture.label, picture.sha256) for picture in pictures]
    X = segmented.X.reshape(-1, per, segmented.X.shape[1])[list(rows)].reshape(-1, segmented.X.shape[1])
    y = [number for picture in pictures for number in encode(picture.label, alphabet)]
    return Part(X.astype(dtype, copy=False), np.array(y, np.int64).reshape(-1, 1), captchas)


@dataclass(frozen=True)
class Dataset:
    """A data set.

    Attributes
    ----------
    train, unseen : Part
        The captchas that train, and those that are held out.
    synthetic : Part
        Synthetic captchas to mix into the training.
    calibration : Part
        The captchas that confidences are calibrated on.
    cleaned : ndarray of float32, shape (n, h, w) or (n, h, w, channels)
        The cleaned pictures of the captchas that train, for augmentation.
    windows : ndarray of int64, shape (characters, 4)
        Left, top, right and bottom of each of their characters.
    copies : int
        How many unseen captchas were left out, since they are in another part too.
    problem : str, optional
        Why there are no captchas.
    """

    train: Part
    unseen: Part
    synthetic: Part
    calibration: Part
    cleaned: NDArray[np.float32]
    windows: NDArray[np.int64]
    copies: int = 0
    problem: str | None = None

    @property
    def parts(self) -> dict[str, Part]:
        """The parts by name."""
        return {name: getattr(self, name) for name in PARTS}

    @cached_property
    def pickled(self) -> bytes:
        """The training part as the tutorial's program reads it. Nothing here reads it: a pickle is code."""
        return pickle.dumps({"X": self.train.X, "y": self.train.y}, protocol=4)


def build(folders: Mapping[str, "Segmented"], settings: DatasetSettings, alphabet: str) -> Dataset:
    """Make the data set that `settings` describe.

    Captchas to calibrate on are taken from the synthetic ones to mix in, where there are any, else from those
    to train on. No picture is in two parts: one that trains is taken out of those to calibrate on, and both
    out of the unseen ones.

    Parameters
    ----------
    folders : mapping of str to Segmented
        What was segmented, by the name of its entry in `pictures`.
    settings : DatasetSettings
        Which captchas are in which part.
    alphabet : str
        The characters, in the order of their classes.

    Returns
    -------
    Dataset

    Raises
    ------
    UserError
        Where it cannot be made.
    """
    # without synthetic captchas, those to train on are calibrated on
    name, mixing = settings.train, settings.synthetic or settings.train
    source, synthetic, other = folders[name], folders[mixing], folders.get(str(settings.unseen))
    elsewhere = ({"calibration": 0} if settings.synthetic else {}) | ({"unseen": 0} if other else {})
    rows, held_out, calibration = split(len(source.pictures), settings.model_copy(update=elsewhere))
    mixed: list[int] = []
    if settings.synthetic:
        of_synthetic = settings.model_copy(update={"captchas": None, "unseen": 0})
        mixed, _, calibration = split(len(synthetic.pictures), of_synthetic, "synthetic")
    unseen, called = (other, str(settings.unseen)) if other else (source, name)
    held_out = list(range(len(other.pictures))) if other else held_out
    trains = _pixels(source, rows) | _pixels(synthetic, mixed)
    calibration = [row for row in calibration if synthetic.pictures[row].pixels not in trains]
    if settings.calibration and not calibration:
        raise UserError(f"every captcha of `{mixing}` to calibrate on also trains; add others to it")
    seen = trains | _pixels(synthetic, calibration)
    kept = [row for row in held_out if unseen.pictures[row].pixels not in seen]
    if not kept:
        named = [f"`{name}`"] * (other is not None) + [f"`{mixing}`"] * (settings.synthetic is not None)
        raise UserError(
            f"every picture of {'`' + called + '`' if other else 'the unseen part'} is also in "
            f"{' or '.join(named)}; unseen pictures must be others, or the result would say nothing"
        )
    windows = np.array([character[3:] for character in source.characters], np.int64)
    return Dataset(
        part(source, rows, name, alphabet),
        part(unseen, kept, called, alphabet),
        part(synthetic, mixed, mixing, alphabet, np.float32),
        part(synthetic, calibration, mixing, alphabet),
        source.cleaned[rows],
        windows.reshape(len(source.pictures), -1, 4)[rows].reshape(-1, 4),
        len(held_out) - len(kept),
    )


def _pixels(segmented: "Segmented", rows: Sequence[int]) -> set[str]:
    """Return the digests of what these pictures show."""
    return {segmented.pictures[row].pixels for row in rows}


def make(folders: Mapping[str, "Segmented"], settings: DatasetSettings, alphabet: str) -> Dataset:
    """Make the data set as `build` does; where that fails, one with empty parts and the reason.

    So one impossible data set among many fails its own runs, and no others.

    Parameters
    ----------
    folders, settings, alphabet
        As for `build`.

    Returns
    -------
    Dataset
    """
    try:
        return build(folders, settings, alphabet)
    except UserError as error:
        source = folders[settings.train]
        empty = part(source, [], settings.train, alphabet)
        windows = np.zeros((0, 4), np.int64)
        return Dataset(empty, empty, empty, empty, source.cleaned[:0], windows, 0, str(error))


class DatasetFacts(TypedDict):
    """The facts about a data set, ready for JSON.

    `digest` is that of each part, `pickle` that of the training part as a pickle, and `cleaned` that of what
    augmentation reads, which is more of a picture than the characters show.
    `pictures`, `dataset` and `segment` are the entries of the configuration that decided the data set. They
    are as in a file, so that code that reads the facts need not know every kind and every cleaning.
    """

    problem: str | None
    captchas: dict[str, int]
    copies_left_out_of_unseen: int
    classes_without_example: list[str]
    examples: dict[str, dict[str, int]]
    digest: dict[str, str]
    pickle: str
    cleaned: str
    pictures: dict[str, Json]
    dataset: Json
    segment: Json


def summary(
    dataset: Dataset, settings: DatasetSettings, segmentation: Json, pictures: dict[str, Json]
) -> DatasetFacts:
    """Collect the facts about a data set.

    Parameters
    ----------
    dataset : Dataset
        The data set.
    settings : DatasetSettings
        Its settings.
    segmentation : dict
        The settings of the segmentation, as in a file.
    pictures : dict of dict
        The settings of the pictures that it is made from, by the name of their entry.

    Returns
    -------
    DatasetFacts
    """
    alphabet = segmentation["alphabet"]
    counts = {}
    for name, p in dataset.parts.items():
        of_classes = np.bincount(p.y[:, 0], minlength=len(alphabet) + 1)[1:]
        counts[name] = dict(zip(alphabet, of_classes.tolist(), strict=True))
    missing = [c for c in alphabet if not counts["train"][c] and not counts["synthetic"][c]]
    return {
        "problem": dataset.problem,
        "captchas": {name: len(p.captchas) for name, p in dataset.parts.items()},
        "copies_left_out_of_unseen": dataset.copies,
        "classes_without_example": missing,
        "examples": counts,
        "digest": {
            name: p.digest for name, p in dataset.parts.items() if name in ("train", "unseen") or p.captchas
        },
        "pickle": hashlib.sha256(dataset.pickled).hexdigest(),
        "cleaned": _digest(dataset.cleaned, dataset.windows),
        "pictures": pictures,
        "dataset": settings.dump(),
        "segment": segmentation,
    }


def trained_on(facts: DatasetFacts) -> str:
    """Say in words how many captchas train: 60 captchas and 5,000 synthetic ones."""
    alone = "synthetic " if "synthesize" in facts["pictures"].get(facts["dataset"]["train"], {}) else ""
    said, mixed = f"{facts['captchas']['train']:,} {alone}captchas", facts["captchas"]["synthetic"]
    return f"{said} and {mixed:,} synthetic ones" if mixed else said


def calibrated_on(facts: DatasetFacts) -> str:
    """Say in words how many captchas are calibrated on: 500 synthetic captchas; "" for none."""
    number, described = facts["captchas"].get("calibration", 0), facts["dataset"]
    synthetic = "synthesize" in facts["pictures"].get(described["synthetic"] or described["train"], {})
    return f"{number:,} {'synthetic ' * synthetic}captcha{'s' * (number > 1)}" if number else ""


def write_dataset(
    files: DatasetFiles, dataset: Dataset, facts: DatasetFacts, folders: Mapping[str, "Segmented"]
) -> None:
    """Write the files of a data set. The arrays X and y of a part are one file.

    The captchas of all parts but the synthetic one are listed, and all usable pictures of folders, since a
    split depends on all of them. Synthetic pictures are not listed: their seed gives them again.

    Parameters
    ----------
    files : DatasetFiles
        The files to write.
    dataset : Dataset
        The data set.
    facts : DatasetFacts
        What `summary` collected.
    folders : mapping of str to Segmented
        What it was made from.

    Raises
    ------
    UserError
        Where a file cannot be written.
    """
    for name, content in counted(dataset.parts.items(), "part"):
        write_npz(files.part(name), X=content.X, y=content.y)
    write_bytes(files.pickled, dataset.pickled)
    write_csv(
        files.captchas, HEADER, [(name, *row) for name in LISTED for row in dataset.parts[name].captchas]
    )
    usable = [
        (name, picture.file, picture.label, picture.sha256)
        for name, segmented in folders.items()
        if "synthesize" not in facts["pictures"].get(name, {})
        for picture in segmented.pictures
    ]
    write_csv(files.pictures, PICTURES, usable)
    write_npz(files.train_pictures, cleaned=dataset.cleaned, windows=dataset.windows)
    write_json(files.facts, facts)


def read_facts(files: DatasetFiles) -> DatasetFacts:
    """Read what `summary` collected about a data set; raise UserError where it is missing or damaged."""
    facts: DatasetFacts = read_json(files.facts, *DatasetFacts.__annotations__)
    return facts


def read_train_pictures(files: DatasetFiles) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Read `cleaned` and `windows` of a `Dataset`, as `write_dataset` wrote them; raise as `read_part`."""
    arrays = read_npz(files.train_pictures, FOR_AUGMENTATION)
    _check(files.train_pictures, _digest(*arrays.values()), read_facts(files)["cleaned"])
    return arrays["cleaned"], arrays["windows"]


def read_part(files: DatasetFiles, name: str) -> Part:
    """Read a part of a data set, as `write_dataset` wrote it.

    Parameters
    ----------
    files : DatasetFiles
        The files of the data set.
    name : str
        Which part.

    Returns
    -------
    Part
        The list of its captchas is empty for those that are mixed in.

    Raises
    ------
    UserError
        Where a file is missing or damaged, or is not the one that the facts describe.
    """
    facts, arrays = read_facts(files), read_npz(files.part(name), ARRAYS)
    table = read_csv(files.captchas, HEADER)
    captchas = [(pictures, file, label, sha256) for of, pictures, file, label, sha256 in table if of == name]
    with intact(files.facts):
        digest, number = facts["digest"].get(name), facts["captchas"][name]
    if name in LISTED and len(captchas) != number:
        raise DamagedFile(
            files.captchas, f"lists {len(captchas)} of the {number} captchas of the part {name}"
        )
    part = Part(arrays["X"], arrays["y"], captchas)
    # an empty part has no digest
    if digest or len(part.X):
        _check(files.part(name), part.digest, digest)
    return part


def check_pickle(files: DatasetFiles) -> None:
    """Raise UserError where the training part as a pickle is not as `write_dataset` wrote it."""
    with intact(files.pickled) as file:
        found = hashlib.sha256(file.read_bytes()).hexdigest()
    _check(files.pickled, found, read_facts(files)["pickle"])


def _check(file: Path, found: str, recorded: str | None) -> None:
    if found != recorded:
        raise DamagedFile(file, f"is not the one whose digest {DatasetFiles.within('').facts} has")


def _digest(*arrays: np.ndarray) -> str:
    """Compute SHA-256 over the bytes of arrays, without a copy of them."""
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()
