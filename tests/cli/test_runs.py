"""The history is read as it was written, and `captchanet runs` shows how its runs differ."""

import contextlib
import csv
import fcntl
import io
import json
import os
import pty
import re
import shutil
import struct
import subprocess
import sys
import termios
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from captchanet.cli import main
from captchanet.errors import UserError

# marked, because importing mlflow takes seconds; it warns of its own deprecations
pytestmark = [pytest.mark.workflow, pytest.mark.filterwarnings("default")]

ACCURACY = "unseen/captchas/accuracy"
SHARED = {"hidden": [8], "cost": "cross_entropy", "seed": 1, "dataset.seed": 1, "dataset.captchas": "null"}


@pytest.fixture(scope="module")
def known(notebook):
    """The ids of a few runs, by their purpose in these tests."""
    log = notebook.log
    sgd = {**SHARED, "run": "sgd", "optimiser.method": "sgd", "optimiser.momentum": 0.9}
    old = {"captchanet.configured": "no", "mlflow.source.git.commit": "a" * 40}
    new = {"mlflow.source.git.commit": "b" * 40, "captchanet.git.dirty": "true", "captchanet.set": "main"}
    new |= {"captchanet.format": "2", "captchanet.reason": "=1+1"}
    sweeps = json.dumps({"rates": {"setting": "1"}, "other": {"setting": "2"}})
    in_sweep = {"captchanet.sweep": "rates", "captchanet.sweeps": sweeps, "captchanet.set": "main"}
    return {
        "old": log("sgd", 1, {**sgd, "optimiser.learning_rate": 0.5}, {ACCURACY: 0.5, "cost": 0.4}, old),
        "new": log("sgd", 2, {**sgd, "optimiser.learning_rate": 0.05}, {ACCURACY: 0.625, "cost": 0.3}, new),
        "cg": log(
            "cg-long",
            3,
            {**SHARED, "run": "cg-long", "optimiser.method": "cg", "optimiser.iterations": 100},
            {ACCURACY: 0.58, "unseen/captchas/low": 0.5, "cost": float("nan")},
            in_sweep,
        ),
        "failed": log("wild", 4, {**sgd, "optimiser.learning_rate": 1e6}, {}, status="FAILED"),
        "xor": log("xor", 5, {"run": "xor", "learning_rate": 4.0, "steps": 2}, {"cost": 1e-6}, data=None),
        "sweep": log("rates", 6, tags={**in_sweep, "captchanet.kind": "sweep"}, data=None),
        "half": log("half", 7, status="RUNNING"),
    }  # fmt: skip


@pytest.fixture
def shown(notebook, known, monkeypatch):
    """What `captchanet runs` prints in the history's folder."""
    monkeypatch.chdir(notebook.folder)

    def run(*words, status=0):
        done = CliRunner().invoke(main, ["runs", *words])
        assert done.exit_code == status, done.output
        return done.output

    return run


def names(output):
    return [line.split()[1] for line in output.splitlines() if re.match("[0-9a-f]{8} ", line)]


def rows(output):
    return list(csv.DictReader(io.StringIO(output)))


# the store


def test_all_whole_runs_are_read_the_newest_first(notebook, known):
    found = notebook.runs()
    assert [run.id for run in found.runs] == [known[name] for name in ("xor", "failed", "cg", "new", "old")]
    assert found.half == 1
    run = found.runs[-1]
    assert (run.name, run.status, run.configured, run.accuracy) == ("sgd", "finished", False, 0.5)
    assert run.parameters["hidden"] == (8,)
    assert run.parameters["dataset.captchas"] is None
    assert run.tags["commit"] == "a" * 40
    assert found.runs[3].tags["code"] == "bbbbbbbb+"
    assert found.runs[2].sweeps == ["rates", "other"]
    assert [run.format for run in found.runs] == [1, 1, 1, 2, 1]


def test_the_runs_that_stand_for_a_sweep_are_read_when_asked_for(notebook, known):
    assert {run.name for run in notebook.runs(parents=True).runs} - {
        r.name for r in notebook.runs().runs
    } == {"rates"}


