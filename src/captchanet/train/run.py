"""A run folder, file by file: what was asked, what happened, the model, and where it all came from."""

import os
import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from threadpoolctl import threadpool_limits

from captchanet.dataset import dataset
from captchanet.errors import UserError
from captchanet.files import read_json, write_csv, write_json
from captchanet.train import methods
from captchanet.train.augment import crops
from captchanet.train.checkpoint import Checkpoint
from captchanet.train.model import Model, theta_digest
from captchanet.train.provenance import arithmetic, digests, provenance
from captchanet.train.train import HISTORY, Trained, train, untrained

IMPOSSIBLE = "its data set cannot be made: "
"""How the reason begins for which a run was not trained at all."""


def perform(
    name: str, settings: Mapping[str, Any], data: Path, folder: Path, code: Sequence[Path], checkpoints: Path
) -> None:
    """Trains the run `name` on the data set in the folder `data`, calibrates it and writes its run folder.

    How far a long training is stands in the folder `checkpoints` until the run folder is written.
    """
    part = dataset.read(data, "train")
    facts = read_json(data / "dataset.json")
    with threadpool_limits(1):  # another number of threads rounds otherwise and gives another theta
        decides = {"settings": settings, "data": facts, "code": digests(code), **arithmetic()}
        checkpoint = Checkpoint(checkpoints, name, decides)
        classes = len(facts["segment"]["alphabet"])
        cut = facts["segment"]["cut"]
        window = methods.window(settings, cut)
        if facts["problem"]:
            reason = f"{IMPOSSIBLE}{facts['problem']}"
            trained = untrained(part, classes, settings, reason, window)
        else:
            drawn = dataset.read(data, "drawn") if facts["captchas"]["drawn"] else None
            cropped = None
            if settings["augment"]["method"] != "none":
                cropped = crops(part.X, *dataset.read_pictures(data), cut)
            trained = train(part, classes, settings, checkpoint, drawn=drawn, crops=cropped, window=window)
        model = Model(trained.network, trained.theta, name, facts["segment"])
        if trained.status == "finished" and facts["captchas"]["calibration"]:
            calibration = dataset.read(data, "calibration")
            model = model.calibrated(calibration.X, calibration.y)
    drawn_by_seed = {of: place for of, place in facts["pictures"].items() if "draw" in place}
    parameters = {
        "run": name,
        **settings,
        "layers": list(trained.network.layers),
        "parameters": trained.network.size,
        "dataset": facts["dataset"],
        # where other pictures lie decides nothing, but how these are drawn
        "pictures": drawn_by_seed,
        # how many pictures may be unusable decides nothing about the network
        "segment": {key: value for key, value in facts["segment"].items() if key != "max_rejected"},
    }
    model.write(folder, trained.status)
    described = facts["dataset"]
    configuration = {
        "pictures": facts["pictures"],
        "segment": {described["cut"]: facts["segment"]},
        "dataset": {settings["data"]: described},
        "train": {name: dict(settings)},
    }
    started, paused = checkpoint.started, checkpoint.paused
    # a drawn picture is known by its style and seed, and thousands of digests would only be a burden
    captchas = [row for row in part.captchas if row[0] not in drawn_by_seed]
    write_run(folder, trained, parameters, configuration, code, started, captchas, facts["digest"], paused)
    checkpoint.remove()


def write_run(
    folder: Path,
    trained: Trained,
    parameters: Mapping[str, Any],
    configuration: Mapping[str, Any],
    code: Iterable[Path],
    started: float,
    captchas: Iterable[tuple[str, str, str, str]] = (),
    data: Mapping[str, str] | None = None,
    paused: float = 0.0,
) -> None:
    """All but the model of a run begun at `started`: parameters.json, history.csv and more, status.json last.

    `configuration` is what a configuration file for this run alone would say; `parameters` is all that
    decided it, defaults and sizes included. For `paused` seconds since `started` nobody worked on it.
    """
    seconds = time.time() - started - paused
    write_json(folder / "parameters.json", parameters)
    write_json(folder / "configuration.json", configuration)
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
    failed = {}
    for folder in folders:
        status = read_json(folder / "status.json")
        if status["status"] != "finished":
            failed[folder.name] = status["reason"]
    if failed:
        told = ", ".join(f"{name} ({reason})" for name, reason in failed.items())
        trained = not all(reason.startswith(IMPOSSIBLE) for reason in failed.values())
        remedy = "change its settings (a smaller learning rate, say)" if trained else "mend that"
        raise UserError(f"training failed: {told}; {remedy} and run again; all other results are there")
