"""Reading pictures: every mode becomes RGB, and any other file is rejected with a reason."""

import os
import socket
import struct
import time
import zlib
from contextlib import suppress
from io import BytesIO

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from captchanet.errors import UserError
from captchanet.segment.decode import decode, size_of
from captchanet.segment.read import Unusable, byte_limit, list_pictures, read_bytes

RGB = np.random.default_rng(0).integers(0, 256, (27, 72, 3), np.uint8)


def encoded(image, form="PNG", **options):
    file = BytesIO()
    image.save(file, form, **options)
    return file.getvalue()


PNG = encoded(Image.fromarray(RGB))


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width, height, bits, colour, rows, *between):
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0))
    return (
        b"\x89PNG\r\n\x1a\n"
        + header
        + b"".join(between)
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize("form", ["PNG", "BMP"])
def test_true_colour_comes_back_as_it_was(form):
    pixels = decode(encoded(Image.fromarray(RGB), form), 72, 27)
    assert pixels.dtype == np.uint8
    np.testing.assert_array_equal(pixels, RGB)


@pytest.mark.parametrize("form", ["PNG", "GIF", "BMP"])
def test_palettes_greys_and_single_bits_become_rgb(form):
    for mode in ("P", "L", "1"):
        image = Image.fromarray(RGB).convert(mode)
        np.testing.assert_array_equal(decode(encoded(image, form), 72, 27), np.asarray(image.convert("RGB")))


def test_cmyk_and_grey_jpegs_become_rgb():
    halves = Image.new("RGB", (72, 27), (200, 60, 20))
    halves.paste((20, 90, 160), (0, 0, 32, 27))
    for mode in ("RGB", "CMYK", "L"):
        pixels = decode(encoded(halves.convert(mode), "JPEG", quality=95, subsampling=0), 72, 27).astype(int)
        assert np.abs(pixels - np.asarray(halves.convert(mode).convert("RGB"))).max() < 6


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "P", "L"])
def test_webp_is_read_like_the_others(mode):
    image = Image.fromarray(RGB).convert(mode)
    pixels = decode(encoded(image, "WEBP", lossless=True), 72, 27)
    np.testing.assert_array_equal(pixels, np.asarray(image.convert("RGB")))


@pytest.mark.parametrize("form", ["PNG", "WEBP", "JPEG"])
@pytest.mark.parametrize("orientation", [*range(1, 9), 9])
def test_a_picture_is_turned_as_its_exif_data_say(form, orientation):
    corner = Image.new("RGB", (72, 27), "white")
    corner.paste((0, 0, 0), (0, 0, 24, 9))
    # where the top left corner of what a person sees lies in the file, by the standard
    mirrored, turned = {2: (1, 0), 3: (0, 2), 4: (1, 2), 5: (1, 3), 6: (0, 1), 7: (1, 1), 8: (0, 3)}.get(
        orientation, (0, 0)
    )
    stored = np.rot90(np.asarray(corner), turned)
    stored = stored[:, ::-1] if mirrored else stored
    exif = Image.Exif()
    exif[0x0112] = orientation
    options = {"quality": 95} if form == "JPEG" else {"lossless": True} if form == "WEBP" else {}
    data = encoded(Image.fromarray(np.ascontiguousarray(stored)), form, exif=exif, **options)
    pixels = decode(data, 72, 27).astype(int)
    assert size_of(data) == (72, 27)
    assert np.abs(pixels - np.asarray(corner)).mean() < 3


def test_exif_data_that_are_damaged_turn_nothing():
    for exif in (
        b"",
        b"Exif\0\0",
        b"Exif\0\0MM\0*\xff\xff\xff\xff",
        b"Exif\0\0II*\0\x08\0\0\0\xff\xff\x12\x01",
    ):
        data = encoded(Image.fromarray(RGB), exif=exif)
        np.testing.assert_array_equal(decode(data, 72, 27), RGB)


