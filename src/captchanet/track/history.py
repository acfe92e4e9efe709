"""The recorded runs as plain data and as a table. Reading a store never creates, migrates or changes it."""

import ast
import difflib
import json
import logging
import os
import re
import sqlite3
import tempfile
from collections.abc import Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes, urlsplit

import pandas as pd
from mlflow import MlflowClient
from mlflow import entities as mlflow_entities
from mlflow.exceptions import MlflowException

from captchanet.errors import UserError, in_short
from captchanet.track.failures import explained, reachable
from captchanet.track.place import database_of, reading
from captchanet.track.store import ACCURACY, COMPLETE, PREFIX, client, runs_of

Store = MlflowClient
"""MLflow's client, for packages that do not import mlflow."""

ABOUT = ("id", "name", "status", "started", "configured")
"""What is known of every run: the first columns of a table of runs."""
NUMBER = re.compile(r"-?(0|[1-9]\d{0,17})(\.\d+)?(e[+-]?\d+)?", re.IGNORECASE)
CONSTANTS = {"null": None, "True": True, "False": False}


@dataclass(frozen=True)
class Run:
    """One recorded run.

    `status` is finished or failed. `tags` are captchanet's own, without their prefix, the `commit` and the
    `code`, which is the commit in short, with a + where something was not committed, and a ? where git could
    not tell all of it. `artifacts` is the address of its files.
    """

    id: str
    name: str
    status: str
    started: datetime
    parameters: dict[str, Any]
    metrics: dict[str, float]
    tags: dict[str, str]
    artifacts: str = ""

    @property
    def configured(self) -> bool:
        """Whether a configuration still names the run with these results."""
        return self.tags.get("configured") == "yes"

    @property
    def format(self) -> int:
        """The format that the run was recorded in; 1 if none was recorded."""
        return int(self.tags.get("format", 1))

    @property
    def sweeps(self) -> list[str]:
        """The sweeps that the run belongs to; most belong to one or none."""
        with suppress(ValueError, TypeError):
            if several := list(json.loads(self.tags.get("sweeps", "[]"))):
                return several
        return [self.tags["sweep"]] if "sweep" in self.tags else []

    @property
    def accuracy(self) -> float | None:
        """The share of unseen captchas read right; None where the run has none."""
        return self.metrics.get(ACCURACY)

    @property
    def values(self) -> dict[tuple[str, str], Any]:
        """All that is known of it, by kind and key: ("metrics", "unseen/captchas/accuracy") and the like.

        The kinds are params, metrics, tags and run, which has the keys of `ABOUT`: `started` to the minute,
        and `configured` as yes or no.
        """
        started, configured = f"{self.started:%Y-%m-%d %H:%M}", "yes" if self.configured else "no"
        about = (self.id, self.name, self.status, started, configured)
        kinds = {"run": dict(zip(ABOUT, about, strict=True)), "params": self.parameters}
        kinds |= {"metrics": self.metrics, "tags": self.tags}
        return {(kind, key): value for kind, values in kinds.items() for key, value in values.items()}


@dataclass(frozen=True)
class History:
    """The runs of an experiment, the newest first, and how many more are only partly recorded."""

    runs: list[Run]
    half: int


def opened(uri: str) -> Store:
    """A client of the store at `uri`, which must be there already; a database in a file is opened to read.

    Raises UserError where there is no history, or where this version of MLflow cannot read it.
    """
    # MLflow would log a traceback in addition to the error that is raised here
    logging.getLogger("mlflow.store.db.utils").setLevel(logging.CRITICAL)
    with reachable(uri):
        file = database_of(uri)
    if file is None:
        return client(uri)
    if not file.exists():
        raise UserError(f"{file}: there is no history yet; run `snakemake --cores 4` in this folder first")
    # With the name of the driver: after a plain sqlite:/// MLflow would create the folders of the path
    try:
        # checked here, since MLflow retries for minutes if the file cannot be opened
        with closing(sqlite3.connect(reading(file), uri=True)) as database:
            database.execute("select version_num from alembic_version")
        return client(f"sqlite+pysqlite:///{reading(file)}&uri=true")
    except (sqlite3.Error, UserError) as error:
        known = error.__cause__ or error
        if "readonly database" in str(error):
            # MLflow wants to make the tables that another version, or a broken one, does not have
            known = sqlite3.OperationalError("no such table as this MLflow needs")
        cause, cure = explained(uri, known)
        raise UserError(
            f"{file}: cannot be read as a history ({cause}); {cure}; this command only reads"
        ) from error


