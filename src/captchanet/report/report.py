"""The report: one page for the user. It has everything in it and loads no other file."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from captchanet.dataset.dataset import DatasetFacts, read_facts
from captchanet.evaluate.metrics import CLASSES, MISREADS
from captchanet.evaluate.sweep import Sweep
from captchanet.files import intact, read_csv, read_json
from captchanet.layout import EvaluateFiles, Results, SegmentedFiles, TrainFiles, XorFiles
from captchanet.progress import counted
from captchanet.report import confidence_figure, figures, page
from captchanet.report import sweeps as report_sweeps
from captchanet.report.accuracy_curve import MOST_LINES
from captchanet.report.figure_helpers import fitted
from captchanet.segment.segment import Rejected
from captchanet.train.provenance import Provenance

FILTERS = {
    "percent": lambda share: f"{100 * share:.1f}\N{NO-BREAK SPACE}%",
    "points": lambda share: f"{100 * share:.1f}",
    "coverage": lambda share: f"{100 * share:.1f}".removesuffix(".0") + "\N{NO-BREAK SPACE}%",
    "p_value": report_sweeps.p_value,
}


@dataclass(frozen=True)
class ReportedRun:
    """One run: the content of its files, its figures as SVG, and its commonest errors.

    For a run that failed, the last three are empty.
    """

    name: str
    parameters: dict[str, Any]
    metrics: dict[str, Any]
    status: dict[str, Any]
    provenance: Provenance
    curves: str
    classes: str = ""
    confusion: str = ""
    confused: Sequence[tuple[str, str, int, int]] = ()

    @property
    def finished(self) -> bool:
        """Whether its training finished. If not, the run has read nothing."""
        return bool(self.metrics["status"] == "finished")

    @property
    def step(self) -> str:
        """What a step of its curves is: an epoch or an iteration."""
        return figures.STEPS.get(self.parameters["optimiser"]["method"], "step")

    @property
    def data(self) -> str:
        """The name of its data set."""
        return str(self.parameters["data"])

    @property
    def captchas(self) -> dict[str, Any]:
        """Its metrics of whole unseen captchas."""
        return self.metrics["unseen"]["captchas"]

    @property
    def characters(self) -> dict[str, Any]:
        """Its metrics of unseen characters."""
        return self.metrics["unseen"]["characters"]


@dataclass(frozen=True)
class ReportedData:
    """A data set: its facts, and by entry of `pictures` the segmented files and the rejected pictures.

    `folders` has for each entry the `counts` of its pictures, the `rejected` ones, and its method to
    `synthesize`, None for a folder.
    """

    facts: DatasetFacts
    segmented: Mapping[str, SegmentedFiles]
    folders: Mapping[str, dict[str, Any]]


@dataclass(frozen=True)
class Misread:
    """A captcha that some run misread.

    `readings` has the reading of each run that misread it, with its confidence; `picture` is a data URI;
    `by_first` is whether the first run misread it.
    """

    data: str
    file: str
    label: str
    readings: Mapping[str, tuple[str, float]]
    picture: str
    by_first: bool


def report(
    results: Results,
    runs: Sequence[str],
    headline: str,
    pictures: Mapping[str, str],
    sweeps: Sequence[Sweep] = (),
    domain_gaps: Mapping[str, str] | None = None,
    history: str = "",
) -> str:
    """The page, as HTML, about the run `headline`, which comes first, and `runs`, each in full.

    `pictures` has for each entry of `pictures` its folder or, where it was synthesized, its file of synthetic
    pictures; the misreads are shown from there. The runs of each of `sweeps` share one section. `domain_gaps`
    has links to the pages that compare the synthetic captchas of a data set with real ones. `history` is the
    address of the list of runs in the MLflow UI. The same results give the same text.
    """
    names = dict.fromkeys([headline, *runs])
    about = [_run(name, results.train[name], results.evaluate[name]) for name in counted(names, "run")]
    finished = [run for run in about if run.finished]
    data = {run.data: _data(results, run.data) for run in about}
    return page.render(
        "report.html.j2",
        FILTERS,
        headline=about[0],
        history=history,
        # of equal ones the configured run, which comes first
        best=max(finished, key=lambda run: run.captchas["accuracy"], default=None),
        runs=about,
        finished=finished,
        data=data,
        misreads=_misreads(results, finished, data, pictures),
        confidence=_confidence(headline, results.evaluate[headline]) if about[0].finished else "",
        xor=_xor(results.xor),
        provenance=results.train[headline].provenance.name,
        most_settings=figures.MOST_SETTINGS,
        most_lines=MOST_LINES,
        sweeps=[report_sweeps.section(sweep) for sweep in counted(sweeps, "sweep")],
        domain_gaps=domain_gaps or {},
        comparison=_comparison(finished, runs) if finished else "",
    )


def _run(name: str, train: TrainFiles, evaluate: EvaluateFiles) -> ReportedRun:
    parameters, metrics = read_json(train.parameters, "run"), read_json(evaluate.metrics, "status")
    history = figures.read_history(train.history)
    curves = figures.svg(figures.learning_curves(history, parameters["optimiser"]["method"]), name)
    status, provenance = read_json(train.status, "status"), read_json(train.provenance, "started")
    files = (parameters, metrics, status, provenance)
    if metrics["status"] != "finished":
        return ReportedRun(name, *files, curves)
    rows = read_csv(evaluate.classes, CLASSES)
    with intact(evaluate.classes):
        classes = [
            (row[0], int(row[2]), float(row[4] or "nan"), float(row[5]), float(row[6])) for row in rows
        ]
    confusion, alphabet = figures.read_confusion(evaluate.confusion)
    return ReportedRun(
        name,
        *files,
        curves,
        classes=figures.svg(figures.class_accuracy(classes), name),
        confusion=figures.svg(figures.confusion_matrix(confusion, alphabet), name),
        confused=_confused(confusion, alphabet),
    )


def _confidence(name: str, evaluate: EvaluateFiles) -> str:
    """The figure about the confidence of a run."""
    shown = confidence_figure.read_confidence(evaluate)
    return figures.svg(confidence_figure.confidence(*shown), name)


def _comparison(finished: Sequence[ReportedRun], by_hand: Sequence[str]) -> str:
    """The figure of the accuracy of each run."""
    bars = []
    for run in finished:
        # a name that was made for a run of a sweep may be long
        name = run.name if run.name in by_hand else fitted(run.name)
        bars.append((name, run.captchas["accuracy"], run.captchas["low"], run.captchas["high"]))
    return figures.svg(figures.captcha_accuracies(bars))


def _confused(confusion: NDArray[np.int64], alphabet: Sequence[str]) -> list[tuple[str, str, int, int]]:
    """The five commonest errors as (truth, reading, times, examples of that truth), the commonest first."""
    wrong = [
        (alphabet[row], alphabet[column], int(confusion[row, column]), int(confusion[row].sum()))
        for row, column in zip(*np.nonzero(confusion), strict=True)
        if row != column
    ]
    return sorted(wrong, key=lambda error: (-error[2], error[0], error[1]))[:5]


def _data(results: Results, name: str) -> ReportedData:
    facts = read_facts(results.dataset[name])
    segmented = {
        pictures: files
        for (segmentation, pictures), files in results.segment.items()
        if segmentation == facts["dataset"]["segment"]
    }
    # `unseen` may be a number instead
    names = [str(facts["dataset"][use]) for use in ("train", "synthetic", "unseen")]
    folders = {}
    for entry in dict.fromkeys(name for name in names if name in segmented):
        files = segmented[entry]
        folders[entry] = {
            "counts": read_json(files.counts, "rejected"),
            "rejected": [Rejected(*row) for row in read_csv(files.rejected, Rejected._fields)],
            "synthesize": facts["pictures"].get(entry, {}).get("synthesize"),
        }
    return ReportedData(facts, segmented, folders)


def _xor(files: XorFiles) -> dict[str, Any]:
    solution = read_json(files.solution, "outputs")
    with intact(files.solution):
        outputs = [row[0] for row in solution["outputs"]]
    rows = list(zip((0, 0, 1, 1), (0, 1, 0, 1), (0, 1, 1, 0), outputs, strict=True))
    steps = read_json(files.parameters, "steps")["steps"]
    curves = figures.svg(figures.learning_curves(figures.read_history(files.history), "xor"))
    status = read_json(files.status, "status", "reason")
    failed = status["reason"] if status["status"] != "finished" else None
    return {"rows": rows, "steps": steps, "curves": curves, "failed": failed}


def _misreads(
    results: Results,
    finished: Sequence[ReportedRun],
    data: Mapping[str, ReportedData],
    pictures: Mapping[str, str],
) -> list[Misread]:
    """Every captcha that at least one run misread, once, with its picture and the wrong readings.

    The misreads of the first run come first, the highest confidence first. After them come the captchas that
    it read right.
    """
    readings: dict[tuple[str, str, str, str], dict[str, tuple[str, float]]] = {}
    for run in finished:
        for entry, file, label, reading, confidence in read_csv(
            results.evaluate[run.name].misreads, MISREADS
        ):
            misread = readings.setdefault((run.data, entry, file, label), {})
            misread[run.name] = (reading, float(confidence))
    first = finished[0].name if finished else ""
    found = [
        Misread(
            of,
            file,
            label,
            read,
            page.captcha(data[of].facts, data[of].segmented[entry], entry, file, pictures.get(entry)),
            first in read,
        )
        for (of, entry, file, label), read in readings.items()
    ]
    return sorted(found, key=lambda one: (-one.readings.get(first, ("", -1.0))[1], one.label, one.file))
