"""`captchanet diff` shows everything that differs between two runs, and nothing else."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner

from captchanet.cli import main
from captchanet.errors import UserError
from captchanet.layout import ARTIFACTS
from captchanet.reproduce.code import CodeState, changes

# marked, because importing mlflow takes seconds, and for git; mlflow warns of its own deprecations
pytestmark = [pytest.mark.workflow, pytest.mark.filterwarnings("default")]

LIST = "pictures,file,label,sha256\n"
SAME_PICTURES = "the same pictures with the same labels, cleaned, split, chosen or synthesized in another way"


# code


class Repository:
    """A git repository with changes of the code."""

    def __init__(self, folder: Path, within: str = "") -> None:
        self.folder, self.home = folder, folder / within
        (self.home / "src").mkdir(parents=True)
        self.git("init", "--quiet")
        self.write("src/net.py", "rate = 1\nsteps = 2\nlayers = 3\n")
        self.write("notes.txt", "of no concern\n")
        self.first = self.commit("Begin")
        self.write("src/net.py", "rate = 1\nsteps = 2\nlayers = 4\n")
        self.write("notes.txt", "of no concern either\n")
        self.second = self.commit("A layer more")

    def git(self, *words: str) -> str:
        name = ["-c", "user.name=A", "-c", "user.email=a@b.c"]
        done = subprocess.run(
            ["git", *name, *words], cwd=self.folder, check=True, capture_output=True, text=True
        )
        return done.stdout.strip()

    def write(self, name: str, text: str) -> None:
        (self.home / name).write_text(text)

    def commit(self, subject: str) -> str:
        self.git("add", "--all")
        self.git("commit", "--quiet", "-m", subject)
        return self.git("rev-parse", "HEAD")

    def patch(self) -> str:
        """What is not committed, as a run's provenance has it."""
        from captchanet.train.code_origin import code_origin

        return code_origin(self.home)["patch"]


@pytest.fixture(params=["", "a project/in a folder"])
def repository(request, tmp_path):
    return Repository(tmp_path / "rep:o", request.param)


def test_the_code_of_two_commits_and_their_log(repository):
    found = changes(repository.home, CodeState(repository.first), CodeState(repository.second))
    assert (found.ahead, found.behind) == (1, 0)
    assert found.log == [f"> {repository.second[:7]} A layer more"]
    assert "-layers = 3\n+layers = 4\n" in found.diff
    assert "notes" not in found.diff
    back = changes(repository.home, CodeState(repository.second), CodeState(repository.first))
    assert (back.ahead, back.behind, back.log[0][0]) == (0, 1, "<")
    assert "-layers = 4\n+layers = 3\n" in back.diff


def test_what_was_not_committed_is_part_of_the_code(repository):
    repository.write("src/net.py", "rate = 9\nsteps = 2\nlayers = 4\n")
    repository.write("src/new ä.py", "new = True\n")
    (repository.home / "src/blob").write_bytes(bytes(range(256)))
    patch = repository.patch()
    repository.git("checkout", "--quiet", "--force", repository.first)
    found = changes(repository.home, CodeState(repository.first), CodeState(repository.second, patch))
    assert "-rate = 1\n" in found.diff
    assert "+rate = 9\n" in found.diff
    assert "+layers = 4\n" in found.diff
    assert "+new = True\n" in found.diff
    assert "new ä.py" in found.diff
    assert "src/blob differ" in found.diff
    same = changes(repository.home, CodeState(repository.second, patch), CodeState(repository.second, patch))
    assert (same.ahead, same.behind, same.log, same.diff) == (0, 0, [], "")


def test_no_trace_is_left_in_the_repository(repository):
    repository.write("src/net.py", "rate = 9\nsteps = 2\nlayers = 4\n")
    patch = repository.patch()

    def everything():
        """Every file, its content and when it was written.

        Not when of an object: git sets the time of one that it would write again, so that a gc spares it.
        """
        files = [file for file in sorted(repository.folder.rglob("*")) if file.is_file()]
        objects = repository.folder / ".git/objects"
        return {
            file: (file.read_bytes(), None if file.is_relative_to(objects) else file.stat().st_mtime_ns)
            for file in files
        }

    before = everything()
    changes(repository.home, CodeState(repository.first), CodeState(repository.second, patch))
    assert everything() == before


