"""Runs of the real workflow are run again by `captchanet rerun` and `verify` after everything has changed."""

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time

import pytest

pytestmark = pytest.mark.workflow

SWEEP = """
sweeps:
  weights: {run: cg, grid: {train.penalty.weight: [0.1, 1.0]}, seeds: 2}
"""


def git(folder, *words):
    command = ["git", "-C", str(folder), "-c", "user.name=x", "-c", "user.email=x@x", *words]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


@pytest.fixture(scope="module")
def later(project, root):
    """A project with runs of uncommitted code, in which everything has changed since.

    Its first runs were recorded before it had git.
    """
    folder = project.folder
    shutil.copy(root / ".gitignore", folder)
    git(folder, "init", "-q")
    git(folder, "add", ".")
    git(folder, "commit", "-qm", "one")
    project.write("config/tiny.yaml", project.text("config/tiny.yaml") + SWEEP)
    edited = "src/captchanet/train/train.py"
    text = project.text(edited)
    project.write(edited, text + "\nfrom captchanet.train import added  # noqa: E402, F401\n")
    project.write("src/captchanet/train/added.py", "NEW = 1\n")
    ran = project.snakemake()
    assert ran.status == 0, ran.output
    # other code, committed; another configuration; one more picture; no results
    other = text.replace("default_rng(settings.seed)", "default_rng(settings.seed + 1)")
    assert other != text
    project.write(edited, other)
    (folder / "src/captchanet/train/added.py").unlink()
    git(folder, "commit", "-qam", "two")
    project.write("config/tiny.yaml", project.text("config/tiny.yaml").replace("hidden: [8]", "hidden: [9]"))
    new = sorted((root / "data/unseen").glob("*.png"))[12]
    shutil.copy(new, folder / "data/raw")
    shutil.rmtree(folder / "results")
    project.before = history(project)
    return project


def history(project):
    return hashlib.sha256((project.folder / "mlflow.db").read_bytes()).hexdigest()


def command(project, *words):
    return project.command(*words, "--configfile", "config/tiny.yaml")


def worktrees(project):
    return git(project.folder, "worktree", "list").count("\n") - 1


def test_a_run_of_a_sweep_is_repeated_by_its_id(later):
    ((child,),) = later.sql("select run_uuid from runs where name = 'weight=1.0,seed=2'")
    again = command(later, "rerun", child[:8])
    assert again.status == 0, again.output
    assert "repeated to the last bit: theta" in again.output
    assert "with its uncommitted changes" in again.output
    folder = later.folder / f"reruns/weights,weight=1.0,seed=2-{child[:8]}"
    verdict = json.loads((folder / "verdict.json").read_text())
    assert verdict["repeated"]
    assert verdict["differences"] == []
    assert len(list((folder / "data/raw").iterdir())) == 60
    assert not (folder / "code").exists()
    assert worktrees(later) == 0


def test_another_folder_and_four_cores_give_the_same_bits(later, tmp_path):
    folder = tmp_path / "with {odd} name"
    # as if somebody else had recorded its uncommitted changes
    known = later.folder / ".snakemake/captchanet-patches.txt"
    known.rename(known.with_name("away"))
    words = ("rerun", "sgd", "--cores", "4", "--folder", str(folder), "--keep")
    refused = command(later, *words)
    assert refused.status == 2, refused.output
    assert "  +from captchanet.train import added" in refused.output
    assert "not recorded in this folder" in refused.output
    assert "6 lines added and 0 removed in config/tiny.yaml" in refused.output
    assert "NEW = 1" in (folder / "uncommitted-changes.patch").read_text()
    assert not (folder / "code").exists()
    again = command(later, *words, "--trust-patch")
    known.with_name("away").rename(known)
    assert again.status == 0, again.output
    assert "the one that a configuration names" in again.output
    assert (folder / "code/src/captchanet/train/added.py").exists()
    assert worktrees(later) == 1
    git(later.folder, "worktree", "remove", "--force", str(folder / "code"))


def test_xor_is_repeated(later):
    again = command(later, "rerun", "xor")
    assert again.status == 0, again.output
    assert "outputs 0." in again.output


def test_a_killed_rerun_does_not_hinder_the_next(later):
    folder = later.folder / "reruns/killed"
    words = ["rerun", "cg", "--folder", str(folder), "--configfile", "config/tiny.yaml"]
    process = subprocess.Popen(
        [sys.executable, "-m", "captchanet", *words],
        cwd=later.folder,
        env=later.env | {"PYTHONPATH": str(later.folder / "src")},
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )
    while not (folder / "results").exists():
        assert process.poll() is None
        time.sleep(0.05)
    # itself alone; the workflow that it started ends with it
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    again = later.command(*words)
    assert again.status == 0, again.output
    assert worktrees(later) == 0


def test_a_sample_of_all_runs_is_verified(later):
    verified = command(later, "verify", "--number", "2", "--sweep", "weights")
    assert verified.status == 0, verified.output
    assert "2 of 2 repeated to the last bit; sampled from 4 by the seed 1" in verified.output


def test_a_whole_sweep_and_an_unknown_run_are_said(later):
    whole = command(later, "rerun", "weights")
    assert whole.status == 2
    assert "is a whole sweep; name one of its runs, such as weights,weight=" in whole.output
    unknown = command(later, "rerun", "nobody")
    assert unknown.status == 2
    assert "no recorded run is called 'nobody'" in unknown.output


def test_a_run_that_was_made_without_git_needs_its_code(later):
    ((old,),) = later.sql(
        "select run_uuid from runs join tags using (run_uuid) where runs.name = 'cg' "
        "and key = 'captchanet.configured' and tags.value = 'no'"
    )
    refused = command(later, "rerun", old)
    assert refused.status == 2
    assert "made without git, and 1 of its sources differ in" in refused.output
    assert "src/captchanet/train/train.py" in refused.output


def test_a_changed_and_a_lost_picture_refute_and_are_named_unless_git_has_them(later, root):
    ((run,),) = later.sql("select run_uuid from runs where name = 'weight=0.1,seed=1'")
    recorded = later.folder / "reruns" / f"weights,weight=0.1,seed=1-{run[:8]}"
    raw = [later.folder / "data/raw" / file.name for file in sorted((root / "data/raw").glob("*.png"))[:3]]
    raw[0].write_bytes(raw[1].read_bytes())
    raw[2].unlink()
    again = command(later, "rerun", run, "--pictures-as-they-are")
    assert again.status == 1, again.output
    assert "NOT repeated: theta" in again.output
    table = [line.split() for line in again.output.splitlines() if line.startswith("  data ")]
    digest = hashlib.sha256(raw[1].read_bytes()).hexdigest()[:8]
    assert [row[1] for row in table[:2]] == [f"data/raw/{raw[i].name}" for i in (0, 2)]
    assert [row[-1] for row in table[:2]] == [digest, "missing"]
    # everything is kept, and does no harm
    assert (recorded / "code").exists()
    lent = command(later, "rerun", run)
    assert lent.status == 0, lent.output
    assert f"data/raw/{raw[2].name} is not as it was (missing) and was taken from git" in lent.output
    assert worktrees(later) == 0


def test_the_history_is_as_it_was(later):
    assert history(later) == later.before
    assert git(later.folder, "status", "--porcelain", "src") == ""
