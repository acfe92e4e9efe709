"""Formats have numbers: what each format of recorded runs calls things, and where it puts its results.

A run is repeated by the code of its own commit. That code wants a configuration in the words of its time, and
leaves its results where it did at that time. Both stand here, for every format that a recorded run can have:
format 1 as it was, once and for all, and today's, as `captchanet.layout` has it. A run says its format in its
configuration; those that say none are of format 1, which had no number.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from captchanet.dataset.dataset import PICTURES
from captchanet.errors import UserError
from captchanet.layout import ARTIFACTS, FORMAT, Layout

if TYPE_CHECKING:  # importing mlflow takes a second
    from captchanet.track.history import Run

CONFIGURATION = str(ARTIFACTS.train.configuration)
"""Where a run says its format, among its artifacts: the same in every format."""

SET = "rerun"
"""The set, and so the folder of results, in which a run of today's format is run again."""


@dataclass(frozen=True)
class Format:
    """One format of recorded runs.

    Paths of artifacts are those in MLflow: `provenance`; `pictures`, the list of usable pictures, with its
    `columns`; `status`, `history`, `metrics`, `misreads` and `solution`, the results that a rerun is held
    against. `train`, `xor` and `evaluate` are the folders, seen from that of the rerun, in which the workflow
    leaves the artifacts of a run; `{run}` stands for its name. `synthesize` and `segment` are keys of a
    configuration: the one of an entry of `pictures` that is made by the workflow, and the one by which a data
    set names its segmentation. `sections` are what else a configuration says when it is run again.
    """

    provenance: str
    pictures: str
    columns: tuple[str, ...]
    status: str
    history: str
    metrics: str
    misreads: str
    solution: str
    train: str
    xor: str
    evaluate: str
    synthesize: str
    segment: str
    sections: Mapping[str, Any]

    def results(self, run: str | None) -> list[str]:
        """The artifacts that hold the results of `run`, and no time and no machine; None is XOR."""
        return [self.status, self.history, *([self.metrics, self.misreads] if run else [self.solution])]

    def made(self, run: str | None) -> dict[str, Path]:
        """Where a rerun of `run` leaves its artifacts, by their folder in MLflow; None is XOR."""
        folder = str(Path(self.status).parent)
        if run is None:
            return {folder: Path(self.xor)}
        evaluated = str(Path(self.metrics).parent)
        return {folder: Path(self.train.format(run=run)), evaluated: Path(self.evaluate.format(run=run))}

    def targets(self, run: str | None) -> list[str]:
        """The files to ask the workflow for: the last one that each of its stages writes."""
        last = [self.status] if run is None else [self.status, self.metrics]
        made = self.made(run)
        return [str(made[str(Path(file).parent)] / Path(file).name) for file in last]


_layout = Layout.of(SET)

FORMATS = {
    1: Format(
        provenance="train/provenance.json",
        pictures="dataset/pictures.csv",
        columns=("pictures", "file", "label", "sha256"),
        status="train/status.json",
        history="train/history.csv",
        metrics="evaluate/metrics.json",
        misreads="evaluate/misreads.csv",
        solution="train/xor.json",
        train="results/train/{run}",
        xor="results/xor",
        evaluate="results/evaluate/{run}",
        synthesize="draw",
        segment="cut",
        sections={},
    ),
    # to begin another format, first write this entry out as the one above
    2: Format(
        provenance=str(ARTIFACTS.train.provenance),
        pictures=str(ARTIFACTS.dataset.pictures),
        columns=PICTURES,
        status=str(ARTIFACTS.train.status),
        history=str(ARTIFACTS.train.history),
        metrics=str(ARTIFACTS.evaluate.metrics),
        misreads=str(ARTIFACTS.evaluate.misreads),
        solution=str(ARTIFACTS.xor.solution),
        train=str(_layout.train("{run}").status.parent),
        xor=str(_layout.xor.status.parent),
        evaluate=str(_layout.evaluate("{run}").metrics.parent),
        synthesize="synthesize",
        segment="segment",
        sections={"format": 2, "set": SET},
    ),
}


def run_of(configuration: Mapping[str, Any]) -> str | None:
    """The run that was recorded with this configuration; None for XOR, which has no entry under `train`."""
    return next(iter(configuration.get("train", {})), None)


def format_of(configuration: Mapping[str, Any]) -> Format:
    """The format of the run that was recorded with this configuration.

    Raises UserError for a number that is not known here.
    """
    number = configuration.get("format", 1)
    if number not in FORMATS:
        raise UserError(
            f"the run was recorded in format {number}, and this version knows formats up to {FORMAT}; repeat "
            "it with the version that recorded it, or a later one"
        )
    return FORMATS[number]


RENAMED = (
    (r"^start\.", "initialisation."),
    (r"^drawn_share$", "synthetic_share"),
    (r"^dataset\.cut$", "dataset.segment"),
    (r"^dataset\.drawn$", "dataset.synthetic"),
    (r"^segment\.clean\.smallest_piece$", "segment.clean.smallest_component"),
    (r"^segment\.cut\.smallest$", "segment.split.smallest_component"),
    (r"^segment\.cut\.", "segment.split."),
    (r"^(pictures\..*)\.draw\.", r"\1.synthesize."),
    (r"^unseen/captchas/share_99_right$", "unseen/captchas/coverage_at_99"),
    (r"^data\.drawn_sha256$", "data.synthetic_sha256"),
)
"""Parameters, metrics and tags of format 1 that are called otherwise since."""


@cache
def _renamed(name: str) -> str:
    for before, now in RENAMED:
        found = re.sub(before, now, name)
        if found != name:
            return found
    return name


def in_todays_words(run: "Run") -> "Run":
    """A recorded run with today's names, so that it can be compared with others, whatever its format."""
    if run.format == FORMAT:
        return run

    def renamed(values: Mapping[str, Any]) -> dict[str, Any]:
        return {_renamed(name): value for name, value in values.items()}

    parameters = renamed(run.parameters)
    if parameters.get("segment.split.method") == "pieces":
        parameters["segment.split.method"] = "components"
    return replace(run, parameters=parameters, metrics=renamed(run.metrics), tags=renamed(run.tags))
