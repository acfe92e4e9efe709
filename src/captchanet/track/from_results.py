"""From the folders of the finished stages to the records that MLflow is given."""

import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from captchanet.dataset.dataset import trained_on
from captchanet.files import read_csv, read_json
from captchanet.report import figures
from captchanet.report.confidence_figure import confidence, read_confidence
from captchanet.track.run_record import Content, Record
from captchanet.track.sweep_parents import Sweep
from captchanet.train.train import HISTORY

REPEATED_FROM = ("dataset.json", "captchas.csv", "pictures.csv")
"""Of a data set's folder, what it takes to make it again from the pictures."""

CONTEXTS = {"train": "training", "drawn": "training", "calibration": "calibration", "unseen": "evaluation"}
"""What MLflow is told of each part of a data set."""


@contextmanager
def collect(results: Path, runs: Iterable[str], sweeps: Iterable[Sweep] = ()) -> Iterator[list[Record]]:
    """The records of `runs` and of XOR, from the results folder; `sweeps` tell what their runs stand for.

    Their figures are drawn, when they are wanted, into a folder that lasts as long as the block.
    """
    about = [(sweep, run) for sweep in sweeps for run in sweep.runs]
    places = {run: f"{sweep.said(run)} " for sweep, run in reversed(about)}
    with tempfile.TemporaryDirectory() as scratch:
        records = [_run(results, name, places.get(name, ""), Path(scratch) / name) for name in runs]
        yield [*records, _xor(results / "xor")]


def _record(name: str, folder: Path, content: Callable[[Record], Content]) -> Record:
    provenance = read_json(folder / "provenance.json")
    # a digest for each captcha, which stay in the file: those of a thousand runs would fill the memory
    provenance.pop("pictures", None)
    parameters, status = read_json(folder / "parameters.json"), read_json(folder / "status.json")
    one = Record(name, parameters, provenance, status, lambda: content(one))
    return one


def _files(folder: Path, place: str) -> list[tuple[Path, str]]:
    return [(file, place) for file in sorted(folder.iterdir()) if not file.name.startswith(".")]


def _run(results: Path, name: str, place: str, scratch: Path) -> Record:
    return _record(name, results / "train" / name, lambda one: _content(one, results, place, scratch))


def _content(one: Record, results: Path, place: str, scratch: Path) -> Content:
    """All of a run's folders; `place` is what its description begins with."""
    train, evaluated = results / "train" / one.name, results / "evaluate" / one.name
    parameters, metrics = one.parameters, read_json(evaluated / "metrics.json")
    data = results / "dataset" / parameters["data"]
    facts = read_json(data / "dataset.json")
    content = Content(history(train))
    content.data = [
        (
            f"{parameters['data']}-{part}",
            context,
            f"dataset/{parameters['data']}/{part}_data.pkl",
            facts["digest"][part],
            {"captchas": facts["captchas"][part], "characters": sum(facts["examples"][part].values())},
        )
        for part, context in CONTEXTS.items()
        if part in facts["digest"]
    ]
    segmented = results / "segment" / parameters["dataset"]["cut"]
    rejected = {
        f"pictures/{counts.parent.name}/rejected": read_json(counts)["rejected"]
        for counts in sorted(segmented.glob("*/segment.json"))
        if counts.parent.name in [parameters["dataset"][use] for use in ("train", "drawn", "unseen")]
    }
    content.finals = {
        **rejected,
        "evaluations": one.status["evaluations"],
        "seconds": one.provenance["seconds"],
    }
    content.files = _files(train, "train") + _files(evaluated, "evaluate")
    content.files += [(data / name, "dataset") for name in REPEATED_FROM]
    content.files += _files(_figures(one, content, metrics, evaluated, scratch), "figures")
    if metrics["status"] == "finished":
        content.finals |= _finals(metrics)
    content.description = place + _description(one, metrics, facts)
    return content


def _finals(metrics: dict[str, Any]) -> dict[str, float]:
    """The final metrics, in names that the MLflow UI groups: unseen/captchas/accuracy, …/ece and the like."""
    parts = {
        "training/characters": metrics["training"],
        "unseen/characters": metrics["unseen"]["characters"],
        "unseen/captchas": metrics["unseen"]["captchas"],
    }
    finals = {
        f"{of}/{name}": found[name]
        for of, found in parts.items()
        for name in ("accuracy", "low", "high", "ece")
        if found.get(name) is not None
    }
    answering = metrics["answering"]["share_99_right"]
    return finals | {"unseen/captchas/share_99_right": answering, "temperature": metrics["temperature"]}


def _figures(
    one: Record, content: Content, metrics: Mapping[str, Any], evaluated: Path, scratch: Path
) -> Path:
    scratch.mkdir(exist_ok=True)
    rows = [(step, *values.values()) for step, values in content.history]
    if rows:
        curves = figures.learning_curves(rows, one.parameters["optimiser"]["method"])
        figures.save_png(curves, scratch / "learning_curves.png")
    if metrics["status"] == "finished":
        confusion, alphabet = figures.read_confusion(evaluated / "confusion.csv")
        figures.save_png(figures.confusion_matrix(confusion, alphabet), scratch / "confusion_matrix.png")
        # a figure takes a third of what recording a run takes: of confidences that mean nothing there is none
        if metrics["temperature"] != 1:
            figures.save_png(confidence(*read_confidence(evaluated)), scratch / "confidence.png")
    return scratch


def _description(one: Record, metrics: Mapping[str, Any], facts: Mapping[str, Any]) -> str:
    """What the run's page in the MLflow UI opens with (markdown)."""
    layers = "-".join(map(str, one.parameters["layers"]))
    optimiser = one.parameters["optimiser"]["method"].upper()
    convolved = len(one.parameters["convolutions"])
    with_them = f" with {convolved} convolution{'s' if convolved > 1 else ''}" if convolved else ""
    what = f"A {layers} network{with_them} trained by {optimiser} on {trained_on(facts)}"
    if metrics["status"] != "finished":
        return f"{what}: **failed**, {metrics['reason']}."
    found = metrics["unseen"]["captchas"]
    return (
        f"{what} reads **{found['correct']} of {found['n']} captchas it never saw** "
        f"({found['accuracy']:.1%}, 95 % interval {found['low']:.1%} to {found['high']:.1%})."
    )


def _xor(folder: Path) -> Record:
    return _record("xor", folder, lambda _: _xor_content(folder))


def _xor_content(folder: Path) -> Content:
    outputs = ", ".join(f"{row[0]:.8f}" for row in read_json(folder / "xor.json")["outputs"])
    return Content(
        history(folder),
        files=_files(folder, "train"),
        description=f"The tutorial's XOR, by plain gradient descent: outputs {outputs} for 0 1 1 0.",
    )


def history(folder: Path) -> list[tuple[int, dict[str, float]]]:
    """The metrics per step of the run in `folder`."""
    return [
        (int(row[0]), {name: float(text) for name, text in zip(HISTORY[1:], row[1:], strict=True)})
        for row in read_csv(folder / "history.csv", HISTORY)
    ]
