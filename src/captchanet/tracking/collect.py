"""From the folders of the finished stages to the records that MLflow is given."""

import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from captchanet.experiment import figures
from captchanet.files import read_json
from captchanet.tracking.record import Record, history


@contextmanager
def collect(results: Path, runs: Iterable[str]) -> Iterator[list[Record]]:
    """The records of `runs` and of XOR, from the results folder.

    Their figures are drawn into a folder that lasts as long as the block.
    """
    with tempfile.TemporaryDirectory() as scratch:
        records = [_run(results, name, Path(scratch) / name) for name in runs]
        yield [*records, _xor(results / "xor")]


def _files(folder: Path, place: str) -> list[tuple[Path, str]]:
    return [(file, place) for file in sorted(folder.iterdir()) if not file.name.startswith(".")]


def _run(results: Path, name: str, scratch: Path) -> Record:
    train, evaluated = results / "train" / name, results / "evaluate" / name
    parameters, metrics = read_json(train / "parameters.json"), read_json(evaluated / "metrics.json")
    facts = read_json(results / "dataset" / parameters["data"] / "dataset.json")
    one = Record(
        name=name,
        parameters=parameters,
        provenance=read_json(train / "provenance.json"),
        status=read_json(train / "status.json"),
        history=history(train),
        data=[
            (
                f"{parameters['data']}-{part}",
                context,
                f"dataset/{parameters['data']}/{part}_data.pkl",
                facts["digest"][part],
                {"captchas": facts["captchas"][part], "characters": sum(facts["examples"][part].values())},
            )
            for part, context in (("train", "training"), ("unseen", "evaluation"))
        ],
    )
    segmented = results / "segment" / parameters["dataset"]["cut"]
    rejected = {
        f"pictures/{counts.parent.name}/rejected": read_json(counts)["rejected"]
        for counts in sorted(segmented.glob("*/segment.json"))
        if counts.parent.name in (parameters["dataset"]["train"], parameters["dataset"]["unseen"])
    }
    one.finals = {**rejected, "evaluations": one.status["evaluations"], "seconds": one.provenance["seconds"]}
    one.files = _files(train, "train") + _files(evaluated, "evaluate")
    if metrics["status"] == "finished":
        one.finals |= _finals(metrics)
        one.files += _files(_figures(one, evaluated, scratch), "figures")
    one.description = _description(one, metrics, facts)
    return one


def _finals(metrics: dict[str, Any]) -> dict[str, float]:
    """The final metrics, in names that the MLflow UI groups: unseen/captchas/accuracy and the like."""
    parts = {
        "training/characters": metrics["training"],
        "unseen/characters": metrics["unseen"]["characters"],
        "unseen/captchas": metrics["unseen"]["captchas"],
    }
    return {
        f"{of}/{name}": found[name]
        for of, found in parts.items()
        for name in ("accuracy", "low", "high")
        if found[name] is not None
    }


def _figures(one: Record, evaluated: Path, scratch: Path) -> Path:
    scratch.mkdir()
    rows = [(step, *values.values()) for step, values in one.history]
    curves = figures.learning_curves(rows, one.parameters["optimiser"]["method"])
    figures.save_png(curves, scratch / "learning_curves.png")
    confusion, alphabet = figures.read_confusion(evaluated / "confusion.csv")
    figures.save_png(figures.confusion_matrix(confusion, alphabet), scratch / "confusion_matrix.png")
    return scratch


def _description(one: Record, metrics: dict[str, Any], facts: dict[str, Any]) -> str:
    """What the run's page in the MLflow UI opens with (markdown)."""
    layers = "-".join(map(str, one.parameters["layers"]))
    optimiser = one.parameters["optimiser"]["method"].upper()
    what = f"A {layers} network trained by {optimiser} on {facts['captchas']['train']} captchas"
    if metrics["status"] != "finished":
        return f"{what}: **failed**, {metrics['reason']}."
    found = metrics["unseen"]["captchas"]
    return (
        f"{what} reads **{found['correct']} of {found['n']} captchas it never saw** "
        f"({found['accuracy']:.1%}, 95 % interval {found['low']:.1%} to {found['high']:.1%})."
    )


def _xor(folder: Path) -> Record:
    outputs = ", ".join(f"{row[0]:.8f}" for row in read_json(folder / "xor.json")["outputs"])
    return Record(
        name="xor",
        parameters=read_json(folder / "parameters.json"),
        provenance=read_json(folder / "provenance.json"),
        status=read_json(folder / "status.json"),
        history=history(folder),
        files=_files(folder, "train"),
        description=f"The tutorial's XOR, by plain gradient descent: outputs {outputs} for 0 1 1 0.",
    )
