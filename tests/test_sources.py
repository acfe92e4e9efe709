"""The modules that a script depends on are found by following its imports, and no others."""

import functools
from pathlib import Path

import pytest

from captchanet.sources import ROOT, sources

SCRIPTS = Path(__file__).resolve().parents[1] / "workflow/scripts"


@functools.cache
def names(stage):
    return {str(file.relative_to(ROOT / "captchanet")) for file in sources(SCRIPTS / f"{stage}.py")}


def test_every_stage_depends_on_what_it_uses_and_not_on_what_it_does_not():
    assert {"segment/read.py", "segment/clean.py", "segment/segmentation.py", "settings.py"} <= names(
        "segment"
    )
    assert not {name for name in names("segment") if name.startswith(("nn/", "track/", "train/"))}
    assert {"nn/mini_batch.py", "nn/objective.py", "train/train.py", "dataset/dataset.py"} <= names("train")
    assert "synthesize/style.py" not in names("train")
    assert "evaluate/metrics.py" not in names("train")
    assert "evaluate/metrics.py" in names("evaluate")
    assert "track/log_runs.py" in names("track")
    assert "report/page.py" in names("report")
    assert not {"synthesize/style.py", "config/configuration.py"} & (names("report") | names("track"))
    assert {"report/page.py", "evaluate/domain_gap.py"} <= names("domain_gap")
    assert not {"report/figures.py", "segment/suggest.py"} & names("domain_gap")
    assert not {name for name in names("evaluate") if name.startswith("track/")}


def test_synthesizing_and_segmenting_do_not_rerun_each_other():
    of_kinds = {
        "synthesize/style.py",
        "synthesize/kinds.py",
        "synthesize/turned.py",
        "synthesize/outlines.py",
    }
    assert of_kinds <= names("synthesize")
    assert not {"segment/segmentation.py", "segment/segment.py", "train/augment.py"} & names("synthesize")
    assert not {"synthesize/style.py", "synthesize/kinds.py", "train/augment.py"} & names("segment")
    assert "train/augment.py" in names("train")
    assert "synthesize/style.py" not in names("train")


def test_an_import_inside_a_function_counts(tmp_path):
    script = tmp_path / "script.py"
    script.write_text("def f():\n    from captchanet.nn.initialisation import uniform\n")
    assert ROOT / "captchanet/nn/initialisation.py" in sources(script)


def test_a_package_counts_with_the_module(tmp_path):
    script = tmp_path / "script.py"
    script.write_text("import captchanet.synthesize.style\nimport numpy\n")
    found = sources(script)
    assert ROOT / "captchanet/__init__.py" in found
    assert ROOT / "captchanet/synthesize/__init__.py" in found


@pytest.mark.parametrize("text", ["import os", "from pathlib import Path", "from . import neighbour"])
def test_what_is_not_of_the_package_does_not_count(text, tmp_path):
    script = tmp_path / "script.py"
    script.write_text(text)
    assert sources(script) == []
