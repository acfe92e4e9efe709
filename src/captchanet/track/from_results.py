"""From the files of the finished stages to the records that MLflow is given."""

import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from captchanet.dataset.dataset import DatasetFacts, trained_on
from captchanet.evaluate.sweep import Sweep
from captchanet.files import read_csv, read_json
from captchanet.layout import ARTIFACTS, DatasetFiles, EvaluateFiles, Results, RunFiles, XorFiles
from captchanet.report import figures
from captchanet.report.confidence_figure import confidence, read_confidence
from captchanet.track.run_record import RunContent, RunRecord
from captchanet.track.sweep_parents import described
from captchanet.train.train import HISTORY

CONTEXTS = {
    "train": "training",
    "synthetic": "training",
    "calibration": "calibration",
    "unseen": "evaluation",
}
"""What MLflow is told of each part of a data set."""

FIGURES = "figures"
"""The folder of the figures among a run's artifacts."""


@contextmanager
def run_records(
    results: Results, runs: Iterable[str], sweeps: Iterable[Sweep] = ()
) -> Iterator[list[RunRecord]]:
    """The records of `runs` and of XOR, from their results; `sweeps` tell what their runs stand for.

    Their figures are plotted, when they are wanted, into a folder that lasts as long as the block.
    """
    about = [(sweep, run) for sweep in sweeps for run in sweep.runs]
    openings = {run: f"{described(sweep, run)} " for sweep, run in reversed(about)}
    with tempfile.TemporaryDirectory() as scratch:
        records = [_run(results, name, openings.get(name, ""), Path(scratch) / name) for name in runs]
        yield [*records, _xor(results.xor)]


def _record(name: str, files: RunFiles, content: Callable[[RunRecord], RunContent]) -> RunRecord:
    provenance = read_json(files.provenance)
    # the digests of all captchas stay in the file: those of a thousand runs would fill the memory
    provenance.pop("pictures", None)
    parameters, status = read_json(files.parameters), read_json(files.status)
    one = RunRecord(name, parameters, provenance, status, lambda: content(one))
    return one


def _recorded(files: Iterable[Path], artifacts: Iterable[Path]) -> list[tuple[Path, str]]:
    """Files, each with its folder among the artifacts."""
    return [(file, str(path.parent)) for file, path in zip(files, artifacts, strict=True)]


def _repeated_from(files: DatasetFiles) -> tuple[Path, ...]:
    """Of the files of a data set, what it takes to make it again from the pictures."""
    return files.facts, files.captchas, files.pictures


def _run(results: Results, name: str, opening: str, scratch: Path) -> RunRecord:
    return _record(name, results.train[name], lambda one: _content(one, results, opening, scratch))


def _content(one: RunRecord, results: Results, opening: str, scratch: Path) -> RunContent:
    """All that a run left; `opening` is what its description begins with."""
    train, evaluate = results.train[one.name], results.evaluate[one.name]
    parameters, metrics = one.parameters, read_json(evaluate.metrics)
    dataset = results.dataset[parameters["data"]]
    facts = read_json(dataset.facts)
    content = RunContent(metrics_by_step(train.history))
    content.data = [
        (
            f"{parameters['data']}-{part}",
            context,
            str(dataset.part(part)),
            facts["digest"][part],
            {"captchas": facts["captchas"][part], "characters": sum(facts["examples"][part].values())},
        )
        for part, context in CONTEXTS.items()
        if part in facts["digest"]
    ]
    used = [parameters["dataset"][use] for use in ("train", "synthetic", "unseen")]
    rejected = {
        f"pictures/{pictures}/rejected": read_json(files.counts)["rejected"]
        for (segmentation, pictures), files in results.segment.items()
        if segmentation == parameters["dataset"]["segment"] and pictures in used
    }
    content.finals = {
        **rejected,
        "evaluations": one.status["evaluations"],
        "seconds": one.provenance["seconds"],
    }
    content.files = _recorded(train, ARTIFACTS.train) + _recorded(evaluate, ARTIFACTS.evaluate)
    content.files += _recorded(_repeated_from(dataset), _repeated_from(ARTIFACTS.dataset))
    content.files += [(file, FIGURES) for file in _figures(one, content, metrics, evaluate, scratch)]
    if metrics["status"] == "finished":
        content.finals |= _finals(metrics)
    content.description = opening + _description(one, metrics, facts)
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
    coverage = metrics["selective"]["coverage_at_99"]
    return finals | {"unseen/captchas/coverage_at_99": coverage, "temperature": metrics["temperature"]}


def _figures(
    one: RunRecord, content: RunContent, metrics: Mapping[str, Any], evaluate: EvaluateFiles, scratch: Path
) -> list[Path]:
    """The figures of a run, saved into the folder `scratch`."""
    found = {}
    rows = [(step, *values.values()) for step, values in content.history]
    if rows:
        found["learning_curves"] = figures.learning_curves(rows, one.parameters["optimiser"]["method"])
    if metrics["status"] == "finished":
        found["confusion_matrix"] = figures.confusion_matrix(*figures.read_confusion(evaluate.confusion))
        # without calibration the confidences mean nothing, and this figure takes a third of recording a run
        if metrics["temperature"] != 1:
            found["confidence"] = confidence(*read_confidence(evaluate))
    scratch.mkdir(exist_ok=True)
    files = {scratch / f"{name}.png": figure for name, figure in found.items()}
    for file, figure in files.items():
        figures.save_png(figure, file)
    return list(files)


def _description(one: RunRecord, metrics: Mapping[str, Any], facts: DatasetFacts) -> str:
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


def _xor(files: XorFiles) -> RunRecord:
    return _record("xor", files, lambda _: _xor_content(files))


def _xor_content(files: XorFiles) -> RunContent:
    outputs = ", ".join(f"{row[0]:.8f}" for row in read_json(files.solution)["outputs"])
    return RunContent(
        metrics_by_step(files.history),
        files=_recorded(files, ARTIFACTS.xor),
        description=f"The tutorial's XOR, by plain gradient descent: outputs {outputs} for 0 1 1 0.",
    )


def metrics_by_step(history: Path) -> list[tuple[int, dict[str, float]]]:
    """The metrics of a run after each step, from its history."""
    return [
        (int(row[0]), {name: float(text) for name, text in zip(HISTORY[1:], row[1:], strict=True)})
        for row in read_csv(history, HISTORY)
    ]
