"""How well a model reads: the captchas it trained on, and above all those it never saw."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from captchanet.dataset.dataset import Part
from captchanet.evaluate import selective_prediction as selective
from captchanet.evaluate.calibration_error import RELIABILITY, calibration_metrics, reliability_bins
from captchanet.evaluate.confidence_interval import accuracy_interval
from captchanet.files import read_json, write_csv, write_json
from captchanet.layout import EvaluateFiles, TrainFiles
from captchanet.progress import tell
from captchanet.segment.labels import encode
from captchanet.train.model import Model, load_model
from captchanet.types import Json

MISREADS = ("pictures", "file", "label", "reading", "confidence")
CLASSES = ("character", "trained_on", "unseen", "correct", "accuracy", "low", "high")


@dataclass(frozen=True)
class Evaluation:
    """What an evaluation found, as `write_evaluation` writes it.

    Attributes
    ----------
    metrics
        The metrics, ready for JSON.
    confusion
        The confusion matrix of unseen characters, int64 (classes, classes); rows are the truth.
    classes
        A row for each class, with the columns of `CLASSES`.
    misreads
        A row for each misread captcha, with the columns of `MISREADS`.
    reliability
        The bins of the reliability diagram, with the columns of `calibration_error.RELIABILITY`.
    coverage
        Accuracy over coverage, with the columns of `selective_prediction.COVERAGE`.
    """

    metrics: dict[str, Any]
    confusion: NDArray[np.int64]
    classes: list[tuple[Any, ...]]
    misreads: list[tuple[Any, ...]]
    reliability: list[tuple[Any, ...]] = field(default_factory=list)
    coverage: list[tuple[Any, ...]] = field(default_factory=list)


def evaluate(model: Model, train: Part, unseen: Part, synthetic: Part | None = None) -> Evaluation:
    """Read the training and the unseen part of a data set, and count what is right.

    Parameters
    ----------
    model
        The trained model.
    train, unseen
        The captchas it trained on, and those it never saw.
    synthetic
        The synthetic captchas that were mixed into the training, if any. They count as examples of their
        classes, and are not read.

    Returns
    -------
    Evaluation
    """
    alphabet = model.segment["alphabet"]
    readings, confidences, of_characters = model.predict(unseen.X)
    tell("part", 1, 2, "the unseen captchas are read")
    truth, found = unseen.y[:, 0], np.array(encode("".join(readings), alphabet), np.int64)
    confusion = np.zeros((len(alphabet), len(alphabet)), np.int64)
    np.add.at(confusion, (truth - 1, found - 1), 1)
    trained = encode("".join(model.predict(train.X)[0]), alphabet)
    right = [reading == label for reading, (_, _, label, _) in zip(readings, unseen.captchas, strict=True)]
    pairs = {"characters": (of_characters.ravel(), truth == found), "captchas": (confidences, right)}
    coverage = selective.accuracy_over_coverage(*pairs["captchas"])
    metrics = {
        "status": "finished",
        "temperature": model.temperature,
        "training": accuracy_interval(int(np.sum(train.y[:, 0] == trained)), len(train.y)),
        "unseen": {
            of: accuracy_interval(int(np.sum(good)), len(good)) | calibration_metrics(confidence, good)
            for of, (confidence, good) in pairs.items()
        },
        # of whole captchas: how accurate the readings above a threshold are
        "selective": {
            "coverage_at_99": selective.coverage_at_accuracy(coverage, 0.99),
            "thresholds": [
                selective.at_threshold(*pairs["captchas"], threshold) for threshold in selective.THRESHOLDS
            ],
        },
    }
    known = [part.y[:, 0] for part in (train, synthetic) if part is not None]
    reliability = [(of, *row) for of, some in pairs.items() for row in reliability_bins(*some)]
    return Evaluation(
        metrics,
        confusion,
        _by_class(alphabet, np.concatenate(known), confusion),
        _misreads(unseen, readings, confidences),
        reliability,
        coverage,
    )


def _by_class(
    alphabet: str, known: NDArray[np.integer], confusion: NDArray[np.int64]
) -> list[tuple[Any, ...]]:
    """Rows of `CLASSES`; `known` are the classes of the characters that trained, from 1."""
    examples = np.bincount(known - 1, minlength=len(alphabet))
    columns = examples.tolist(), np.diag(confusion).tolist(), confusion.sum(axis=1).tolist()
    return [
        (character, trained, *accuracy_interval(correct, n).values())
        for character, trained, correct, n in zip(alphabet, *columns, strict=True)
    ]


def _misreads(
    unseen: Part, readings: Sequence[str], confidences: NDArray[np.floating]
) -> list[tuple[Any, ...]]:
    """Rows of `MISREADS`."""
    return [
        (*captcha[:3], reading, f"{confidence:.6f}")
        for captcha, reading, confidence in zip(unseen.captchas, readings, confidences, strict=True)
        if reading != captcha[2]
    ]


def evaluate_run(files: TrainFiles, train: Part, unseen: Part, synthetic: Part | None = None) -> Evaluation:
    """Evaluate a run.

    Parameters
    ----------
    files
        The files of the run.
    train, unseen, synthetic
        The parts of its data set, as `evaluate` takes them.

    Returns
    -------
    Evaluation
        Of a run whose training failed, only that it failed, and why.
    """
    status = read_json(files.status, "status", "reason")
    if status["status"] == "finished":
        return evaluate(load_model(files.theta), train, unseen, synthetic)
    metrics = {"status": status["status"], "reason": status["reason"]}
    return Evaluation(metrics, np.zeros((0, 0), np.int64), [], [])


def reached(run: str, trained_on: str, metrics: Json) -> str:
    """Say in a sentence what a run reached: how many of the unseen captchas it reads, with the interval.

    Parameters
    ----------
    run
        The name of the run.
    trained_on
        Its captchas to train on, as `captchanet.dataset.dataset.trained_on` says them.
    metrics
        What `write_evaluation` wrote as JSON.

    Returns
    -------
    str
    """
    if metrics["status"] != "finished":
        return f"The training of the run {run} failed: {metrics['reason']}."
    found = metrics["unseen"]["captchas"]
    accuracy, low, high = (f"{100 * found[name]:.1f} %" for name in ("accuracy", "low", "high"))
    return (
        f"Trained on {trained_on}, the run {run} reads {found['correct']} of {found['n']} captchas that it "
        f"never saw: {accuracy} (95 % interval {low} to {high})."
    )


def write_evaluation(files: EvaluateFiles, evaluation: Evaluation) -> None:
    """Write the metrics as JSON and all else as CSV.

    Parameters
    ----------
    files
        The files to write.
    evaluation
        What goes into them.
    """
    alphabet = [row[0] for row in evaluation.classes]
    rows = [(letter, *row) for letter, row in zip(alphabet, evaluation.confusion.tolist(), strict=True)]
    write_json(files.metrics, evaluation.metrics)
    write_csv(files.classes, CLASSES, evaluation.classes)
    write_csv(files.confusion, ("true", *alphabet), rows)
    write_csv(files.misreads, MISREADS, evaluation.misreads)
    write_csv(files.reliability, RELIABILITY, evaluation.reliability)
    write_csv(files.coverage, selective.COVERAGE, evaluation.coverage)
