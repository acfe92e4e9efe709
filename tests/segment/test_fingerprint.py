"""The digest of a folder of pictures: whatever may change a result changes it, and nothing else."""

import os

import pytest

from captchanet.segment import fingerprint as module
from captchanet.segment.fingerprint import fingerprint


@pytest.fixture
def folder(tmp_path):
    """A folder with two pictures and, beside it, the file of their labels."""
    (tmp_path / "in").mkdir()
    for name in ("a.png", "b.png"):
        (tmp_path / "in" / name).write_bytes(name.encode())
    (tmp_path / "labels.csv").write_text("file,label\na.png,ab12\nb.png,cd34\n")
    return tmp_path / "in"


def relabel(folder):
    (folder.parent / "labels.csv").write_text("file,label\na.png,ab12\nb.png,cd35\n")


@pytest.mark.parametrize(
    "change",
    [
        relabel,
        lambda folder: (folder / "b.png").rename(folder / "c.png"),
        lambda folder: (folder / "b.png").write_bytes(b"B.png"),
        lambda folder: (folder / "c.png").write_bytes(b"c.png"),
        lambda folder: (folder / "b.png").unlink(),
    ],
    ids=["a label", "a name", "a byte", "one more", "one less"],
)
def test_an_edited_label_and_a_renamed_or_changed_picture_change_it(folder, change):
    labels = folder.parent / "labels.csv"
    before = fingerprint(folder, labels)
    change(folder)
    assert fingerprint(folder, labels) != before


def test_names_and_contents_stay_together(folder):
    before = fingerprint(folder)
    (folder / "a.png").write_bytes(b"b.png")
    (folder / "b.png").write_bytes(b"a.png")
    assert fingerprint(folder) != before


def test_a_touched_a_copied_and_a_hidden_file_change_nothing(folder, tmp_path):
    before = fingerprint(folder)
    os.utime(folder / "a.png", (1, 1))
    (folder / ".hidden").write_text("x")
    assert fingerprint(folder) == before
    (tmp_path / "copy").mkdir()
    for name in ("b.png", "a.png"):
        (tmp_path / "copy" / name).write_bytes(name.encode())
    assert fingerprint(tmp_path / "copy") == before


def test_of_a_large_file_size_and_time_count_and_a_pipe_is_not_waited_for(folder, monkeypatch):
    monkeypatch.setattr(module, "LARGEST", 4)
    os.mkfifo(folder / "pipe.png")
    before = fingerprint(folder)
    assert fingerprint(folder) == before
    os.utime(folder / "a.png", (1, 1))
    touched = fingerprint(folder)
    assert touched != before
    (folder / "a.png").write_bytes(b"longer")
    os.utime(folder / "a.png", (1, 1))
    assert fingerprint(folder) != touched
