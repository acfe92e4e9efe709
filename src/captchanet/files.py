"""Files between stages. A file is written whole or not at all; a file that cannot be read is a UserError.

One that is damaged is a `DamagedFile`, which the jobs of the workflow mend. No function here runs what a file
says: no pickle is read.
"""

import csv
import io
import json
import os
import secrets
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from math import prod
from pathlib import Path
from typing import IO, Any

import numpy as np

from captchanet.errors import DamagedFile, UserError
from captchanet.spreadsheet import as_given, as_text

HEADERS = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}

Like = tuple[tuple[int | None, ...] | None, Sequence[str]]
"""What an array is expected to be like: its shape (None: any), where None is any length, and its types."""


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


def write_npz(path: str | os.PathLike[str], **arrays: np.ndarray) -> None:
    """Writes arrays by name, uncompressed, in NumPy's .npz format, all or nothing; raises as `write_npy`."""
    with atomic(path) as temporary, temporary.open("wb") as file:
        np.savez(file, allow_pickle=False, **arrays)


def write_csv(
    path: str | os.PathLike[str],
    header: Sequence[str],
    rows: Iterable[Sequence[object]],
    spreadsheet: bool = True,
) -> None:
    """Writes a CSV, all or nothing, with line feeds as line ends; raises UserError where it cannot.

    With `spreadsheet` its cells are those of `as_text`, since a person may open it in one.
    """
    table: list[Sequence[object]] = [header, *rows]
    if spreadsheet:
        table = [list(map(as_text, row)) for row in table]
    lines = io.StringIO(newline="")
    csv.writer(lines, lineterminator="\n").writerows(table)
    if "\r" in lines.getvalue():
        # A carriage return in a file name must be quoted, or it ends the row. csv does not quote it.
        lines = io.StringIO(newline="")
        csv.writer(lines, lineterminator="\n", quoting=csv.QUOTE_ALL).writerows(table)
    write_text(path, lines.getvalue())


def read_csv(path: str | os.PathLike[str], header: Sequence[str] | None = None) -> list[list[str]]:
    """The rows of a CSV that `write_csv` wrote for spreadsheets, as they were given, without its header.

    Raises UserError where the file is missing or unreadable. It is damaged if it has another header, a row of
    another length, or a last line without an end.
    """
    with intact(path) as file:
        text = file.read_bytes().decode("utf-8", "surrogateescape")
        rows = [list(map(as_given, row)) for row in csv.reader(io.StringIO(text, newline=""), strict=True)]
        if not rows or not rows[0]:
            raise ValueError("it has no header")
        if header is None:
            header = rows[0]
        if rows[0] != list(header):
            raise ValueError(f"its first line is not {','.join(header)}")
        for number, row in enumerate(rows[1:], 1):
            if len(row) != len(header):
                raise ValueError(f"row {number} has {len(row)} values, not {len(header)}")
        if not text.endswith("\n"):
            raise ValueError("its last line is cut off")
    return rows[1:]


def read_json(path: str | os.PathLike[str], *keys: str) -> Any:
    """The keys and values in a JSON file that `write_json` wrote.

    Raises UserError where the file is missing or unreadable. It is damaged if it lacks one of `keys`.
    """
    with intact(path) as file:
        found = parse_json(file.read_text(encoding="utf-8", errors="surrogateescape"))
        if missing := [key for key in keys if key not in found]:
            raise ValueError(f"the key {missing[0]!r} is missing")
    return found


def parse_json(text: str) -> dict[str, Any]:
    """The keys and values in a JSON text; raises ValueError where it has none, or one key twice."""

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            raise ValueError("a key stands in it twice")
        return found

    def no_number(name: str) -> None:
        raise ValueError(f"{name} is no number")

    try:
        found = json.loads(text, object_pairs_hook=once, parse_constant=no_number)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    if not isinstance(found, dict):
        raise ValueError("it has no keys and values")
    return found


def read_npy(path: str | os.PathLike[str], like: Like | None = None) -> np.ndarray:
    """The array in a .npy file.

    Raises UserError where the file is missing or unreadable. It is damaged if its array is not `like` that.
    """
    with intact(path) as file, file.open("rb") as opened:
        return _array(opened, file.stat().st_size, "the array", like)


