"""What differs between two recorded runs, as plain data: settings, results, pictures, machine and code."""

import csv
import io
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from captchanet.errors import UserError
from captchanet.layout import ARTIFACTS
from captchanet.reproduce.code import Changes, CodeState, changes
from captchanet.spreadsheet import as_given
from captchanet.track.history import ACCURACY, Run, Store, artifact
from captchanet.types import Json

# Tags of a run that describe its machine; the versions of libraries come after them
MACHINE = ("python", "platform", "cpu", "blas", "threads")
# The parts of a data set whose captchas are compared, and their names for the user
COMPARED = {"train": "training", "unseen": "unseen", "calibration": "calibration"}


@dataclass(frozen=True)
class Pair:
    """The values of A and B under one name; None where one of them has no value, or null."""

    a: Any
    b: Any


Pairs = dict[str, Pair]
"""What differs, by name."""


@dataclass(frozen=True)
class Captchas:
    """The captchas that only A has in a part of its data set, and those that only B has."""

    only_a: list[str]
    only_b: list[str]


@dataclass(frozen=True)
class Pictures:
    """Pictures of A and B: those that only one has, those with other bytes, and those with other labels.

    `renamed` are the files that differ only in their names: the name in B by the name in A. They are in no
    other list. `parts` has the training part and the like, by name. `of` says which pictures were compared.
    `missing` is the reason if none were compared, and "" if some were.
    """

    removed: list[str] = field(default_factory=list)
    added: list[str] = field(default_factory=list)
    content: list[str] = field(default_factory=list)
    labels: Pairs = field(default_factory=dict)
    renamed: dict[str, str] = field(default_factory=dict)
    parts: dict[str, Captchas] = field(default_factory=dict)
    of: str = ""
    missing: str = ""


@dataclass(frozen=True)
class Commit:
    """The commit that a run was made with; None without git. `problem` is why git could not tell all."""

    commit: str | None
    uncommitted_changes: bool
    problem: str = ""


@dataclass(frozen=True)
class Code:
    """The code of both runs, the sources that differ, and what git says.

    `sources` has "changed", "only in A" or "only in B" by file; None where they were not recorded. `changes`
    is None where git cannot compare the code; `missing` is the reason.
    """

    a: Commit
    b: Commit
    sources: dict[str, str] | None
    changes: Changes | None
    missing: str = ""


@dataclass(frozen=True)
class RunDiff:
    """What differs from `a` to `b`.

    `same_theta` is whether the trained parameters are the same to the last bit, None where that is not
    recorded.
    """

    a: Run
    b: Run
    parameters: Pairs
    metrics: Pairs
    data: Pairs
    pictures: Pictures
    environment: Pairs
    same_theta: bool | None
    code: Code


def diff_runs(store: Store, a: Run, b: Run, repository: Path) -> RunDiff:
    """Everything that differs from `a` to `b`; `repository` is a folder in the repository of their code."""
    origins = [_json(artifact(store, run, str(ARTIFACTS.train.provenance))) for run in (a, b)]
    tags = sorted(a.tags | b.tags)
    digests = [tag for tag in tags if tag.startswith("data.")]
    versions = [tag for tag in tags if tag.startswith("version.")]
    theta = [run.tags.get("theta_sha256") for run in (a, b)]
    metrics = [name for name in a.metrics | b.metrics if name.split("/")[-1] not in ("low", "high")]
    metrics.sort(key=lambda name: (name != ACCURACY, not name.endswith("accuracy"), name))
    return RunDiff(
        a,
        b,
        parameters=differing(a.parameters, b.parameters, sorted({*a.parameters, *b.parameters} - {"run"})),
        metrics=differing(a.metrics, b.metrics, metrics),
        data=differing(a.tags, b.tags, digests),
        pictures=_pictures(store, a, b, origins) if digests else Pictures(),
        environment=differing(_machine(a), _machine(b), [*MACHINE, *versions]),
        same_theta=theta[0] == theta[1] if all(theta) else None,
        code=_code(a, b, origins, repository),
    )


def differing(a: Mapping[str, Any], b: Mapping[str, Any], names: Iterable[str] | None = None) -> Pairs:
    """The values that differ, of `names`, or of all names in their order."""
    names = sorted({*a, *b}) if names is None else names
    return {name: Pair(a.get(name), b.get(name)) for name in names if not _same(a.get(name), b.get(name))}


def _machine(run: Run) -> dict[str, str]:
    """The run's tags; the BLAS libraries of a process come in any order."""
    blas = run.tags.get("blas")
    return run.tags | ({"blas": ", ".join(sorted(blas.split(", ")))} if blas else {})


