"""From a folder of picture files to pixels."""

import errno
import os
import stat
import warnings
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image

from captchanet.errors import UserError

FORMATS = ("PNG", "GIF", "BMP", "JPEG")
"""The formats of captchas. No other decoder of Pillow is tried: a stranger's file could attack each."""

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
    folder: str | os.PathLike[str], label_file: str | os.PathLike[str] | None = None
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
    names: list[str] = []
    others: list[str] = []
    subfolders = 0
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.name.startswith("."):
                    continue
                if _leads_to_file_or_nowhere(entry) if entry.is_symlink() else entry.is_file():
                    (others if entry.name in tables else names).append(entry.name)
                elif entry.is_dir():
                    subfolders += 1
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
    if not names:
        others = [f"{subfolders} sub-folder(s)"] * bool(subfolders) + sorted(others)
        only = f"holds only {' and '.join(others)}" if others else "is empty"
        raise UserError(
            f"The folder {folder} {only}; the pictures must lie in the folder itself, one captcha a file."
        )
    return sorted(names)


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
        # without O_NONBLOCK, opening a pipe that has replaced the file would wait for ever
        file = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
        try:
            status = os.fstat(file)
            if not stat.S_ISREG(status.st_mode):
                raise Unusable("not a file")
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


def byte_limit(width: int, height: int) -> int:
    """Return the most bytes that a picture file may have: 1 MiB and 64 bytes a pixel.

    The largest still picture, 16-bit RGBA without compression, has 8 bytes a pixel. The rest is room for
    colour profiles (half a MiB for CMYK) and for a short animation.
    """
    return 2**20 + 64 * width * height


def decode(data: bytes, width: int, height: int) -> np.ndarray:
    """Decode a PNG, GIF, BMP or JPEG.

    Transparency is laid on white. Of an animation the first frame counts. 16-bit greys are scaled to 8 bits.

    Parameters
    ----------
    data : bytes
        The contents of a file.
    width : int
        Columns that the picture must have.
    height : int
        Rows that it must have.

    Returns
    -------
    ndarray of uint8, shape (height, width, 3)
        RGB.

    Raises
    ------
    Unusable
        For bytes that are no such picture, or one of another size, which is checked before pixels are
        decoded. Nothing else is raised.
    """
    if not data:
        raise Unusable("empty file")
    try:
        with warnings.catch_warnings():
            # Pillow warns about oddities that do not matter to a person with 10,000 pictures
            warnings.simplefilter("ignore")
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(BytesIO(data), formats=FORMATS) as image:
                if image.size != (width, height):
                    found = f"{image.width} × {image.height}"
                    raise Unusable(f"is {found} pixels, not {width} × {height}")
                return _rgb(image)
    except Unusable:
        raise
    except (Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
        raise Unusable("decompression bomb") from error
    except Image.UnidentifiedImageError as error:
        raise Unusable("not an image (PNG, GIF, BMP or JPEG)") from error
    except MemoryError as error:
        raise Unusable("needs more memory than there is") from error
    # For damaged files Pillow raises OSError, SyntaxError, ValueError, EOFError, struct.error, zlib.error,
    # IndexError and more, none of them documented. Any of them means that the picture is damaged.
    except Exception as error:
        truncated = isinstance(error, EOFError) or "truncated" in str(error).lower()
        raise Unusable("truncated image" if truncated else "damaged image") from error


def _rgb(image: Image.Image) -> np.ndarray:
    """Return the pixels of an opened picture, uint8 (height, width, 3)."""
    image.load()
    if image.mode.startswith("I"):
        # Pillow would clip 16-bit greys at 255, and nearly everything would be white
        grey = np.asarray(image).astype(np.int64)
        pixels = np.clip((grey + 128) // 257, 0, 255).astype(np.uint8)
        if isinstance(transparent := image.info.get("transparency"), int):
            pixels[grey == transparent] = 255
        return np.repeat(pixels[..., None], 3, axis=2)
    if not image.has_transparency_data:
        return np.asarray(image.convert("RGB"))
    rgba = image.convert("RGBA")
    white = Image.new("RGB", image.size, (255, 255, 255))
    white.paste(rgba, mask=rgba)
    return np.asarray(white)
