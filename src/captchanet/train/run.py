"""A run, file by file: what was asked, what happened, the model, and where it all came from."""

import os
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from captchanet.dataset.dataset import (
    DatasetFacts,
    Part,
    check_pickle,
    read_facts,
    read_part,
    read_train_pictures,
)
from captchanet.errors import UserError
from captchanet.files import read_json, write_csv, write_json
from captchanet.job import note, trace
from captchanet.layout import FORMAT, DatasetFiles, RunFiles, TrainFiles
from captchanet.nn import Diverged
from captchanet.train.architecture import Architecture
from captchanet.train.augment import crops
from captchanet.train.blas_threads import blas_threads, crowding
from captchanet.train.checkpoint import Checkpoint
from captchanet.train.code_origin import remember
from captchanet.train.model import Model, theta_digest
from captchanet.train.provenance import arithmetic, digests, provenance
from captchanet.train.settings import TrainSettings, run_parameters
from captchanet.train.train import HISTORY, Trained, Untrainable, train
from captchanet.types import Json

IMPOSSIBLE = "its data set cannot be made: "
"""The beginning of the reason why a run was not trained at all."""

COST = "the cost "
"""The beginning of the reason why a training diverged."""


@dataclass(frozen=True)
class Origin:
    """What a run was made from, and when.

    It began at `started`, seconds since 1970; for `paused` seconds since then it was not being trained.
    `threads` are those that BLAS had, `captchas` those that it was trained on, `data` the digests of the
    parts of its data set.
    """

    code: Iterable[Path]
    started: float
    paused: float = 0.0
    threads: int = 1
    captchas: Iterable[tuple[str, str, str, str]] = ()
    data: Mapping[str, str] = field(default_factory=dict)


def perform(
    name: str,
    settings: TrainSettings,
    data: DatasetFiles,
    files: TrainFiles,
    code: Sequence[Path],
    checkpoints: Path,
    cores: int | None = None,
) -> None:
    """Train the run `name` on the data set in `data`, calibrate it and write its `files`.

    Until those files are written, the folder `checkpoints` holds how far a long training is. Whatever the
    training raises makes a failed run, so that no other run waits for it. Only a file that cannot be read or
    written, or a BLAS that cannot have the run's threads, raises UserError: that is no fault of the run, and
    it is trained the next time. `cores` are those that the job has: the log says if they are too few.
    """
    facts = read_facts(data)
    check_pickle(data)
    note(crowding(settings.threads, cores))
    with blas_threads(settings.threads):
        decides = {"settings": settings.dump(), "data": facts, "code": digests(code), **arithmetic()}
        checkpoint = Checkpoint(checkpoints, name, decides)
        part = read_part(data, "train")
        split, classes = facts["segment"]["split"], len(facts["segment"]["alphabet"])
        window = (split["height"], split["width"]) if settings.convolutions else None
        architecture = settings.architecture(part.X.shape[1], classes, window)
        calibration = read_part(data, "calibration") if facts["captchas"]["calibration"] else None
        try:
            trained = _trained(settings, part, architecture, data, facts, checkpoint)
            model = Model(architecture, trained.theta, name, facts["segment"], state=trained.state)
            if trained.status == "finished" and calibration:
                model = model.calibrated(calibration.X, calibration.y)
        except UserError:
            raise
        except Exception as error:
            trained = failed(error)
            model = Model(architecture, trained.theta, name, facts["segment"])
    model.write(files, trained.status)
    # kind and seed tell all about a synthetic picture: its digest would only take space
    captchas = [row for row in part.captchas if "synthesize" not in facts["pictures"].get(row[0], {})]
    began = checkpoint.started, checkpoint.paused
    origin = Origin(code, *began, settings.threads, captchas, facts["digest"])
    size = architecture.network().size
    write_run(files, trained, *_asked(name, settings, architecture, size, facts), origin)
    checkpoint.remove()


def _asked(
    name: str, settings: TrainSettings, architecture: Architecture, size: int, facts: DatasetFacts
) -> tuple[Json, Json]:
    """Collect all that decided the run, and the configuration for it alone."""
    asked = {**settings.dump(), "layers": list(architecture.layers), "parameters": size}
    parameters = run_parameters(name, asked, facts["dataset"], facts["pictures"], facts["segment"])
    configuration = {
        "format": FORMAT,
        "pictures": facts["pictures"],
        "segment": {facts["dataset"]["segment"]: facts["segment"]},
        "dataset": {settings.data: facts["dataset"]},
        "train": {name: settings.dump()},
    }
    return parameters, configuration


def _trained(
    settings: TrainSettings,
    part: Part,
    architecture: Architecture,
    data: DatasetFiles,
    facts: DatasetFacts,
    checkpoint: Checkpoint,
) -> Trained:
    if facts["problem"]:
        return Trained(np.empty(0), [], "failed", f"{IMPOSSIBLE}{facts['problem']}", 0)
    synthetic = read_part(data, "synthetic") if facts["captchas"]["synthetic"] else None
    augmented = settings.augment.method != "none"
    cropped = crops(part.X, *read_train_pictures(data), facts["segment"]["split"]) if augmented else None
    return train(part, architecture, settings, checkpoint, synthetic=synthetic, crops=cropped)


def failed(error: Exception) -> Trained:
    """Make the failed run of a training that raised an error: without theta, and the reason in a sentence.

    The traceback goes to the job's log.
    """
    told = (str(error).strip().splitlines() or ["without a message"])[0][:500]
    if isinstance(error, Untrainable | Diverged):
        reason = told
    elif isinstance(error, MemoryError):
        reason = f"there is not enough memory for it ({told})"
    else:
        log = trace()
        reason = f"its training raised {type(error).__name__}: {told}" + f" (more in {log})" * bool(log)
    return Trained(np.empty(0), [], "failed", reason, 0)


def write_run(
    files: RunFiles, trained: Trained, parameters: Json, configuration: Json, origin: Origin
) -> None:
    """Write the files of a run, all but its model, the status last.

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
    with blas_threads(origin.threads):
        came_from = provenance(origin.code, origin.captchas)
    write_json(files.provenance, {**began, **came_from})
    remember(came_from["git"])
    told = {name: getattr(trained, name) for name in ("status", "reason", "evaluations")}
    write_json(files.status, told)


def check_finished(statuses: Mapping[str, Path]) -> None:
    """Raise UserError that names each run whose training failed; `statuses` are status files by run."""
    found = {name: read_json(file, "status", "reason") for name, file in statuses.items()}
    failed = {name: each["reason"] for name, each in found.items() if each["status"] != "finished"}
    if failed:
        told = ", ".join(f"{name} ({reason})" for name, reason in failed.items())
        diverged = any(reason.startswith(COST) for reason in failed.values())
        remedy = "change its settings (a smaller learning rate, say)" if diverged else "correct that"
        raise UserError(f"training failed: {told}; {remedy} and run again; all other results are there")