def test_a_run_is_called_what_its_key_says_since_mlflow_shows_it_without_its_sweep(tmp_path):
    from notebook import Notebook

    notebook = Notebook(tmp_path)
    for minute, tags in enumerate(({"captchanet.key": "rates,a:b=1:0123"}, {"captchanet.key": "none"}, {})):
        notebook.log("a:b=1", minute, tags=tags)
    assert [run.name for run in notebook.runs().runs] == ["a:b=1", "a:b=1", "rates,a:b=1"]


def test_the_code_of_a_run_is_its_commit_with_a_plus_for_changes_and_a_mark_where_git_knew_no_better(
    tmp_path,
):
    from notebook import Notebook

    notebook = Notebook(tmp_path)
    commit, dirty, problem = {"mlflow.source.git.commit": "a" * 40}, {"captchanet.git.dirty": "true"}, {}
    problem = {"captchanet.git.problem": "refused"}
    for minute, tags in enumerate(
        ({}, commit, commit | dirty, commit | problem, commit | dirty | problem, problem)
    ):
        notebook.log("cg", minute, tags=tags)
    found = [run.tags.get("code") for run in notebook.runs().runs[::-1]]
    assert found == [None, "aaaaaaaa", "aaaaaaaa+", "aaaaaaaa?", "aaaaaaaa+?", "?"]


def test_a_file_of_a_run_is_read_from_this_disk_or_fetched_from_the_store(tmp_path):
    from datetime import UTC, datetime

    from captchanet.track.history import Run, artifact

    (tmp_path / "a b").mkdir()
    (tmp_path / "a b/x.json").write_bytes(b"here \xff")

    class Server:
        def download_artifacts(self, run_id, path, folder):
            place = Path(folder) / path
            place.write_text(f"{path} of {run_id}")
            return str(place)

    run = Run("1" * 32, "cg", "finished", datetime.now(UTC), {}, {}, {})
    assert artifact(Server(), run, "x.json") == f"x.json of {run.id}"
    far = replace(run, artifacts="mlflow-artifacts:/1/artifacts")
    assert artifact(Server(), far, "x.json") == f"x.json of {run.id}"
    here = replace(run, artifacts=(tmp_path / "a b").as_uri())
    assert artifact(None, here, "x.json") == "here \udcff"
    assert artifact(None, replace(run, artifacts=str(tmp_path / "a b")), "x.json") == "here \udcff"
    assert artifact(None, here, "y.json") is None


def test_pages_are_put_together(notebook, known, monkeypatch):
    from captchanet.track import store

    whole = notebook.runs()
    monkeypatch.setattr(store, "PAGE", 2)
    assert repr(notebook.runs()) == repr(whole)


def test_looking_changes_nothing(notebook, known):
    before = {file: file.read_bytes() for file in notebook.folder.rglob("*") if file.is_file()}
    there = sorted(notebook.folder.rglob("*"))
    notebook.runs()
    assert sorted(notebook.folder.rglob("*")) == there
    assert {file: file.read_bytes() for file in before} == before


def test_a_history_is_read_from_any_folder(notebook, known, tmp_path, monkeypatch):
    from captchanet.track.history import history, opened

    folder = tmp_path / "a b#%41:ä"
    folder.mkdir()
    shutil.copy(notebook.folder / "mlflow.db", folder)
    monkeypatch.chdir(folder)
    for uri in (f"sqlite:///{folder}/mlflow.db", "sqlite:///mlflow.db"):
        assert repr(history(opened(uri), uri, "captchanet")) == repr(notebook.runs())
    assert [file.name for file in folder.iterdir()] == ["mlflow.db"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "run `snakemake --cores 4`"),
        ("", "mlflow db upgrade"),
        ("no database, but much too long to be taken for an empty one" * 99, "file is not a database"),
        ("half", "mlflow db upgrade"),
        ("older", "mlflow db upgrade"),
        ("folder", "cannot be read as a history"),
    ],
)
def test_a_history_that_cannot_be_read_is_said_and_left_alone(notebook, content, said, tmp_path, monkeypatch):
    import sqlite3

    file = tmp_path / "mlflow.db"
    if content == "folder":
        file.mkdir()
    elif content in ("half", "older"):
        shutil.copy(notebook.folder / "mlflow.db", file)
        with sqlite3.connect(file) as database:
            # an older MLflow's has another version, and fewer tables
            change = (
                "drop table params" if content == "half" else "update alembic_version set version_num = 'x'"
            )
            database.execute(change)
    elif content is not None:
        file.write_text(content)
    before = file.read_bytes() if file.is_file() else None
    (tmp_path / "config.yaml").write_text("track: {}\n")
    monkeypatch.chdir(tmp_path)
    for command in (["runs"], ["diff", "a", "b"]):
        refused = CliRunner().invoke(main, [*command, "--configfile", "config.yaml"])
        assert refused.exit_code == 1
        assert said in refused.output
        assert len(refused.output.splitlines()) == 1
    assert (file.read_bytes() if file.is_file() else None) == before
    assert {one.name for one in tmp_path.iterdir()} <= {"config.yaml", "mlflow.db"}