def test_the_users_settings_of_git_change_nothing(repository, monkeypatch):
    expected = changes(repository.home, CodeState(repository.first), CodeState(repository.second))
    for key, value in (
        ("diff.noprefix", "true"),
        ("color.ui", "always"),
        ("log.decorate", "full"),
        ("log.showSignature", "true"),
        ("diff.external", "false"),
    ):
        repository.git("config", key, value)
    # as in a hook of another repository
    monkeypatch.setenv("GIT_DIR", "/nowhere")
    monkeypatch.setenv("GIT_INDEX_FILE", "/nowhere/index")
    assert changes(repository.home, CodeState(repository.first), CodeState(repository.second)) == expected


def test_a_long_log_is_shortened(repository):
    for number in range(12):
        repository.write("src/net.py", f"rate = {number}\n")
        last = repository.commit(f"Number {number}")
    found = changes(repository.home, CodeState(repository.second), CodeState(last))
    assert (found.ahead, len(found.log)) == (12, 10)


@pytest.mark.parametrize(
    ("a", "b", "said"),
    [
        (CodeState("f" * 40), None, "the commit of A, ffffffff, is not in this repository"),
        (None, CodeState("--all"), "the commit of B, --all, is not in this repository"),
        (None, CodeState("", "no patch"), "do not apply"),
    ],
)
def test_code_that_git_cannot_tell_is_said(repository, a, b, said):
    here = CodeState(repository.first)
    if b and not b.commit:
        b = CodeState(repository.first, b.patch)
    with pytest.raises(UserError, match=said):
        changes(repository.home, a or here, b or here)


def test_without_a_repository_or_git_that_is_said(tmp_path, monkeypatch):
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    with pytest.raises(UserError, match="not a git repository"):
        changes(tmp_path, CodeState("a" * 40), CodeState("b" * 40))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UserError, match="git is not installed"):
        changes(tmp_path, CodeState("a" * 40), CodeState("b" * 40))


# runs


def files(**options):
    """The artifacts of a run: its provenance, and lists of pictures if they are given."""
    provenance = {
        "git": {"patch": options.get("patch", "")},
        "sources": options.get("sources", {"src/net.py": "1", "src/start.py": "1"}),
        "pictures": options.get("trained", {}),
    }
    lists = {str(getattr(ARTIFACTS.dataset, name)): text for name, text in options.get("lists", {}).items()}
    return {str(ARTIFACTS.train.provenance): json.dumps(provenance), **lists}


@pytest.fixture(scope="module")
def known(notebook, tmp_path_factory):
    """Runs in the folder of a repository, each named by how it differs from `a`."""
    repository = Repository(tmp_path_factory.mktemp("code"))
    shutil.copytree(repository.folder, notebook.folder, dirs_exist_ok=True)
    tags = {
        "captchanet.theta_sha256": "1",
        "captchanet.python": "3.11.7",
        "captchanet.blas": "openblas 0.3.30 SkylakeX, openblas 0.3.31 Haswell",
        "captchanet.version.numpy": "2.4.6",
        "mlflow.source.git.commit": repository.first,
        "captchanet.git.dirty": "false",
    }
    parameters = {"run": "a", "optimiser.learning_rate": 0.5, "hidden": [8], "optimiser.momentum": 0.9}
    metrics = {"unseen/captchas/accuracy": 0.5, "unseen/captchas/low": 0.4, "cost": 0.25, "seconds": 1.0}
    rows = "raw,one.png,one,1\nraw,two.png,two,2\nraw,bad.png,bad,3\nraw,'=old.png,'=old,4\n"
    lists = {
        "pictures": LIST + rows,
        "captchas": f"part,{LIST}train,raw,one.png,one,1\nunseen,raw,two.png,two,2\n",
    }
    more = "".join(f"unseen,raw,{name}.png,{name},{name}\n" for name in ("sd", "sb", "sc", "sa"))
    others = {
        "pictures": LIST + "raw,one.png,won,1\nraw,two.png,two,9\nraw,good.png,good,3\nraw,new.png,new,5\n",
        "captchas": f"part,{LIST}train,raw,one.png,won,1\nunseen,raw,new.png,new,5\n{more}",
    }

    def log(name, changed=(), made=None, **options):
        made = made if made is not None else files(lists=lists)
        return notebook.log(name, tags={**tags, **dict(changed)}, files=made, **options)

    blas = {"captchanet.blas": "openblas 0.3.31 Haswell, openblas 0.3.30 SkylakeX"}

    moved = {"mlflow.source.git.commit": repository.second, "captchanet.theta_sha256": "2"}
    trained = {"raw/one.png": "1", "raw/two.png": "2"}
    return {
        "a": log("a", params=parameters, metrics=metrics),
        "same": log("same", blas, params={**parameters, "run": "same"}, metrics=metrics),
        "settings": log(
            "settings",
            params={"run": "settings", "optimiser.learning_rate": 0.05, "hidden": [8, 8], "dropout": [0.5]},
            metrics={"unseen/captchas/accuracy": 0.625, "cost": float("nan"), "seconds": 1.5},
        ),
        "code": log("code", moved, files(lists=lists, sources={"src/net.py": "2", "src/new.py": "1"})),
        "data": log("data", {}, files(lists=others), data="e" * 64),
        "split": log("split", {}, files(lists=lists), data="f" * 64),
        "old": log("old", {}, files(trained=trained), data="e" * 64),
        "older": log("older", {}, files(trained={**trained, "raw/two.png": "9"}), data="d" * 64),
        "bare": log("bare", {"captchanet.git.dirty": "true"}, {}, data="e" * 64),
        "gitless": log("gitless", {"mlflow.source.git.commit": ""}, data="d" * 64),
        "machine": log("machine", {"captchanet.python": "3.12", "captchanet.blas": f"mkl {'x' * 40}"}),
        "refused": log("refused", {"captchanet.git.problem": "dubious ownership"}, data="d" * 64),
        "synthetic": log("synthetic", {}, files(lists={"pictures": LIST}), data="1" * 64),
        "reseeded": log("reseeded", {}, files(lists={"pictures": LIST}), data="2" * 64),
        "mixed": log("mixed", {"captchanet.data.synthetic_sha256": "3" * 64}, data="d" * 64),
        "xor": log("xor", {}, files(), data=None),
        "xor2": log("xor2", {}, files(), data=None),
    }