def _same(a: Any, b: Any) -> bool:
    """Whether two values are equal: true is not 1, and not-a-number is itself."""
    return isinstance(a, bool) == isinstance(b, bool) and bool(a == b or (a != a and b != b))


def _json(text: str | None) -> Json:
    try:
        found = json.loads(text or "{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _pictures(store: Store, a: Run, b: Run, origins: list[Json]) -> Pictures:
    """By the lists of all pictures or, where a run has no list, by the digests of the training pictures."""
    lists = [_table(artifact(store, run, str(ARTIFACTS.dataset.pictures))) for run in (a, b)]
    trained = [origin.get("pictures") or {} for origin in origins]
    labels: Pairs = {}
    if all(table is not None for table in lists):
        tables = [table or {} for table in lists]
        before, after = ({name: row["sha256"] for name, row in table.items()} for table in tables)
        labels = differing(*({name: row["label"] for name, row in table.items()} for table in tables))
        labels = {name: pair for name, pair in labels.items() if name in before and name in after}
        of = "all usable pictures"
    elif all(trained):
        before, after = trained
        of = "the pictures that trained; the others, and all labels, were not recorded"
    else:
        each = zip("AB", lists, trained, strict=True)
        without = [which for which, table, digests in each if table is None and not digests]
        known = " and ".join(without) or "both in the same way"
        return Pictures(missing=f"no list of its pictures was recorded with {known}")
    gone = {sha256: name for name, sha256 in before.items() if name not in after}
    new = {sha256: name for name, sha256 in after.items() if name not in before}
    renamed = {name: new[sha256] for sha256, name in gone.items() if sha256 in new}
    return Pictures(
        removed=[name for name in before if name not in after and name not in renamed],
        added=[name for name in after if name not in before and name not in renamed.values()],
        content=[name for name, sha256 in before.items() if after.get(name, sha256) != sha256],
        labels=labels,
        renamed=renamed,
        parts=_parts(store, a, b),
        of=of,
    )


def _parts(store: Store, a: Run, b: Run) -> dict[str, Captchas]:
    """The captchas that only one of the runs has, by the part of the data set."""
    chosen = [_table(artifact(store, run, str(ARTIFACTS.dataset.captchas))) or {} for run in (a, b)]
    parts = {}
    for part, spoken in COMPARED.items() if all(chosen) else ():
        in_a, in_b = ({name for name, row in table.items() if row.get("part") == part} for table in chosen)
        parts[spoken] = Captchas(sorted(in_a - in_b), sorted(in_b - in_a))
    return parts


def _table(text: str | None) -> dict[str, dict[str, str]] | None:
    """The rows of a list of pictures by folder and file; None where there is no list."""
    if not text:
        return None
    try:
        found = list(csv.DictReader(io.StringIO(text, newline="")))
        return {
            f"{as_given(row['pictures'])}/{as_given(row['file'])}": row | {"label": as_given(row["label"])}
            for row in found
            if row["label"] and row["sha256"]
        }
    except (csv.Error, KeyError):
        return None


def _code(a: Run, b: Run, origins: list[Json], repository: Path) -> Code:
    commits = [
        Commit(run.tags.get("commit"), run.tags.get("git.dirty") == "true", run.tags.get("git.problem", ""))
        for run in (a, b)
    ]
    patches = [(origin.get("git") or {}).get("patch") or "" for origin in origins]
    states = [CodeState(one.commit or "", patch) for one, patch in zip(commits, patches, strict=True)]
    found, missing = None, ""
    sides = list(zip("AB", commits, strict=True))
    if told := [f"of {which} ({one.problem})" for which, one in sides if one.problem]:
        missing = f"git could not record all the code {' and '.join(told)}"
    elif without := [which for which, one in sides if not one.commit]:
        missing = f"{' and '.join(without)} ran without git"
    elif any(one.uncommitted_changes and not patch for one, patch in zip(commits, patches, strict=True)):
        file = ARTIFACTS.train.provenance
        missing = f"the uncommitted changes were recorded in {file}, which is missing now"
    else:
        try:
            found = changes(repository, *states)
        except UserError as error:
            missing = str(error)
    sources = None
    if all(origin.get("sources") for origin in origins):
        sources = {
            name: "only in B" if pair.a is None else "only in A" if pair.b is None else "changed"
            for name, pair in differing(*(origin["sources"] for origin in origins)).items()
        }
    return Code(commits[0], commits[1], sources, found, missing)
