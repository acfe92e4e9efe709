"""The splits of the accuracy benchmarks: which captchas of several folders train, and which are to be read.

`accuracy.py` and `readers.py` both take them from here, so all readers get the same captchas.
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
    """How many of `total` captchas train: `wanted` or, if it is -n, all but n."""
    return wanted if wanted >= 0 else total + wanted


def split(
    pictures: Segmented,
    captchas: int,
    seed: int,
    alphabet: str,
    synthetic: Segmented | None = None,
    calibration: float = 0,
) -> dataset.Dataset:
    """A data set: some pictures, sampled by `seed`, train with the `synthetic` ones; all others are unseen.

    With 0 only the synthetic ones train, and all pictures are unseen. `calibration` is as in a configuration.
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
    """The n captchas of k characters that a reader gets: vectors, cleaned pictures, files.

    `X` is float32 (n, k, pixels of a window), `cleaned` float32 (n, h, w) or (n, h, w, channels); `files`
    are the pictures' paths.
    """

    X: NDArray[np.float32]
    cleaned: NDArray[np.float32]
    files: list[str]


Read = Callable[[Shown], list[str]]
"""A reader that has learnt: it returns its readings of n captchas."""


class Task(NamedTuple):
    """A split in the form that a peer takes.

    It learns from the captchas `known`. Their characters are `y`, int64 (n, k), as numbers in the `alphabet`
    from 0. `crops` are the same captchas in the form that augmentation takes. It reads the captchas `unseen`;
    their labels are `labels`.
    """

    alphabet: str
    known: Shown
    y: NDArray[np.int64]
    crops: augment.Crops
    unseen: Shown
    labels: list[str]


def task(pictures: Segmented, captchas: int, seed: int, segmentation: Segmentation) -> Task:
    """The split in the form that a peer takes; `segmentation` is how the pictures were segmented."""
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
    """The chosen pictures."""
    X = pictures.X.reshape(len(pictures.pictures), -1, pictures.X.shape[1])
    return Shown(X[list(rows)], pictures.cleaned[list(rows)], [pictures.pictures[row].file for row in rows])


def spelt(numbers: NDArray[np.integer], alphabet: str) -> list[str]:
    """The readings for the numbers in the alphabet, (n, k) from 0."""
    return ["".join(row) for row in np.array(list(alphabet))[numbers]]