def test_another_experiment_is_said(shown, notebook):
    (notebook.folder / "other.yaml").write_text("track: {experiment: nobody's}")
    assert 'has no experiment "nobody\'s"' in shown("--configfile", "other.yaml", status=1)


def test_only_a_command_that_reads_the_history_imports_mlflow():
    program = "import sys, captchanet.cli; print({'mlflow', 'pandas', 'numpy'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


# values


scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(10**15), 10**15)
    | st.floats(allow_nan=False, allow_infinity=False)
)


@given(scalars | st.lists(scalars))
def test_a_parameter_comes_back_as_it_was(value):
    from captchanet.track.history import typed
    from captchanet.track.log_runs import flattened

    ((_, text),) = flattened({"key": value})
    found = typed(text)
    assert (list(found) if isinstance(value, list) else found) == value
    assert isinstance(found, tuple if isinstance(value, list) else type(value))


@pytest.mark.parametrize(
    "text", ["007", "sgd", "[x", "nan", "1_000", "0x10", "", "[{}]", "1" * 30, "{'a': 1}"]
)
def test_a_word_stays_a_word(text):
    from captchanet.track.history import typed

    assert typed(text) == text


# finding one


def test_a_run_is_found_by_id_name_and_beginnings(notebook, known):
    from captchanet.track.history import find

    runs = notebook.runs().runs
    for wanted, which in (
        (known["cg"], "cg"),
        (known["cg"][:12].upper(), "cg"),
        ("cg-long", "cg"),
        ("cg", "cg"),
        ("wi", "failed"),
        (known["old"][:12], "old"),
    ):
        assert find(runs, wanted) == (next(run for run in runs if run.id == known[which]), "")
    found, remark = find(runs, "sgd")
    assert found.id == known["new"]
    assert remark == "of 2 runs sgd, the one that a configuration names"


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        ("", "no recorded run"),
        ("sdg", "near it: sgd"),
        ("rates", "no recorded run"),
        ("ffff", "no id begins"),
    ],
)
def test_a_run_that_is_none_is_said(notebook, known, wanted, said):
    from captchanet.track.history import find

    with pytest.raises(UserError, match=said):
        find(notebook.runs().runs, wanted)


def test_what_may_be_several_runs_is_said_with_all_of_them(notebook, known):
    from dataclasses import replace

    from captchanet.track.history import find

    old, new = (run for run in notebook.runs().runs if run.name == "sgd")
    both = [replace(old, tags={"configured": "yes"}), replace(new, tags={"configured": "yes"})]
    with pytest.raises(UserError, match=f"any of 2 runs.*{new.id[:8]}.*configured, set none, 50.0%"):
        find(both, "sgd")
    with pytest.raises(UserError, match="any of 2 runs"):
        find([old, replace(new, name="sgd-slow")], "sg")
    # of equals that of the set that the command's configuration makes
    sets = [replace(run, tags=run.tags | {"set": of}) for run, of in zip(both, ("a", "b"), strict=True)]
    found, remark = find(sets, "sgd", "b")
    assert (found.id, remark) == (new.id, "of 2 runs sgd, the one of the set b that a configuration names")
    # a name that might be the beginning of an id
    with pytest.raises(UserError, match="any of 2 runs"):
        find([replace(old, name="beef"), replace(new, id=f"beef{new.id[4:]}")], "beef")
    many = [replace(old, id=f"{number:032x}", tags={}) for number in range(12)]
    with pytest.raises(UserError, match=r"no accuracy|and 4 more"):
        find(many, "sgd")