@pytest.fixture
def shown(notebook, known, monkeypatch):
    """What `captchanet diff` prints in the history's folder."""
    monkeypatch.chdir(notebook.folder)

    def diff(*words, status=0):
        done = CliRunner().invoke(main, ["diff", *words])
        assert done.exit_code == status, done.output
        return done.output

    return diff


def test_runs_that_are_the_same_have_nothing_but_that_said(shown, known):
    output = shown("a", "same")
    assert output.splitlines()[2:] == [
        "",
        "the same: parameters, metrics, data, environment, code, theta, to the last bit",
    ]
    assert output.startswith(f"A  {known['a'][:8]}  a ")


def test_what_differs_is_in_the_order_of_its_names_and_accuracy_comes_first(monkeypatch, tmp_path):
    from captchanet.reproduce import diff_runs as module
    from captchanet.track.history import Run

    monkeypatch.setattr(module, "artifact", lambda store, run, path: None)
    names = ("version.b", "data.unseen_sha256", "python", "version.a", "data.calibration_sha256", "cpu")
    metrics = ("z", "unseen/captchas/low", "b/accuracy", "unseen/captchas/accuracy", "a")
    runs = [
        Run(
            "1" * 32,
            side,
            "finished",
            None,
            {"b": side, "a": side, "run": side},
            dict.fromkeys(metrics, value),
            dict.fromkeys(names, side),
        )
        for side, value in (("x", 1.0), ("y", 2.0))
    ]
    found = module.diff_runs(None, *runs, tmp_path)
    assert list(found.data) == ["data.calibration_sha256", "data.unseen_sha256"]
    assert list(found.environment) == ["python", "cpu", "version.a", "version.b"]
    assert list(found.parameters) == ["a", "b"]
    assert list(found.metrics) == ["unseen/captchas/accuracy", "b/accuracy", "a", "z"]


def test_parameters_and_metrics(shown):
    output = shown("a", "settings")
    lines = [line.split() for line in output.splitlines()]
    for row in (
        ["dropout", "-", "[0.5]"],
        ["hidden", "[8]", "[8,", "8]"],
        ["optimiser.learning_rate", "0.5", "0.05"],
        ["optimiser.momentum", "0.9", "-"],
        ["unseen/captchas/accuracy", "50.0%", "62.5%", "+12.5", "points"],
        ["cost", "0.25", "nan", "+nan"],
        ["seconds", "1", "1.5", "+0.5"],
    ):
        assert row in lines
    assert "captchas/low" not in output
    assert "the same: data, environment, code, theta" in output


def test_code_down_to_the_lines(shown, notebook):
    output = shown("a", "code")
    assert "> " in output
    assert "A layer more" in output
    for name in ("~ src/net.py", "~ src/new.py (only in B)", "~ src/start.py (only in A)"):
        assert name in output
    assert output.endswith("-layers = 3\n+layers = 4\n")
    assert "different: theta" in output
    without = shown("a", "code", "--no-code")
    assert "+layers" not in without
    assert "~ src/net.py" in without


