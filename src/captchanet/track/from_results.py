"""Makes the records for MLflow from the files of the finished stages."""

import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from captchanet.dataset.dataset import DatasetFacts, read_facts, trained_on
from captchanet.evaluate.sweep import Sweep
from captchanet.files import check_whole, intact, read_json
from captchanet.layout import ARTIFACTS, EvaluateFiles, Files, Results, RunFiles, XorFiles
from captchanet.report import figures
from captchanet.report.confidence_figure import confidence, read_confidence
from captchanet.track.run_record import RunContent, RunRecord
from captchanet.track.sweep_parents import described
from captchanet.train.train import HISTORY
from captchanet.types import Json

CONTEXTS = {
    "train": "training",
    "synthetic": "training",
    "calibration": "calibration",
    "unseen": "evaluation",
}
"""The context that MLflow records with each part of a data set."""

FIGURES = "figures"
"""The folder of the figures among a run's artifacts."""


@contextmanager
def run_records(
    results: Results, runs: Iterable[str], sweeps: Iterable[Sweep] = ()
) -> Iterator[list[RunRecord]]:
    """The records of `runs` and of XOR, from their results; `sweeps` have the settings of their runs.

    A figure is plotted when a record needs it, into a folder that is deleted at the end of the block.
    """
    openings = {run: f"{described(sweep, run)} " for sweep in sweeps for run in sweep.runs}
    with tempfile.TemporaryDirectory() as scratch:
        contents = {
            run: partial(_content, results, openings.get(run, ""), Path(scratch, run)) for run in runs
        }
        records = [_record(run, results.train[run], content) for run, content in contents.items()]
        yield [*records, _record("xor", results.xor, lambda _: _xor_content(results.xor))]


def _record(name: str, files: RunFiles, content: Callable[[RunRecord], RunContent]) -> RunRecord:
    provenance = read_json(files.provenance, "sources", "data_sha256", "theta_sha256", "started", "seconds")
    # the digests of all captchas stay in the file: those of a thousand runs would fill the memory
    provenance.pop("pictures", None)
    parameters = read_json(files.parameters, "run")
    status = read_json(files.status, "status", "evaluations")
    # only a rerun takes it apart: what is damaged is found now
    read_json(files.configuration, "format")
    one = RunRecord(name, parameters, provenance, status, lambda: content(one))
    return one


def _recorded(files: Iterable[Path], artifacts: Files) -> list[tuple[Path, str]]:
    """The files, each with the folder of these artifacts."""
    folder = next(iter(artifacts)).parent
    return [(file, str(folder)) for file in files]


def _content(results: Results, opening: str, scratch: Path, one: RunRecord) -> RunContent:
    """All files of a run; its description begins with `opening`."""
    train, evaluate = results.train[one.name], results.evaluate[one.name]
    parameters, metrics = one.parameters, read_json(evaluate.metrics, "status")
    dataset = results.dataset[parameters["data"]]
    facts, history = read_facts(dataset), figures.read_history(train.history)
    data = [
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
    # only where there are any: MLflow shows a chart of each metric, and charts of zeros tell nothing
    finals = {
        f"pictures/{pictures}/rejected": rejected
        for (segmentation, pictures), files in results.segment.items()
        if segmentation == parameters["dataset"]["segment"] and pictures in used
        if (rejected := read_json(files.counts, "rejected")["rejected"])
    }
    finals |= {"evaluations": one.status["evaluations"], "seconds": one.provenance["seconds"]}
    finals |= _finals(metrics) if metrics["status"] == "finished" else {}
    files = _recorded(train, ARTIFACTS.train) + _recorded(evaluate, ARTIFACTS.evaluate)
    # with these files the data set can be made again from the pictures
    files += _recorded((dataset.facts, dataset.captchas, dataset.pictures), ARTIFACTS.dataset)
    for file, _ in files:
        # nobody else reads some of them, and a damaged one could repeat nothing
        check_whole(file)
    files += [(file, FIGURES) for file in _figures(one, history, evaluate, metrics, scratch)]
    description = opening + _description(one, metrics, facts)
    return RunContent(_by_step(history), finals, data, files, description)


def _finals(metrics: Json) -> dict[str, float]:
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
    one: RunRecord, history: list[list[float]], evaluate: EvaluateFiles, metrics: Json, scratch: Path
) -> list[Path]:
    """The figures of a run, saved into the folder `scratch`."""
    found = {}
    if history:
        found["learning_curves"] = figures.learning_curves(history, one.parameters["optimiser"]["method"])
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


def _description(one: RunRecord, metrics: Json, facts: DatasetFacts) -> str:
    """The text at the top of the run's page in the MLflow UI (markdown)."""
    layers = "-".join(map(str, one.parameters["layers"]))
    optimiser = one.parameters["optimiser"]["method"].upper()
    convolved = len(one.parameters["convolutions"])
    with_them = f" with {convolved} convolution{'s' if convolved > 1 else ''}" if convolved else ""
    what = f"A {layers} network{with_them} trained by {optimiser} on {trained_on(facts)}"
    if metrics["status"] != "finished":
        return f"{what}: **failed**, {metrics['reason']}."
    found = metrics["unseen"]["captchas"]
    step = figures.STEPS.get(one.parameters["optimiser"]["method"], "step")
    return (
        f"{what} reads **{found['correct']} of {found['n']} captchas it never saw** "
        f"({found['accuracy']:.1%}, 95 % interval {found['low']:.1%} to {found['high']:.1%}). "
        f"A step of its curves is one {step}."
    )


def _xor_content(files: XorFiles) -> RunContent:
    solution = read_json(files.solution, "outputs")
    with intact(files.solution):
        outputs = ", ".join(f"{row[0]:.8f}" for row in solution["outputs"])
    for file in files:
        check_whole(file)
    status = read_json(files.status, "status", "reason")
    how = (
        f"outputs {outputs} for 0 1 1 0"
        if status["status"] == "finished"
        else f"**failed**, {status['reason']}"
    )
    return RunContent(
        _by_step(figures.read_history(files.history)),
        files=_recorded(files, ARTIFACTS.xor),
        description=f"The tutorial's XOR, by plain gradient descent: {how}.",
    )


def _by_step(rows: Iterable[Sequence[float]]) -> list[tuple[int, dict[str, float]]]:
    """The metrics of a run after each step, from the rows of its history."""
    return [(int(step), dict(zip(HISTORY[1:], values, strict=True))) for step, *values in rows]
