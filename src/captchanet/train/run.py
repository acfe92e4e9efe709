"""A run, file by file: what was asked, what happened, the model, and where it all came from."""

import os
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from threadpoolctl import threadpool_limits

from captchanet.dataset.dataset import DatasetFacts, Part, read_part, read_train_pictures
from captchanet.errors import UserError
from captchanet.files import read_json, write_csv, write_json
from captchanet.layout import FORMAT, DatasetFiles, RunFiles, TrainFiles
from captchanet.nn import Network
from captchanet.settings import Json
from captchanet.train.augment import crops
from captchanet.train.checkpoint import Checkpoint
from captchanet.train.model import Model, theta_digest
from captchanet.train.provenance import arithmetic, digests, provenance
from captchanet.train.settings import TrainSettings
from captchanet.train.train import HISTORY, Trained, train, untrained

IMPOSSIBLE = "its data set cannot be made: "
"""How the reason begins for which a run was not trained at all."""


@dataclass(frozen=True)
class Origin:
    """What a run was made from, and when.

    It was begun at `started`, seconds since 1970; for `paused` seconds since then nobody worked on it.
    `captchas` are those that trained, `data` the digests of the parts of its data set.
    """

    code: Iterable[Path]
    started: float
    paused: float = 0.0
    captchas: Iterable[tuple[str, str, str, str]] = ()
    data: Mapping[str, str] = field(default_factory=dict)


def perform(
    name: str,
    settings: TrainSettings,
    data: DatasetFiles,
    files: TrainFiles,
    code: Sequence[Path],
    checkpoints: Path,
) -> None:
    """Trains the run `name` on the data set in `data`, calibrates it and writes its `files`.

    How far a long training is stands in the folder `checkpoints` until those files are written.
    """
    facts: DatasetFacts = read_json(data.facts)
    with threadpool_limits(1):  # another number of threads rounds otherwise and gives another theta
        decides = {"settings": settings.dump(), "data": facts, "code": digests(code), **arithmetic()}
        checkpoint = Checkpoint(checkpoints, name, decides)
        part = read_part(data, "train")
        trained = _trained(settings, part, data, facts, checkpoint)
        model = Model(trained.network, trained.theta, name, facts["segment"], state=trained.state)
        if trained.status == "finished" and facts["captchas"]["calibration"]:
            calibration = read_part(data, "calibration")
            model = model.calibrated(calibration.X, calibration.y)
    model.write(files, trained.status)
    # a synthetic picture is known by its kind and seed, and thousands of digests would only be a burden
    captchas = [row for row in part.captchas if "synthesize" not in facts["pictures"].get(row[0], {})]
    origin = Origin(code, checkpoint.started, checkpoint.paused, captchas, facts["digest"])
    write_run(files, trained, *_asked(name, settings, trained.network, facts), origin)
    checkpoint.remove()


def _asked(name: str, settings: TrainSettings, network: Network, facts: DatasetFacts) -> tuple[Json, Json]:
    """All that decided the run, and the configuration for it alone."""
    parameters = {
        "run": name,
        **settings.dump(),
        "layers": list(network.widths),
        "parameters": network.size,
        "dataset": facts["dataset"],
        # where other pictures lie decides nothing, but how these are synthesized
        "pictures": {of: source for of, source in facts["pictures"].items() if "synthesize" in source},
        # how many pictures may be unusable decides nothing about the network
        "segment": {key: value for key, value in facts["segment"].items() if key != "max_rejected"},
    }
    configuration = {
        "format": FORMAT,
        "pictures": facts["pictures"],
        "segment": {facts["dataset"]["segment"]: facts["segment"]},
        "dataset": {settings.data: facts["dataset"]},
        "train": {name: settings.dump()},
    }
    return parameters, configuration


def _trained(
    settings: TrainSettings, part: Part, data: DatasetFiles, facts: DatasetFacts, checkpoint: Checkpoint
) -> Trained:
    classes, split = len(facts["segment"]["alphabet"]), facts["segment"]["split"]
    window = (split["height"], split["width"]) if settings.convolutions else None
    if facts["problem"]:
        return untrained(part, classes, settings, f"{IMPOSSIBLE}{facts['problem']}", window)
    synthetic = read_part(data, "synthetic") if facts["captchas"]["synthetic"] else None
    cropped = None
    if settings.augment.method != "none":
        cropped = crops(part.X, *read_train_pictures(data), split)
    return train(part, classes, settings, checkpoint, synthetic=synthetic, crops=cropped, window=window)


def write_run(
    files: RunFiles, trained: Trained, parameters: Json, configuration: Json, origin: Origin
) -> None:
    """The files of a run, all but its model, the status last.

    `configuration` is what a configuration file for this run alone would say; `parameters` is all that
    decided it, defaults and sizes included.
    """
    seconds = time.time() - origin.started - origin.paused
    write_json(files.parameters, parameters)
    write_json(files.configuration, configuration)
    write_csv(files.history, HISTORY, trained.history)
    began = {
        "started": datetime.fromtimestamp(origin.started, UTC).isoformat(timespec="milliseconds"),
        "seconds": round(seconds, 3),
        "workflow_command": os.environ.get("CAPTCHANET_COMMAND"),
        "theta_sha256": theta_digest(trained.theta, trained.state),
        "data_sha256": dict(origin.data),
    }
    with threadpool_limits(1):
        write_json(files.provenance, {**began, **provenance(origin.code, origin.captchas)})
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
