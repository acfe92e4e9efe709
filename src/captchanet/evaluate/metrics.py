"""How well a model reads: what it trained on, and above all the captchas it never saw. NumPy only."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from captchanet.dataset.dataset import Part
from captchanet.evaluate.calibration_error import RELIABILITY, calibration_metrics, reliability_bins
from captchanet.evaluate.confidence_interval import accuracy_interval
from captchanet.evaluate.selective_prediction import (
    COVERAGE,
    THRESHOLDS,
    accuracy_over_coverage,
    at_threshold,
    coverage_at_accuracy,
)
from captchanet.files import read_json, write_csv, write_json
from captchanet.layout import EvaluateFiles, TrainFiles
from captchanet.train.model import Model, load_model

MISREADS = ("pictures", "file", "label", "reading", "confidence")
CLASSES = ("character", "trained_on", "unseen", "correct", "accuracy", "low", "high")


@dataclass(frozen=True)
class Evaluation:
    """`metrics` as they are written; `confusion` (classes, classes) int, rows the truth; rows of tables.

    `classes` and `misreads` have the columns that `CLASSES` and `MISREADS` name, `reliability` and `coverage`
    those of `RELIABILITY` and `COVERAGE` in `calibration_error` and `selective_prediction`.
    """

    metrics: dict[str, Any]
    confusion: NDArray[np.int64]
    classes: list[tuple[Any, ...]]
    misreads: list[tuple[Any, ...]]
    reliability: list[tuple[Any, ...]] = field(default_factory=list)
    coverage: list[tuple[Any, ...]] = field(default_factory=list)


def evaluate(model: Model, train: Part, unseen: Part, synthetic: Part | None = None) -> Evaluation:
    """Reads the training and the unseen part of a data set with `model` and counts.

    The `synthetic` captchas that were mixed into the training count as examples of their classes, and are not
    read.
    """
    alphabet = model.segment["alphabet"]
    readings, confidences, of_characters = model.predict(unseen.X)
    labels = [label for _, _, label, _ in unseen.captchas]
    truth, found = unseen.y[:, 0] - 1, _classes(readings, alphabet)
    confusion = np.zeros((len(alphabet), len(alphabet)), np.int64)
    np.add.at(confusion, (truth, found), 1)
    trained = _classes(model.predict(train.X)[0], alphabet)
    right = [reading == label for reading, label in zip(readings, labels, strict=True)]
    pairs = {"characters": (of_characters.ravel(), truth == found), "captchas": (confidences, right)}
    coverage = accuracy_over_coverage(*pairs["captchas"])
    metrics = {
        "status": "finished",
        "temperature": model.temperature,
        "training": accuracy_interval(int(np.sum(trained == train.y[:, 0] - 1)), len(train.y)),
        "unseen": {
            of: {
                **accuracy_interval(int(np.sum(good)), len(good)),
                **calibration_metrics(confidence, good),
            }
            for of, (confidence, good) in pairs.items()
        },
        # of whole captchas: what a reader is worth that may say nothing
        "selective": {
            "coverage_at_99": coverage_at_accuracy(coverage, 0.99),
            "thresholds": [at_threshold(*pairs["captchas"], threshold) for threshold in THRESHOLDS],
        },
    }
    misreads = [
        (*captcha[:3], reading, f"{confidence:.6f}")
        for captcha, reading, confidence, good in zip(
            unseen.captchas, readings, confidences, right, strict=True
        )
        if not good
    ]
    known = [part.y[:, 0] for part in (train, synthetic) if part is not None]
    examples = np.bincount(np.concatenate(known) - 1, minlength=len(alphabet))
    classes = [
        (
            character,
            int(examples[i]),
            *accuracy_interval(int(confusion[i, i]), int(confusion[i].sum())).values(),
        )
        for i, character in enumerate(alphabet)
    ]
    reliability = [(of, *row) for of, some in pairs.items() for row in reliability_bins(*some)]
    return Evaluation(metrics, confusion, classes, misreads, reliability, coverage)


def _classes(readings: Sequence[str], alphabet: str) -> NDArray[np.int64]:
    numbers = {character: i for i, character in enumerate(alphabet)}
    return np.array([numbers[character] for reading in readings for character in reading], np.int64)


def evaluate_run(files: TrainFiles, train: Part, unseen: Part, synthetic: Part | None = None) -> Evaluation:
    """The evaluation of the run with these files; of one whose training failed, only that it did, and why."""
    status = read_json(files.status)
    if status["status"] == "finished":
        return evaluate(load_model(files.theta), train, unseen, synthetic)
    metrics = {"status": status["status"], "reason": status["reason"]}
    return Evaluation(metrics, np.zeros((0, 0), np.int64), [], [])


def write_evaluation(files: EvaluateFiles, evaluation: Evaluation) -> None:
    """Writes the metrics as JSON and all else as CSV; rows of the confusion matrix are the truth."""
    alphabet = [row[0] for row in evaluation.classes]
    rows = [(letter, *row) for letter, row in zip(alphabet, evaluation.confusion.tolist(), strict=True)]
    write_json(files.metrics, evaluation.metrics)
    write_csv(files.classes, CLASSES, evaluation.classes)
    write_csv(files.confusion, ("true", *alphabet), rows)
    write_csv(files.misreads, MISREADS, evaluation.misreads)
    write_csv(files.reliability, RELIABILITY, evaluation.reliability)
    write_csv(files.coverage, COVERAGE, evaluation.coverage)
