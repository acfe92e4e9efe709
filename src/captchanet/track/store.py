"""The MLflow store: where it is, how long to wait for it, and how it is made, once, before the first run."""

import fcntl
import gc
import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

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

PREFIX = "captchanet."
"""The beginning of the project's own tags."""

COMPLETE = ("FINISHED", "FAILED")
"""MLflow's status of a run that is completely recorded."""

PAGE = 1000
"""How many runs are read from MLflow at a time."""

DATABASE, ARTIFACT_FOLDER = "mlflow.db", "mlartifacts"
EXPERIMENT = {
    # Opens the pages for training runs; without it the UI takes the experiment for one of language models
    "mlflow.experimentKind": "custom_model_development",
    "mlflow.note.content": "Networks from scratch that read captchas. The number to compare is "
    "`unseen/captchas/accuracy`: whole captchas read right among those that took no part in training.",
}


def address(tracking_uri: str | None, folder: Path) -> str:
    """The store's URI: the configured one, or the database mlflow.db in `folder`."""
    return tracking_uri or f"sqlite:///{folder.resolve() / DATABASE}"


def client(uri: str) -> MlflowClient:
    """A client of the store at `uri`; raises UserError when it cannot be opened."""
    for name in ("mlflow", "alembic"):
        logging.getLogger(name).setLevel(logging.WARNING)
    with reachable(uri):
        return MlflowClient(tracking_uri=uri)


@contextmanager
def reachable(uri: str) -> Iterator[None]:
    """A block that uses the store at `uri`; an error of the store becomes a UserError."""
    from requests.exceptions import RequestException
    from sqlalchemy.exc import SQLAlchemyError

    try:
        yield
    except (MlflowException, RequestException, SQLAlchemyError, OSError) as error:
        root: BaseException = error
        while root.__cause__ or root.__context__:
            root = root.__cause__ or root.__context__ or root
        cause = (str(root).strip().splitlines() or [type(root).__name__])[0][:300]
        do = "start the server or correct `track.tracking_uri`"
        if uri.startswith("sqlite:"):
            do = "make the database and mlartifacts/ writable, with room on their disk"
            if "not a database" in cause or "malformed" in cause:
                do = "move the damaged database away, and a new one is made"
        raise UserError(
            f"the MLflow store at {uri} cannot be used: {cause}; {do}, and run again: trained runs are kept"
        ) from error


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


def prepare(uri: str, experiment: str) -> str:
    """Makes the database and the experiment, if they are not there, and returns the experiment's id.

    One process at a time does it, before runs are recorded: several processes that open a new database
    together would all migrate it, and all but one would fail. A store on this disk keeps its artifacts in
    mlartifacts/, next to it.
    """
    with reachable(uri):
        file = database_of(uri)
        if file is None:
            return _experiment(client(uri), experiment, None)
        database = file.resolve()
        with _alone(database.parent):
            if database.exists():
                return _experiment(client(uri), experiment, database.parent)
            # It has another name until it is complete: after a kill SQLite keeps one part of a migration, and
            # MLflow can neither go on from there nor begin again
            new = database.with_name(f".{database.name}.new")
            for left in database.parent.glob(f"{new.name}*"):
                left.unlink()
            found = _experiment(client(f"sqlite:///{new}"), experiment, database.parent)
            new.replace(database)
            return found


def begun(uri: str, experiment: str) -> int:
    """When the experiment with this id was made, in milliseconds since 1970: a new history differs in it."""
    with reachable(uri):
        return int(client(uri).get_experiment(experiment).creation_time or 0)


def database_of(uri: str) -> Path | None:
    """The file of an SQLite store; None where a server has it."""
    from sqlalchemy.engine import make_url

    file = make_url(uri).database if uri.startswith("sqlite:") else None
    return Path(file) if file else None


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """A block that only one process at a time can enter, for each folder; a kill ends the lock too."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(opened, fcntl.LOCK_EX)
        yield
    finally:
        os.close(opened)


def _experiment(store: MlflowClient, experiment: str, folder: Path | None) -> str:
    """The experiment's id; a new one keeps its artifacts in `folder`, or where the server puts them."""
    found = store.get_experiment_by_name(experiment)
    if found is None:
        artifacts = (folder.resolve() / ARTIFACT_FOLDER).as_uri() if folder else None
        return str(store.create_experiment(experiment, artifact_location=artifacts, tags=EXPERIMENT))
    if found.lifecycle_stage != "active":
        store.restore_experiment(found.experiment_id)
    if folder and found.artifact_location != (folder.resolve() / ARTIFACT_FOLDER).as_uri():
        # MLflow stores this address once and never changes it
        print(
            f"captchanet: store: warning: this history was begun elsewhere and keeps its artifacts there, in "
            f"{found.artifact_location}; to begin one here, move {DATABASE} away",
            file=sys.stderr,
        )
    return str(found.experiment_id)
