"""git runs in the folder that is given, and its error is one sentence."""

import pytest

from captchanet.errors import UserError
from captchanet.git import git


@pytest.fixture
def repository(tmp_path):
    git(tmp_path, "init", "--quiet")
    return tmp_path


def test_variables_of_a_git_hook_do_not_lead_it_elsewhere(repository, monkeypatch):
    monkeypatch.setenv("GIT_DIR", "/nowhere")
    monkeypatch.setenv("GIT_WORK_TREE", "/nowhere")
    assert git(repository, "rev-parse", "--show-toplevel").decode().strip() == str(repository.resolve())


def test_it_takes_input_and_variables_of_its_own(repository, tmp_path):
    blob = git(repository, "hash-object", "-w", "--stdin", given=b"text").decode().strip()
    index = {"GIT_INDEX_FILE": str(tmp_path / "other index")}
    git(repository, "update-index", "--add", "--cacheinfo", f"100644,{blob},a.txt", variables=index)
    assert git(repository, "ls-files", variables=index) == b"a.txt\n"
    assert git(repository, "ls-files") == b""


def test_no_hook_of_the_user_runs(repository, tmp_path):
    hook = repository / ".git/hooks/post-checkout"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\ntouch '{tmp_path}/ran'\n")
    hook.chmod(0o755)
    name = ("-c", "user.name=A", "-c", "user.email=a@b.c")
    git(repository, *name, "commit", "--allow-empty", "--message", "Begin")
    git(repository, "worktree", "add", "--detach", str(tmp_path / "tree"))
    assert (tmp_path / "tree").is_dir()
    assert not (tmp_path / "ran").exists()


def test_its_first_complaint_is_the_error(repository, monkeypatch):
    with pytest.raises(UserError, match=r"^Not a valid object name nothing$"):
        git(repository, "cat-file", "-e", "nothing")
    with pytest.raises(UserError, match=r"^corrupt patch|^No valid patches"):
        git(repository, "apply", "-", given=b"no patch")
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(UserError, match="git is not installed"):
        git(repository, "status")
