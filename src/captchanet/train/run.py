"""A run, file by file: what was asked, what happened, the model, and where it all came from."""

import os
import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from threadpoolctl import threadpool_limits

from captchanet.dataset.dataset import read_part, read_train_pictures
from captchanet.errors import UserError
from captchanet.files import read_json, write_csv, write_json
from captchanet.layout import FORMAT, DatasetFiles, RunFiles, TrainFiles
from captchanet.train import methods
from captchanet.train.augment import crops
from captchanet.train.checkpoint import Checkpoint
from captchanet.train.model import Model, theta_digest
from captchanet.train.provenance import arithmetic, digests, provenance
from captchanet.train.train import HISTORY, Trained, train, untrained

IMPOSSIBLE = "its data set cannot be made: "
"""How the reason begins for which a run was not trained at all."""


def perform(
    name: str,
    settings: Mapping[str, Any],
    data: DatasetFiles,
    files: TrainFiles,
    code: Sequence[Path],
    checkpoints: Path,
) -> None:
    """Trains the run `name` on the data set in `data`, calibrates it and writes its `files`.

    How far a long training is stands in the folder `checkpoints` until those files are written.
    """
    part = read_part(data, "train")
    facts = read_json(data.facts)
    with threadpool_limits(1):  # another number of threads rounds otherwise and gives another theta
        decides = {"settings": settings, "data": facts, "code": digests(code), **arithmetic()}
        checkpoint = Checkpoint(checkpoints, name, decides)
        classes = len(facts["segment"]["alphabet"])
        split = facts["segment"]["split"]
        window = methods.window(settings, split)
        if facts["problem"]:
            reason = f"{IMPOSSIBLE}{facts['problem']}"
            trained = untrained(part, classes, settings, reason, window)
        else:
            synthetic = read_part(data, "synthetic") if facts["captchas"]["synthetic"] else None
            cropped = None
            if settings["augment"]["method"] != "none":
                cropped = crops(part.X, *read_train_pictures(data), split)
            trained = train(
                part, classes, settings, checkpoint, synthetic=synthetic, crops=cropped, window=window
            )
        model = Model(trained.network, trained.theta, name, facts["segment"], state=trained.state)
        if trained.status == "finished" and facts["captchas"]["calibration"]:
            calibration = read_part(data, "calibration")
            model = model.calibrated(calibration.X, calibration.y)
    synthesized = {of: source for of, source in facts["pictures"].items() if "synthesize" in source}
    parameters = {
        "run": name,
        **settings,
        "layers": list(trained.network.widths),
        "parameters": trained.network.size,
        "dataset": facts["dataset"],
        # where other pictures lie decides nothing, but how these are synthesized
        "pictures": synthesized,
        # how many pictures may be unusable decides nothing about the network
        "segment": {key: value for key, value in facts["segment"].items() if key != "max_rejected"},
    }
    model.write(files, trained.status)
    described = facts["dataset"]
    configuration = {
        "format": FORMAT,
        "pictures": facts["pictures"],
        "segment": {described["segment"]: facts["segment"]},
        "dataset": {settings["data"]: described},
        "train": {name: dict(settings)},
    }
    started, paused = checkpoint.started, checkpoint.paused
    # a synthetic picture is known by its style and seed, and thousands of digests would only be a burden
    captchas = [row for row in part.captchas if row[0] not in synthesized]
    write_run(files, trained, parameters, configuration, code, started, captchas, facts["digest"], paused)
    checkpoint.remove()


def write_run(
    files: RunFiles,
    trained: Trained,
    parameters: Mapping[str, Any],
    configuration: Mapping[str, Any],
    code: Iterable[Path],
    started: float,
    captchas: Iterable[tuple[str, str, str, str]] = (),
    data: Mapping[str, str] | None = None,
    paused: float = 0.0,
) -> None:
    """The files of a run begun at `started`, all but its model, the status last.

    `configuration` is what a configuration file for this run alone would say; `parameters` is all that
    decided it, defaults and sizes included. For `paused` seconds since `started` nobody worked on it.
    """
    seconds = time.time() - started - paused
    write_json(files.parameters, parameters)
    write_json(files.configuration, configuration)
    write_csv(files.history, HISTORY, trained.history)
    origin = {
        "started": datetime.fromtimestamp(started, UTC).isoformat(timespec="milliseconds"),
        "seconds": round(seconds, 3),
        "workflow_command": os.environ.get("CAPTCHANET_COMMAND"),
        "theta_sha256": theta_digest(trained.theta, trained.state),
        "data_sha256": dict(data or {}),
    }
    with threadpool_limits(1):
        write_json(files.provenance, {**origin, **provenance(code, captchas)})
    write_json(
        files.status,
        {"status": trained.status, "reason": trained.reason, "evaluations": trained.evaluations},
    )


def check_finished(statuses: Mapping[str, Path]) -> None:
    """Raises UserError that names each run whose training failed; `statuses` are status files by run."""
    failed = {}
    for name, file in statuses.items():
        status = read_json(file)
        if status["status"] != "finished":
            failed[name] = status["reason"]
    if failed:
        told = ", ".join(f"{name} ({reason})" for name, reason in failed.items())
        trained = not all(reason.startswith(IMPOSSIBLE) for reason in failed.values())
        remedy = "change its settings (a smaller learning rate, say)" if trained else "mend that"
        raise UserError(f"training failed: {told}; {remedy} and run again; all other results are there")
