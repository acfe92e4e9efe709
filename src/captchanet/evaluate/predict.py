"""Reading pictures that nobody labelled, with a trained model."""

import os
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np

from captchanet.errors import UserError
from captchanet.segment.read import Unusable, decode, list_pictures, read_bytes
from captchanet.segment.segmentation import Cut, clean_and_cut
from captchanet.train.model import Model

# Read together: enough to spread NumPy's overhead, few enough that memory stays flat
BATCH = 256


class Reading(NamedTuple):
    """A file, what stands on it with which confidence, and, when it cannot be read, why.

    A reading that was not sure enough is "", and its confidence stands all the same.
    """

    file: str
    reading: str
    confidence: float | None
    problem: str


def files(paths: Iterable[str]) -> Iterator[str | Reading]:
    """The files named in `paths`, each folder replaced by the visible files in it, sorted.

    A folder without any is a Reading with its problem.
    """
    for path in paths:
        if not os.path.isdir(path):  # noqa: PTH112 (Path.is_dir raises where a folder may not be entered)
            yield path
            continue
        try:
            names = list_pictures(path)
        except UserError as error:
            yield Reading(path, "", None, str(error))
            continue
        yield from (os.path.join(path, name) for name in names)  # noqa: PTH118 (spelt as given)


def read(model: Model, paths: Iterable[str | Reading], sure: float = 0.0) -> Iterator[Reading]:
    """Reads the pictures `paths`, in their order and in batches: memory does not grow with their number.

    Of one that it is less than `sure` of, 0 … 1, it says nothing but how sure it is. One that cannot be used
    gives a Reading with its problem, and does not stop the others.
    """
    cut = Cut.from_settings(model.segment)
    pixels = np.empty((BATCH, cut.height, cut.width, 3), np.uint8)
    waiting: list[tuple[str, int | str]] = []
    used = 0
    for path in paths:
        if isinstance(path, Reading):
            waiting.append((path.file, path.problem))
            continue
        try:
            pixels[used] = decode(read_bytes(path, cut.width, cut.height), cut.width, cut.height)
            waiting.append((path, used))
            used += 1
        except Unusable as problem:
            waiting.append((path, str(problem)))
        if used == BATCH or len(waiting) == 4 * BATCH:
            yield from _read(model, cut, pixels[:used], waiting, sure)
            waiting, used = [], 0
    yield from _read(model, cut, pixels[:used], waiting, sure)


def _read(
    model: Model, cut: Cut, pixels: np.ndarray, waiting: list[tuple[str, int | str]], sure: float
) -> Iterator[Reading]:
    if len(pixels):
        _, vectors, _ = clean_and_cut(pixels, cut)
        readings, confidences, _ = model.read(
            vectors.reshape(-1, vectors.shape[-1]).astype(model.theta.dtype)
        )
    for path, place in waiting:
        if isinstance(place, str):
            yield Reading(path, "", None, place)
        else:
            confidence = float(confidences[place])
            yield Reading(path, readings[place] if confidence >= sure else "", confidence, "")
