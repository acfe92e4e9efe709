"""The formats of recorded runs: the names that each format uses, and where it puts its results.

A run is repeated by the code of its own commit. That code needs a configuration with the keys of its time,
and writes its results where it did at that time. Both stand here as plain texts, for every format that a
recorded run can have. The format stands in the configuration of the run. Without a number it is format 1.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from captchanet.errors import UserError
from captchanet.layout import ARTIFACTS, FORMAT
from captchanet.types import Json

if TYPE_CHECKING:  # importing mlflow takes a second
    from captchanet.track.history import Run

CONFIGURATION = str(ARTIFACTS.train.configuration)
"""The artifact with the format of a run. It has this path in every format."""

SET = "rerun"
"""The set of a rerun of today's format, and so its folder of results."""


@dataclass(frozen=True, kw_only=True)
class Format:
    """One format of recorded runs. All formats up to now have the defaults in common.

    Artifacts in MLflow, by their paths: `provenance`; `pictures`, the list of usable pictures, with its
    `columns`; `status`, `history`, `metrics`, `misreads` and `solution`, the results that a rerun is compared
    with. `root` is the folder of results of a rerun, seen from its folder. `synthesize` and `segment` are
    keys of a configuration: entries of `pictures` that the workflow makes have the first, and data sets name
    their segmentation with the second. `sections` are the other sections of a rerun's configuration.
    """

    provenance: str = "train/provenance.json"
    pictures: str = "dataset/pictures.csv"
    columns: tuple[str, ...] = ("pictures", "file", "label", "sha256")
    status: str = "train/status.json"
    history: str = "train/history.csv"
    metrics: str = "evaluate/metrics.json"
    misreads: str = "evaluate/misreads.csv"
    solution: str = "train/xor.json"
    root: str
    synthesize: str = "synthesize"
    segment: str = "segment"
    sections: Json = field(default_factory=dict)

    def results(self, run: str | None) -> list[str]:
        """The artifacts with the results of `run`, without times and the machine; None is XOR."""
        return [self.status, self.history, *([self.metrics, self.misreads] if run else [self.solution])]

    def made(self, run: str | None, artifact: str) -> Path:
        """The path of an artifact in a rerun of `run`; None is XOR."""
        stage, name = artifact.split("/")
        return Path(self.root, f"{stage}/{run}" if run else "xor", name)

    def targets(self, run: str | None) -> list[str]:
        """The targets of the workflow: the last file of each of its stages."""
        return [str(self.made(run, file)) for file in ([self.status, self.metrics] if run else [self.status])]


FORMATS = {
    1: Format(root="results", synthesize="draw", segment="cut"),
    2: Format(root=f"results/{SET}", sections={"format": 2, "set": SET}),
}


def run_of(configuration: Json) -> str | None:
    """The run that was recorded with this configuration; None for XOR, which has no entry under `train`."""
    return next(iter(configuration.get("train", {})), None)


def format_of(configuration: Json) -> Format:
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
"""Parameters, metrics and tags of format 1 that have other names now."""


@cache
def _renamed(name: str) -> str:
    found = (re.sub(before, now, name) for before, now in RENAMED)
    return next((new for new in found if new != name), name)


def in_todays_words(run: "Run") -> "Run":
    """A recorded run with today's names, to compare it with runs of other formats."""
    if run.format == FORMAT:
        return run

    def renamed(values: Mapping[str, Any]) -> Json:
        return {_renamed(name): value for name, value in values.items()}

    parameters = renamed(run.parameters)
    if parameters.get("segment.split.method") == "pieces":
        parameters["segment.split.method"] = "components"
    return replace(run, parameters=parameters, metrics=renamed(run.metrics), tags=renamed(run.tags))