def history(store: Store, uri: str, experiment: str, parents: bool = False) -> History:
    """All runs of the experiment with that name; `parents` also takes the runs that stand for a sweep."""
    runs, half = [], 0
    with reachable(uri):
        found = store.get_experiment_by_name(experiment)
        if found is None:
            raise UserError(
                f"the history at {uri} has no experiment {experiment!r}; run `snakemake --cores 4` first, "
                "or correct `track.experiment`"
            )
        if found.lifecycle_stage != "active":
            raise UserError(
                f"the experiment {experiment!r} in the history at {uri} was deleted in MLflow; "
                f"`MLFLOW_TRACKING_URI={uri} mlflow experiments restore -x {found.experiment_id}` brings it "
                "back with its runs, and so does the next `snakemake` that records runs"
            )
        for run in runs_of(store, found.experiment_id):
            if run.info.status not in COMPLETE:
                half += 1
            elif parents or run.data.tags.get(f"{PREFIX}kind") != "sweep":
                runs.append(_run(run))
    return History(runs, half)


def runs_table(runs: Sequence[Run]) -> pd.DataFrame:
    """The runs as a table: a row for each, by its id, and a column for each of their `values`.

    The columns of `ABOUT` and the accuracy are always there. A cell is None where the run has no such value,
    or null.
    """
    rows = [run.values for run in runs]
    keys = [*(("run", key) for key in ABOUT), ("metrics", ACCURACY), *(at for row in rows for at in row)]
    columns = {at: [row.get(at) for row in rows] for at in dict.fromkeys(keys)}
    return pd.DataFrame(columns, index=[run.id for run in runs], dtype=object)


def _run(run: mlflow_entities.Run) -> Run:
    tags = {
        name.removeprefix(PREFIX): text for name, text in run.data.tags.items() if name.startswith(PREFIX)
    }
    if commit := run.data.tags.get("mlflow.source.git.commit"):
        tags |= {"commit": commit, "code": commit[:8] + "+" * (tags.get("git.dirty") == "true")}
    if "git.problem" in tags:
        tags["code"] = f"{tags.get('code', '')}?"
    return Run(
        id=run.info.run_id,
        # MLflow shows a run of a sweep without its sweep's name
        name=tags.get("key", "").rpartition(":")[0] or run.info.run_name or "",
        status=tags.get("status") or run.info.status.lower(),
        started=datetime.fromtimestamp((run.info.start_time or 0) / 1000).astimezone(),
        parameters={name: typed(text) for name, text in sorted(run.data.params.items())},
        metrics=dict(sorted(run.data.metrics.items())),
        tags=tags,
        artifacts=run.info.artifact_uri,
    )


