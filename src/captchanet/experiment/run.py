"""A run folder, file by file: what was asked, what happened, the model, and where it all came from."""

import os
import time
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from threadpoolctl import threadpool_limits

from captchanet.errors import UserError
from captchanet.experiment import dataset
from captchanet.experiment.model import Model, theta_digest
from captchanet.experiment.provenance import provenance
from captchanet.experiment.train import HISTORY, Trained, train
from captchanet.files import read_json, write_csv, write_json


def perform(name: str, settings: Mapping[str, Any], data: Path, folder: Path, code: Iterable[Path]) -> None:
    """Trains the run `name` on the data set in the folder `data` and writes its run folder."""
    part = dataset.read(data, "train")
    facts = read_json(data / "dataset.json")
    started = time.time()
    with threadpool_limits(1):  # another number of threads rounds otherwise and gives another theta
        trained = train(part, len(facts["segment"]["alphabet"]), settings)
    parameters = {
        "run": name,
        **settings,
        "layers": list(trained.network.layers),
        "parameters": trained.network.size,
        "dataset": facts["dataset"],
        # how many pictures may be unusable decides nothing about the network
        "segment": {key: value for key, value in facts["segment"].items() if key != "max_rejected"},
    }
    Model(trained.network, trained.theta, name, facts["segment"]).write(folder, trained.status)
    write_run(folder, trained, parameters, code, started, part.captchas, facts["digest"])


def write_run(
    folder: Path,
    trained: Trained,
    parameters: Mapping[str, Any],
    code: Iterable[Path],
    started: float,
    captchas: Iterable[tuple[str, str, str, str]] = (),
    data: Mapping[str, str] | None = None,
) -> None:
    """parameters.json, history.csv, provenance.json and, last, status.json of a run begun at `started`."""
    seconds = time.time() - started
    write_json(folder / "parameters.json", parameters)
    write_csv(folder / "history.csv", HISTORY, trained.history)
    origin = {
        "started": datetime.fromtimestamp(started, UTC).isoformat(timespec="milliseconds"),
        "seconds": round(seconds, 3),
        "workflow_command": os.environ.get("CAPTCHANET_COMMAND"),
        "theta_sha256": theta_digest(trained.theta),
        "data_sha256": dict(data or {}),
    }
    with threadpool_limits(1):
        write_json(folder / "provenance.json", {**origin, **provenance(code, captchas)})
    write_json(
        folder / "status.json",
        {"status": trained.status, "reason": trained.reason, "evaluations": trained.evaluations},
    )


def check_finished(folders: Iterable[Path]) -> None:
    """Raises UserError that names each run folder whose training failed, with the reason."""
    failed = []
    for folder in folders:
        status = read_json(folder / "status.json")
        if status["status"] != "finished":
            failed.append(f"{folder.name} ({status['reason']})")
    if failed:
        raise UserError(
            f"training failed: {', '.join(failed)}; change its settings (a smaller learning rate, say) "
            "and run again; all other results are there"
        )
