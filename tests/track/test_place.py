"""Where the history is, and when it no longer holds what was recorded; asked without MLflow."""

import json
import os
import sqlite3
import subprocess
import sys

import pytest

from captchanet.track.place import address, database_of, holds, identity, runs_page, sweep_view, view_page

URI, EXPERIMENT = "sqlite:///mlflow.db", "captchas"


@pytest.fixture
def tracked(tmp_path, monkeypatch):
    """A history of two runs in the working folder, and the file that says so."""
    monkeypatch.chdir(tmp_path)
    change(
        "create table experiments (experiment_id, name, creation_time, lifecycle_stage)",
        "create table runs (run_uuid, experiment_id, lifecycle_stage)",
        "insert into experiments values (1, 'captchas', 1700, 'active'), (2, 'other', 1800, 'active')",
        "insert into runs values ('a', 1, 'active'), ('b', 1, 'active'), ('c', 2, 'active')",
    )
    file = tmp_path / "runs.json"
    content = {"identity": identity(URI, EXPERIMENT), "runs": {"cg": "a", "sgd": "b"}}
    file.write_text(json.dumps(content))
    assert holds(URI, EXPERIMENT, file)
    return file


def change(*statements):
    with sqlite3.connect("mlflow.db") as database:
        for statement in statements:
            database.execute(statement)


@pytest.mark.parametrize(
    "loss",
    [
        "delete from experiments",
        "drop table experiments",
        "update experiments set creation_time = 1701",
        "update experiments set experiment_id = 3 where experiment_id = 1",
        "update experiments set lifecycle_stage = 'deleted' where experiment_id = 1",
        "update runs set lifecycle_stage = 'deleted' where run_uuid = 'b'",
        "delete from runs where run_uuid = 'a'",
        "update runs set experiment_id = 2",
    ],
)
def test_a_history_that_lost_what_was_recorded_is_seen(tracked, loss):
    change(loss)
    assert not holds(URI, EXPERIMENT, tracked)


@pytest.mark.parametrize("content", [None, b"", b"no database, but longer than a header of SQLite" * 99])
def test_a_database_that_is_deleted_emptied_or_damaged_is_seen(tracked, content):
    file = tracked.with_name("mlflow.db")
    file.unlink() if content is None else file.write_bytes(content)
    assert not holds(URI, EXPERIMENT, tracked)


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"runs": [], "identity": ""}'])
def test_a_damaged_list_of_recorded_runs_counts_as_none(tracked, content):
    tracked.write_text(content)
    assert not holds(URI, EXPERIMENT, tracked)


def test_what_happens_in_other_experiments_and_with_other_runs_is_no_loss(tracked):
    change(
        "delete from runs where run_uuid = 'c'",
        "delete from experiments where experiment_id = 2",
        "insert into runs values ('d', 1, 'deleted'), ('e', 1, 'active')",
    )
    assert holds(URI, EXPERIMENT, tracked)


def test_another_experiment_is_another_history(tracked):
    assert not holds(URI, "other", tracked)
    assert not holds("http://127.0.0.1:9", EXPERIMENT, tracked)


def test_a_locked_database_is_not_lost(tracked):
    with sqlite3.connect("mlflow.db", isolation_level=None) as database:
        database.execute("begin exclusive")
        assert holds(URI, EXPERIMENT, tracked)


def test_a_server_is_not_asked(tracked):
    tracked.write_text(json.dumps({"identity": "", "runs": {"cg": "a"}}))
    assert holds("http://127.0.0.1:9", EXPERIMENT, tracked)


def test_the_address_of_the_working_folder_does_not_hold_its_name(tmp_path):
    assert address(None, tmp_path.relative_to(tmp_path)) == "sqlite:///mlflow.db"
    assert address("http://a", tmp_path) == "http://a"
    assert [database_of(uri) and str(database_of(uri)) for uri in ("sqlite:////x/y.db?a=b", "http://a")] == [
        "/x/y.db",
        None,
    ]


def test_a_folder_of_any_name_is_read_in_any_locale_and_without_mlflow(tracked, tmp_path):
    folder = tmp_path / "a?b#c%41 é"
    folder.mkdir()
    for file in ("mlflow.db", "runs.json"):
        (tmp_path / file).rename(folder / file)
    program = (
        "import sys\nfrom pathlib import Path\nfrom captchanet.track.place import holds\n"
        f"print(holds('{URI}', '{EXPERIMENT}', Path('runs.json')), 'mlflow' in sys.modules)"
    )
    env = {**os.environ, "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=folder, env=env, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["True", "False"]


def test_a_page_of_the_ui_opens_on_a_saved_view_and_not_on_language_models():
    start = "#/experiments/7/runs?workflowType=machine_learning&viewStateShareKey="
    assert view_page("7") == f"{start}accuracy"
    assert view_page("7", sweep_view("my set", "a&b")) == f"{start}my%20set.a%26b"
    assert view_page("7", "x", charts=True) == f"{start}x&compareRunsMode=CHART"
    assert view_page("a/?b").startswith("#/experiments/a/%3Fb/runs?")


def test_the_page_of_the_runs_is_that_of_their_experiment_as_far_as_it_is_known(tracked, tmp_path):
    ui, server = "http://127.0.0.1:5000", "https://me:secret@host/mlflow/"
    assert runs_page(URI, EXPERIMENT, tracked) == f"{ui}/{view_page('1')}"
    assert runs_page(URI, "other", tracked, "http://here:7") == f"http://here:7/{view_page('2')}"
    assert runs_page(URI, "none", tracked) == f"{ui}/{view_page('1')}"
    assert runs_page("sqlite:///none.db", EXPERIMENT, tracked) == f"{ui}/{view_page('1')}"
    bare = "https://host/mlflow"
    for content, page in (
        ({"uri": "https://***@host/mlflow/", "experiment": "9"}, f"{bare}/{view_page('9')}"),
        ({"uri": "https://***@another", "experiment": "9"}, bare),
        ({"uri": "https://***@host/mlflow/"}, bare),
        ([], bare),
    ):
        tracked.write_text(json.dumps(content))
        assert runs_page(server, EXPERIMENT, tracked) == page
    assert runs_page(server, EXPERIMENT, tmp_path / "none.json") == bare
