"""The stage `segment`: each file of a folder becomes characters or a line with a reason."""

import hashlib
import json
import os
import unicodedata
from io import BytesIO

import numpy as np
import pytest
from pictures import SETTINGS
from PIL import Image, ImageDraw

from captchanet.errors import UserError
from captchanet.layout import SegmentedFiles
from captchanet.segment import segment as stage
from captchanet.segment.segment import check_rejected, read_segmented, segment, write_segmented
from captchanet.segment.segmentation import Segmentation, clean_and_split

SEGMENTATION = Segmentation.of(SETTINGS | {"max_rejected": 0.5}).try_out()
BYTE_NAME = os.fsdecode(b"aaaa_\xff.png")  # no valid UTF-8


def captcha(text, variant=0):
    """A captcha similar to the real kind as PNG bytes; another variant gives other bytes."""
    image = Image.new("RGB", (72, 27), "white")
    pen = ImageDraw.Draw(image)
    for i, character in enumerate(text):
        pen.text((7 + 12 * i, 4), character, (0, 0, 153))
    image.putpixel((60 + variant % 10, 2 + variant // 10), (255, 0, 0))
    file = BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def fill(folder, files):
    folder.mkdir(exist_ok=True)
    for name, data in files.items():
        (folder / name).write_bytes(data)
    return folder


def reasons(segmented):
    return {row.file: row.reason for row in segmented.rejected}


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def same(one, other):
    np.testing.assert_array_equal(one.X, other.X)
    np.testing.assert_array_equal(one.cleaned, other.cleaned)
    for rows in ("characters", "pictures", "rejected"):
        assert getattr(one, rows) == getattr(other, rows)
    return one.X.dtype == other.X.dtype and one.cleaned.dtype == other.cleaned.dtype


def test_pictures_become_characters_sorted_by_file_name(tmp_path):
    files = {"zz11.png": captcha("zz11"), "ab12_2.png": captcha("ab12", 2), "ab12.png": captcha("ab12")}
    segmented = segment(fill(tmp_path / "in", files), SEGMENTATION)
    assert [row.file for row in segmented.pictures] == ["ab12.png", "ab12_2.png", "zz11.png"]
    assert [row.label for row in segmented.pictures] == ["ab12", "ab12", "zz11"]
    assert segmented.rejected == []
    assert segmented.X.shape == (12, 260)
    assert segmented.cleaned.shape == (3, 27, 72)
    assert segmented.X.dtype == segmented.cleaned.dtype == np.float32
    assert segmented.characters[5] == ("ab12_2.png", 1, "b", 16, 1, 29, 21)
    for row in segmented.pictures:
        assert row.sha256 == hashlib.sha256(files[row.file]).hexdigest()
    for row, vector in zip(segmented.characters, segmented.X, strict=True):
        picture = [p.file for p in segmented.pictures].index(row.file)
        window = segmented.cleaned[picture, row.top : row.bottom, row.left : row.right]
        np.testing.assert_array_equal(vector, window.ravel())
        assert vector.any()


@pytest.mark.parametrize("size", [1, 3, 7, 10])
def test_batches_of_any_size_give_the_same(tmp_path, monkeypatch, size):
    folder = fill(tmp_path / "in", {f"ab1{i}.png": captcha(f"ab1{i}") for i in range(10)})
    (folder / "ab10.png").write_bytes(b"no picture")
    (folder / "ab14.png").write_bytes(captcha("ab13"))
    expected = segment(folder, SEGMENTATION)
    assert [p.label for p in expected.pictures] == ["ab11", "ab12", "ab15", "ab16", "ab17", "ab18", "ab19"]
    pixels = np.stack([np.asarray(Image.open(folder / p.file).convert("RGB")) for p in expected.pictures])
    cleaned, vectors, _ = clean_and_split(pixels, SEGMENTATION)
    np.testing.assert_array_equal(expected.cleaned, cleaned)
    np.testing.assert_array_equal(expected.X, vectors.reshape(-1, 260))
    monkeypatch.setattr(stage, "BATCH", size)
    assert same(segment(folder, SEGMENTATION), expected)


def test_every_picture_that_cannot_be_used_is_listed_with_its_reason(tmp_path):
    files = {f"{text}.png": captcha(text) for text in ("good", "abc", "aB-d", "zzz")}
    files |= {"text.png": b"hello", "half.png": captcha("half")[:200]}
    folder = fill(tmp_path / "in", files)
    (folder / "link.png").symlink_to("nowhere")
    segmented = segment(folder, SEGMENTATION)
    assert [p.file for p in segmented.pictures] == ["good.png"]
    assert reasons(segmented) == {
        "aB-d.png": "label has B - outside the alphabet",
        "abc.png": "label has 3 characters, not 4",
        "half.png": "truncated image",
        "link.png": "file missing, or a link that leads nowhere",
        "text.png": "not an image (PNG, GIF, BMP, JPEG or WebP)",
        "zzz.png": "label has 3 characters, not 4",
    }
    assert [row.label for row in segmented.rejected] == ["aB-d", "abc", "half", "link", "text", "zzz"]


def test_names_that_count_the_pictures_stop_and_say_what_helps(tmp_path):
    texts = ["0z5j", "1ito", "2q12", "3avq", "3r64"]
    pictures = {text: captcha(text) for text in texts}
    plain = fill(tmp_path / "plain", {f"{i:04}.png": pictures[text] for i, text in enumerate(texts, 1)})
    with pytest.raises(UserError) as caught:
        segment(plain, SEGMENTATION)
    said = str(caught.value)
    for part in (
        str(plain),
        "running numbers, '0001' to '0005'",
        "write the labels into a CSV",
        "label_part: first",
    ):
        assert part in said
    assert "label_part: last" not in said
    (plain / "labels.csv").write_bytes(b"file,label\n")
    with pytest.raises(UserError, match=r"a labels\.csv is in the folder already"):
        segment(plain, SEGMENTATION)
    assert len(segment(plain, SEGMENTATION, label_part="first").pictures) == 5
    both = fill(tmp_path / "both", {f"{i:04}_{text}.png": pictures[text] for i, text in enumerate(texts, 1)})
    with pytest.raises(UserError, match=r"last _, such as '0z5j', looks like labels.* `label_part: last`"):
        segment(both, SEGMENTATION)
    assert [row.label for row in segment(both, SEGMENTATION, label_part="last").pictures] == texts
    labels = {f"{i:04}_{text}.png": [text] for i, text in enumerate(texts, 1)}
    assert [row.label for row in segment(both, SEGMENTATION, labels).pictures] == texts


def test_names_with_two_parts_that_may_be_labels_stop_until_one_is_chosen(tmp_path):
    texts = ["0z5j", "1ito", "2q12", "3avq", "3r64"]
    others = ["kx7e", "9mbd", "t04u", "wwhp", "c5sy"]
    names = {f"{other}_{text}.png": captcha(text) for text, other in zip(texts, others, strict=True)}
    folder = fill(tmp_path / "in", names)
    with pytest.raises(UserError, match=r"two parts that may be labels.*'9mbd'.*'1ito'.*`label_part: first`"):
        segment(folder, SEGMENTATION)
    for part, labels in (("first", others), ("last", texts)):
        segmented = segment(folder, SEGMENTATION, label_part=part)
        assert sorted(row.label for row in segmented.pictures) == sorted(labels)
    # the same label twice, a number and a part of another length are no second label
    for second in ("{0}_{0}", "{0}_{1}", "{0}_abc{1}"):
        named = {f"{second.format(text, i)}.png": captcha(text) for i, text in enumerate(texts)}
        clear = fill(tmp_path / second, named)
        assert [row.label for row in segment(clear, SEGMENTATION).pictures] == texts


def test_light_ink_on_dark_paper_is_rejected_where_the_cleaning_needs_white_paper(tmp_path):
    light = Image.eval(Image.open(BytesIO(captcha("ab12"))), lambda value: 255 - value)
    folder = fill(tmp_path / "in", {"cd34.png": captcha("cd34")})
    light.save(folder / "ab12.png")
    light.save(folder / "ab12_2.png")
    segmented = segment(folder, SEGMENTATION)
    assert [row.file for row in segmented.pictures] == ["cd34.png"]
    assert segmented.X.shape == (4, 260)
    said = reasons(segmented)
    assert said["ab12.png"].startswith("is on dark paper, and the cleaning `ink` needs white")
    assert said["ab12_2.png"] == "a copy of ab12.png"
    any_paper = Segmentation.of(SETTINGS | {"clean": {"method": "distance"}})
    assert len(segment(folder, any_paper).pictures) == 2


def test_names_of_another_length_that_count_the_pictures_are_said_to(tmp_path):
    folder = fill(tmp_path / "in", {f"scan{i:02}.png": captcha("ab12") for i in range(7)})
    with pytest.raises(UserError, match="running numbers, 'scan00' to 'scan06'"):
        segment(folder, SEGMENTATION)


def test_a_label_in_another_normal_form_is_the_same_label(tmp_path):
    one, other = (unicodedata.normalize(form, "é12ü.png") for form in ("NFC", "NFD"))
    settings = SETTINGS | {"alphabet": unicodedata.normalize("NFD", "12éü")}
    segmentation = Segmentation.of(settings).try_out()
    for number, name in enumerate((one, other)):
        folder = fill(tmp_path / str(number), {name: captcha("ab12")})
        (picture,) = segment(folder, segmentation).pictures
        assert (picture.file, picture.label) == (name, unicodedata.normalize("NFC", "é12ü"))
        (picture,) = segment(folder, SEGMENTATION, {one: ["ab12"]}).pictures
        assert (picture.file, picture.label) == (name, "ab12")


def test_of_copies_the_first_is_kept_and_the_others_name_it(tmp_path):
    files = {f"ab12{end}.png": captcha("ab12") for end in ("", "_2", "_3")} | {"zz11.png": captcha("zz11")}
    segmented = segment(fill(tmp_path / "in", files), SEGMENTATION)
    assert [p.file for p in segmented.pictures] == ["ab12.png", "zz11.png"]
    assert reasons(segmented) == {"ab12_2.png": "a copy of ab12.png", "ab12_3.png": "a copy of ab12.png"}


def test_a_copy_in_other_bytes_is_a_copy(tmp_path):
    Image.open(BytesIO(captcha("ab12"))).convert("RGB").save(tmp_path / "ab12_2.bmp")
    (tmp_path / "ab12.png").write_bytes(captcha("ab12"))
    segmented = segment(tmp_path, SEGMENTATION)
    assert reasons(segmented) == {"ab12_2.bmp": "a copy of ab12.png"}
    (picture,) = segmented.pictures
    assert picture.sha256 == hashlib.sha256(captcha("ab12")).hexdigest()


def test_the_same_picture_under_two_labels_is_rejected_twice_each_naming_the_other(tmp_path):
    files = {f"{text}.png": captcha(text) for text in ("cccc", "dddd", "eeee")}
    files["aaaa.png"] = files["eeee.png"]
    segmented = segment(fill(tmp_path / "in", files), SEGMENTATION)
    assert [p.file for p in segmented.pictures] == ["cccc.png", "dddd.png"]
    assert reasons(segmented) == {
        "aaaa.png": "labelled aaaa, but the same picture as eeee.png labelled eeee",
        "eeee.png": "labelled eeee, but the same picture as aaaa.png labelled aaaa",
    }
    # The rows that are left stand where they should.
    alone = segment(
        fill(tmp_path / "alone", {name: files[name] for name in ("cccc.png", "dddd.png")}), SEGMENTATION
    )
    np.testing.assert_array_equal(segmented.X, alone.X)
    np.testing.assert_array_equal(segmented.cleaned, alone.cleaned)
    assert segmented.characters == alone.characters


def test_after_a_contradiction_each_character_has_the_window_of_its_own_picture(tmp_path):
    # windows that differ from picture to picture, and a picture that goes before those that stay
    segmentation = Segmentation.of(SETTINGS | {"split": {"method": "valleys"}, "max_rejected": 0.5}).try_out()
    files = {f"{text}.png": captcha(text) for text in ("iiii", "mmmm", "wiwi")}
    found = segment(
        fill(tmp_path / "in", files | {"aaaa.png": captcha("llll"), "bbbb.png": captcha("llll")}),
        segmentation,
    )
    alone = segment(fill(tmp_path / "alone", files), segmentation)
    assert len({row[3:] for row in alone.characters}) > 8
    assert found.characters == alone.characters
    np.testing.assert_array_equal(found.X, alone.X)


def test_labels_may_come_from_a_csv_in_the_folder_of_the_pictures(tmp_path):
    files = {f"{i}.png": captcha(f"ab1{i}") for i in range(4)}
    files["labels.csv"] = b"file,label\n0.png,ab10\n1.png,ab11\n1.png,ab77\n3.png,ab1\n9.png,ab19\n"
    folder = fill(tmp_path / "in", files)
    segmented = segment(folder, SEGMENTATION, folder / "labels.csv")
    assert [row[:2] for row in segmented.pictures] == [("0.png", "ab10")]
    assert reasons(segmented) == {
        "1.png": "labelled ab11 and ab77 in the label file",
        "2.png": "not in the label file",
        "3.png": "label has 3 characters, not 4",
        "9.png": "in the label file, but not in the folder",
    }
    (tmp_path / "labels.csv").write_bytes(files["labels.csv"])
    elsewhere = segment(folder, SEGMENTATION, tmp_path / "labels.csv")
    assert same(elsewhere, segmented)
    by_hand = {"0.png": ["ab10"], "1.png": ["ab11", "ab77"], "3.png": ["ab1"], "9.png": ["ab19"]}
    assert same(segment(folder, SEGMENTATION, by_hand), elsewhere)
    (folder / "labels.csv").rename(folder / "written.csv")
    assert same(segment(folder, SEGMENTATION, folder / "written.csv"), segmented)
    # only the configuration shows that the file with this name has labels
    listed = reasons(segment(folder, SEGMENTATION, tmp_path / "labels.csv"))
    assert listed == reasons(segmented) | {"written.csv": "not in the label file"}


def test_a_share_of_rejected_pictures_above_the_limit_stops(tmp_path):
    files = {f"ab1{i}.png": captcha(f"ab1{i}") for i in range(5)} | {f"b{i}ad.png": b"x" for i in range(7)}
    folder = fill(tmp_path / "in", files)
    segmented = segment(folder, SEGMENTATION)
    assert segmented.share_rejected == 7 / 12
    with pytest.raises(UserError) as caught:
        check_rejected(segmented, SEGMENTATION, folder, "all.csv")
    said = str(caught.value)
    for part in (str(folder), "7 of 12", "58.3%", "50.0%", "b0ad.png: not an image", "4 more", "all.csv"):
        assert part in said
    assert "raise max_rejected" in said
    (folder / "b0ad.png").unlink()
    (folder / "b1ad.png").unlink()
    check_rejected(segment(folder, SEGMENTATION), SEGMENTATION, folder, "all.csv")  # exactly half is allowed


def test_a_folder_without_one_usable_picture_stops_whatever_the_limit(tmp_path):
    folder = fill(tmp_path / "in", {"abcd.png": b"x", "readme.txt": b"hello"})
    lenient = Segmentation.of(SETTINGS | {"max_rejected": 1}).try_out()
    segmented = segment(folder, lenient)
    assert segmented.X.shape == (0, 260)
    assert segmented.cleaned.shape == (0, 27, 72)
    with pytest.raises(UserError, match=r"None of the 2.*all\.csv"):
        check_rejected(segmented, lenient, folder, "all.csv")
    files = SegmentedFiles.within(tmp_path / "out")
    write_segmented(files, segmented)
    assert same(read_segmented(files), segmented)


def test_a_label_file_that_the_configuration_does_not_name_is_no_picture_but_is_pointed_to(tmp_path):
    names = ["kq0ax", "m2bzz", "p9cvw", "t4dus"]
    files = {f"{name}.png": captcha(f"ab1{i}") for i, name in enumerate(names)}
    folder = fill(tmp_path / "in", files | {"labels.csv": b"file,label\nkq0ax.png,abc\n"})
    with pytest.raises(UserError) as caught:
        check_rejected(segment(folder, SEGMENTATION), SEGMENTATION, folder, "all.csv")
    said = str(caught.value)
    assert said.startswith("None of the 4 pictures in ")
    assert "correct them; a labels.csv is in the folder: name it as `labels` of these pictures if it" in said
    (folder / "ab10.png").write_bytes(captcha("ab10", 3))
    with pytest.raises(UserError, match=r"4 of 5 pictures .* raise max_rejected; a labels\.csv is in"):
        check_rejected(segment(folder, SEGMENTATION), SEGMENTATION, folder, "all.csv")
    labels = folder / "labels.csv"
    with pytest.raises(UserError, match=r"None of the 5 pictures .* correct them\. All reasons"):
        check_rejected(segment(folder, SEGMENTATION, labels), SEGMENTATION, folder, "all.csv", labels)
    labels.unlink()
    with pytest.raises(UserError, match=r"4 of 5 pictures .* raise max_rejected\. All reasons"):
        check_rejected(segment(folder, SEGMENTATION), SEGMENTATION, folder, "all.csv")


def test_what_is_written_is_read_back_even_with_strange_file_names(tmp_path):
    strange = ["ab12_,\"'.png", "ab12_\n.png", "ab12_\r.png", "ab12_é.png", BYTE_NAME]
    files = {name: captcha(name[:4], i) for i, name in enumerate(strange)} | {"bad\r.png": b"x"}
    segmented = segment(fill(tmp_path / "in", files), SEGMENTATION)
    assert len(segmented.pictures) == 5
    written = SegmentedFiles.within(tmp_path / "out" / "deep")
    write_segmented(written, segmented)
    assert same(read_segmented(written), segmented)
    assert b"aaaa_\xff.png" in written.pictures.read_bytes()


def test_the_written_files_are_the_documented_ones(tmp_path):
    files = {"ab12.png": captcha("ab12"), "ab12_2.png": captcha("ab12"), "11zz.png": captcha("11zz")}
    segmented = segment(fill(tmp_path / "in", files), SEGMENTATION)
    out = tmp_path / "out"
    written = SegmentedFiles.within(out)
    write_segmented(written, segmented)
    assert sorted(contents(out)) == sorted(path.name for path in written)
    lines = written.windows.read_bytes().split(b"\n")
    assert lines[:2] == [b"file,position,label,left,top,right,bottom", b"11zz.png,0,1,4,1,17,21"]
    assert written.rejected.read_bytes() == b"file,label,reason\nab12_2.png,ab12,a copy of ab12.png\n"
    assert json.loads(written.counts.read_text(encoding="utf-8")) == {
        "pictures": 3,
        "usable": 2,
        "rejected": 1,
        "share_rejected": 1 / 3,
        "classes": {"1": 3, "2": 1, "a": 1, "b": 1, "z": 2},
    }
    write_segmented(SegmentedFiles.within(tmp_path / "again"), segment(tmp_path / "in", SEGMENTATION))
    assert contents(tmp_path / "again") == contents(out)


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("pictures", None),
        ("pictures", b"file,label\n"),
        ("pictures", b"file,label,sha256\n"),
        ("rejected", b"file,label,reason\na\n"),
        ("windows", b"file,position,label,left,top,right,bottom\nab12.png,x,a,4,1,17,21\n"),
        ("characters", None),
        ("cleaned", b"x"),
        ("cleaned", b""),
    ],
)
def test_damaged_results_are_named(tmp_path, name, data):
    segmented = segment(fill(tmp_path / "in", {"ab12.png": captcha("ab12")}), SEGMENTATION)
    files = SegmentedFiles.within(tmp_path)
    write_segmented(files, segmented)
    damaged = getattr(files, name)
    damaged.unlink()
    if data is not None:
        damaged.write_bytes(data)
    with pytest.raises(UserError, match="again") as caught:
        read_segmented(files)
    assert str(tmp_path) in str(caught.value)


@pytest.mark.parametrize("name", ["characters", "cleaned"])
def test_arrays_of_another_number_of_pictures_are_refused(tmp_path, name):
    files = SegmentedFiles.within(tmp_path)
    write_segmented(files, segment(fill(tmp_path / "in", {"ab12.png": captcha("ab12")}), SEGMENTATION))
    array = np.load(getattr(files, name))
    np.save(getattr(files, name), np.concatenate([array, array]))
    with pytest.raises(UserError, match="they are of different runs"):
        read_segmented(files)