def test_a_name_means_the_configured_set_s_run_where_it_has_one(notebook, known):
    from dataclasses import replace

    from captchanet.track.history import find

    run = next(run for run in notebook.runs().runs if run.name == "sgd")

    def made(number, of, configured="yes", name="sgd", **tags):
        tags = {"set": of, "configured": configured, **tags}
        return replace(run, id=f"{number:032x}", name=name, tags=tags)

    mine, old = made(1, "mine"), made(2, "mine", "no")
    other, newer = made(3, "other", name="sgd-slow"), made(4, "other", format="10")
    # of another set, also one of a higher format, or of another name that begins alike
    for wanted in ("sgd", "sg"):
        assert find([other, newer, old, mine], wanted, "mine")[0] == mine
    assert find([newer, old], "sgd", "mine") == (old, "of 2 runs sgd, the one of the set mine")
    # not recorded there: where it is in one set only, that is meant
    assert find([mine, old], "sgd", "main") == (mine, "of 2 runs sgd, the one that a configuration names")
    assert find([newer], "sgd", "main") == (newer, "")
    with pytest.raises(UserError, match=r"a set by --set: .*configured, set mine, .*configured, set yours, "):
        find([mine, made(5, "yours")], "sgd", "main")
    # an id is an id in any set
    assert find([mine, newer], newer.id, "mine") == (newer, "")


def test_of_configured_runs_with_one_name_the_one_of_the_highest_format_is_found(notebook, known):
    from dataclasses import replace

    from captchanet.track.history import find

    run = next(run for run in notebook.runs().runs if run.name == "sgd")

    def made(number, **tags):
        return replace(run, id=f"{number:032x}", tags=tags)

    first, ninth = made(1, configured="yes"), made(2, configured="yes", format="9")
    tenth, old = made(3, configured="yes", format="10"), made(4, configured="no", format="11")
    for runs, one in (([first, ninth], ninth), ([first, ninth, tenth, old], tenth)):
        remark = f"of {len(runs)} runs sgd, the one of format {one.format} that a configuration names"
        for wanted in ("sgd", "sg"):
            assert find(runs, wanted) == (one, remark)
    assert find([first, old], "sgd") == (first, "of 2 runs sgd, the one that a configuration names")
    with pytest.raises(UserError, match="any of 3 runs"):
        find([first, tenth, replace(tenth, id="5" * 32)], "sgd")
    with pytest.raises(UserError, match="any of 2 runs"):
        find([first, replace(ninth, name="sgd-slow")], "sg")


# captchanet runs


def test_the_set_of_the_configuration_given_or_the_one_named_is_listed(shown, notebook):
    (notebook.folder / "main.yaml").write_text("track: {}")
    of_main = names(shown("--configfile", "main.yaml"))
    assert of_main == names(shown("--set", "main")) == ["cg-long", "sgd"]
    assert names(shown("--configfile", "main.yaml", "--set", "*")) == names(shown())
    (notebook.folder / "other.yaml").write_text("track: {}")
    assert "no run belongs to a set 'other'; there are: main" in shown("--configfile", "other.yaml", status=1)


def test_the_table_has_what_differs_and_names_the_rest_once(shown, known):
    output = shown()
    head, *_ = output.splitlines()
    assert head.split() == [
        *["id", "name", "status", "started", "unseen/captchas", "set", "sweep"],
        *["learning_rate", "method", "metrics.cost", "code", "iterations", "momentum"],
    ]  # fmt: skip
    assert names(output) == ["xor", "wild", "cg-long", "sgd", "sgd"]
    assert f"{known['old'][:8]}  sgd (old)" in output
    assert "(old): no configuration names them" in output
    assert "the same in all: params.cost=cross_entropy  dataset.seed=1  hidden=[8]  seed=1" in output
    assert "1 more only partly recorded" in output
    assert "62.5%" in output


def test_the_format_is_shown_with_all_columns_alone(shown):
    assert "format" not in shown()
    assert "format" in shown("--all").splitlines()[0].split()
    assert [row["format"] for row in rows(shown("--format", "csv"))] == ["", "", "", "2", ""]


def test_where_all_have_finished_that_is_said_once(shown):
    output = shown("--filter", "name = sgd", "--configured")
    assert output.splitlines()[0].split()[:3] == ["id", "name", "started"]
    output = shown("--filter", "name = sgd")
    assert "the same in all: status=finished" in output