@cache
def typed(text: str) -> Any:
    """A parameter as it was before MLflow made it a text: number, bool, None, tuple or a text."""
    if text in CONSTANTS:
        return CONSTANTS[text]
    if NUMBER.fullmatch(text):
        return int(text) if text.removeprefix("-").isdigit() else float(text)
    if text.startswith("["):
        with suppress(ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
            value = _frozen(ast.literal_eval(text))
            hash(value)
            return value
    return text


def _frozen(value: Any) -> Any:
    return tuple(map(_frozen, value)) if isinstance(value, list | tuple) else value


def find(runs: Sequence[Run], wanted: str, of: str | None = None) -> tuple[Run, str]:
    """The one run that `wanted` names, and a remark if it was chosen from several, else "".

    `wanted` is the beginning of an id (4 digits at least), a name or the beginning of one. Where the set `of`
    has runs of this name, it means these alone. If several runs have one name, it is the configured one; if
    several are configured, the one of the highest format. Raises UserError otherwise.
    """
    is_id = re.fullmatch("[0-9a-fA-F]{4,32}", wanted)
    by_id = [run for run in runs if is_id and run.id.startswith(wanted.lower())]
    found = [*by_id, *(run for run in runs if run.name == wanted and run not in by_id)]
    found = found or [run for run in runs if wanted and run.name.startswith(wanted)]
    if not found:
        near = difflib.get_close_matches(wanted, sorted({run.name for run in runs}), 3, 0.5)
        hint = f"near it: {', '.join(near)}; " if near else ""
        raise UserError(
            f"no recorded run is called {wanted!r}, and no id begins with it (4 digits at least); "
            f"{hint}`captchanet runs` lists them"
        )
    if len(found) == 1:
        return found[0], ""
    meant = [run for run in found if of is not None and run.tags.get("set") == of]
    # a beginning of an id may be one in any set
    meant = found if by_id or not meant else meant
    current = [run for run in meant if run.configured] if len(meant) > 1 else meant
    # a set whose name changed with the format is not recorded any more, but its runs stay configured
    newest = max((run.format for run in current), default=0)
    latest = [run for run in current if run.format == newest]
    if len({run.name for run in meant}) == 1 and not by_id and len(latest) == 1:
        (one,) = latest
        which = f" of the set {of}" if len(meant) < len(found) else ""
        which += f" of format {newest}" if len({run.format for run in current}) > 1 else ""
        which += " that a configuration names" if one.configured else ""
        name = one.name if len({run.name for run in found}) == 1 else f"that begin with {wanted}"
        return one, f"of {len(found)} runs {name}, the one{which}"
    raise UserError(_ambiguous(wanted, meant))


def _ambiguous(wanted: str, found: Sequence[Run]) -> str:
    """The sentence that lists the runs that may be meant, each with its set."""
    each = [
        f"{run.id[:8]} ({run.name}, {run.started:%Y-%m-%d %H:%M}, "
        f"{'configured' if run.configured else 'old'}, set {run.tags.get('set', 'none')}, "
        f"{'no accuracy' if run.accuracy is None else f'{run.accuracy:.1%}'})"
        for run in found
    ]
    sets = len({run.tags.get("set") for run in found}) > 1
    remedy = "give the id of one, or a set by --set" if sets else "give the id of one"
    return f"{wanted!r} may be any of {len(found)} runs, so {remedy}: {in_short(each, 8, '; ')}"


def set_of_sweep(runs: Sequence[Run], sweep: str, of: str) -> tuple[str, str]:
    """The set whose sweep is meant, and a remark if it is not `of`: then it is the only one that has it.

    Raises UserError where no set has the sweep, or several others have.
    """
    sets = sorted({run.tags.get("set", "") for run in runs if run.tags.get("sweep") == sweep})
    if of in sets:
        return of, ""
    if len(sets) == 1:
        return sets[0], f"the sweep {sweep} of the set {sets[0]}, the only one that has it"
    if sets:
        several = ", ".join(sets)
        raise UserError(f"the sweep {sweep!r} is in the sets {several}, not in {of!r}; name one by --set")
    there = sorted({(run.tags["sweep"], run.tags.get("set", "")) for run in runs if "sweep" in run.tags})
    known = ", ".join(f"{name} (set {group})" for name, group in there[:20])
    raise UserError(
        f"no runs of a sweep {sweep!r} are recorded; {f'there are: {known}' if known else 'there is none'}"
    )


def artifact(store: Store, run: Run, path: str) -> str | None:
    """The text of a file that the run was recorded with; None where it is missing or cannot be reached."""
    from requests.exceptions import RequestException

    try:
        if folder := _on_this_disk(run.artifacts):
            return (folder / path).read_bytes().decode("utf-8", "surrogateescape")
        with tempfile.TemporaryDirectory() as scratch:
            found = Path(store.download_artifacts(run.id, path, scratch))
            return found.read_bytes().decode("utf-8", "surrogateescape")
    except (MlflowException, RequestException, OSError):
        return None


def _on_this_disk(address: str) -> Path | None:
    """The folder at that address, if it is on this disk.

    MLflow's own download asks the database three times for each file: 20 ms, 8 s for 200 runs.
    """
    parts = urlsplit(address)
    return (
        Path(os.fsdecode(unquote_to_bytes(parts.path))) if address and parts.scheme in ("", "file") else None
    )
