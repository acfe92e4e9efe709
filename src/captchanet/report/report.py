"""The report: one page that a person reads, with everything in it and nothing to fetch."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from captchanet.dataset.dataset import calibrated_on, trained_on
from captchanet.evaluate.metrics import CLASSES, MISREADS
from captchanet.files import read_csv, read_json
from captchanet.report import confidence_figure as figure_confidence
from captchanet.report import figures, page
from captchanet.report import sweeps as report_sweeps
from captchanet.report.figure_helpers import fitted
from captchanet.segment.segment import Rejected
from captchanet.train.train import HISTORY

FILTERS = {
    "percent": lambda share: f"{100 * share:.1f}\N{NO-BREAK SPACE}%",
    "points": lambda share: f"{100 * share:.1f}",
    "of_100": lambda share: f"{100 * share:.1f}".removesuffix(".0"),
    "p_value": report_sweeps.p_value,
}


def report(
    results: Path,
    runs: Sequence[str],
    headline: str,
    pictures: Mapping[str, str],
    sweeps: Mapping[str, Any] | None = None,
    beside: Mapping[str, str] | None = None,
) -> str:
    """The page, as HTML, about `headline`, which is spoken of first, and `runs`, each in full.

    `results` is the results folder; `pictures` gives for each entry of captchas its folder or, where it was
    drawn, its file of drawn pictures, for the pictures of the misreads. The runs of each of `sweeps`, as the
    resolved configuration tells of them, share one section. `beside` gives for a data set with drawn captchas
    the page that shows them beside real ones, as a link from here. The same results give the same text.
    """
    about = [_run(results, name) for name in dict.fromkeys([headline, *runs])]
    finished = [run for run in about if run["metrics"]["status"] == "finished"]
    trusted = ""
    if finished[:1] == about[:1]:
        drawn = figure_confidence.read_confidence(results / "evaluate" / headline)
        trusted = figures.svg(figure_confidence.confidence(*drawn), headline)
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
        xor=_xor(results / "xor"),
        most_settings=figures.MOST_SETTINGS,
        sweeps=[report_sweeps.section(results, name, plan) for name, plan in (sweeps or {}).items()],
        beside=beside or {},
        comparison=figures.svg(figures.captcha_accuracies(bars)) if bars else "",
    )


def _run(results: Path, name: str) -> dict[str, Any]:
    """All about one run: its parameters, metrics, provenance and figures."""
    train, evaluated = results / "train" / name, results / "evaluate" / name
    parameters, metrics = read_json(train / "parameters.json"), read_json(evaluated / "metrics.json")
    optimiser = parameters["optimiser"]["method"]
    history = [[float(text) for text in row] for row in read_csv(train / "history.csv", HISTORY)]
    run = {
        "name": name,
        "parameters": parameters,
        "optimiser": page.options(parameters["optimiser"]),
        "penalty": page.options(parameters["penalty"]),
        "metrics": metrics,
        "status": read_json(train / "status.json"),
        "provenance": read_json(train / "provenance.json"),
        "curves": figures.svg(figures.learning_curves(history, optimiser), name),
    }
    if metrics["status"] == "finished":
        rows = read_csv(evaluated / "classes.csv", CLASSES)
        classes = [
            (row[0], int(row[2]), float(row[4] or "nan"), float(row[5]), float(row[6])) for row in rows
        ]
        run["captchas"], run["characters"] = metrics["unseen"]["captchas"], metrics["unseen"]["characters"]
        confusion, alphabet = figures.read_confusion(evaluated / "confusion.csv")
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


def _data(results: Path, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """A data set's facts, and what its folders had to reject."""
    facts = read_json(results / "dataset" / parameters["data"] / "dataset.json")
    cut = results / "segment" / facts["dataset"]["cut"]
    names = [facts["dataset"][use] for use in ("train", "drawn", "unseen")]
    folders = {}
    for name in dict.fromkeys(str(name) for name in names):
        if (cut / name / "segment.json").exists():
            rows = [Rejected(*row) for row in read_csv(cut / name / "rejected.csv", Rejected._fields)]
            draw = facts["pictures"].get(name, {}).get("draw")
            counts = read_json(cut / name / "segment.json")
            folders[name] = {"counts": counts, "rejected": rows, "draw": draw}
    return {
        "facts": facts,
        "folders": folders,
        "cut": cut,
        "trained_on": trained_on(facts),
        "calibrated_on": calibrated_on(facts),
    }


def _xor(folder: Path) -> dict[str, Any]:
    history = [[float(text) for text in row] for row in read_csv(folder / "history.csv", HISTORY)]
    outputs = [row[0] for row in read_json(folder / "xor.json")["outputs"]]
    rows = list(zip((0, 0, 1, 1), (0, 1, 0, 1), (0, 1, 1, 0), outputs, strict=True))
    steps = read_json(folder / "parameters.json")["steps"]
    return {"rows": rows, "steps": steps, "curves": figures.svg(figures.learning_curves(history, "xor"))}


def _misreads(
    results: Path, finished: Sequence[Mapping[str, Any]], data: Mapping[str, Any], pictures: Mapping[str, str]
) -> list[dict[str, Any]]:
    """Every captcha that some run misread, once, with its picture and what each run read.

    What the first run was surest of comes first, then what it read right.
    """
    found: dict[tuple[str, str, str], dict[str, Any]] = {}
    for run in finished:
        of = run["parameters"]["data"]
        for folder, file, label, reading, confidence in read_csv(
            results / "evaluate" / run["name"] / "misreads.csv", MISREADS
        ):
            one = found.setdefault(
                (of, folder, file), {"file": file, "label": label, "readings": {}, "data": of}
            )
            one["readings"][run["name"]] = (reading, float(confidence))
    for (of, folder, file), one in found.items():
        one["picture"] = page.captcha(data[of]["facts"], data[of]["cut"], folder, file, pictures.get(folder))
        one["by_first"] = finished[0]["name"] in one["readings"]
    first = finished[0]["name"] if finished else ""
    return sorted(
        found.values(),
        key=lambda one: (-one["readings"].get(first, ("", -1.0))[1], one["label"], one["file"]),
    )
