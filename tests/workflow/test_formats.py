"""A run that was recorded before formats had numbers is still listed, and repeated by its own code."""

import json
import os
import subprocess
import sys

import pytest

pytestmark = pytest.mark.workflow

BEFORE = "272a95130b31d073747c936d264129e8bf092464"
"""The last commit of format 1: its configuration says `cut`, its results lie in results/train/."""
CONFIG = """
pictures:
  raw: {folder: data/raw, labels: labels.csv}
  unseen: {folder: data/unseen}
  drawn: {draw: {method: turned, count: 12, seed: 3}}
segment: {grid: {}}
dataset: {main: {cut: grid, train: raw, unseen: unseen, drawn: drawn, captchas: 20, calibration: 4}}
train:
  old:
    hidden: [8]
    start: {method: he}
    drawn_share: 0.5
    optimiser: {method: sgd, epochs: 2, batch_size: 16, learning_rate: 0.5}
xor: {steps: 200}
"""


@pytest.fixture(scope="module")
def old(tmp_path_factory, root):
    """A checkout of that commit in which a run has been recorded."""
    folder = tmp_path_factory.mktemp("old") / "checkout"
    clone = ["git", "clone", "--quiet", "--shared", str(root), str(folder)]
    checkout = ["git", "-C", str(folder), "checkout", "--quiet", "--detach", BEFORE]
    for command in (clone, checkout):
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            pytest.skip(f"set CAPTCHANET_HISTORY: this clone lacks the commit ({done.stderr.strip()})")
    names = sorted(file.name for file in (folder / "data/raw").glob("*.png"))
    rows = [f"{name},{name.split('.')[0].split('_')[0]}" for name in names]
    (folder / "labels.csv").write_text("\n".join(["file,label", *rows]) + "\n")
    (folder / "old.yaml").write_text(CONFIG)
    ran = in_folder(folder, "snakemake", "--cores", "2", "--configfile", "old.yaml")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return folder


def in_folder(folder, module, *words, **env):
    """The output of a module that is run there, with the code of that checkout."""
    inherited = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    return subprocess.run(
        [sys.executable, "-m", module, *words],
        cwd=folder,
        env=inherited | env,
        capture_output=True,
        text=True,
        timeout=300,
    )


def captchanet(folder, root, *words):
    """The command line of today in that checkout."""
    return in_folder(folder, "captchanet", *words, "--configfile", "old.yaml", PYTHONPATH=str(root / "src"))


def test_it_is_listed(old, root):
    shown = captchanet(old, root, "runs", "--set", "default")
    assert shown.returncode == 0, shown.stderr
    assert {line.split()[1] for line in shown.stdout.splitlines()[1:3]} == {"old", "xor"}


def test_it_is_told_in_todays_words_so_that_it_can_be_compared_with_others(old, root):
    (shown,) = json.loads(
        captchanet(old, root, "runs", "--set", "*", "--filter", "name = old", "--format", "json").stdout
    )
    assert {
        "initialisation.method": "he",
        "synthetic_share": 0.5,
        "dataset.segment": "grid",
        "dataset.synthetic": "drawn",
        "segment.split.method": "grid",
        "segment.clean.smallest_component": 3,
        "pictures.drawn.synthesize.method": "turned",
    }.items() <= shown["parameters"].items()
    words = {*shown["parameters"], *shown["metrics"], *shown["tags"]}
    assert {"unseen/captchas/coverage_at_99", "data.synthetic_sha256"} <= words
    old_words = ("start.", "draw.", "cut.", "share_99", "drawn_", "piece")
    assert not [word for word in words if any(old_word in word for old_word in old_words)]


@pytest.mark.parametrize("run", ["old", "xor"])
def test_it_is_repeated_to_the_last_bit_by_its_own_code(old, root, run):
    again = captchanet(old, root, "rerun", run)
    assert again.returncode == 0, again.stdout + again.stderr
    assert "repeated to the last bit: " in again.stdout
    assert f"its code is commit {BEFORE[:8]}" in again.stdout
