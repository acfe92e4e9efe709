"""The code of a run is recorded to the byte, whatever git is told; what git refuses is said."""

import hashlib
import os
import re
import shutil
import subprocess

import pytest

from captchanet.train import code_origin as module
from captchanet.train.code_origin import code_origin, recorded_here, remember


def git(folder, *words):
    done = subprocess.run(
        ["git", "-C", folder, "-c", "user.name=x", "-c", "user.email=x@x", *words],
        check=True,
        capture_output=True,
    )
    return done.stdout.decode().strip()


@pytest.fixture
def repository(tmp_path):
    """A repository with a file of code, in its only commit."""
    folder = tmp_path / "repository"
    (folder / "src").mkdir(parents=True)
    (folder / "src/a.py").write_text("a = 1\n")
    git(folder, "init", "-q")
    git(folder, "add", ".")
    git(folder, "commit", "-qm", "one")
    return folder


def head(folder):
    return git(folder, "rev-parse", "HEAD")


def clean(folder):
    return {"commit": head(folder), "dirty": False, "patch": "", "problem": ""}


def everything(folder):
    """Every file below a folder, with its content."""
    return {file: file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def code(folder):
    """The files of code, with their content."""
    files = everything(folder / "src").items()
    return {str(file.relative_to(folder)): content for file, content in files}


def rebuilt(repository, patch, folder):
    """The files of code that the commit and the patch make."""
    git(repository, "clone", "-q", "-c", "core.autocrlf=false", str(repository), str(folder))
    patch = patch.encode("utf-8", "surrogateescape")
    subprocess.run(["git", "-C", folder, "apply", "--binary", "-"], input=patch, check=True)
    return code(folder)


def test_a_clean_commit_is_named_without_a_patch(repository):
    assert code_origin(repository, ["src/a.py"]) == clean(repository)


def test_the_patch_rebuilds_every_byte_of_the_code(repository, tmp_path):
    src = repository / "src"
    for name in ("gone.py", "folder.py", "mode.py"):
        (src / name).write_text("1\n")
    (src / "link.py").symlink_to("a.py")
    git(repository, "add", ".")
    git(repository, "commit", "-qm", "two")
    (src / "a.py").write_bytes(b"a = 2  # \xe9\r\n")
    (src / "gone.py").unlink()
    (src / "folder.py").unlink()
    (src / "folder.py").mkdir()
    (src / "folder.py/in.py").write_text("in")
    (src / "mode.py").chmod(0o755)
    (src / "link.py").unlink()
    (src / "link.py").symlink_to("mode.py")
    (src / 'new "one"\n.py').write_text("new = 1\r\n")
    (src / "empty.py").touch()
    git(repository, "add", 'src/new "one"\n.py')
    staged = git(repository, "diff", "--cached")
    kept = everything(repository / ".git")
    found = code_origin(repository, ["src/a.py", "src/folder.py/in.py", "src/link.py"])
    assert (found["dirty"], found["problem"]) == (True, "")
    assert rebuilt(repository, found["patch"], tmp_path / "other") == code(repository)
    # nothing of it is left in the repository, and the user's own staging is untouched
    assert everything(repository / ".git") == kept
    assert git(repository, "diff", "--cached") == staged


def test_a_change_in_each_place_that_counts_as_code_is_in_the_patch(repository):
    places = [
        "Snakefile",
        "config/a.yaml",
        "profiles/default/config.yaml",
        "src/a.py",
        "workflow/rules/a.smk",
    ]
    for text in ("before\n", "after\n"):
        for file in [*places, "notes.txt", "tests/test_a.py"]:
            (repository / file).parent.mkdir(parents=True, exist_ok=True)
            (repository / file).write_text(text)
        if text == "before\n":
            git(repository, "add", ".")
            git(repository, "commit", "-qm", "two")
    patch = code_origin(repository)["patch"]
    assert re.findall(r"^\+\+\+ b/(.*)$", patch, re.M) == places
    assert patch.count("\n-before\n+after\n") == len(places)


def test_what_can_be_run_stays_so_and_a_repository_inside_is_no_change(repository, tmp_path):
    tool, inner = repository / "src/tool.sh", repository / "src/inner"
    tool.write_text("echo\n")
    tool.chmod(0o755)
    origin = code_origin(repository)
    assert "new file mode 100755" in origin["patch"]
    inner.mkdir()
    (inner / "b.py").write_text("b = 1\n")
    git(inner, "init", "-q")
    git(inner, "add", ".")
    git(inner, "commit", "-qm", "inner")
    git(repository, "-c", "advice.addEmbeddedRepo=false", "add", ".")
    git(repository, "commit", "-qm", "two")
    assert code_origin(repository) == clean(repository)


@pytest.mark.parametrize("ends", [b"\n", b"\r\n"])
def test_settings_and_attributes_of_the_user_change_no_byte(repository, tmp_path, monkeypatch, ends):
    for key, value in (
        ("core.autocrlf", "true"),
        ("core.safecrlf", "true"),
        ("core.fileMode", "false"),
        ("filter.no.clean", "false"),
        ("filter.no.required", "true"),
        ("diff.noprefix", "true"),
        ("color.ui", "always"),
        ("log.showSignature", "true"),
        ("core.splitIndex", "true"),
    ):
        git(repository, "config", key, value)
    (repository / ".gitattributes").write_text("* text=auto\n*.py filter=no ident\n")
    text = b"a = 1  # $Id$" + ends
    (repository / "src/a.py").write_bytes(text)
    before = everything(repository / ".git")
    # as in a hook of another repository
    for name in (
        "GIT_DIR",
        "GIT_WORK_TREE",
        "GIT_INDEX_FILE",
        "GIT_CEILING_DIRECTORIES",
        "GIT_EXTERNAL_DIFF",
    ):
        monkeypatch.setenv(name, str(tmp_path))
    found = code_origin(repository)
    assert (found["dirty"], found["problem"]) == (True, "")
    assert everything(repository / ".git") == before
    for name in list(os.environ):
        if name.startswith("GIT_"):
            monkeypatch.delenv(name)
    (repository / ".gitattributes").unlink()
    assert rebuilt(repository, found["patch"], tmp_path / "other") == {"src/a.py": text}


def test_a_worktree_a_submodule_and_a_folder_of_a_larger_repository_are_repositories(repository, tmp_path):
    git(repository, "worktree", "add", "--detach", str(tmp_path / "tree"))
    assert code_origin(tmp_path / "tree") == clean(repository)
    outer = tmp_path / "outer"
    outer.mkdir()
    git(outer, "init", "-q")
    git(outer, "-c", "protocol.file.allow=always", "submodule", "add", "-q", str(repository), "in side")
    assert code_origin(outer / "in side") == clean(repository)
    shutil.copytree(repository / "src", outer / "project/src")
    git(outer, "add", ".")
    git(outer, "commit", "-qm", "one")
    assert code_origin(outer / "project") == clean(outer)
    (outer / "project/src/a.py").write_text("a = 2\n")
    assert "\n+++ b/project/src/a.py\n" in code_origin(outer / "project")["patch"]


def test_without_any_repository_there_is_nothing_to_say(tmp_path, monkeypatch):
    assert code_origin(tmp_path / "nowhere") is None
    monkeypatch.setenv("PATH", "")
    assert code_origin(tmp_path) is None


def test_a_repository_that_git_cannot_use_is_said_with_its_reason(repository, tmp_path, monkeypatch):
    nothing = {"commit": None, "dirty": None, "patch": ""}
    inner = repository / "inner"
    shutil.copytree(repository / "src", inner / "src")
    # it is not in the commit of the repository around it, whether that ignores it or not
    for ignored in ("", "/inner\n"):
        (repository / ".gitignore").write_text(ignored)
        problem = f"the repository {repository} has none of this code in its commit {head(repository)[:8]}"
        assert code_origin(inner) == nothing | {"problem": problem}
    empty = tmp_path / "empty"
    (empty / ".git").mkdir(parents=True)
    assert "not a git repository" in code_origin(empty)["problem"]
    git(empty, "init", "-q")
    assert "does not have any commits yet" in code_origin(empty)["problem"]
    monkeypatch.setenv("PATH", "")
    assert code_origin(repository) == nothing | {"problem": "git is not installed"}


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can give files away")
def test_a_checkout_of_another_user_is_said_with_the_remedy(repository, monkeypatch):
    for one in (repository, repository / ".git"):
        os.chown(one, 65534, 65534)
    problem = code_origin(repository)["problem"]
    assert problem.startswith("detected dubious ownership in repository at ")
    assert f"git config --global --add safe.directory '{repository}'" in problem
    # the user's settings count, also those in the environment
    for name, value in (("COUNT", "1"), ("KEY_0", "safe.directory"), ("VALUE_0", str(repository))):
        monkeypatch.setenv(f"GIT_CONFIG_{name}", value)
    assert code_origin(repository)["problem"] == ""


def test_the_commit_is_kept_when_the_patch_cannot_be_had(repository, monkeypatch):
    def full(*_):
        raise OSError("No space left on device")

    monkeypatch.setattr(module, "_patch", full)
    found = code_origin(repository)
    problem = "No space left on device"
    assert found == {"commit": head(repository), "dirty": None, "patch": "", "problem": problem}


def test_a_source_that_git_ignores_is_said(repository):
    (repository / ".gitignore").write_text("b.py\n")
    (repository / "src/b.py").write_text("b = 1\n")
    assert code_origin(repository)["problem"] == ""
    found = code_origin(repository, ["src/a.py", "src/b.py"])
    assert found == clean(repository) | {"problem": "git ignores sources of the run: src/b.py"}


def test_a_folder_knows_the_patches_that_its_own_runs_recorded(repository, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (repository / "src/a.py").write_text("a = 2\n")
    found = code_origin(repository)
    remember(found)  # outside a workflow nothing is noted
    assert not recorded_here(found)
    (tmp_path / ".snakemake").mkdir()
    for one in (None, clean(repository), found):
        remember(one)
    assert recorded_here(found)
    assert not recorded_here(found | {"patch": found["patch"].replace("2", "3")})
    assert not recorded_here(found | {"commit": hashlib.sha1(b"other").hexdigest()})
    (tmp_path / ".snakemake/captchanet-patches.txt").unlink()
    assert not recorded_here(found)
