"""Two recorded runs side by side, as plain data: what was asked, what came out, and what it came out of."""

import csv
import io
import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from captchanet.errors import UserError
from captchanet.layout import ARTIFACTS
from captchanet.reproduce.code import Changes, CodeState, changes
from captchanet.track.history import ACCURACY, Run, Store, artifact

Row = tuple[str, Any, Any]

# Tags of a run that describe its machine; the versions of libraries come after them
MACHINE = ("python", "platform", "cpu", "blas", "threads")
# The parts of a data set whose captchas are compared, and what they are called
COMPARED = {"train": "training", "unseen": "unseen", "calibration": "calibration"}


@dataclass(frozen=True)
class Pictures:
    """Pictures of A and B: those in one alone, those with other bytes, and (name, in A, in B) of labels.

    `renamed` are the files that differ in their names alone: (name in A, name in B), in no other list.

    `parts` are the captchas that only A, and only B, has in the training part and the like. `of` says
    which pictures these are; `missing`, why there is nothing to say, else "".
    """

    removed: list[str] = field(default_factory=list)
    added: list[str] = field(default_factory=list)
    content: list[str] = field(default_factory=list)
    labels: list[Row] = field(default_factory=list)
    renamed: list[tuple[str, str]] = field(default_factory=list)
    parts: dict[str, tuple[list[str], list[str]]] = field(default_factory=dict)
    of: str = ""
    missing: str = ""

    def __bool__(self) -> bool:
        """Whether any differ."""
        parts = any(a or b for a, b in self.parts.values())
        return bool(self.removed or self.added or self.content or self.labels or self.renamed or parts)


@dataclass(frozen=True)
class Code:
    """The code: (commit, with uncommitted changes) of either run, sources that differ, and what git says.

    `sources` are (file, "changed" or where it is alone); None where they were not recorded. `changes` is None
    where git cannot tell, for the reason `missing`.
    """

    a: tuple[str | None, bool]
    b: tuple[str | None, bool]
    sources: list[tuple[str, str]] | None
    changes: Changes | None
    missing: str = ""


@dataclass(frozen=True)
class RunDiff:
    """What differs from `a` to `b`; a row is (name, in A, in B), None where one of them has none.

    `theta` is whether the trained parameters are the same to the last bit, None where that is not recorded.
    """

    a: Run
    b: Run
    parameters: list[Row]
    metrics: list[Row]
    data: list[Row]
    pictures: Pictures
    environment: list[Row]
    theta: bool | None
    code: Code


def diff_runs(store: Store, a: Run, b: Run, repository: Path) -> RunDiff:
    """Everything that differs from `a` to `b`, their code as the repository around that folder has it."""
    origins = [_json(artifact(store, run, str(ARTIFACTS.train.provenance))) for run in (a, b)]
    versions = sorted({tag for run in (a, b) for tag in run.tags if tag.startswith("version.")})
    digests = sorted({tag for run in (a, b) for tag in run.tags if tag.startswith("data.")})
    theta = [run.tags.get("theta_sha256") for run in (a, b)]
    metrics = [row for row in rows(a.metrics, b.metrics) if row[0].split("/")[-1] not in ("low", "high")]
    return RunDiff(
        a,
        b,
        parameters=[row for row in rows(a.parameters, b.parameters) if row[0] != "run"],
        metrics=sorted(metrics, key=lambda row: (row[0] != ACCURACY, not row[0].endswith("accuracy"))),
        data=rows(a.tags, b.tags, digests),
        pictures=_pictures(store, a, b, origins),
        environment=rows(_machine(a), _machine(b), [*MACHINE, *versions]),
        theta=theta[0] == theta[1] if all(theta) else None,
        code=_code(a, b, origins, repository),
    )


def rows(a: Mapping[str, Any], b: Mapping[str, Any], names: Iterable[str] | None = None) -> list[Row]:
    """(name, in A, in B) of what differs, None where one has none or null; of all names, or of `names`."""
    names = sorted({*a, *b}) if names is None else names
    return [(name, a.get(name), b.get(name)) for name in names if not _same(a.get(name), b.get(name))]


