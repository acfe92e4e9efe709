"""The provenance of a run is complete, with git and without."""

import hashlib
import json
import subprocess
from pathlib import Path

import pytest

from captchanet.train import provenance as module
from captchanet.train.provenance import provenance


def git(folder, *words):
    done = subprocess.run(
        ["git", "-C", folder, "-c", "user.name=x", "-c", "user.email=x@x", *words],
        check=True,
        capture_output=True,
    )
    return done.stdout.decode().strip()


@pytest.fixture
def repository(tmp_path):
    (tmp_path / "src").mkdir()
    (tmp_path / "src/a.py").write_text("a = 1\n")
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-qm", "one")
    return tmp_path


def test_sources_and_pictures_are_listed_with_their_digests():
    file = Path(module.__file__)
    found = provenance([file], [("raw", "ab.png", "ab", "123")])
    name = "src/captchanet/train/provenance.py"
    assert found["sources"] == {name: hashlib.sha256(file.read_bytes()).hexdigest()}
    assert found["pictures"] == {"raw/ab.png": "123"}
    assert found["libraries"]["numpy"]
    assert found["blas"][0]["threads"] == 1
    assert json.loads(json.dumps(found)) == found


def test_a_clean_commit_is_named_without_a_patch(repository):
    found = module._git(repository)
    assert found == {"commit": git(repository, "rev-parse", "HEAD"), "dirty": False, "patch": ""}


def test_the_patch_of_a_dirty_tree_rebuilds_it_new_files_and_all(repository, tmp_path_factory):
    (repository / "src/a.py").write_text("a = 2\n")
    (repository / "src/new.py").write_text("new = 1\n")
    found = module._git(repository)
    assert found["dirty"]
    other = tmp_path_factory.mktemp("other")
    git(other, "clone", "-q", str(repository), ".")
    (other / "change.patch").write_text(found["patch"])
    git(other, "apply", "change.patch")
    assert (other / "src/a.py").read_text() == "a = 2\n"
    assert (other / "src/new.py").read_text() == "new = 1\n"
    assert git(repository, "diff", "--cached") == ""  # the user's own staging is untouched


def test_without_a_repository_or_without_git_it_works_all_the_same(tmp_path, monkeypatch):
    assert module._git(tmp_path / "nowhere") is None
    monkeypatch.setenv("PATH", "")
    assert module._git(tmp_path) is None
