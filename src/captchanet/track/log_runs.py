"""Recording runs in MLflow: each once, however often the workflow is killed or started again.

A run is known by its key: its name and a digest of what decides it and what came out (parameters, data,
sources, theta). A recorded run is finished by one last step, its status; until then it is half a run, which
the next attempt completes under the same id. A finished run is never changed, except for the tags that say
whether a configuration still names it and which sweep it belongs to, and except for twins (twins.py).
"""

import json
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mlflow import MlflowClient
from mlflow.entities import Dataset, DatasetInput, InputTag, Metric, Param, Run, RunTag
from mlflow.exceptions import MlflowException

from captchanet.evaluate.sweep import Sweep
from captchanet.layout import ARTIFACTS, FORMAT
from captchanet.progress import counted
from captchanet.track.failures import reachable
from captchanet.track.place import database_of
from captchanet.track.run_record import RunRecord
from captchanet.track.store import COMPLETE, PREFIX, client, runs_of
from captchanet.track.sweep_parents import MEMBERSHIP, Parents
from captchanet.track.twins import awaited, by_key, settled
from captchanet.track.views import accuracy_tag, save_views, sweep_tag

LONGEST_PARAM = 6000
DERIVED = ("layers", "parameters")

ATTEMPTS, PATIENCE = 4, 20.0
"""How often recording begins again after another writer on the server has disturbed it, and how many seconds
it waits for one that is at work."""
DISTURBED = ("must be in the 'active' state", "IntegrityError", "No tag with name")
"""The errors of that: it has hidden a run, or written the same row or deleted the same tag first."""