def ink_on_nothing(ink, mode):
    """Eight strokes of a colour, half transparent at their edges, on transparent black."""
    pixels = np.zeros((27, 72, 4), np.uint8)
    for left in range(4, 68, 8):
        pixels[5:20, left : left + 3] = [*ink, 255]
        pixels[5:20, left] = [*ink, 128]
    return Image.fromarray(pixels).convert(mode)


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
@pytest.mark.parametrize(("ink", "paper"), [(255, 0), (240, 0), (0, 255), (120, 255)])
def test_ink_on_transparency_lies_on_paper_that_shows_it(mode, ink, paper):
    pixels = decode(encoded(ink_on_nothing((ink,) * 3, mode)), 72, 27)
    assert pixels[0, 0].tolist() == [paper] * 3
    assert pixels[6, 5].tolist() == [ink] * 3
    assert min(ink, paper) < pixels[6, 4, 0] < max(ink, paper)


def test_a_palette_and_a_grey_may_be_white_ink_on_transparency_too():
    mask = np.asarray(ink_on_nothing((255,) * 3, "RGBA"))[..., 3] > 127
    palette = Image.fromarray(mask.astype(np.uint8))
    palette.putpalette([0, 0, 0, 255, 255, 255])
    grey = Image.fromarray(np.where(mask, 65535, 7).astype(np.uint16))
    for form, data in (
        ("PNG", encoded(palette, transparency=0)),
        ("GIF", encoded(palette, "GIF", transparency=0)),
        ("16 bits", encoded(grey, transparency=7)),
    ):
        np.testing.assert_array_equal(decode(data, 72, 27)[..., 0], np.where(mask, 255, 0), err_msg=form)


def test_white_paper_with_transparent_corners_stays_white():
    pixels = np.full((27, 72, 4), 255, np.uint8)
    pixels[5:20, 8:60:4, :3] = 0
    pixels[:3, :3, 3] = 0
    assert decode(encoded(Image.fromarray(pixels)), 72, 27)[0, 0].tolist() == [255] * 3


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_transparency_is_laid_on_white(mode):
    image = Image.new(mode, (72, 27), (0, 128) if mode == "LA" else (0, 0, 0, 128))
    image.putpixel((3, 2), (9, 0) if mode == "LA" else (9, 9, 9, 0))
    pixels = decode(encoded(image), 72, 27)
    assert pixels[2, 3].tolist() == [255, 255, 255]
    assert pixels[0, 0].tolist() == [127, 127, 127]


def test_a_transparent_palette_colour_is_white_and_an_unused_one_changes_nothing():
    image = Image.fromarray(RGB).quantize(17)
    plain = np.asarray(image.convert("RGB"))
    indices = np.asarray(image)
    shown = decode(encoded(image, transparency=3), 72, 27)
    assert (shown[indices == 3] == 255).all()
    np.testing.assert_array_equal(shown[indices != 3], plain[indices != 3])
    np.testing.assert_array_equal(decode(encoded(image, transparency=200), 72, 27), plain)


def test_sixteen_bit_greys_are_scaled_not_clipped():
    grey = np.linspace(0, 65535, 72 * 27).astype(np.uint16).reshape(27, 72)
    pixels = decode(encoded(Image.fromarray(grey)), 72, 27)
    assert np.abs(pixels[..., 0] - grey / 257).max() <= 0.5
    assert (pixels[..., 0] == pixels[..., 2]).all()


def test_a_transparent_sixteen_bit_grey_is_white():
    rows = b"\0" + struct.pack(">3H", 0, 1000, 65535)
    data = png(3, 1, 16, 0, rows, chunk(b"tRNS", struct.pack(">H", 1000)))
    assert decode(data, 3, 1)[0, :, 0].tolist() == [0, 255, 255]