def test_pictures_one_by_one(shown):
    output = shown("a", "data")
    for text in (
        "digest of train  dddddddd  eeeeeeee",
        "pictures only in A: 1\n    - raw/=old.png",
        "pictures only in B: 1\n    + raw/new.png",
        "pictures with other content: 1\n    ~ raw/two.png",
        "pictures with another name: 1\n    ~ raw/bad.png -> raw/good.png",
        "pictures with another label: 1\n    ~ raw/one.png: one -> won",
        "unseen captchas that only A has: 1\n    - raw/two.png",
        "unseen captchas that only B has: 5\n    + raw/new.png\n    + raw/sa.png\n    + raw/sb.png\n",
    ):
        assert text in output
    assert "training captchas" not in output


@pytest.mark.parametrize(
    ("a", "b", "said"),
    [
        ("a", "split", SAME_PICTURES),
        ("synthetic", "reseeded", SAME_PICTURES),
        ("a", "mixed", "digest of synthetic  -  3333"),
        ("a", "synthetic", "pictures only in A: 4"),
        ("old", "older", "pictures with other content: 1\n    ~ raw/two.png"),
        ("old", "older", "(compared: the pictures that trained;"),
        ("a", "bare", "no list of its pictures was recorded with B"),
        ("a", "old", "no list of its pictures was recorded with both in the same way"),
        ("a", "bare", "the uncommitted changes were recorded in train/provenance.json, which is missing now"),
        ("a", "bare", "every file that the training uses was not recorded with both"),
        ("a", "gitless", "no lines of code: B ran without git"),
        ("a", "refused", "no lines of code: git could not record all the code of B (dubious ownership)"),
        ("a", "gitless", "every file that the training uses is the same"),
        ("a", "machine", "3.11.7  3.12"),
        ("a", "machine", "  blas\n    A  openblas 0.3.30 SkylakeX, openblas 0.3.31 Haswell\n    B  mkl xxx"),
        ("xor", "xor2", "the same: parameters, metrics, data, environment, code"),
    ],
)
def test_whatever_is_known_is_said(shown, a, b, said):
    assert said in shown(a, b)


def test_json_says_the_same(shown, known):
    found = json.loads(shown("a", "settings", "--format", "json"))
    assert (found["a"]["id"], found["b"]["name"]) == (known["a"], "settings")
    assert found["parameters"]["hidden"] == {"a": [8], "b": [8, 8]}
    assert found["metrics"]["unseen/captchas/accuracy"]["difference"] == 0.125
    assert found["metrics"]["cost"] == {"a": 0.25, "b": None}
    assert found["same_theta"] is True
    found = json.loads(shown("a", "code", "--format", "json"))
    assert found["code"]["sources"] == {
        "src/net.py": "changed",
        "src/new.py": "only in B",
        "src/start.py": "only in A",
    }
    assert "+layers = 4" in found["code"]["changes"]["diff"]
    assert found["same_theta"] is False
    without = json.loads(shown("a", "code", "--format", "json", "--no-code"))
    assert "diff" not in without["code"]["changes"]
    found = json.loads(shown("a", "data", "--format", "json"))
    assert found["pictures"]["renamed"] == {"raw/bad.png": "raw/good.png"}
    assert found["pictures"]["labels"] == {"raw/one.png": {"a": "one", "b": "won"}}
    unseen = found["pictures"]["parts"]["unseen"]
    assert unseen["only_a"] == ["raw/two.png"]
    assert unseen["only_b"] == [f"raw/{name}.png" for name in ("new", "sa", "sb", "sc", "sd")]


def test_without_git_the_files_that_differ_are_named(shown, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    output = shown("a", "code")
    assert "no lines of code: git is not installed" in output
    assert "~ src/net.py" in output


def test_a_run_that_is_none_is_one_sentence(shown):
    assert shown("a", "nobody", status=1).startswith("Error: no recorded run is called 'nobody'")


def test_lines_of_code_are_coloured_on_a_terminal_alone(notebook, known, monkeypatch):
    monkeypatch.chdir(notebook.folder)
    words = ["diff", "a", "code"]
    assert "\x1b[32m+layers = 4" in CliRunner().invoke(main, words, color=True).output
    assert "\x1b" not in CliRunner().invoke(main, words).output
