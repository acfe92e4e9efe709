"""From the folders of the finished stages to the records that MLflow is given."""

import json
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from captchanet.tracking.record import Record, history


@contextmanager
def collect(results: Path, runs: Iterable[str]) -> Iterator[list[Record]]:
    """The records of `runs` and of XOR, from the results folder; figures are drawn into a folder that lasts
    as long as the block."""
    with tempfile.TemporaryDirectory() as scratch:
        records = [_run(results, name, Path(scratch) / name) for name in runs]
        yield [*records, _xor(results / "xor")]


def _read(file: Path) -> Any:
    return json.loads(file.read_text(encoding="utf-8"))


def _run(results: Path, name: str, figures: Path) -> Record:
    train, evaluated = results / "train" / name, results / "evaluate" / name
    parameters, metrics = _read(train / "parameters.json"), _read(evaluated / "metrics.json")
    facts = _read(results / "dataset" / parameters["data"] / "dataset.json")
    one = Record(
        name=name,
        parameters=parameters,
        provenance=_read(train / "provenance.json"),
        status=_read(train / "status.json"),
        history=history(train),
        data=[
            (f"{parameters['data']}-{part}", context, f"results/dataset/{parameters['data']}/{part}_data.pkl", digest)
            for (part, digest), context in zip(facts["digest"].items(), ("training", "evaluation"), strict=True)
        ],
    )
    one.files = [(file, folder.parent.name) for folder in (train, evaluated) for file in sorted(folder.iterdir())]
    one.finals = {"evaluations": one.status["evaluations"], "seconds": one.provenance["seconds"]}
    return one


def _xor(folder: Path) -> Record:
    one = Record(
        name="xor",
        parameters=_read(folder / "parameters.json"),
        provenance=_read(folder / "provenance.json"),
        status=_read(folder / "status.json"),
        history=history(folder),
    )
    one.files = [(file, "train") for file in sorted(folder.iterdir())]
    return one
