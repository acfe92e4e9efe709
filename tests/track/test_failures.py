"""Each cause of a failing store has a sentence with its own cure."""

import errno
import sqlite3

import pytest

from captchanet.track.failures import explained

FILE, SERVER = "sqlite:///mlflow.db", "http://127.0.0.1:9"


@pytest.mark.parametrize(
    ("uri", "error", "cure"),
    [
        (FILE, sqlite3.OperationalError("database is locked"), "another program writes into mlflow.db"),
        (FILE, Exception("Detected out-of-date database schema"), "mlflow db upgrade sqlite:///mlflow.db"),
        (FILE, sqlite3.OperationalError("no such table: params"), "mlflow db upgrade sqlite:///mlflow.db"),
        (FILE, sqlite3.OperationalError("database or disk is full"), "the disk is full"),
        (FILE, OSError(errno.ENOSPC, "No space left on device"), "the disk is full"),
        (FILE, PermissionError(errno.EACCES, "Permission denied"), "read and write"),
        (FILE, sqlite3.OperationalError("attempt to write a readonly database"), "read and write"),
        (FILE, sqlite3.DatabaseError("file is not a database"), "move mlflow.db away"),
        (FILE, sqlite3.DatabaseError("database disk image is malformed"), "move mlflow.db away"),
        (FILE, Exception("The run 1 must be in the 'active' state."), "restore it in MLflow"),
        (SERVER, ConnectionRefusedError(errno.ECONNREFUSED, "Connection refused"), "start the server"),
        (SERVER, Exception("Read timed out."), "start the server"),
        (SERVER, Exception("failed with error code 401 != 200"), "MLFLOW_TRACKING_USERNAME"),
        (SERVER, Exception("failed with error code 403 != 200"), "MLFLOW_TRACKING_USERNAME"),
        (SERVER, Exception("could not extend file: No space left on device"), "disk of the server is full"),
        (SERVER, Exception("Detected out-of-date database schema"), "mlflow db upgrade"),
        (SERVER, Exception("failed with error code 500"), "log of the server"),
        (FILE, OSError(errno.EDQUOT, "Disk quota exceeded"), "the disk is full"),
        *((FILE, OSError(code, "said"), "read and write") for code in (errno.EPERM, errno.EROFS)),
        (FILE, sqlite3.OperationalError("unable to open database file"), "read and write"),
        (FILE, Exception("what nobody knows"), "read and write"),
        (SERVER, Exception("HTTP 403, Forbidden"), "MLFLOW_TRACKING_USERNAME"),
        (SERVER, Exception("Unauthorized"), "MLFLOW_TRACKING_USERNAME"),
        *(
            (SERVER, OSError(code, "said"), "start the server")
            for code in (errno.EHOSTUNREACH, errno.ENETUNREACH, errno.ETIMEDOUT)
        ),
        *(
            (SERVER, Exception(said), "start the server")
            for said in (
                *("Failed to establish a new one", "Max retries exceeded", "Connection aborted"),
                *("getaddrinfo failed", "Temporary failure in name resolution"),
            )
        ),
        (SERVER, Exception("database or disk is full"), "disk of the server is full"),
        *(
            (uri, Exception(said), cure)
            for uri in (FILE, SERVER)
            for said, cure in (
                ("Can't locate revision identified by 'x'", "a newer MLflow made this store"),
                ("no such column: runs.x", f"mlflow db upgrade {uri}"),
                ("psycopg2.errors.UndefinedTable", f"mlflow db upgrade {uri}"),
                ("psycopg2.errors.UndefinedColumn", f"mlflow db upgrade {uri}"),
            )
        ),
    ],
)
def test_each_cause_has_its_own_cure(uri, error, cure):
    try:
        try:
            raise error
        except Exception as cause:
            raise RuntimeError("what a library makes of it") from cause
    except RuntimeError as outer:
        said, do = explained(uri, outer)
    assert said == str(error).strip().split(". ")[0]
    assert cure in do


def test_of_a_long_error_the_first_line_is_said_and_of_one_without_words_its_kind():
    assert explained(FILE, ValueError("\nread only\nSELECT 1"))[0] == "read only"
    assert explained(SERVER, ValueError("x" * 999))[0] == "x" * 300
    assert explained(SERVER, ValueError())[0] == "ValueError"
    first, second = ValueError("the first"), KeyError("the second")
    second.__context__ = first
    assert explained(SERVER, second)[0] == "the first"