def _machine(run: Run) -> dict[str, str]:
    """The run's tags; the BLAS libraries of a process come in any order."""
    blas = run.tags.get("blas")
    return run.tags | ({"blas": ", ".join(sorted(blas.split(", ")))} if blas else {})


def _same(a: Any, b: Any) -> bool:
    if isinstance(a, float) and isinstance(b, float) and math.isnan(a) and math.isnan(b):
        return True
    return bool(a == b) and isinstance(a, bool) == isinstance(b, bool)


def _json(text: str | None) -> dict[str, Any]:
    try:
        found = json.loads(text or "{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _pictures(store: Store, a: Run, b: Run, origins: list[dict[str, Any]]) -> Pictures:
    """From the lists of all pictures; of runs recorded without, from the digests of those that trained."""
    if not any(tag.startswith("data.") for run in (a, b) for tag in run.tags):
        return Pictures()
    lists = [_table(artifact(store, run, str(ARTIFACTS.dataset.pictures))) for run in (a, b)]
    tables = [table for table in lists if table is not None]
    trained = [origin.get("pictures") or {} for origin in origins]
    if len(tables) == 2:
        labels = rows(*({name: row["label"] for name, row in table.items()} for table in tables))
        labels = [row for row in labels if None not in row]
        before, after = ({name: row["sha256"] for name, row in table.items()} for table in tables)
        of = "all usable pictures"
    elif all(trained):
        (before, after), labels = trained, []
        of = "the pictures that trained; the others, and all labels, were not recorded"
    else:
        each = zip("AB", lists, trained, strict=True)
        without = [which for which, table, digests in each if table is None and not digests]
        known = " and ".join(without) or "both in the same way"
        return Pictures(missing=f"no list of its pictures was recorded with {known}")
    chosen = [_table(artifact(store, run, str(ARTIFACTS.dataset.captchas))) or {} for run in (a, b)]
    parts = {}
    for part, spoken in COMPARED.items() if all(chosen) else ():
        in_a, in_b = ({name for name, row in table.items() if row.get("part") == part} for table in chosen)
        parts[spoken] = (sorted(in_a - in_b), sorted(in_b - in_a))
    gone = {sha256: name for name, sha256 in before.items() if name not in after}
    new = {sha256: name for name, sha256 in after.items() if name not in before}
    renamed = [(name, new[sha256]) for sha256, name in gone.items() if sha256 in new]
    both = {name for pair in renamed for name in pair}
    return Pictures(
        removed=[name for name in before if name not in after and name not in both],
        added=[name for name in after if name not in before and name not in both],
        content=[name for name, sha256 in before.items() if after.get(name, sha256) != sha256],
        labels=labels,
        renamed=renamed,
        parts=parts,
        of=of,
    )


def _table(text: str | None) -> dict[str, dict[str, str]] | None:
    """The rows of a list of pictures by folder and file; None where there is no list."""
    if not text:
        return None
    try:
        found = list(csv.DictReader(io.StringIO(text, newline="")))
        return {f"{row['pictures']}/{row['file']}": row for row in found if row["label"] and row["sha256"]}
    except (csv.Error, KeyError):
        return None


def _code(a: Run, b: Run, origins: list[dict[str, Any]], repository: Path) -> Code:
    states, commits = [], []
    for run, origin in zip((a, b), origins, strict=True):
        commit = run.tags.get("commit")
        dirty = run.tags.get("git.dirty") == "true"
        patch = (origin.get("git") or {}).get("patch")
        commits.append((commit, dirty))
        states.append(CodeState(commit, patch or "") if commit and (patch or not dirty) else None)
    found, missing = None, ""
    without = [which for which, (commit, _) in zip("AB", commits, strict=True) if not commit]
    if without:
        missing = f"{' and '.join(without)} ran without git"
    elif None in states:
        file = ARTIFACTS.train.provenance
        missing = f"the uncommitted changes were recorded in {file}, which is not there any more"
    else:
        try:
            found = changes(repository, *(state for state in states if state))
        except UserError as error:
            missing = str(error)
    sources = None
    if all(origin.get("sources") for origin in origins):
        differing = rows(*(origin["sources"] for origin in origins))
        sources = [
            (name, "only in B" if before is None else "only in A" if after is None else "changed")
            for name, before, after in differing
        ]
    return Code(commits[0], commits[1], sources, found, missing)
