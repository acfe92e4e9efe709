"""The report: one page that a person reads, with everything in it and nothing to fetch."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from captchanet.dataset.dataset import calibrated_on, trained_on
from captchanet.evaluate.metrics import CLASSES, MISREADS
from captchanet.files import read_csv, read_json
from captchanet.layout import EvaluateFiles, Results, TrainFiles, XorFiles
from captchanet.report import confidence_figure, figures, page
from captchanet.report import sweeps as report_sweeps
from captchanet.report.figure_helpers import fitted
from captchanet.segment.segment import Rejected
from captchanet.train.train import HISTORY

FILTERS = {
    "percent": lambda share: f"{100 * share:.1f}\N{NO-BREAK SPACE}%",
    "points": lambda share: f"{100 * share:.1f}",
    "coverage": lambda share: f"{100 * share:.1f}".removesuffix(".0") + "\N{NO-BREAK SPACE}%",
    "p_value": report_sweeps.p_value,
}


def report(
    results: Results,
    runs: Sequence[str],
    headline: str,
    pictures: Mapping[str, str],
    sweeps: Mapping[str, Any] | None = None,
    domain_gaps: Mapping[str, str] | None = None,
) -> str:
    """The page, as HTML, about `headline`, which is spoken of first, and `runs`, each in full.

    `pictures` gives for each entry of captchas its folder or, where it was synthesized, its file of synthetic
    pictures, for the pictures of the misreads. The runs of each of `sweeps`, as the resolved configuration
    tells of them, share one section. `domain_gaps` gives for a data set with synthetic captchas the page that
    compares them with real ones, as a link from here. The same results give the same text.
    """
    about = [
        _run(name, results.train[name], results.evaluate[name]) for name in dict.fromkeys([headline, *runs])
    ]
    finished = [run for run in about if run["metrics"]["status"] == "finished"]
    trusted = ""
    if finished[:1] == about[:1]:
        shown = confidence_figure.read_confidence(results.evaluate[headline])
        trusted = figures.svg(confidence_figure.confidence(*shown), headline)
    data = {run["parameters"]["data"]: _data(results, run["parameters"]) for run in about}
    bars = [
        # a name that a sweep made up may be long
        (
            name if name in runs else fitted(name),
            *(run["captchas"][key] for key in ("accuracy", "low", "high")),
        )
        for name, run in ((run["name"], run) for run in finished)
    ]
    return page.render(
        "report.html.j2",
        FILTERS,
        headline=about[0],
        runs=about,
        finished=finished,
        data=data,
        misreads=_misreads(results, finished, data, pictures),
        confidence=trusted,
        xor=_xor(results.xor),
        provenance=results.train[headline].provenance.name,
        most_settings=figures.MOST_SETTINGS,
        sweeps=[report_sweeps.section(results, name, plan) for name, plan in (sweeps or {}).items()],
        domain_gaps=domain_gaps or {},
        comparison=figures.svg(figures.captcha_accuracies(bars)) if bars else "",
    )


def _run(name: str, train: TrainFiles, evaluate: EvaluateFiles) -> dict[str, Any]:
    """All about one run: its parameters, metrics, provenance and figures."""
    parameters, metrics = read_json(train.parameters), read_json(evaluate.metrics)
    optimiser = parameters["optimiser"]["method"]
    history = [[float(text) for text in row] for row in read_csv(train.history, HISTORY)]
    run = {
        "name": name,
        "parameters": parameters,
        "optimiser": page.options(parameters["optimiser"]),
        "penalty": page.options(parameters["penalty"]),
        "metrics": metrics,
        "status": read_json(train.status),
        "provenance": read_json(train.provenance),
        "curves": figures.svg(figures.learning_curves(history, optimiser), name),
    }
    if metrics["status"] == "finished":
        rows = read_csv(evaluate.classes, CLASSES)
        classes = [
            (row[0], int(row[2]), float(row[4] or "nan"), float(row[5]), float(row[6])) for row in rows
        ]
        run["captchas"], run["characters"] = metrics["unseen"]["captchas"], metrics["unseen"]["characters"]
        confusion, alphabet = figures.read_confusion(evaluate.confusion)
        run["confusion"] = figures.svg(figures.confusion_matrix(confusion, alphabet), name)
        run["confused"] = _confused(confusion, alphabet)
        run["classes"] = figures.svg(figures.class_accuracy(classes), name)
    return run


def _confused(confusion: NDArray[np.int64], alphabet: Sequence[str]) -> list[tuple[str, str, int, int]]:
    """The five commonest errors as (truth, reading, times, examples of that truth), the commonest first."""
    wrong = [
        (alphabet[row], alphabet[column], int(confusion[row, column]), int(confusion[row].sum()))
        for row, column in zip(*np.nonzero(confusion), strict=True)
        if row != column
    ]
    return sorted(wrong, key=lambda error: (-error[2], error[0], error[1]))[:5]


def _data(results: Results, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """A data set's facts, and what its entries of `pictures` had to reject."""
    facts = read_json(results.dataset[parameters["data"]].facts)
    segmented = {
        pictures: files
        for (segmentation, pictures), files in results.segment.items()
        if segmentation == facts["dataset"]["segment"]
    }
    # `unseen` may be a number instead
    names = [str(facts["dataset"][use]) for use in ("train", "synthetic", "unseen")]
    folders = {}
    for name in dict.fromkeys(name for name in names if name in segmented):
        files = segmented[name]
        folders[name] = {
            "counts": read_json(files.counts),
            "rejected": [Rejected(*row) for row in read_csv(files.rejected, Rejected._fields)],
            "synthesize": facts["pictures"].get(name, {}).get("synthesize"),
        }
    return {
        "facts": facts,
        "folders": folders,
        "segmented": segmented,
        "trained_on": trained_on(facts),
        "calibrated_on": calibrated_on(facts),
    }


def _xor(files: XorFiles) -> dict[str, Any]:
    history = [[float(text) for text in row] for row in read_csv(files.history, HISTORY)]
    outputs = [row[0] for row in read_json(files.solution)["outputs"]]
    rows = list(zip((0, 0, 1, 1), (0, 1, 0, 1), (0, 1, 1, 0), outputs, strict=True))
    steps = read_json(files.parameters)["steps"]
    return {"rows": rows, "steps": steps, "curves": figures.svg(figures.learning_curves(history, "xor"))}


def _misreads(
    results: Results,
    finished: Sequence[Mapping[str, Any]],
    data: Mapping[str, Any],
    pictures: Mapping[str, str],
) -> list[dict[str, Any]]:
    """Every captcha that some run misread, once, with its picture and what each run read.

    What the first run misread comes first, from the highest confidence down, then what it read right.
    """
    found: dict[tuple[str, str, str], dict[str, Any]] = {}
    for run in finished:
        of = run["parameters"]["data"]
        for folder, file, label, reading, confidence in read_csv(
            results.evaluate[run["name"]].misreads, MISREADS
        ):
            one = found.setdefault(
                (of, folder, file), {"file": file, "label": label, "readings": {}, "data": of}
            )
            one["readings"][run["name"]] = (reading, float(confidence))
    for (of, folder, file), one in found.items():
        one["picture"] = page.captcha(
            data[of]["facts"], data[of]["segmented"][folder], folder, file, pictures.get(folder)
        )
        one["by_first"] = finished[0]["name"] in one["readings"]
    first = finished[0]["name"] if finished else ""
    return sorted(
        found.values(),
        key=lambda one: (-one["readings"].get(first, ("", -1.0))[1], one["label"], one["file"]),
    )