def test_a_thousand_compressed_profiles_take_no_time():
    profile = chunk(
        b"iCCP",
        b"x\0\0"
        + zlib.compress(np.random.default_rng(1).integers(0, 4, 1000).astype(np.uint8).tobytes() * 1000),
    )
    rows = b"".join(b"\0" + row.tobytes() for row in RGB)
    data = png(72, 27, 8, 2, rows, *[profile] * 900)
    began = time.process_time()
    np.testing.assert_array_equal(decode(data, 72, 27), RGB)
    assert time.process_time() - began < 0.2


def test_the_first_frame_of_an_animation_counts():
    frames = [Image.new("P", (72, 27), i) for i in range(3)]
    for i, frame in enumerate(frames):
        frame.putpalette([10 * i, 20, 30] * 3 + [99, 99, 99])
        frame.putpixel((9, 9), 3)
    data = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert np.unique(decode(data, 72, 27).reshape(-1, 3), axis=0).tolist() == [[0, 20, 30], [99, 99, 99]]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "^empty file$"),
        (b"hello", "^not an image"),
        (PNG[:20], "^truncated image$"),
        (PNG[:400], "^truncated image$"),
        (encoded(Image.new("RGB", (80, 27))), "^is 80 × 27 pixels, not 72 × 27$"),
        (encoded(Image.new("RGB", (72, 27)), "TIFF"), "^not an image"),
        (encoded(Image.new("RGB", (72, 27)), "PPM"), "^not an image"),
        (encoded(Image.new("RGB", (72, 27), (9, 99, 9))), "^is blank: all pixels have the same colour$"),
        (encoded(Image.new("RGBA", (72, 27), (9, 99, 9, 0))), "^is blank: all pixels are transparent$"),
        (png(12000, 9000, 8, 2, b""), "^decompression bomb$"),
        (png(60000, 60000, 8, 2, b""), "^decompression bomb$"),
        (png(72, 27, 8, 2, bytes(27 * 217)).replace(b"IDATx", b"IDATy"), "^damaged image$"),
    ],
    ids=[
        "empty",
        "text",
        "header truncated",
        "pixels truncated",
        "size",
        "TIFF",
        "PPM",
        "one colour",
        "nothing there",
        "bomb",
        "worse bomb",
        "bad zlib",
    ],
)
def test_what_cannot_be_used_says_why(data, reason):
    with pytest.raises(Unusable, match=reason):
        decode(data, 72, 27)


@given(
    st.binary(max_size=300),
    st.sampled_from(
        [b"", b"\x89PNG\r\n\x1a\n", b"GIF89a", b"BM", b"\xff\xd8\xff\xe0", b"RIFF\x20\0\0\0WEBPVP8L"]
    ),
)
def test_random_bytes_are_never_worse_than_unusable(data, start):
    with suppress(Unusable):
        assert decode(start + data, 72, 27).shape == (27, 72, 3)


SOUND = [PNG] + [
    encoded(Image.fromarray(RGB).convert(m), f)
    for m, f in [("P", "GIF"), ("1", "PNG"), ("CMYK", "JPEG"), ("RGB", "WEBP")]
]


@given(
    st.sampled_from(SOUND),
    st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), max_size=8),
    st.floats(0, 1),
)
def test_a_damaged_picture_is_pixels_of_the_right_size_or_unusable(data, damage, keep):
    data = bytearray(data)
    for where, value in damage:
        data[int(where**3 * (len(data) - 1))] = value  # most of it near the start, where the headers are
    if keep > 0.5:
        del data[int(len(data) * keep) :]
    with suppress(Unusable):
        pixels = decode(bytes(data), 72, 27)
        assert pixels.shape == (27, 72, 3)
        assert pixels.dtype == np.uint8


