"""The MLflow store: how long to wait for it, who may write into it, and how it is made."""

import fcntl
import gc
import glob
import logging
import os
import sqlite3
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import IO
from urllib.parse import unquote, urlsplit

# Set before mlflow is imported, here or in a job that only imports this module. MLflow sends no usage data,
# and waits only seconds for a server that does not answer (by default: 7 retries, 4 minutes).
os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "8")
os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
os.environ.setdefault("MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR", "1")

from mlflow import MlflowClient
from mlflow.entities import Run
from mlflow.exceptions import MlflowException

from captchanet.errors import UserError
from captchanet.track.failures import reachable
from captchanet.track.place import ARTIFACT_FOLDER, DATABASE, database_of, identity

PREFIX = "captchanet."
"""The beginning of the project's own tags."""

ACCURACY = "unseen/captchas/accuracy"
"""The metric to compare runs by: the share of captchas read right that took no part in training."""

COMPLETE = ("FINISHED", "FAILED")
"""MLflow's status of a run that is completely recorded."""

PAGE = 1000
"""How many runs are read from MLflow at a time."""

EXPERIMENT = {
    # Opens the pages for training runs; without it the UI takes the experiment for one of language models
    "mlflow.experimentKind": "custom_model_development",
    "mlflow.note.content": "Networks from scratch that read captchas. The number to compare is "
    "`unseen/captchas/accuracy`: whole captchas read right among those that took no part in training.",
}


def client(uri: str) -> MlflowClient:
    """A client of the store at `uri`; raises UserError when it cannot be opened."""
    for name in ("mlflow", "alembic"):
        logging.getLogger(name).setLevel(logging.WARNING)
    with reachable(uri):
        return MlflowClient(tracking_uri=uri)


def runs_of(store: MlflowClient, experiment: str, which: str = "") -> Iterator[Run]:
    """The runs of the experiment with that id, the newest first; `which` is a filter in MLflow's language."""
    token = None
    while True:
        page = store.search_runs([experiment], which, max_results=PAGE, page_token=token)
        yield from page
        token = page.token
        if not token:
            return
        gc.collect()  # the objects that SQLAlchemy leaves of a page refer to each other


@contextmanager
def alone(uri: str) -> Iterator[None]:
    """A block that one process at a time enters, for each database in a file; a server has no such lock.

    The kernel ends the lock with the process, also after a kill. A job that a killed Snakemake has left
    behind still holds it: the next one waits, and then finds the runs recorded.
    """
    file = database_of(uri)
    if file is None:
        yield
        return
    with reachable(uri):
        lock = file.with_name(f"{file.name}.lock").open("a")
    with lock:
        if not _locked(lock, 1.0):
            print(
                f"captchanet: track: another job records in {file}; waiting until it has ended",
                file=sys.stderr,
                flush=True,
            )
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _locked(lock: IO[str], patience: float) -> bool:
    """Whether the lock was got within some seconds."""
    end = time.monotonic() + patience
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except BlockingIOError:
            if time.monotonic() > end:
                return False
            time.sleep(0.05)


def prepare(uri: str, experiment: str) -> str:
    """Makes the database and the experiment, if they are not there, and returns the experiment's id.

    One process at a time does it (`alone`): several that open a new database together would all migrate it,
    and all but one would fail. A store on this disk keeps its artifacts in mlartifacts/, next to it.
    """
    with reachable(uri):
        file = database_of(uri)
        if file is None:
            return _experiment(client(uri), experiment, None)
        # the place itself: a link to a disk that is not there must not become a new history
        database = Path(os.path.relpath(file.resolve())) if file.is_symlink() else file
        folder = _artifact_folder(database)
        if database.exists() and database.stat().st_size:
            # MLflow retries for minutes what SQLite says at once
            with closing(sqlite3.connect(database)) as tried:
                tried.execute("select count(*) from sqlite_master")
            return _experiment(client(uri), experiment, folder)
        # It has another name until it is complete: after a kill SQLite keeps one part of a migration, and
        # MLflow can neither go on from there nor begin again
        new = database.with_name(f".{database.name}.new")
        for left in database.parent.glob(f"{glob.escape(new.name)}*"):
            left.unlink()
        found = _experiment(client(f"sqlite:///{new}"), experiment, folder)
        new.replace(database)
        return found


def identified(uri: str, experiment: str) -> str | None:
    """The identity of the history that was just recorded, for the list of recorded runs."""
    with reachable(uri):
        return identity(uri, experiment)


def _artifact_folder(database: Path) -> str:
    """The address of the folder of the artifacts; raises UserError where MLflow would take it for another."""
    folder = database.resolve().parent / ARTIFACT_FOLDER
    uri = folder.as_uri()
    if unquote(urlsplit(uri).path) != str(folder):
        raise UserError(
            f"MLflow cannot keep files in {str(folder.parent)!a}, whose name is no UTF-8; rename this folder"
        )
    return uri


def _experiment(store: MlflowClient, experiment: str, artifacts: str | None) -> str:
    """The experiment's id; a new one keeps its artifacts in that folder, or where the server puts them."""
    found = store.get_experiment_by_name(experiment)
    if found is None:
        try:
            return str(store.create_experiment(experiment, artifact_location=artifacts, tags=EXPERIMENT))
        except MlflowException:
            # on a server another writer may have made it in the same moment
            found = store.get_experiment_by_name(experiment)
            if found is None:
                raise
    if found.lifecycle_stage != "active":
        store.restore_experiment(found.experiment_id)
        print(
            f"captchanet: track: the experiment {experiment!r} was deleted in MLflow; now it is restored",
            file=sys.stderr,
        )
    if artifacts and found.artifact_location != artifacts:
        # MLflow stores this address once and never changes it
        print(
            f"captchanet: track: warning: this history was begun elsewhere and keeps its artifacts there, in "
            f"{found.artifact_location}; to begin one here, move {DATABASE} away",
            file=sys.stderr,
        )
    return str(found.experiment_id)
