"""One digest for a folder of pictures, so that a rule can tell whether any of them changed."""

import hashlib
import stat
from pathlib import Path

from captchanet.segment.read import list_pictures

LARGEST = 16 * 2**20
"""Bytes up to which a file is read: no captcha is larger, and what is, is told by its size and time."""


def fingerprint(folder: Path, labels: Path | None = None) -> str:
    """sha256, in hexadecimal, over the names and bytes of a folder's visible files, and of a label file.

    Handed to Snakemake as a parameter rather than the files as inputs: any file name then works, braces and
    line ends too, touching or copying a folder changes nothing, and a hundred thousand files stay one entry.
    Raises UserError where the folder cannot be used.
    """
    total = hashlib.sha256()
    for file in [*(folder / name for name in list_pictures(folder)), *([labels] if labels else [])]:
        try:
            status = file.stat()
            if not stat.S_ISREG(status.st_mode):
                content = b"no file"  # a pipe, say, which would be waited for
            elif status.st_size > LARGEST:
                content = f"{status.st_size} {status.st_mtime_ns}".encode()
            else:
                content = hashlib.sha256(file.read_bytes()).digest()
        except (OSError, ValueError) as error:
            # the stage itself will say what is wrong with it
            content = str(getattr(error, "errno", "no name")).encode()
        total.update(hashlib.sha256(file.name.encode("utf-8", "surrogateescape")).digest() + content)
    return total.hexdigest()