def test_only_visible_files_are_listed_in_order_whatever_else_lies_there(tmp_path):
    for name in ("b.png", "a.txt", ".hidden.png", "C"):
        (tmp_path / name).write_bytes(b"x")
    (tmp_path / "folder").mkdir()
    (tmp_path / "link.png").symlink_to("b.png")
    (tmp_path / "broken.png").symlink_to("nowhere")
    (tmp_path / "loop.png").symlink_to("loop.png")
    (tmp_path / "to_folder").symlink_to("folder")
    os.mkfifo(tmp_path / "pipe.png")
    with socket.socket(socket.AF_UNIX) as plug:
        descriptor = os.open(tmp_path, os.O_RDONLY)
        plug.bind(f"/proc/self/fd/{descriptor}/socket.png")  # a socket's path may have 107 bytes only
        os.close(descriptor)
        files = ["C", "a.txt", "b.png", "broken.png", "link.png", "loop.png"]
        others = ["folder", "pipe.png", "socket.png", "to_folder"]
        assert list_pictures(tmp_path) == files
        assert list_pictures(tmp_path, others=True) == sorted(files + others)
        for name, said in [("folder", "a folder"), ("pipe.png", "a pipe"), ("socket.png", "a socket")]:
            with pytest.raises(Unusable, match=f"^is {said}"):
                read_bytes(tmp_path / name, 72, 27)
    with pytest.raises(Unusable, match=r"^is a device, not a file$"):
        read_bytes("/dev/zero", 72, 27)


def test_a_folder_that_is_none_says_so(tmp_path):
    file = tmp_path / "file"
    file.write_bytes(b"")
    empty = tmp_path / "empty"
    empty.mkdir()
    outer = tmp_path / "outer"
    (outer / "inner").mkdir(parents=True)
    for folder, said in [
        (tmp_path / "none", "There is no folder"),
        (file, "is a file"),
        (empty, "is empty"),
        (outer, "1 sub-folder"),
    ]:
        with pytest.raises(UserError, match=said) as caught:
            list_pictures(folder)
        assert str(folder) in str(caught.value)


def test_label_files_are_no_pictures(tmp_path):
    for name in ("labels.csv", "mine.csv"):
        (tmp_path / name).write_text("file,label\na.png,a\n")
    assert list_pictures(tmp_path) == ["mine.csv"]
    with pytest.raises(UserError, match=r"holds only labels\.csv and mine\.csv; the pictures must lie"):
        list_pictures(tmp_path, tmp_path / "mine.csv")
    (tmp_path / "a.png").write_bytes(b"x")
    assert list_pictures(tmp_path, tmp_path / "mine.csv") == ["a.png"]
    assert list_pictures(tmp_path, tmp_path.parent / "mine.csv") == ["a.png", "mine.csv"]


def test_a_folder_without_permission_says_so(tmp_path, monkeypatch):
    def refuse(_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("captchanet.segment.read.os.scandir", refuse)  # root may read everything
    with pytest.raises(UserError, match="Permission denied"):
        list_pictures(tmp_path)


def test_files_that_cannot_be_read_are_unusable_and_nothing_hangs(tmp_path):
    (tmp_path / "broken").symlink_to("nowhere")
    os.mkfifo(tmp_path / "pipe")
    with (tmp_path / "huge").open("wb") as file:
        file.truncate(10**12)  # sparse: it would take all memory if it were read
    for name, reason in [
        ("broken", "leads nowhere"),
        ("pipe", "is a pipe, not a file"),
        ("huge", "1,000,000,000,000 bytes"),
    ]:
        with pytest.raises(Unusable, match=reason):
            read_bytes(tmp_path / name, 72, 27)
    with pytest.raises(Unusable):
        read_bytes(tmp_path, 72, 27)


def test_a_file_is_read_whole_up_to_the_limit(tmp_path):
    path = tmp_path / "file"
    limit = byte_limit(72, 27)
    path.write_bytes(b"x" * limit)
    assert len(read_bytes(path, 72, 27)) == limit
    path.write_bytes(b"x" * (limit + 1))
    with pytest.raises(Unusable, match="bytes"):
        read_bytes(path, 72, 27)