def read_row(path: str | os.PathLike[str], row: int) -> np.ndarray:
    """One row of the array in a .npy file, of which nothing else is read; errors as in `read_npy`."""
    with intact(path) as file:
        return np.array(np.lib.format.open_memmap(file, mode="r")[row])


def read_npz(path: str | os.PathLike[str], like: Mapping[str, Like]) -> dict[str, np.ndarray]:
    """The arrays in a .npz file that `np.savez` wrote: those that `like` names, and what each is like.

    Raises UserError where the file is missing or unreadable. It is damaged if its arrays are others. That is
    found from their headers: no array takes more memory than the file takes on the disk.
    """
    with intact(path) as file, zipfile.ZipFile(file) as archive:
        members = _members(archive, file.stat().st_size)
        if sorted(members) != sorted(like):
            raise ValueError(f"it holds {', '.join(members) or 'nothing'} in place of {', '.join(like)}")
        found = {}
        for name, expected in like.items():
            with archive.open(members[name]) as opened:
                found[name] = _array(opened, members[name].file_size, name, expected)
    return found


def _members(archive: zipfile.ZipFile, size: int) -> dict[str, zipfile.ZipInfo]:
    """The arrays of an archive of `size` bytes, by name; an error where one would become larger than that."""
    infos = archive.infolist()
    if any(info.compress_type != zipfile.ZIP_STORED or info.file_size > size for info in infos):
        raise ValueError("its arrays are compressed, and the program writes none that are")
    members = {info.filename.removesuffix(".npy"): info for info in infos}
    if len(members) < len(infos):
        raise ValueError("two of its arrays have one name")
    return members


def _array(file: IO[bytes], size: int, name: str, like: Like | None = None) -> np.ndarray:
    """The array at the beginning of an open .npy file of `size` bytes, once its header is as expected."""
    version = np.lib.format.read_magic(file)
    if version not in HEADERS:
        raise ValueError(f"{name} is in version {version} of the format")
    shape, _, dtype = HEADERS[version](file)
    if dtype.hasobject or file.tell() + prod(shape) * dtype.itemsize != size:
        raise ValueError(f"{name} is not the {dtype} {shape} that it says it is")
    if like and not _is_like(shape, dtype, *like):
        expected = "" if like[0] is None else f" {like[0]}".replace("None", "any")
        raise ValueError(f"{name} is {dtype} {shape} in place of {' or '.join(like[1])}{expected}")
    file.seek(0)
    array: np.ndarray = np.lib.format.read_array(file, allow_pickle=False)
    return array


def _is_like(
    shape: tuple[int, ...], dtype: np.dtype, lengths: tuple[int | None, ...] | None, dtypes: Sequence[str]
) -> bool:
    same = lengths is None or (
        len(shape) == len(lengths) and all(a in (None, b) for a, b in zip(lengths, shape, strict=True))
    )
    return same and any(dtype == one for one in dtypes)


def check_whole(path: str | os.PathLike[str]) -> None:
    """Raises DamagedFile where a file is not a whole one of the kind that the end of its name says."""
    suffix = Path(path).suffix
    if suffix == ".json":
        read_json(path)
    elif suffix == ".csv":
        read_csv(path)
    elif suffix == ".npy":
        read_npy(path)
    elif suffix == ".npz":
        with intact(path) as file, zipfile.ZipFile(file) as archive:
            for name, info in _members(archive, file.stat().st_size).items():
                with archive.open(info) as opened:
                    _array(opened, info.file_size, name)


@contextmanager
def intact(path: str | os.PathLike[str]) -> Iterator[Path]:
    """A block that reads a result and takes it apart, and does nothing else.

    That the file cannot be opened becomes a UserError. Any other error is a `DamagedFile`: these files are
    written by the program, so what it cannot read there is not what it wrote.
    """
    try:
        yield Path(path)
    except (UserError, MemoryError):
        raise
    except FileNotFoundError as error:
        raise UserError(f"{path} is missing; run `snakemake` again, which makes it again") from error
    except OSError as error:
        raise UserError(f"Cannot read {path}: {error.strerror or error}; make it readable") from error
    except Exception as error:
        raise DamagedFile(Path(path), f"is damaged ({str(error) or type(error).__name__})") from error