def test_csv_has_every_column_and_whole_values(shown, known):
    found = rows(shown("--format", "csv"))
    assert [row["id"] for row in found] == [known[name] for name in ("xor", "failed", "cg", "new", "old")]
    new = found[3]
    assert (new[ACCURACY], new["optimiser.learning_rate"], new["hidden"]) == ("0.625", "0.05", "[8]")
    assert (new["params.cost"], new["metrics.cost"], new["commit"]) == ("cross_entropy", "0.3", "b" * 40)
    assert (new["reason"], new["code"]) == ("'=1+1", "bbbbbbbb+")  # no formula for a spreadsheet
    assert found[0]["learning_rate"] == "4.0"
    assert (found[1]["status"], found[1][ACCURACY]) == ("failed", "")


def test_json_keeps_types(shown, known):
    found = json.loads(shown("--format", "json"))
    assert [row["name"] for row in found] == ["xor", "wild", "cg-long", "sgd", "sgd"]
    cg = found[2]
    assert cg["parameters"]["hidden"] == [8]
    assert cg["parameters"]["dataset.captchas"] is None
    assert cg["parameters"]["optimiser.iterations"] == 100
    assert (cg["metrics"][ACCURACY], cg["metrics"]["cost"]) == (0.58, None)
    assert (cg["configured"], found[4]["configured"]) == (True, False)
    assert cg["tags"]["sweep"] == "rates"


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["--sort", "accuracy"], ["sgd", "cg-long", "sgd", "xor", "wild"]),
        (["--sort", "-accuracy"], ["sgd", "cg-long", "sgd", "xor", "wild"]),
        (["--sort", "metrics.cost"], ["xor", "sgd", "sgd", "wild", "cg-long"]),
        (["--sort", "name"], ["cg-long", "sgd", "sgd", "wild", "xor"]),
        (["--sort", "-learning_rate", "--limit", "2"], ["wild", "sgd"]),
        (["--configured"], ["xor", "wild", "cg-long", "sgd"]),
        (["--set", "main"], ["cg-long", "sgd"]),
        (["--sweep", "rates"], ["cg-long"]),
        (["--sweep", "other"], ["cg-long"]),
        (["--sweep", "rates", "--parents"], ["rates", "cg-long"]),
        (["--filter", "accuracy > 0.5"], ["cg-long", "sgd"]),
        (["--filter", "accuracy>=58%"], ["cg-long", "sgd"]),
        (["--filter", "accuracy < 58 %"], ["sgd"]),
        (["--filter", "learning_rate <= .5", "--filter", "learning_rate = 0.5"], []),
        (["--filter", "learning_rate <= 0.5", "--filter", "learning_rate = 0.50"], ["sgd"]),
        (["--filter", "learning_rate == 5e-2"], ["sgd"]),
        (["--filter", "method != sgd"], ["xor", "cg-long"]),
        (["--filter", "momentum = null"], ["xor", "cg-long"]),
        (["--filter", "hidden = [8]", "--filter", "method = cg"], ["cg-long"]),
        (["--filter", "name ~ LONG"], ["cg-long"]),
        (["--filter", "name >= w"], ["xor", "wild"]),
        (["--filter", "configured = no"], ["sgd"]),
        (["--filter", "status = failed"], ["wild"]),
        (["--filter", "commit ~ bbb"], ["sgd"]),
        (["--filter", "started < 2000-01-01T00:00"], []),
        (["--filter", "started > 2000"], ["xor", "wild", "cg-long", "sgd", "sgd"]),
    ],
)
def test_sorting_and_choosing(shown, words, found):
    output = shown(*words)
    assert names(output) == found
    assert found or output.startswith("none of the 5 recorded runs fits these options")


def test_a_column_that_was_asked_for_stands_first(shown):
    heads = shown("--sort", "momentum", "--filter", "seed = 1").splitlines()[0].split()
    assert heads[5:7] == ["momentum", "seed"]


def test_where_no_run_fits_csv_has_its_heads_and_json_is_empty(shown):
    words = ("--filter", "name = nobody", "--format")
    assert shown(*words, "csv") == "id,name,status,started,configured\n"
    assert json.loads(shown(*words, "json")) == []


