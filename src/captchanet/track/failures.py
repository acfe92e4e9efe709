"""What an error of the MLflow store means for a person: one sentence, with the cure of its cause."""

import errno
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from captchanet.errors import UserError
from captchanet.track.place import ARTIFACT_FOLDER, database_of


@contextmanager
def reachable(uri: str) -> Iterator[None]:
    """A block that uses the store at `uri`; an error of the store becomes a UserError with its own cure."""
    from mlflow.exceptions import MlflowException
    from requests.exceptions import RequestException
    from sqlalchemy.exc import SQLAlchemyError

    try:
        yield
    except (MlflowException, RequestException, SQLAlchemyError, sqlite3.Error, OSError) as error:
        cause, cure = explained(uri, error)
        raise UserError(
            f"the MLflow store at {uri} cannot be used: {cause}; {cure}, and run again: trained runs are kept"
        ) from error


def explained(uri: str, error: BaseException) -> tuple[str, str]:
    """What led to an error of the store at `uri`, in its own words, and what helps against it."""
    chain = [error]
    while before := chain[-1].__cause__ or chain[-1].__context__:
        chain.append(before)
    cause = (str(chain[-1]).strip().splitlines() or [type(chain[-1]).__name__])[0].split(". ")[0][:300]
    text = "\n".join(map(str, chain)).lower()
    codes = {error.errno for error in chain if isinstance(error, OSError)}
    cures = _cures_of_file(uri) if uri.startswith("sqlite") else _cures_of_server(uri)
    for numbers, words, do in cures:
        if codes & numbers or any(word in text for word in words):
            return cause, do
    return cause, cures[-1][-1]


Cures = list[tuple[set[int], tuple[str, ...], str]]
"""By what an error is known, numbers of the operating system or words, and what to do; last, for all else."""


def _cures_of_both(uri: str) -> Cures:
    return [
        (set(), ("can't locate revision",), "a newer MLflow made this store: install that version of MLflow"),
        (
            set(),
            ("out-of-date", "no such table", "no such column", "undefinedtable", "undefinedcolumn"),
            "another version of MLflow made this store: install that one, or save a copy and bring it up to "
            f"date with `mlflow db upgrade {uri}`",
        ),
        (
            set(),
            ("must be in the 'active' state",),
            "it was deleted meanwhile: restore it in MLflow, or leave that to the next run",
        ),
    ]


def _cures_of_file(uri: str) -> Cures:
    file = database_of(uri)
    return [
        (set(), ("is locked",), f"another program writes into {file}: end it, or wait until it has ended"),
        (
            {errno.ENOSPC, errno.EDQUOT},
            ("is full",),
            f"the disk is full: make room on the one that holds {file} and {ARTIFACT_FOLDER}/",
        ),
        (
            set(),
            ("not a database", "malformed"),
            f"the database is damaged: move {file} away, and a new one is made",
        ),
        *_cures_of_both(uri),
        (
            {errno.EACCES, errno.EPERM, errno.EROFS},
            ("readonly", "unable to open"),
            f"make {file}, its folder and {ARTIFACT_FOLDER}/ files that you may read and write",
        ),
    ]


def _cures_of_server(uri: str) -> Cures:
    return [
        (
            set(),
            ("error code 401", "error code 403", "unauthorized", "forbidden"),
            "the server refuses the login: set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or "
            "MLFLOW_TRACKING_TOKEN",
        ),
        (
            {errno.ECONNREFUSED, errno.EHOSTUNREACH, errno.ENETUNREACH, errno.ETIMEDOUT},
            (
                "failed to establish",
                "max retries",
                "timed out",
                "connection",
                "getaddrinfo",
                "name resolution",
            ),
            "it cannot be reached: start the server or correct `track.tracking_uri`",
        ),
        (
            set(),
            ("is full", "no space left"),
            "the disk of the server is full: make room there",
        ),
        *_cures_of_both(uri),
        (set(), (), "look into the log of the server, or correct `track.tracking_uri`"),
    ]
