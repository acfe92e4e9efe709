"""The splits of the accuracy benchmarks: which captchas of several folders train, and which are to be read.

They are made here for `accuracy.py` and for `readers.py`, so that all readers meet the same captchas.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from captchanet.dataset import dataset
from captchanet.dataset.settings import DatasetSettings
from captchanet.segment.segment import Segmented, segment
from captchanet.segment.segmentation import Segmentation
from captchanet.train import augment


def together(folders: tuple[str, ...], segmentation: Segmentation) -> Segmented:
    """The captchas of several folders as one; two files may have the same name."""
    parts = [segment(folder, segmentation) for folder in folders]
    named = list(zip(folders, parts, strict=True))
    return Segmented(
        np.concatenate([part.X for part in parts]),
        [row._replace(file=f"{folder}/{row.file}") for folder, part in named for row in part.characters],
        np.concatenate([part.cleaned for part in parts]),
        [row._replace(file=f"{folder}/{row.file}") for folder, part in named for row in part.pictures],
        [row for part in parts for row in part.rejected],
    )


def size(wanted: int, total: int) -> int:
    """How many of `total` captchas train: so many, or, where `wanted` is negative, all but so many."""
    return wanted if wanted >= 0 else total + wanted


def split(
    pictures: Segmented,
    captchas: int,
    seed: int,
    alphabet: str,
    synthetic: Segmented | None = None,
    calibration: float = 0,
) -> dataset.Dataset:
    """So many of the pictures to train on, sampled by `seed`, with those `synthetic`; all others are unseen.

    With 0 the synthetic ones train alone, and all pictures are unseen. `calibration` as in a configuration.
    """
    sources = {"all": pictures} | ({"synthetic": synthetic} if synthetic else {})
    if captchas:
        parts = {"train": "all", "synthetic": "synthetic" if synthetic else None, "unseen": "rest"}
    else:
        parts = {"train": "synthetic", "synthetic": None, "unseen": "all"}
    others = {"captchas": captchas or None, "seed": seed, "calibration": calibration}
    settings = DatasetSettings.of({"segment": "any", **parts, **others})
    return dataset.make(sources, settings, alphabet)


class Shown(NamedTuple):
    """n captchas of k characters as they are shown to a reader: vectors, cleaned pictures, files.

    `X` is float32 (n, k, pixels of a window), `cleaned` float32 (n, h, w) or (n, h, w, channels); `files`
    are the pictures' paths.
    """

    X: NDArray[np.float32]
    cleaned: NDArray[np.float32]
    files: list[str]


Read = Callable[[Shown], list[str]]
"""What a reader is once it has learnt: it says what stands on n captchas."""


class Task(NamedTuple):
    """A split as a peer takes it.

    It learns from the captchas `known`, of which `y`, int64 (n, k), are the characters as numbers in the
    `alphabet`, from 0; `crops` are the same as augmentation takes them. It reads those `unseen`, which
    say `labels`.
    """

    alphabet: str
    known: Shown
    y: NDArray[np.int64]
    crops: augment.Crops
    unseen: Shown
    labels: list[str]


def task(pictures: Segmented, captchas: int, seed: int, segmentation: Segmentation) -> Task:
    """The split as a peer takes it; `segmentation` is how the pictures were segmented."""
    found = split(pictures, captchas, seed, segmentation.alphabet)
    row_of = {picture.file: row for row, picture in enumerate(pictures.pictures)}
    known, unseen = (
        shown(pictures, [row_of[file] for _, file, _, _ in part.captchas])
        for part in (found.train, found.unseen)
    )
    cropped = augment.crops(found.train.X, found.cleaned, found.windows, segmentation.split.dump())
    labels = [label for _, _, label, _ in found.unseen.captchas]
    y = found.train.y.reshape(len(known.files), -1) - 1
    return Task(segmentation.alphabet, known, y, cropped, unseen, labels)


def shown(pictures: Segmented, rows: Sequence[int]) -> Shown:
    """These of the pictures."""
    X = pictures.X.reshape(len(pictures.pictures), -1, pictures.X.shape[1])
    return Shown(X[list(rows)], pictures.cleaned[list(rows)], [pictures.pictures[row].file for row in rows])


def spelt(numbers: NDArray[np.integer], alphabet: str) -> list[str]:
    """Numbers in the alphabet, (n, k) from 0, as n readings."""
    return ["".join(row) for row in np.array(list(alphabet))[numbers]]
