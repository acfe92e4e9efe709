"""Reading pictures that nobody labelled, with a trained model."""

import os
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np

from captchanet.errors import UserError
from captchanet.segment.decode import decode
from captchanet.segment.read import Unusable, list_pictures, read_bytes
from captchanet.segment.segmentation import DARK, Segmentation, clean_and_split, on_dark_paper
from captchanet.train.model import Model

# Read together: enough to spread NumPy's overhead, few enough that memory stays flat
BATCH = 256


class Prediction(NamedTuple):
    """What stands on a file, or why it cannot be read.

    Attributes
    ----------
    file
        The file, as it was named.
    reading
        What stands on it; "" where the confidence is below the threshold, or the file cannot be read.
    confidence
        The confidence, 0 to 1, also where it is below the threshold; None where the file cannot be read.
    problem
        Why it cannot be read, else "".
    """

    file: str
    reading: str
    confidence: float | None
    problem: str


def list_files(paths: Iterable[str]) -> Iterator[str | Prediction]:
    """List the files that are named; in place of a folder, all that is visible in it, sorted.

    Sub-folders, pipes and sockets are listed, too: reading them gives the reason why they are not read.

    Parameters
    ----------
    paths
        Files and folders; a first `~` is the home folder.

    Yields
    ------
    str or Prediction
        A file, or, for a folder without any, a Prediction with its problem.
    """
    for path in map(os.path.expanduser, paths):  # a shell leaves ~ alone inside quotes
        if not os.path.isdir(path):  # noqa: PTH112 (Path.is_dir raises where a folder may not be entered)
            yield path
            continue
        try:
            names = list_pictures(path, others=True)
        except UserError as error:
            yield Prediction(path, "", None, str(error))
            continue
        yield from (os.path.join(path, name) for name in names)  # noqa: PTH118 (spelt as given)


def predict(model: Model, paths: Iterable[str | Prediction], threshold: float = 0.0) -> Iterator[Prediction]:
    """Read pictures in their order and in batches: the memory does not grow with their number.

    Parameters
    ----------
    model
        The trained model.
    paths
        The files, as `list_files` yields them.
    threshold
        The confidence, 0 to 1, below which no reading is given.

    Yields
    ------
    Prediction
        One for each file. A file that cannot be used does not stop the others.
    """
    segmentation = Segmentation.of(model.segment, f"the model of {model.run}: ")
    width, height = segmentation.picture.width, segmentation.picture.height
    pixels = np.empty((BATCH, height, width, 3), np.uint8)
    waiting: list[tuple[str, int | str]] = []
    used = 0
    for path in paths:
        if isinstance(path, Prediction):
            waiting.append((path.file, path.problem))
            continue
        try:
            pixels[used] = decode(read_bytes(path, width, height), width, height)
            waiting.append((path, used))
            used += 1
        except Unusable as problem:
            waiting.append((path, str(problem)))
        if used == BATCH or len(waiting) == 4 * BATCH:
            yield from _predict_batch(model, segmentation, pixels[:used], waiting, threshold)
            waiting, used = [], 0
    yield from _predict_batch(model, segmentation, pixels[:used], waiting, threshold)


def _predict_batch(
    model: Model,
    segmentation: Segmentation,
    pixels: np.ndarray,
    waiting: list[tuple[str, int | str]],
    threshold: float,
) -> Iterator[Prediction]:
    """Yield the predictions of `waiting` files, each with the row of its `pixels` or why it has none."""
    if len(pixels):
        cleaned, vectors, _ = clean_and_split(pixels, segmentation)
        dark = on_dark_paper(cleaned, segmentation)
        readings, confidences, _ = model.predict(
            vectors.reshape(-1, vectors.shape[-1]).astype(model.theta.dtype)
        )
    for path, row in waiting:
        if isinstance(row, str):
            yield Prediction(path, "", None, row)
        elif dark[row]:
            yield Prediction(path, "", None, DARK)
        else:
            confidence = float(confidences[row])
            yield Prediction(path, readings[row] if confidence >= threshold else "", confidence, "")
