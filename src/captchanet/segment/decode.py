"""From the bytes of a picture file to its pixels, as a person sees them."""

import math
import os
import struct
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from io import BytesIO

import numpy as np
from PIL import Image
from PIL.PngImagePlugin import PngImageFile

from captchanet.segment.read import Unusable, read_bytes

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

SIGNATURE = b"\x89PNG\r\n\x1a\n"
"""The first bytes of a PNG."""

PIXEL_CHUNKS = (b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND")
"""The chunks of a PNG that decide its pixels."""


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
    with _quiet():
        return _decoded(data, width, height)


def decode_files(
    paths: Iterable[str | os.PathLike[str]], width: int, height: int
) -> list[tuple[bytes, np.ndarray] | Unusable]:
    """Read and decode some files as `read_bytes` and `decode` do, a little faster than one by one.

    Parameters
    ----------
    paths : iterable of path
        The files.
    width : int
        Columns that the pictures must have.
    height : int
        Rows that they must have.

    Returns
    -------
    list
        For each file its bytes and its pixels, uint8 (height, width, 3), or why it cannot be used.
    """
    found: list[tuple[bytes, np.ndarray] | Unusable] = []
    with _quiet():
        for path in paths:
            try:
                data = read_bytes(path, width, height)
                found.append((data, _decoded(data, width, height)))
            except Unusable as reason:
                found.append(reason)
    return found


def size_of(data: bytes) -> tuple[int, int]:
    """Return a picture's width and height, upright, without decoding its pixels; raise Unusable if none."""
    with _quiet(), _opened(data) as image:
        return _size(image)


def _decoded(data: bytes, width: int, height: int) -> np.ndarray:
    """Decode a picture as `decode` does, in a block that is quiet."""
    with _opened(data) as image:
        if _size(image) != (width, height):
            found = "{} × {}".format(*_size(image))
            raise Unusable(f"is {found} pixels, not {width} × {height}")
        flat = _rgb(image).tobytes()  # faster than NumPy reads a picture of Pillow
        if flat == flat[:3] * (width * height):  # bytes, since NumPy would take ten times as long
            raise Unusable("is blank: all pixels have the same colour")
        return np.frombuffer(flat, np.uint8).reshape(height, width, 3)


@contextmanager
def _quiet() -> Iterator[None]:
    """A block in which Pillow does not warn about oddities: a person may have 10,000 pictures."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        yield


@contextmanager
def _opened(data: bytes) -> Iterator[Image.Image]:
    """Open a picture; whatever is wrong with it, also in the block, becomes Unusable."""
    if not data:
        raise Unusable("empty file")
    try:
        with (
            _open_png(data)
            if data.startswith(SIGNATURE)
            else Image.open(BytesIO(data), formats=FORMATS) as image
        ):
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


def _open_png(data: bytes) -> Image.Image:
    """Open a PNG as `Image.open` does, without its search for the format."""
    try:
        image = PngImageFile(BytesIO(_without_profiles(data)))
    except (SyntaxError, IndexError, TypeError, struct.error) as error:
        raise Image.UnidentifiedImageError from error
    if image.width * image.height > (Image.MAX_IMAGE_PIXELS or math.inf):
        raise Image.DecompressionBombError
    return image


def _without_profiles(data: bytes) -> bytes:
    """Return a PNG without what decides no pixel.

    Pillow inflates each colour profile and text of a PNG, up to a MiB each: 900 of them took two seconds.
    EXIF data are kept, since they may turn the picture, and put first.
    """
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
