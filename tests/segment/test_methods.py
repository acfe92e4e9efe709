"""docs/segmentation.md is true: it shows every method, and its examples work as methods."""

import ast
import importlib.util
import re

import numpy as np
import pytest
from pictures import SETTINGS
from PIL import Image

from captchanet.config.resolve import resolved
from captchanet.errors import UserError
from captchanet.segment import clean, split
from captchanet.segment.clean import CLEANERS
from captchanet.segment.segmentation import Segmentation, clean_and_split
from captchanet.segment.split import SPLITTERS


@pytest.fixture(scope="module")
def tool(root):
    spec = importlib.util.spec_from_file_location("methods", root / "tools/methods.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def page(root):
    return (root / "docs/segmentation.md").read_text()


def example(page, name):
    (program,) = (block for block in re.findall(r"```python\n(.*?)```", page, flags=re.S) if name in block)
    function = ast.parse(program).body[0]
    docstring = function.body[0]
    lines = function.end_lineno - (docstring.end_lineno - docstring.lineno + 1)
    assert lines <= 10, "its title promises ten lines, besides the docstring"
    return program


def test_every_method_is_explained_and_shown(tool, page):
    for name in (*CLEANERS, *SPLITTERS):
        assert f"**`{name}`**" in page, f"explain {name} in docs/segmentation.md"
        assert name in tool.SHOWN
    shown = set(re.findall(r"methods/([\w-]+)\.png\)", page))
    assert shown == set(tool.SHOWN), "docs/segmentation.md shows other pictures than tools/methods.py"


def test_the_pictures_show_what_the_methods_do(tool, root):
    files = {file.stem for file in (root / "docs/methods").iterdir()}
    assert files == set(tool.SHOWN), "run python tools/methods.py"
    for name in tool.SHOWN:
        with Image.open(root / f"docs/methods/{name}.png") as image:
            kept = np.asarray(image.convert("RGB")).astype(int)
        found = np.asarray(tool.show(name).convert("RGB")).astype(int)
        assert found.shape == kept.shape, f"{name}: run python tools/methods.py"
        # other machines may round sums differently
        assert np.abs(found - kept).max() <= 12, f"{name}: run python tools/methods.py"


def test_the_picture_of_the_second_kind_shows_what_is_synthesized(tool, root):
    with Image.open(root / "docs/lined.png") as image:
        kept = np.asarray(image.convert("RGB")).astype(int)
    found = np.asarray(tool.show_lined()).astype(int)
    assert found.shape == kept.shape
    assert np.abs(found - kept).max() <= 12, "run python tools/methods.py"


def test_the_ten_lines_are_a_cleaning_method(page, monkeypatch):
    program = example(page, "def colourful")
    registry = dict(CLEANERS)
    exec(compile(program, "segmentation.md", "exec"), {**vars(clean), "CLEANERS": registry})
    monkeypatch.setitem(CLEANERS, "colourful", registry["colourful"])
    segmentation = settings({"method": "colourful", "smallest_component": 5}, {"method": "grid"})
    assert segmentation.clean.options == {"frame": 1, "smallest_component": 5}
    pictures = np.full((2, 27, 72, 3), 255, np.uint8)
    pictures[:, 4:20, 6:12] = (0, 0, 153)
    pictures[1, 10] = 0
    cleaned, vectors, _ = clean_and_split(pictures, segmentation)
    assert cleaned.dtype == np.float32
    assert cleaned.max() == np.float32(153 / 255)
    assert not cleaned[1, 10].any()
    assert vectors[:, 0].any()


def test_the_other_ten_lines_are_a_splitting_method(page, monkeypatch):
    program = example(page, "def parts")
    registry = dict(SPLITTERS)
    exec(compile(program, "segmentation.md", "exec"), {**vars(split), "SPLITTERS": registry})
    monkeypatch.setitem(SPLITTERS, "parts", registry["parts"])
    for lines, channels in (("keep", 1), ("channel", 2)):
        segmentation = settings({"method": "distance", "lines": lines}, {"method": "parts", "width": 10})
        _, vectors, windows = clean_and_split(np.zeros((2, 27, 72, 3), np.uint8), segmentation)
        assert vectors.shape == (2, 4, channels * 200)
        assert windows[1].tolist() == [[18 * i, 0, 18 * i + 18, 27] for i in range(4)]


def settings(clean, split):
    return Segmentation.of(SETTINGS | {"clean": clean, "split": split}).try_out()


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("fold", "down", ["segment.mine.fold", "none, lower, upper"]),
        ("clean", {"method": "threshold", "level": 300}, ["clean.level", "at most 256"]),
        ("clean", {"method": "otsu", "speckle_neighbours": 9}, ["clean.speckle_neighbours", "at most 8"]),
        ("clean", {"method": "distance", "lines": "gone"}, ["clean.lines", "keep, remove, channel"]),
        ("clean", {"method": "distance", "line_length": 0}, ["clean.line_length", "at least 1"]),
        ("split", {"method": "seams", "reach": -1}, ["split.reach", "at least 0"]),
        ("split", {"method": "valleys", "pitch": 0}, ["split.pitch", "more than 0"]),
        (
            "split",
            {"method": "components", "smallest_component": "-1"},
            ["split.smallest_component", "at least 0"],
        ),
    ],
)
def test_options_out_of_range_are_refused_before_anything_runs(root, key, value, words):
    config = {
        "pictures": {"own": {"folder": "x"}},
        "segment": {"mine": {key: value}},
        "dataset": {"main": {"segment": "mine", "train": "own", "unseen": 0.25}},
        "train": {"cg": {}},
    }
    with pytest.raises(UserError) as caught:
        resolved(config)
    for word in words:
        assert word in str(caught.value)
