"""Recording runs in MLflow: each once, however often the workflow is killed or started again.

A run is known by its key: its name and a digest of what decides it and what came out (parameters, data,
sources, theta). A recorded run is finished by one last step, its status; until then it is half a run, which
the next attempt completes under the same id. A finished run is never touched, but for the tag that says
whether a configuration still names it.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from mlflow import MlflowClient
from mlflow.entities import Dataset, DatasetInput, InputTag, Metric, Param, Run, RunTag

from captchanet.files import read_csv
from captchanet.tracking.store import client, reachable

COMPLETE = ("FINISHED", "FAILED")
LONGEST_PARAM = 6000
PREFIX = "captchanet."


@dataclass
class Record:
    """All that MLflow is to know of one run, read from its folders.

    `data` are (name, context, source, digest, sizes) of the data sets; `files` are (file, folder among the
    artifacts); `finals` the metrics without a step, by name.
    """

    name: str
    parameters: dict[str, Any]
    provenance: dict[str, Any]
    status: dict[str, Any]
    history: list[tuple[int, dict[str, float]]]
    finals: dict[str, float] = field(default_factory=dict)
    data: list[tuple[str, str, str, str, dict[str, int]]] = field(default_factory=list)
    files: list[tuple[Path, str]] = field(default_factory=list)
    description: str = ""

    @property
    def key(self) -> str:
        """The run's name and a digest of what decides it and what came out; no time and no machine."""
        deciding = [
            self.parameters,
            self.provenance["sources"],
            self.provenance["data_sha256"],
            self.provenance["theta_sha256"],
            self.status["status"],
        ]
        text = json.dumps(deciding, sort_keys=True)
        return f"{self.name}:{hashlib.sha256(text.encode()).hexdigest()}"


def flattened(value: Any, prefix: str = "") -> Iterator[tuple[str, str]]:
    """Nested parameters as (name, text) with names such as `optimiser.learning_rate`."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from flattened(inner, f"{prefix}{name}.")
    else:
        yield prefix[:-1], "null" if value is None else str(value)


def record(records: Iterable[Record], uri: str, experiment: str, of: str) -> dict[str, str]:
    """Records every run of the set `of` in the experiment with that id; returns the MLflow ids by run name.

    Raises UserError when the store cannot be used; what was recorded by then stays.
    """
    with reachable(uri):
        store = client(uri)
        known = _known(store, experiment, of)
        ids: dict[str, str] = {}
        for one in records:
            run = known.get(one.key)
            if run is None:
                run = store.create_run(
                    experiment,
                    start_time=_started(one),
                    run_name=one.name,
                    tags={f"{PREFIX}key": one.key, f"{PREFIX}set": of},
                )
            if run.info.status not in COMPLETE:
                _log(store, run.info.run_id, one)
            ids[one.name] = run.info.run_id
        for run in known.values():
            configured = "yes" if run.info.run_id in ids.values() else "no"
            if run.data.tags.get(f"{PREFIX}configured") != configured:
                store.set_tag(run.info.run_id, f"{PREFIX}configured", configured)
        return ids


def _known(store: MlflowClient, experiment: str, of: str) -> dict[str, Run]:
    runs: dict[str, Run] = {}
    token = None
    while True:
        page = store.search_runs(
            [experiment], f"tags.`{PREFIX}set` = '{of}'", max_results=1000, page_token=token
        )
        runs.update({run.data.tags[f"{PREFIX}key"]: run for run in page})
        token = page.token
        if not token:
            return runs


def _started(one: Record) -> int:
    return round(datetime.fromisoformat(one.provenance["started"]).timestamp() * 1000)


def _log(store: MlflowClient, run_id: str, one: Record) -> None:
    """Logs everything of a run, its status last; saying it all twice has the effect of once.

    The times are the training's own, so that a metric logged again is the same row again.
    """
    begun, lasted = _started(one), round(one.provenance["seconds"] * 1000)
    last_step = one.history[-1][0] if one.history else 1
    metrics = [
        Metric(name, value, begun + lasted * step // last_step, step)
        for step, values in one.history
        for name, value in values.items()
    ]
    metrics += [Metric(name, value, begun + lasted, 0) for name, value in one.finals.items()]
    params = [Param(name, _short(text)) for name, text in flattened(one.parameters)]
    tags = [RunTag(name, text) for name, text in _tags(one).items()]
    inputs = [
        # MLflow holds 36 characters of a digest; the whole one is a tag of the run
        DatasetInput(
            Dataset(name, digest[:36], "local", json.dumps({"uri": source}), profile=json.dumps(size)),
            [InputTag("mlflow.data.context", context)],
        )
        for name, context, source, digest, size in one.data
    ]
    for start in range(0, len(params), 100):
        store.log_batch(run_id, params=params[start : start + 100])
    for start in range(0, len(tags), 100):
        store.log_batch(run_id, tags=tags[start : start + 100])
    for start in range(0, len(metrics), 1000):
        store.log_batch(run_id, metrics=metrics[start : start + 1000])
    if inputs:
        store.log_inputs(run_id, datasets=inputs)
    for file, place in one.files:
        store.log_artifact(run_id, str(file), place)
    status = "FINISHED" if one.status["status"] == "finished" else "FAILED"
    store.set_terminated(run_id, status, end_time=begun + lasted)


def _short(text: str) -> str:
    note = " … (whole in parameters.json)"
    return text if len(text) <= LONGEST_PARAM else text[: LONGEST_PARAM - len(note)] + note


def _tags(one: Record) -> dict[str, str]:
    origin = one.provenance
    git = origin["git"] or {}
    tags = {
        "mlflow.note.content": one.description,
        "mlflow.source.name": origin["workflow_command"] or "captchanet",
        "mlflow.source.type": "PROJECT",
        "mlflow.source.git.commit": git.get("commit"),
        f"{PREFIX}git.dirty": str(git["dirty"]).lower() if git else None,
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


def history(folder: Path) -> list[tuple[int, dict[str, float]]]:
    """The metrics per step of the run in `folder`."""
    from captchanet.experiment.train import HISTORY

    return [
        (int(row[0]), {name: float(text) for name, text in zip(HISTORY[1:], row[1:], strict=True)})
        for row in read_csv(folder / "history.csv", HISTORY)
    ]