def flattened(value: Any, prefix: str = "") -> Iterator[tuple[str, str]]:
    """Nested parameters as (name, text) with names such as `optimiser.learning_rate`."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from flattened(inner, f"{prefix}{name}.")
    else:
        yield prefix[:-1], "null" if value is None else str(value)


def log_runs(
    records: Iterable[RunRecord], uri: str, experiment: str, of: str, sweeps: Iterable[Sweep] = ()
) -> dict[str, str]:
    """Records every run of the set `of`, and its sweeps, in the experiment with that id.

    Into a database in a file one process at a time records (`alone` in store.py). On a server several may.
    Returns the runs' MLflow ids by name.
    Raises UserError when the store cannot be used; what was recorded by then stays.
    """
    with reachable(uri):
        alone = database_of(uri) is not None
        writer = _Writer(client(uri), experiment, of, {one.name: one for one in records}, list(sweeps), alone)
        for _ in range(ATTEMPTS):
            try:
                return writer.record()
            except MlflowException as error:
                if alone or not any(words in str(error) for words in DISTURBED):
                    raise
        return writer.record()


@dataclass(frozen=True)
class _Writer:
    """What records the runs of a set. Recording again is recording once."""

    store: MlflowClient
    experiment: str
    of: str
    records: Mapping[str, RunRecord]
    sweeps: Sequence[Sweep]
    alone: bool

    def record(self) -> dict[str, str]:
        """Records all that is not recorded yet, and returns the ids of the runs by name."""
        known = self._settled(self._found())
        parents = self._parents(known)
        each = counted(self.records.values(), "run")
        runs = {one.name: self._run(one, known.get(one.key), parents) for one in each}
        if not self.alone:
            # another writer may have recorded the same in the meantime
            known = self._settled(self._ended())
            parents = self._parents(known)
            runs = {one.name: known[one.key] for one in self.records.values()}
            for name, run in runs.items():
                _belong(self.store, run, parents.tags(name))
        ids = {name: str(run.info.run_id) for name, run in runs.items()}
        parents.complete(ids)
        views = [accuracy_tag(), *(sweep_tag(self.of, one.name, one.keys) for one in self.sweeps)]
        save_views(self.store, self.experiment, views)
        current = {*ids.values(), *parents.ids.values()}
        for run in known.values():
            configured = "yes" if run.info.run_id in current else "no"
            if run.data.tags.get(f"{PREFIX}configured") != configured:
                self.store.set_tag(run.info.run_id, f"{PREFIX}configured", configured)
        return ids

    def _found(self, key: str | None = None) -> dict[str, list[Run]]:
        """What is recorded of the set, or of one run of it, by key; with the parents of sweeps."""
        which = {"set": self.of} | ({"key": key} if key else {})
        asked = " and ".join(f"tags.`{PREFIX}{name}` = '{text}'" for name, text in which.items())
        return by_key(runs_of(self.store, self.experiment, asked))

    def _settled(self, found: Mapping[str, list[Run]]) -> dict[str, Run]:
        return settled(self.store, found, self._begun, self.alone)

    @property
    def _begun(self) -> dict[str, int]:
        """The starts of the trainings, by key."""
        return {one.key: one.started for one in self.records.values()}

    def _ended(self) -> dict[str, list[Run]]:
        """What is recorded, as soon as no other writer is at work on an older record of the same run.

        It is waited for some seconds only, since a killed writer leaves half a run behind.
        """
        end = time.monotonic() + PATIENCE
        while awaited(found := self._found(), self._begun) and time.monotonic() < end:
            time.sleep(0.5)
        return found

    def _parents(self, known: Mapping[str, Run]) -> Parents:
        return Parents(self.store, self.experiment, self.of, self.sweeps, known, self.records)

    def _run(self, one: RunRecord, run: Run | None, parents: Parents) -> Run:
        """The run in MLflow, recorded completely; `run` is what MLflow had of it before."""
        belongs = parents.tags(one.name)
        if run is None and not self.alone:
            # the list of runs may be minutes old
            run = self._settled(self._found(one.key)).get(one.key)
        if run is None:
            tags = {f"{PREFIX}key": one.key, f"{PREFIX}set": self.of}
            # MLflow's lists are narrow and show the run below its sweep: leave the sweep's name out
            shown = one.name.removeprefix(f"{belongs.get(f'{PREFIX}sweep')},")
            run = self.store.create_run(self.experiment, start_time=one.started, run_name=shown, tags=tags)
        else:
            _belong(self.store, run, belongs)
        if run.info.status not in COMPLETE:
            _log(self.store, run.info.run_id, one, belongs)
        return run


def _belong(store: MlflowClient, run: Run, belongs: Mapping[str, str]) -> None:
    """Puts a run that was recorded before into the sweep that it belongs to now."""
    for name in MEMBERSHIP:
        before, now = run.data.tags.get(name), belongs.get(name)
        if now is not None and now != before:
            store.set_tag(run.info.run_id, name, now)
        elif now is None and before is not None:
            store.delete_tag(run.info.run_id, name)


def _log(store: MlflowClient, run_id: str, one: RunRecord, belongs: Mapping[str, str]) -> None:
    """Logs everything of a run, its status last. Logging it twice leaves the same as logging it once.

    The times are those of the training: a metric that is logged again is the same row.
    """
    content = one.content()
    last_step = content.history[-1][0] if content.history else 1
    metrics = [
        Metric(name, value, one.started + (one.ended - one.started) * step // last_step, step)
        for step, values in content.history
        for name, value in values.items()
    ]
    metrics += [Metric(name, value, one.ended, 0) for name, value in content.finals.items()]
    # MLflow's comparison begins with the first three parameters that differ, so derived ones come last; the
    # run itself already has the name
    settings = {name: value for name, value in one.parameters.items() if name not in (*DERIVED, "run")}
    settings["size"] = {name: one.parameters[name] for name in DERIVED if name in one.parameters}
    params = [Param(name, _short(text)) for name, text in flattened(settings)]
    tags = [RunTag(name, text) for name, text in {**_tags(one, content.description), **belongs}.items()]
    inputs = [
        # MLflow keeps 36 characters of a digest; the whole digest is a tag of the run
        DatasetInput(
            Dataset(name, digest[:36], "local", json.dumps({"uri": source}), profile=json.dumps(size)),
            [InputTag("mlflow.data.context", context)],
        )
        for name, context, source, digest, size in content.data
    ]
    # as few transactions as MLflow's limits allow: 1000 of all kinds, 100 parameters, 100 tags
    while metrics or params or tags:
        store.log_batch(run_id, metrics=metrics[:800], params=params[:100], tags=tags[:100])
        metrics, params, tags = metrics[800:], params[100:], tags[100:]
    if inputs:
        store.log_inputs(run_id, datasets=inputs)
    for file, folder in content.files:
        store.log_artifact(run_id, str(file), folder)
    status = "FINISHED" if one.status["status"] == "finished" else "FAILED"
    store.set_terminated(run_id, status, end_time=one.ended)


def _short(text: str) -> str:
    note = f" … (whole in {ARTIFACTS.train.parameters.name})"
    return text if len(text) <= LONGEST_PARAM else text[: LONGEST_PARAM - len(note)] + note


def _tags(one: RunRecord, description: str) -> dict[str, str]:
    origin = one.provenance
    git = origin["git"]
    tags = {
        "mlflow.note.content": description,
        # the UI shows only the part of a name after the last slash, so the command has its own tag
        "mlflow.source.name": "captchanet",
        "mlflow.source.type": "PROJECT",
        "mlflow.source.git.commit": git and git["commit"],
        f"{PREFIX}git.dirty": str(git["dirty"]).lower() if git and git["dirty"] is not None else None,
        f"{PREFIX}git.problem": git and git.get("problem"),
        f"{PREFIX}format": str(FORMAT),
        f"{PREFIX}command": origin["workflow_command"],
        f"{PREFIX}status": one.status["status"],
        f"{PREFIX}reason": one.status["reason"],
        f"{PREFIX}theta_sha256": origin["theta_sha256"],
        f"{PREFIX}python": origin["python"],
        f"{PREFIX}cpu": origin["cpu"],
        f"{PREFIX}platform": origin["platform"],
        f"{PREFIX}blas": ", ".join(f"{b['library']} {b['version']} {b['kernel']}" for b in origin["blas"]),
        f"{PREFIX}threads": ", ".join(str(b["threads"]) for b in origin["blas"]),
        f"{PREFIX}configured": "yes",
    }
    tags |= {f"{PREFIX}data.{name}_sha256": digest for name, digest in origin["data_sha256"].items()}
    tags |= {f"{PREFIX}version.{name}": version for name, version in origin["libraries"].items()}
    return {name: str(text)[:5000] for name, text in tags.items() if text}
