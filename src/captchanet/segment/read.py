"""From a folder of picture files to pixels, whatever the files turn out to hold."""

import errno
import os
import stat
import warnings
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image

from captchanet.errors import UserError

# The formats captchas come in. Pillow's other decoders are never tried: each is more code that a stranger's
# file could reach.
FORMATS = ("PNG", "GIF", "BMP", "JPEG")

LABEL_FILE = "labels.csv"
"""What a CSV of labels is called that lies in the folder of its pictures; it is never taken for a picture."""


class Unusable(Exception):
    """A picture that cannot be used; its text is the reason, a phrase of a few words for a person."""


def label_file_in(folder: str | os.PathLike[str]) -> Path | None:
    """The file `LABEL_FILE` of a folder, None where it has none or cannot be looked into."""
    file = Path(folder) / LABEL_FILE
    return file if os.path.isfile(file) else None  # noqa: PTH113 (Path's may raise)


def list_pictures(
    folder: str | os.PathLike[str], label_file: str | os.PathLike[str] | None = None
) -> list[str]:
    """The names of the visible regular files in a folder, sorted; whether they are pictures shows later.

    Hidden files, sub-folders, pipes and sockets are passed over, and so are labels: a file `LABEL_FILE`, and
    `label_file` where that lies in the folder. A link to nowhere is listed, so that it is reported rather
    than missed. Raises UserError where the folder cannot be read or holds no file but these.
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
                if _is_file(entry):
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


def _is_file(entry: os.DirEntry[str]) -> bool:
    """Whether an entry is a regular file, a link to one, or a link that leads nowhere."""
    if entry.is_file(follow_symlinks=False):
        return True
    try:
        entry.stat()
    except OSError:  # broken, or a loop of links
        return entry.is_symlink()
    return entry.is_file()


def read_bytes(path: str | os.PathLike[str], width: int, height: int) -> bytes:
    """The bytes of a picture file of about `width` × `height` pixels.

    Raises Unusable where it cannot be read, or is larger than any such picture can be: then nothing is read.
    """
    limit = byte_limit(width, height)
    try:
        # Without O_NONBLOCK a pipe put where a file was would hang the open for ever.
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
    """The most bytes a picture file may have: 1 MiB and 64 bytes a pixel.

    The costliest still picture, 16-bit RGBA without compression, has 8 bytes a pixel; the rest is room for
    colour profiles (half a MiB for CMYK) and a short animation.
    """
    return 2**20 + 64 * width * height


def decode(data: bytes, width: int, height: int) -> np.ndarray:
    """The pixels of a PNG, GIF, BMP or JPEG as uint8 (height, width, 3) RGB, transparency laid on white.

    Of an animation the first frame counts; 16-bit greys are scaled to 8 bits. Raises Unusable, and nothing
    else, for bytes that are no such picture or have another size: that is checked before pixels are decoded.
    """
    if not data:
        raise Unusable("empty file")
    try:
        with warnings.catch_warnings():
            # Pillow warns about oddities that are no news to a person with 10,000 pictures.
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
    # Damaged files make Pillow raise OSError, SyntaxError, ValueError, EOFError, struct.error, zlib.error,
    # IndexError and more, none of them documented: whatever it is, the picture is what is wrong.
    except Exception as error:
        truncated = isinstance(error, EOFError) or "truncated" in str(error).lower()
        raise Unusable("truncated image" if truncated else "damaged image") from error


def _rgb(image: Image.Image) -> np.ndarray:
    """An opened picture's pixels, uint8 (height, width, 3)."""
    image.load()
    if image.mode.startswith("I"):
        # Pillow would clip 16-bit greys at 255, which makes nearly everything white.
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
