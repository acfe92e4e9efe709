"""Where the history is, and whether it still holds what was recorded; without MLflow, which imports slowly.

Snakemake asks this each time it reads the workflow. So a file is asked directly, and a server is not asked.
"""

import os
import re
import sqlite3
from collections.abc import Iterable
from contextlib import closing, suppress
from pathlib import Path
from urllib.parse import quote, urlencode

from captchanet.addresses import masked
from captchanet.errors import UserError
from captchanet.files import read_json

DATABASE, ARTIFACT_FOLDER = "mlflow.db", "mlartifacts"

SECRET = "CAPTCHANET_TRACKING_URI"
"""The environment variable by which the workflow hands `track.tracking_uri` to its jobs.

It is no parameter, since Snakemake records those, and the address of a server may have a password in it.
"""

UI = "http://127.0.0.1:5000"
"""Where `captchanet ui` answers, unless it is given another port."""


def address(tracking_uri: str | None, folder: Path) -> str:
    """The store's URI: the configured one, or the database mlflow.db in `folder`.

    A folder that is given relative stays so: an SQLite URI cannot hold every name, such as `a?b`.
    """
    return tracking_uri or f"sqlite:///{folder / DATABASE}"


def database_of(uri: str) -> Path | None:
    """The file of an SQLite store; None where a server has it."""
    found = re.match(r"sqlite(?:\+\w+)?:///([^?]+)", uri)
    return Path(found[1]) if found else None


def reading(file: Path) -> str:
    """The URI by which SQLite opens the file to read, whatever its name."""
    return f"file:{quote(os.fsencode(file.resolve()))}?mode=ro"


def identity(uri: str, experiment: str, runs: Iterable[str] = ()) -> str | None:
    """Which history it is: the id of the experiment with that name, and when it was made.

    None where it is not there, is deleted, or does not hold all these runs; "" where a server has it.
    Raises sqlite3.OperationalError where the database cannot be read just now.
    """
    file = database_of(uri)
    if file is None:
        return ""
    if not file.exists():
        return None
    try:
        with closing(sqlite3.connect(reading(file), uri=True, timeout=1)) as database:
            ask = (
                "select experiment_id, creation_time from experiments where name = ? and lifecycle_stage = ?"
            )
            found = database.execute(ask, (experiment, "active")).fetchone()
            if found is None:
                return None
            ask = "select run_uuid from runs where experiment_id = ? and lifecycle_stage = ?"
            held = {run for (run,) in database.execute(ask, (found[0], "active"))}
            return " ".join(map(str, found)) if held.issuperset(runs) else None
    except sqlite3.DatabaseError as error:
        # what is busy or forbidden is not lost
        if isinstance(error, sqlite3.OperationalError) and "no such" not in str(error):
            raise
        return None


def holds(uri: str, experiment: str, tracked: Path) -> bool:
    """Whether the store still holds the runs of the file that `track` wrote, as far as can be seen."""
    try:
        recorded = read_json(tracked)
        return bool(identity(uri, experiment, recorded["runs"].values()) == recorded["identity"])
    except sqlite3.OperationalError:
        return True
    except (UserError, LookupError, TypeError, AttributeError):
        return False  # another version's file, or a damaged one


def view_page(experiment: str, view: str = "accuracy", charts: bool = False) -> str:
    """The page of a saved view in the MLflow UI: the end of its address, from the `#` on."""
    asked = {"workflowType": "machine_learning", "viewStateShareKey": view}
    asked |= {"compareRunsMode": "CHART"} if charts else {}
    return f"#/experiments/{quote(experiment)}/runs?{urlencode(asked, quote_via=quote)}"


def sweep_view(of: str, sweep: str) -> str:
    """The name of the view that compares the runs of a sweep of the set `of`."""
    return f"{of}.{sweep}"


def runs_page(uri: str, experiment: str, tracked: Path, ui: str = UI) -> str:
    """The address of the list of runs in the MLflow UI, with their accuracy.

    `tracked` is the file that `track` wrote, if it did: it knows the experiment's number on a server. The
    runs of a database are shown by `captchanet ui`, at the address `ui`.
    """
    if database_of(uri) is None:
        with suppress(UserError, LookupError, TypeError):
            recorded = read_json(tracked)
            if recorded["uri"] == masked(uri):
                return f"{_bare(uri)}/{view_page(recorded['experiment'])}"
        return _bare(uri)
    found = None
    with suppress(sqlite3.OperationalError):
        found = identity(uri, experiment)
    # the first that is made in a new database, after MLflow's own
    return f"{ui}/{view_page(found.split()[0] if found else '1')}"


def _bare(uri: str) -> str:
    return masked(uri).replace("***@", "").rstrip("/")
