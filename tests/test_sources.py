"""The modules that a script depends on are found by following its imports, and no others."""

from pathlib import Path

import pytest

from captchanet.sources import ROOT, sources

SCRIPTS = Path(__file__).resolve().parents[1] / "workflow/scripts"


def names(stage):
    return {str(file.relative_to(ROOT / "captchanet")) for file in sources(SCRIPTS / f"{stage}.py")}


def test_every_stage_depends_on_what_it_uses_and_not_on_what_it_does_not():
    assert {"images/read.py", "images/clean.py", "images/cut.py", "options.py"} <= names("segment")
    assert not {name for name in names("segment") if name.startswith(("nn/", "tracking/", "experiment/"))}
    assert {"nn/descent.py", "nn/objective.py", "experiment/train.py", "experiment/dataset.py"} <= names(
        "train"
    )
    assert "images/draw.py" not in names("train")
    assert "experiment/evaluate.py" not in names("train")
    assert "experiment/evaluate.py" in names("evaluate")
    assert "tracking/record.py" in names("track")
    assert "experiment/page.py" in names("report")
    assert {"experiment/page.py", "experiment/beside_classes.py"} <= names("beside")
    assert "experiment/figures.py" not in names("beside")
    assert not {name for name in names("evaluate") if name.startswith("tracking/")}


def test_drawing_and_cutting_do_not_rerun_each_other():
    assert {"images/draw.py", "images/drawn.py", "images/outlines.py"} <= names("draw")
    assert not {"images/cut.py", "images/segment.py", "images/augment.py"} & names("draw")
    assert not {"images/draw.py", "images/drawn.py", "images/augment.py"} & names("segment")
    assert "images/augment.py" in names("train")
    assert "images/draw.py" not in names("train")


def test_an_import_inside_a_function_counts(tmp_path):
    script = tmp_path / "script.py"
    script.write_text("def f():\n    from captchanet.nn.start import uniform\n")
    assert ROOT / "captchanet/nn/start.py" in sources(script)


def test_a_package_counts_with_the_module(tmp_path):
    script = tmp_path / "script.py"
    script.write_text("import captchanet.images.draw\nimport numpy\n")
    found = sources(script)
    assert ROOT / "captchanet/__init__.py" in found
    assert ROOT / "captchanet/images/__init__.py" in found


@pytest.mark.parametrize("text", ["import os", "from pathlib import Path", "from . import neighbour"])
def test_what_is_not_of_the_package_does_not_count(text, tmp_path):
    script = tmp_path / "script.py"
    script.write_text(text)
    assert sources(script) == []
