"""How well a model reads: what it trained on, and above all the captchas it never saw. NumPy only."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from captchanet.dataset.dataset import Part
from captchanet.evaluate import calibration_error as calibration
from captchanet.evaluate.confidence_interval import proportion
from captchanet.files import read_json, write_csv, write_json
from captchanet.train.model import Model, load

MISREADS = ("pictures", "file", "label", "reading", "confidence")
CLASSES = ("character", "trained_on", "unseen", "correct", "accuracy", "low", "high")


@dataclass(frozen=True)
class Evaluation:
    """`metrics` as metrics.json holds them; `confusion` (classes, classes) int, rows the truth; CSV rows.

    `reliability` and `abstention` have the columns that `captchanet.evaluate.calibration_error` names.
    """

    metrics: dict[str, Any]
    confusion: NDArray[np.int64]
    classes: list[tuple[Any, ...]]
    misreads: list[tuple[Any, ...]]
    reliability: list[tuple[Any, ...]] = field(default_factory=list)
    abstention: list[tuple[Any, ...]] = field(default_factory=list)


def evaluate(model: Model, train: Part, unseen: Part, drawn: Part | None = None) -> Evaluation:
    """Reads the training and the unseen part of a data set with `model` and counts.

    Those `drawn` to be mixed into the training count as examples of their classes, and are not read.
    """
    alphabet = model.segment["alphabet"]
    readings, confidences, of_characters = model.read(unseen.X)
    labels = [label for _, _, label, _ in unseen.captchas]
    truth, found = unseen.y[:, 0] - 1, _classes(readings, alphabet)
    confusion = np.zeros((len(alphabet), len(alphabet)), np.int64)
    np.add.at(confusion, (truth, found), 1)
    trained = _classes(model.read(train.X)[0], alphabet)
    right = [reading == label for reading, label in zip(readings, labels, strict=True)]
    sure = {"characters": (of_characters.ravel(), truth == found), "captchas": (confidences, right)}
    abstention = calibration.abstention(*sure["captchas"])
    metrics = {
        "status": "finished",
        "temperature": model.temperature,
        "training": proportion(int(np.sum(trained == train.y[:, 0] - 1)), len(train.y)),
        "unseen": {
            of: {**proportion(int(np.sum(good)), len(good)), **calibration.judged(confidence, good)}
            for of, (confidence, good) in sure.items()
        },
        # of whole captchas: what a reader is worth that may say nothing
        "answering": {
            "share_99_right": calibration.largest_share(abstention, 0.99),
            "sure": [calibration.answered(*sure["captchas"], least) for least in calibration.SURE],
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
    reliability = [(of, *row) for of, pairs in sure.items() for row in calibration.reliability(*pairs)]
    return Evaluation(metrics, confusion, classes, misreads, reliability, abstention)


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
    """metrics.json and classes, confusion (rows the truth), misreads, reliability and abstention as CSV."""
    alphabet = [row[0] for row in evaluation.classes]
    rows = [(letter, *row) for letter, row in zip(alphabet, evaluation.confusion.tolist(), strict=True)]
    write_json(folder / "metrics.json", evaluation.metrics)
    write_csv(folder / "classes.csv", CLASSES, evaluation.classes)
    write_csv(folder / "confusion.csv", ("true", *alphabet), rows)
    write_csv(folder / "misreads.csv", MISREADS, evaluation.misreads)
    write_csv(folder / "reliability.csv", calibration.RELIABILITY, evaluation.reliability)
    write_csv(folder / "abstention.csv", calibration.ABSTENTION, evaluation.abstention)
