"""One digest for a folder of pictures, so that a rule can tell whether any of them changed."""

import hashlib
from pathlib import Path

from captchanet.images.read import list_pictures


def fingerprint(folder: Path, labels: Path | None = None) -> str:
    """sha256, in hexadecimal, over the names and bytes of a folder's visible files, and of a label file.

    Handed to Snakemake as a parameter rather than the files as inputs: any file name then works, braces and
    line ends too, touching or copying a folder changes nothing, and a hundred thousand files stay one entry.
    Raises UserError where the folder cannot be used.
    """
    total = hashlib.sha256()
    for file in [*(folder / name for name in list_pictures(folder)), *([labels] if labels else [])]:
        try:
            content = hashlib.sha256(file.read_bytes()).digest()
        except OSError as error:
            content = str(error.errno).encode()  # the stage itself will say what is wrong with it
        total.update(hashlib.sha256(file.name.encode("utf-8", "surrogateescape")).digest() + content)
    return total.hexdigest()
