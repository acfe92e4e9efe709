"""From a folder of picture files to pixels."""

import errno
import os
import stat
import struct
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image

from captchanet.errors import UserError

FORMATS = ("PNG", "GIF", "BMP", "JPEG", "WEBP")
"""The formats of captchas. No other decoder of Pillow is tried: a stranger's file could attack each."""

ORIENTATIONS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""What makes a picture upright, by the orientation that EXIF data give it. From 5 on it lies on its side."""

ORIENTATION = 0x0112
"""The EXIF tag of the orientation."""

PIXEL_CHUNKS = (b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND")
"""The chunks of a PNG that decide its pixels."""

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


def decode(data: bytes, width: int, height: int) -> np.ndarray:
    """Decode a PNG, GIF, BMP, JPEG or WebP.

    The picture becomes what a person sees: upright as its EXIF data say, and with paper under transparency,
    white, or black where the ink is white. Of an animation the first frame counts. 16-bit greys are scaled to
    8 bits.

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
        decoded; and for one without anything on it. Nothing else is raised.
    """
    with _opened(data) as image:
        if _size(image) != (width, height):
            found = "{} × {}".format(*_size(image))
            raise Unusable(f"is {found} pixels, not {width} × {height}")
        pixels = np.asarray(_rgb(image))
        flat = pixels.tobytes()
        if flat == flat[:3] * (width * height):  # bytes, since NumPy would take ten times as long
            raise Unusable("is blank: all pixels have the same colour")
        return pixels


def size_of(data: bytes) -> tuple[int, int]:
    """Return a picture's width and height, upright, without decoding its pixels; raise Unusable if none."""
    with _opened(data) as image:
        return _size(image)


@contextmanager
def _opened(data: bytes) -> Iterator[Image.Image]:
    """Open a picture; whatever is wrong with it, also in the block, becomes Unusable."""
    if not data:
        raise Unusable("empty file")
    try:
        with warnings.catch_warnings():
            # Pillow warns about oddities that do not matter to a person with 10,000 pictures
            warnings.simplefilter("ignore")
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(BytesIO(_without_profiles(data)), formats=FORMATS) as image:
                yield image
    except Unusable:
        raise
    except (Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
        raise Unusable("decompression bomb") from error
    except Image.UnidentifiedImageError as error:
        raise Unusable("not an image (PNG, GIF, BMP, JPEG or WebP)") from error
    except MemoryError as error:
        raise Unusable("needs more memory than there is") from error
    # For damaged files Pillow raises OSError, SyntaxError, ValueError, EOFError, struct.error, zlib.error,
    # IndexError and more, none of them documented. Any of them means that the picture is damaged.
    except Exception as error:
        truncated = isinstance(error, EOFError) or "truncated" in str(error).lower()
        raise Unusable("truncated image" if truncated else "damaged image") from error


def _without_profiles(data: bytes) -> bytes:
    """Return a PNG without what decides no pixel; other formats as they are.

    Pillow inflates each colour profile and text of a PNG, up to a MiB each: 900 of them took two seconds.
    EXIF data are kept, since they may turn the picture, and put first.
    """
    if not data.startswith(b"\x89PNG\r\n\x1a\n"):
        return data
    start, exif, kept, ended = 8, b"", [], False
    while start + 8 <= len(data) and not ended:
        length, kind = struct.unpack_from(">I4s", data, start)
        end = start + 12 + length
        if kind in PIXEL_CHUNKS:
            kept.append(data[start:end])
        elif kind == b"eXIf" and not exif:
            exif = data[start:end]
        start, ended = end, kind == b"IEND"
    return b"".join([data[:8], *kept[:1], exif, *kept[1:]])


def _size(image: Image.Image) -> tuple[int, int]:
    """Return an opened picture's width and height, upright."""
    return image.size[::-1] if _orientation(image) >= 5 else image.size


def _orientation(image: Image.Image) -> int:
    """Return the orientation, 1 to 8, that EXIF data give an opened picture; 1 where they are damaged."""
    if "exif" not in image.info:  # without them Pillow would decode the whole picture to look for some
        return 1
    try:
        found = image.getexif().get(ORIENTATION, 1)
    except Exception:  # as many kinds of errors as for damaged pictures
        return 1
    return found if found in ORIENTATIONS else 1


def _rgb(image: Image.Image) -> Image.Image:
    """Return an opened picture upright, in RGB, on paper."""
    orientation = _orientation(image)
    image.load()
    if image.mode.startswith("I"):
        image = _eight_bits(image)
    if orientation > 1:
        image = image.transpose(ORIENTATIONS[orientation])
    return _on_paper(image.convert("RGBA")) if image.has_transparency_data else image.convert("RGB")


def _eight_bits(image: Image.Image) -> Image.Image:
    """Return a 16-bit grey picture in 8 bits; Pillow would clip at 255, and nearly everything be white."""
    grey = np.asarray(image).astype(np.int64)
    pixels = np.clip((grey + 128) // 257, 0, 255).astype(np.uint8)
    if isinstance(transparent := image.info.get("transparency"), int):
        alpha = np.where(grey == transparent, 0, 255).astype(np.uint8)
        return Image.fromarray(np.stack([pixels, alpha], axis=2))
    return Image.fromarray(pixels)


def _on_paper(image: Image.Image) -> Image.Image:
    """Return an RGBA picture on white paper, or on black paper if it is white ink on nothing.

    It is, where less than half of the picture is there, and more than half of that is nearly white.
    """
    least, most = image.getchannel("A").getextrema()
    if least == 255:
        return image.convert("RGB")
    if most == 0:
        raise Unusable("is blank: all pixels are transparent")
    pixels = np.asarray(image)
    alpha = pixels[..., 3]
    nearly_white = alpha[pixels[..., :3].min(axis=2) > 191].sum() > 0.5 * alpha.sum()
    paper = Image.new("RGB", image.size, "black" if nearly_white and alpha.mean() < 127.5 else "white")
    paper.paste(image, mask=image)
    return paper