def test_limit_says_how_many_are_left(shown):
    assert "3 more runs" in shown("--limit", "2")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--sort", "learnin_rate"], "no run has a column 'learnin_rate'; near it: optimiser.learning_rate"),
        (["--sort", "-cost"], "params.cost, metrics.cost"),
        (["--filter", "zzz = 1"], "`captchanet runs --all` shows them all"),
        (["--filter", "accuracy"], "COLUMN OP VALUE"),
        (["--set", "mian"], "no run belongs to a set 'mian'; there are: main"),
        (["--sweep", "x"], "there are: other, rates"),
    ],
)
def test_what_cannot_be_asked_is_one_sentence(shown, words, said):
    output = shown(*words, status=1)
    assert said in output
    assert len(output.splitlines()) == 1


@pytest.mark.parametrize("width", [*range(8, 130, 7)])
def test_a_table_fits_any_terminal_and_names_what_did_not(notebook, known, width):
    from captchanet.cli.columns import Columns, fitted

    columns = Columns(notebook.runs().runs)
    picked, _ = columns.choose(columns.table, [])
    lines, left = fitted(columns.table, picked, width)
    assert max(map(len, lines)) <= width
    assert len(lines) == len(columns.table) + 2
    assert picked[len(picked) - len(left) :] == left
    assert not fitted(columns.table, picked, 500)[1]
    assert not fitted(columns.table, picked, None)[1]


def test_a_history_without_runs_is_an_empty_table():
    from captchanet.cli.columns import Columns

    columns = Columns([])
    assert columns.table.empty
    assert [column.key for column in columns.all] == [
        *["id", "name", "status", "started", "configured"],
        ACCURACY,
    ]


def test_runs_of_which_none_has_an_accuracy_are_listed_all_the_same(shown):
    output = shown("--filter", "name = xor", "--sort", "accuracy")
    assert names(output) == ["xor"]


def test_a_value_that_is_not_a_number_is_no_missing_one(shown):
    assert re.search(r"cg-long .* nan ", shown())
    assert names(shown("--filter", "metrics.cost = null")) == ["wild"]
    assert names(shown("--filter", "metrics.cost ~ nan")) == ["cg-long"]
    assert names(shown("--filter", "metrics.cost < 1")) == ["xor", "sgd", "sgd"]


def test_numbers_are_sorted_before_texts_and_ties_keep_their_order(notebook, known):
    from dataclasses import replace

    from captchanet.cli.columns import Columns
    from captchanet.cli.conditions import ordered

    run = notebook.runs().runs[0]
    values = [None, "b", 2, True, 1.5, (8,), "a", 2, float("nan")]
    columns = Columns(
        [replace(run, id=str(number), parameters={"x": value}) for number, value in enumerate(values)]
    )

    def order(descending):
        return "".join(ordered(columns.table, columns.named("x"), descending).index)

    assert order(False) == "427" + "536" + "1" + "08"
    assert order(True) == "1" + "635" + "274" + "08"


def test_on_a_terminal_no_line_wraps(notebook, known):
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 60, 0, 0))
    command = [sys.executable, "-m", "captchanet", "runs"]
    env = {name: text for name, text in os.environ.items() if name != "COLUMNS"}
    with subprocess.Popen(command, cwd=notebook.folder, stdout=theirs, stderr=theirs, env=env) as process:
        os.close(theirs)
        output = b""
        # when the last writer has gone Linux says so by an error, macOS by nothing more to read
        with contextlib.suppress(OSError):
            while chunk := os.read(ours, 4096):
                output += chunk
    os.close(ours)
    lines = output.decode().splitlines()
    assert process.returncode == 0, lines
    assert max(map(len, lines)) <= 60
    assert any(re.match(r"\d+ more columns differ: .*\.\.\.$", line) for line in lines)
    assert any(re.match(r"the same in all: .*\.\.\.$", line) for line in lines)


def test_a_name_with_a_line_end_stays_on_its_line(tmp_path, monkeypatch):
    from captchanet.cli.tables import printable, truncated

    assert printable("a\nb\x1b[1m\udcff") == "a\\nb\\x1b[1m\\udcff"
    shortened = [truncated(text, limit) for text, limit in (("abcdef", 5), ("abcdef", 6), ("abcdef", 2))]
    assert [*shortened, truncated("abc", None)] == ["ab...", "abcdef", "..", "abc"]
