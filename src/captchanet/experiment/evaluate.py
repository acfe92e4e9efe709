"""How well a model reads: what it trained on, and above all the captchas it never saw. NumPy only."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from captchanet.experiment.dataset import Part
from captchanet.experiment.model import Model, load
from captchanet.files import read_json, write_csv, write_json

MISREADS = ("pictures", "file", "label", "reading", "confidence")
CLASSES = ("character", "trained_on", "unseen", "correct", "accuracy", "low", "high")


@dataclass(frozen=True)
class Evaluation:
    """`metrics` as metrics.json holds them; `confusion` (classes, classes) int, rows the truth; CSV rows."""

    metrics: dict[str, Any]
    confusion: NDArray[np.int64]
    classes: list[tuple[Any, ...]]
    misreads: list[tuple[Any, ...]]


def wilson(correct: int, n: int) -> tuple[float, float]:
    """The 95 % confidence interval of a proportion, correct of n.

    E. B. Wilson, "Probable inference, the law of succession, and statistical inference", JASA 22 (1927):
    unlike the normal approximation it stays within 0 … 1 and is not empty at 0 or 100 %. n = 0 tells
    nothing: (0, 1).
    """
    if not n:
        return 0.0, 1.0
    z = 1.959963984540054  # the normal distribution's 97.5 % quantile
    share, spread = correct / n, z * z / n
    centre = (share + spread / 2) / (1 + spread)
    half = z / (1 + spread) * math.sqrt(share * (1 - share) / n + spread / (4 * n))
    return max(0.0, centre - half), min(1.0, centre + half)


def proportion(correct: int, n: int) -> dict[str, Any]:
    """n, correct, accuracy and its 95 % Wilson interval, as metrics.json holds them."""
    low, high = wilson(correct, n)
    return {"n": n, "correct": correct, "accuracy": correct / n if n else None, "low": low, "high": high}


def evaluate(model: Model, train: Part, unseen: Part, drawn: Part | None = None) -> Evaluation:
    """Reads the training and the unseen part of a data set with `model` and counts.

    Those `drawn` to be mixed into the training count as examples of their classes, and are not read.
    """
    alphabet = model.segment["alphabet"]
    readings, confidences, _ = model.read(unseen.X)
    labels = [label for _, _, label, _ in unseen.captchas]
    truth, found = unseen.y[:, 0] - 1, _classes(readings, alphabet)
    confusion = np.zeros((len(alphabet), len(alphabet)), np.int64)
    np.add.at(confusion, (truth, found), 1)
    trained = _classes(model.read(train.X)[0], alphabet)
    right = [reading == label for reading, label in zip(readings, labels, strict=True)]
    metrics = {
        "status": "finished",
        "training": proportion(int(np.sum(trained == train.y[:, 0] - 1)), len(train.y)),
        "unseen": {
            "characters": proportion(int(np.trace(confusion)), len(truth)),
            "captchas": proportion(sum(right), len(labels)),
        },
    }
    misreads = [
        (*captcha[:3], reading, f"{confidence:.6f}")
        for captcha, reading, confidence, good in zip(
            unseen.captchas, readings, confidences, right, strict=True
        )
        if not good
    ]
    known = [part.y[:, 0] for part in (train, drawn) if part is not None]
    examples = np.bincount(np.concatenate(known) - 1, minlength=len(alphabet))
    classes = [
        (character, int(examples[i]), *proportion(int(confusion[i, i]), int(confusion[i].sum())).values())
        for i, character in enumerate(alphabet)
    ]
    return Evaluation(metrics, confusion, classes, misreads)


def _classes(readings: Sequence[str], alphabet: str) -> NDArray[np.int64]:
    numbers = {character: i for i, character in enumerate(alphabet)}
    return np.array([numbers[character] for reading in readings for character in reading], np.int64)


def evaluate_run(folder: Path, train: Part, unseen: Part, drawn: Part | None = None) -> Evaluation:
    """The evaluation of the run in `folder`; of one whose training failed, only that it did, and why."""
    status = read_json(folder / "status.json")
    if status["status"] == "finished":
        return evaluate(load(folder / "model.npz"), train, unseen, drawn)
    metrics = {"status": status["status"], "reason": status["reason"]}
    return Evaluation(metrics, np.zeros((0, 0), np.int64), [], [])


def write(evaluation: Evaluation, folder: Path) -> None:
    """metrics.json, classes.csv, confusion.csv (rows the truth, columns the reading) and misreads.csv."""
    alphabet = [row[0] for row in evaluation.classes]
    rows = [(letter, *row) for letter, row in zip(alphabet, evaluation.confusion.tolist(), strict=True)]
    write_json(folder / "metrics.json", evaluation.metrics)
    write_csv(folder / "classes.csv", CLASSES, evaluation.classes)
    write_csv(folder / "confusion.csv", ("true", *alphabet), rows)
    write_csv(folder / "misreads.csv", MISREADS, evaluation.misreads)
