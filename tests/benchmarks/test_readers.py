"""Peers learn, outside readers use only the alphabet, and readers that are not installed are named."""

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import outside
import pytest
import readers
from click.testing import CliRunner
from PIL import Image
from splits import Shown, Task, spelt

from captchanet.synthesize.folder import synthesize_folder
from captchanet.train.augment import Crops

WINDOWS = np.array([[left, 1, left + 13, 21] for left in (4, 16, 28, 40)])


def shapes(count, seed):
    """Captchas of three shapes: a is an upright bar, b a lying bar, and c a block."""
    y = np.random.default_rng(seed).integers(0, 3, (count, 4))
    cleaned = np.zeros((count, 27, 72), np.float32)
    for number, row in enumerate(y):
        for index, letter in enumerate(row):
            high, wide = ((12, 2), (2, 8), (8, 6))[letter]
            top, left = 11 - high // 2, 10 + 12 * index - wide // 2
            cleaned[number, top : top + high, left : left + wide] = 1
    X = np.stack([cleaned[:, 1:21, left : left + 13].reshape(count, 260) for left in (4, 16, 28, 40)], axis=1)
    return Shown(X, cleaned, [f"{number}.png" for number in range(count)]), y


@pytest.fixture
def task():
    """30 captchas of three shapes to learn from, and 10 to read."""
    (known, y), (unseen, truth) = shapes(30, 1), shapes(10, 2)
    crops = Crops(known.cleaned, np.tile(WINDOWS, (30, 1)).astype(float), (20, 13))
    return Task("abc", known, y, crops, unseen, spelt(truth, "abc"))


@pytest.mark.workflow
@pytest.mark.parametrize("name", ["nearest", "svc", "mlp"])
def test_a_peer_from_scikit_learn_learns_three_shapes(task, name):
    pytest.importorskip("sklearn", reason="pip install scikit-learn")
    import learners

    assert getattr(learners, name)(task, 1)(task.unseen) == task.labels


@pytest.mark.workflow
@pytest.mark.parametrize(("name", "steps"), [("windows", 10), ("picture", 30)])
def test_a_convolutional_peer_learns_three_shapes(task, name, steps):
    pytest.importorskip("torch", reason="pip install 'captchanet[bench]' (PyTorch)")
    import convolutional

    assert getattr(convolutional, name)(task, 1, steps=steps)(task.unseen) == task.labels


def test_ddddocr_is_held_to_the_alphabet_in_one_thread_and_reads_the_files(monkeypatch, tmp_path):
    seen = []

    class Reader:
        def __init__(self, show_ad):
            assert not show_ad
            runtime.InferenceSession("a model")

        def set_ranges(self, ranges):
            seen.append(ranges)

        def classification(self, data):
            return data.decode()

    runtime = SimpleNamespace(
        SessionOptions=SimpleNamespace,
        InferenceSession=lambda model, sess_options: seen.append(sess_options.intra_op_num_threads),
    )
    monkeypatch.setitem(sys.modules, "ddddocr", SimpleNamespace(DdddOcr=Reader))
    monkeypatch.setitem(sys.modules, "onnxruntime", runtime)
    (tmp_path / "picture").write_text("aBc")
    read = outside.ddddocr("abc")
    assert seen == [1, "abcABC"]
    assert read(Shown(np.empty(0), np.empty(0), [str(tmp_path / "picture")])) == ["abc"]


def test_tesseract_gets_all_pictures_at_once_and_its_pages_are_readings(monkeypatch):
    def tesseract(command, **options):
        files = Path(command[1]).read_text().split()
        assert "tessedit_char_whitelist=abc" in command
        pictures = [np.asarray(Image.open(file)) for file in files]
        assert [picture.shape for picture in pictures] == [(64, 154)] * 3
        assert all(picture.min() < 100 for picture in pictures)
        assert all((picture[:5] == 255).all() for picture in pictures)
        return SimpleNamespace(stdout="a b\n\f\fC\n")

    monkeypatch.setattr(subprocess, "run", tesseract)
    assert outside.tesseract("abc")(shapes(3, 1)[0]) == ["ab", "", "c"]


def test_a_character_counts_in_its_place_only():
    assert readers.shares(["abcd", "abd", ""], ["abcd", "abcd", "abcd"]) == (100 / 3, 50)


def test_what_is_not_installed_is_left_out_with_how_to_install_it_and_a_peer_is_listed(monkeypatch, tmp_path):
    monkeypatch.setattr(readers, "installed", lambda package: package == "sklearn")
    synthesize_folder(tmp_path / "captchas", 30, 1)
    chosen = [part for name in readers.NAMES[4:] if name != "mlp" for part in ("--only", name)]
    arguments = [str(tmp_path / "captchas"), "--captchas", "-3", "--splits", "2", *chosen]
    done = CliRunner().invoke(readers.main, [*arguments, "--out", str(tmp_path / "all.csv")])
    assert done.exit_code == 0, done.output
    for name, package in (("cnn-windows", "torch"), ("cnn-picture", "torch"), ("ddddocr", "ddddocr")):
        assert f"{name} is left out: pip install {package}\n" in done.output
    assert "tesseract is left out: apt-get install tesseract-ocr\n" in done.output
    lines = [line.split(" |")[0] for line in done.output.splitlines() if " | 27 | 3 | 2 | " in line]
    assert lines == ["| 1-nn", "| svc"]
    assert len((tmp_path / "all.csv").read_text().splitlines()) == 1 + 2 * 2


def test_a_split_that_leaves_nothing_is_refused(tmp_path):
    synthesize_folder(tmp_path / "captchas", 5, 1)
    done = CliRunner().invoke(readers.main, [str(tmp_path / "captchas"), "--captchas", "5"])
    assert done.exit_code == 1
    assert "5 captchas cannot be split into" in done.output
