"""From a folder of picture files to their bytes; `decode` makes pixels of these."""

import errno
import os
import stat
from pathlib import Path

from captchanet.errors import UserError

LABEL_FILE = "labels.csv"
"""The name of a CSV of labels in the folder of its pictures; it is never taken for a picture."""


class Unusable(Exception):
    """A picture that cannot be used; its text is the reason, in a few words."""


def label_file_in(folder: str | os.PathLike[str]) -> Path | None:
    """Return the file `LABEL_FILE` of a folder, None where it has none or cannot be read."""
    file = Path(folder) / LABEL_FILE
    return file if os.path.isfile(file) else None  # noqa: PTH113 (Path's may raise)


def spread(n: int, most: int) -> list[int]:
    """Return some of the indices 0 … n - 1, evenly spaced: all, where there are no more than `most`."""
    return [n * i // min(n, most) for i in range(min(n, most))]


def list_pictures(
    folder: str | os.PathLike[str],
    label_file: str | os.PathLike[str] | None = None,
    others: bool = False,
) -> list[str]:
    """List the visible regular files in a folder, whether they are pictures or not.

    Hidden files, sub-folders, pipes and sockets are left out, and so are labels: a file `LABEL_FILE`, and
    `label_file` where it lies in the folder. A link to nowhere is listed: a later step reports it.

    Parameters
    ----------
    folder : path
        The folder.
    label_file : path, optional
        A CSV of labels.
    others : bool
        Whether sub-folders, pipes, sockets and devices are listed, too: `read_bytes` says what each is.

    Returns
    -------
    list of str
        Their names, sorted.

    Raises
    ------
    UserError
        Where the folder cannot be read or has no such file.
    """
    folder = Path(folder)
    tables = {LABEL_FILE}
    if label_file is not None and Path(label_file).parent.resolve() == folder.resolve():
        tables.add(Path(label_file).name)
    visible = _visible(folder)
    files = [name for name, kind in visible if kind == "file" or others]
    names = sorted(name for name in files if name not in tables)
    if not names:
        subfolders = sum(kind == "folder" for _, kind in visible)
        found = [f"{subfolders} sub-folder(s)"] * bool(subfolders) + sorted(files)
        only = f"holds only {' and '.join(found)}" if found else "is empty"
        raise UserError(
            f"The folder {folder} {only}; the pictures must lie in the folder itself, one captcha a file."
        )
    return names


def _visible(folder: Path) -> list[tuple[str, str]]:
    """Return the name and kind of all in a folder that is not hidden; see `list_pictures`."""
    try:
        with os.scandir(folder) as entries:
            return [(entry.name, _kind(entry)) for entry in entries if not entry.name.startswith(".")]
    except FileNotFoundError as error:
        raise UserError(
            f"There is no folder {folder}; give the folder that holds the labelled captcha pictures."
        ) from error
    except NotADirectoryError as error:
        raise UserError(
            f"{folder} is a file, not a folder; give the folder that holds the pictures."
        ) from error
    except OSError as error:
        raise UserError(
            f"Cannot read the folder {folder}: {error.strerror}; make it readable or give another."
        ) from error


def _kind(entry: os.DirEntry[str]) -> str:
    if _leads_to_file_or_nowhere(entry) if entry.is_symlink() else entry.is_file():
        return "file"
    return "folder" if entry.is_dir() else "other"


def _leads_to_file_or_nowhere(link: os.DirEntry[str]) -> bool:
    # as in `label_file_in`, Path's methods may raise
    return os.path.isfile(link) or not os.path.exists(link)  # noqa: PTH110, PTH113


def read_bytes(path: str | os.PathLike[str], width: int, height: int) -> bytes:
    """Read the bytes of a picture file.

    Parameters
    ----------
    path : path
        The file.
    width : int
        Columns that the picture should have.
    height : int
        Rows that it should have.

    Returns
    -------
    bytes
        The contents.

    Raises
    ------
    Unusable
        Where the file cannot be read, or is larger than any such picture can be; then nothing is read.
    """
    limit = byte_limit(width, height)
    try:
        # asked first, since opening a device may do something
        _check_file(os.stat(path).st_mode)  # noqa: PTH116 (fast)
        # without O_NONBLOCK, opening a pipe that has replaced the file would wait for ever
        file = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
        try:
            status = os.fstat(file)
            _check_file(status.st_mode)
            if status.st_size > limit:
                raise Unusable(f"is {status.st_size:,} bytes, more than the {limit:,} allowed")
            data = os.read(file, status.st_size + 1)
        finally:
            os.close(file)
    except OSError as error:
        if error.errno == errno.ENOENT:
            raise Unusable("file missing, or a link that leads nowhere") from error
        raise Unusable(f"cannot be read: {error.strerror}") from error
    if len(data) != status.st_size:
        raise Unusable("changed while it was read")
    return data


def _check_file(mode: int) -> None:
    """Raise Unusable for what is no file."""
    if stat.S_ISDIR(mode):
        raise Unusable("is a folder; name it to read what lies in it")
    if not stat.S_ISREG(mode):
        kind = "a pipe" if stat.S_ISFIFO(mode) else "a socket" if stat.S_ISSOCK(mode) else "a device"
        raise Unusable(f"is {kind}, not a file")


def byte_limit(width: int, height: int) -> int:
    """Return the most bytes that a picture file may have: 1 MiB and 64 bytes a pixel.

    The largest still picture, 16-bit RGBA without compression, has 8 bytes a pixel. The rest is room for
    colour profiles (half a MiB for CMYK) and for a short animation.
    """
    return 2**20 + 64 * width * height
