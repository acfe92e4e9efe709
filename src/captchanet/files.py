"""Files between stages. A file is written whole or not at all; a file that cannot be read is a UserError."""

import csv
import io
import json
import os
import secrets
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np

from captchanet.errors import UserError


@contextmanager
def atomic(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Yields a temporary path in `path`'s folder; at the end of the block this file becomes `path`.

    Missing folders are made. If the block fails, `path` stays as it was and the temporary file is removed.
    An OSError (no permission, no space left, read-only …) becomes a UserError naming `path` and the cause.
    """
    path = Path(path)
    # Not by tempfile: only their owner may read its files. The name is random, since a job of a killed
    # workflow may still be writing the same file.
    temporary = path.with_name(f".{secrets.token_hex(6)}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield temporary
        os.replace(temporary, path)  # noqa: PTH105 (the call whose atomicity POSIX promises)
    except OSError as error:
        # NumPy reports a full disk without an errno: then its own text is the cause.
        raise UserError(
            f"Cannot write {path}: {error.strerror or f'{error} (is the disk full?)'}."
        ) from error
    finally:
        # A clean-up that fails must not hide the error that led to it.
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def write_bytes(path: str | os.PathLike[str], data: bytes) -> None:
    """Writes `data` to `path`, all or nothing; raises UserError where it cannot."""
    with atomic(path) as temporary:
        temporary.write_bytes(data)


def write_text(path: str | os.PathLike[str], text: str) -> None:
    """Writes `text` as UTF-8, line ends as they are, all or nothing; raises UserError where it cannot.

    Python holds file names that are not valid UTF-8 with surrogate escapes (PEP 383). They are written as the
    bytes that they were.
    """
    write_bytes(path, text.encode("utf-8", "surrogateescape"))


def write_json(path: str | os.PathLike[str], value: Any) -> None:
    """Writes `value` as JSON, its keys in their order; raises UserError where it cannot.

    JSON has neither not-a-number nor infinity: they raise ValueError, before anything is written.
    """
    write_text(path, json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False) + "\n")


def write_npy(path: str | os.PathLike[str], array: np.ndarray) -> None:
    """Writes `array` in NumPy's .npy format, all or nothing; raises UserError where it cannot."""
    with atomic(path) as temporary, temporary.open("wb") as file:
        np.save(file, array, allow_pickle=False)


def write_csv(path: str | os.PathLike[str], header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Writes a CSV, all or nothing, with line feeds as line ends; raises UserError where it cannot."""
    lines, rows = io.StringIO(newline=""), list(rows)
    csv.writer(lines, lineterminator="\n").writerows([header, *rows])
    if "\r" in lines.getvalue():
        # A carriage return in a file name must be quoted, or it ends the row. csv does not quote it.
        lines = io.StringIO(newline="")
        csv.writer(lines, lineterminator="\n", quoting=csv.QUOTE_ALL).writerows([header, *rows])
    write_text(path, lines.getvalue())


def read_csv(path: str | os.PathLike[str], header: Sequence[str]) -> list[list[str]]:
    """The rows of a CSV that `write_csv` wrote, without its header.

    Raises UserError where the file is missing or unreadable, has another header, or a row of another length.
    """
    with _reading(path) as file:
        text = file.read_bytes().decode("utf-8", "surrogateescape")
        rows = list(csv.reader(io.StringIO(text, newline=""), strict=True))
        if not rows or rows[0] != list(header):
            raise ValueError(f"its first line is not {','.join(header)}")
        for number, row in enumerate(rows[1:], 1):
            if len(row) != len(header):
                raise ValueError(f"row {number} has {len(row)} values, not {len(header)}")
    return rows[1:]


def read_npy(path: str | os.PathLike[str]) -> np.ndarray:
    """The array in a .npy file; raises UserError where it is missing, unreadable or damaged."""
    with _reading(path) as file, file.open("rb") as opened:
        return np.lib.format.read_array(opened, allow_pickle=False)


def read_json(path: str | os.PathLike[str]) -> Any:
    """The content of a JSON file; raises UserError where it is missing, unreadable or damaged."""
    with _reading(path) as file:
        return json.loads(file.read_text(encoding="utf-8", errors="surrogateescape"))


@contextmanager
def _reading(path: str | os.PathLike[str]) -> Iterator[Path]:
    """A block that reads a file; an error becomes a UserError that names the file and the cause."""
    try:
        yield Path(path)
    except (OSError, ValueError, EOFError, csv.Error) as error:
        cause = getattr(error, "strerror", None) or str(error)
        raise UserError(f"Cannot read {path}: {cause}; run the stage that writes it again.") from error
