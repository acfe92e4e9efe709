"""One digest of a folder of pictures: it tells a rule whether any of them changed."""

import hashlib
import stat
from pathlib import Path

from captchanet.segment.read import list_pictures

LARGEST = 16 * 2**20
"""Bytes up to which a file is read; no captcha is larger. For larger files, size and time count."""


def fingerprint(folder: Path, labels: Path | None = None) -> str:
    """Digest the names and bytes of a folder's visible files, and of a label file.

    Parameters
    ----------
    folder : Path
        The folder.
    labels : Path, optional
        A CSV of labels.

    Returns
    -------
    str
        A SHA-256, in hexadecimal.

    Raises
    ------
    UserError
        Where the folder cannot be used.

    Notes
    -----
    Snakemake gets the digest as a parameter, instead of the files as inputs. So any file name works, with
    braces and line ends too; touching or copying a folder changes nothing; and a hundred thousand files are
    one entry.
    """
    total = hashlib.sha256()
    for file in [*(folder / name for name in list_pictures(folder)), *([labels] if labels else [])]:
        try:
            status = file.stat()
            if not stat.S_ISREG(status.st_mode):
                content = b"no file"  # such as a pipe: reading it would wait for ever
            elif status.st_size > LARGEST:
                content = f"{status.st_size} {status.st_mtime_ns}".encode()
            else:
                content = hashlib.sha256(file.read_bytes()).digest()
        except (OSError, ValueError) as error:
            # the stage itself reports what is wrong with the file
            content = str(getattr(error, "errno", "no name")).encode()
        total.update(hashlib.sha256(file.name.encode("utf-8", "surrogateescape")).digest() + content)
    return total.hexdigest()
