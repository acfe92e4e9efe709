"""A run is recorded once and completely, also after a kill; a finished record is never changed."""

import os
import re
import sqlite3
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from captchanet.errors import UserError
from captchanet.layout import FORMAT

# marked, because importing mlflow takes seconds; it warns of its own deprecations
pytestmark = [pytest.mark.workflow, pytest.mark.filterwarnings("default")]

SET = "a set"


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """A fresh store: its folder, its address and the id of its experiment."""
    from captchanet.track.place import address
    from captchanet.track.store import prepare

    folder = tmp_path_factory.mktemp("store")
    uri = address(None, folder)
    return folder, uri, prepare(uri, "captchas")


@pytest.fixture(scope="module")
def records(made_results):
    from captchanet.track.from_results import run_records

    with run_records(made_results.results, made_results.RUNS) as found:
        yield found


@pytest.fixture
def log(store, records):
    """Records runs, and returns their ids and the whole content of the database."""
    from captchanet.track.log_runs import log_runs

    folder, uri, experiment = store

    def logged(*chosen, of=SET):
        ids = log_runs(chosen or records, uri, experiment, of)
        return ids, tables(folder)

    return logged


def tables(folder):
    names = ("runs", "params", "metrics", "latest_metrics", "tags", "datasets", "inputs")
    with sqlite3.connect(folder / "mlflow.db") as database:
        return {name: sorted(map(repr, database.execute(f"select * from {name}"))) for name in names}


def test_the_store_is_made_once_and_found_again(store):
    from captchanet.track.store import prepare

    folder, uri, experiment = store
    assert prepare(uri, "captchas") == experiment
    assert (folder / "mlflow.db").exists()


def test_an_experiment_says_which_number_to_compare_and_opens_the_pages_for_training_runs(store):
    with sqlite3.connect(store[0] / "mlflow.db") as database:
        tags = dict(
            database.execute("select key, value from experiment_tags where experiment_id = ?", (store[2],))
        )
    assert tags["mlflow.experimentKind"] == "custom_model_development"
    assert "The number to compare is `unseen/captchas/accuracy`" in tags["mlflow.note.content"]


def test_sizes_come_after_the_settings_that_a_person_chose(log, store):
    ids, _ = log()
    with sqlite3.connect(store[0] / "mlflow.db") as database:
        asked = database.execute("select key from params where run_uuid = ?", (ids["good"],))
        names = {name for (name,) in asked}
    assert {"size.layers", "size.parameters", "optimiser.method"} <= names
    assert not {"layers", "parameters", "run"} & names


def test_where_nobody_else_records_and_nothing_is_wrong_nothing_is_said(store, tmp_path, capsys):
    from captchanet.track.place import address
    from captchanet.track.store import alone, prepare

    _, uri, experiment = store
    with alone(uri):
        assert prepare(uri, "captchas") == experiment
    with alone("http://127.0.0.1:9"):
        assert capsys.readouterr().err == ""
    moved = tmp_path / "moved"
    moved.mkdir()
    (moved / "mlflow.db").write_bytes((store[0] / "mlflow.db").read_bytes())
    assert prepare(address(None, moved), "captchas") == experiment
    elsewhere = (store[0] / "mlartifacts").as_uri()
    assert f"begun elsewhere and keeps its artifacts there, in {elsewhere};" in capsys.readouterr().err


def test_an_experiment_that_another_writer_makes_in_the_same_moment_is_taken(capsys):
    from types import SimpleNamespace

    from mlflow.exceptions import MlflowException

    from captchanet.track.store import _experiment

    made = SimpleNamespace(experiment_id=7, lifecycle_stage="active", artifact_location="s3://a")

    class Server:
        def __init__(self, *found):
            self.found = iter(found)

        def get_experiment_by_name(self, name):
            return next(self.found)

        def create_experiment(self, name, artifact_location, tags):
            raise MlflowException("it exists")

    assert _experiment(Server(None, made), "x", None) == "7"
    assert capsys.readouterr().err == ""
    with pytest.raises(MlflowException, match="it exists"):
        _experiment(Server(None, None), "x", None)


def test_recording_twice_is_recording_once(log):
    ids, first = log()
    again, second = log()
    assert again == ids
    assert second == first
    assert len(first["runs"]) == 4  # good, other, wild and xor
    assert sum("'FAILED'" in row for row in first["runs"]) == 1


def test_every_run_says_its_format(log):
    ids, held = log()
    for run_id in ids.values():
        assert repr(("captchanet.format", str(FORMAT), run_id)) in held["tags"]


@pytest.mark.parametrize("status", ["RUNNING", "SCHEDULED", "KILLED"])
def test_half_a_run_is_completed_under_its_own_id_to_the_same_rows(log, store, status):
    ids, whole = log()
    with sqlite3.connect(store[0] / "mlflow.db") as database:
        half = (ids["good"],)
        database.execute("update runs set status = ?, end_time = null where run_uuid = ?", (status, *half))
        database.execute("delete from params where run_uuid = ? and key > 'h'", half)
        database.execute("delete from metrics where run_uuid = ? and step > 2", half)
    again, mended = log()
    assert again == ids
    # MLflow decides which part of the second it keeps of a latest metric
    assert mended == whole


def test_a_run_with_other_results_is_another_run_and_the_old_one_keeps_its_record(log, records):
    ids, before = log()
    changed = replace(records[0], provenance=records[0].provenance | {"theta_sha256": "other"})
    newer, after = log(changed, *records[1:])
    assert newer["good"] != ids["good"]
    assert set(before["metrics"]) < set(after["metrics"])
    lost = set(before["tags"]) - set(after["tags"])
    assert lost == {repr(("captchanet.configured", "yes", ids["good"]))}
    _, restored = log()
    assert restored["tags"].count(repr(("captchanet.configured", "yes", ids["good"]))) == 1


def test_time_and_machine_do_not_make_another_run(records):
    elsewhere = records[0].provenance | {"cpu": "another", "started": "2001-01-01T00:00:00.000+00:00"}
    assert replace(records[0], provenance=elsewhere).key == records[0].key
    assert replace(records[0], parameters=records[0].parameters | {"seed": 2}).key != records[0].key


@pytest.mark.parametrize(
    "change",
    [
        {"sources": {"src/a.py": "0" * 64}},
        {"theta_sha256": "0" * 64},
        {"data_sha256": {"train": "t", "unseen": "u"}},
        {"data_sha256": {"train": "t", "unseen": "another"}},
        {"data_sha256": {"train": "another", "unseen": "u"}},
    ],
)
def test_other_sources_another_theta_and_another_unseen_set_make_another_run(records, change):
    usual = records[0].provenance | {"data_sha256": {"train": "t", "unseen": "u"}, "sources": {}}
    one, other = (replace(records[0], provenance=each) for each in (usual, usual | change))
    assert (one.key == other.key) == (usual == other.provenance)
    failed = replace(one, status=one.status | {"status": "failed"})
    assert len({one.key, failed.key, replace(one, name="another").key}) == 3


def test_a_finished_run_that_is_seen_again_is_not_written_again(log, records):
    from captchanet.track.run_record import RunContent

    ids, before = log()
    others = [(1, {"cost": 99.0, "new": 1.0})]
    changed = [replace(one, content=lambda: RunContent(others, {"more": 2.0})) for one in records]
    assert log(*changed) == (ids, before)


def test_of_more_runs_than_one_page_none_is_recorded_twice(log, monkeypatch):
    ids, before = log()
    monkeypatch.setattr("captchanet.track.store.PAGE", 2)
    assert log() == (ids, before)


def test_another_set_has_runs_of_its_own(log):
    ids, _ = log()
    others, _ = log(of="another set")
    assert not set(ids.values()) & set(others.values())
    assert log()[0] == ids


def test_parameters_of_any_length_are_recorded(log, records, store):
    long = replace(records[0], name="long", parameters=records[0].parameters | {"note": "x" * 20_000})
    ids, _ = log(long, of="long")
    with sqlite3.connect(store[0] / "mlflow.db") as database:
        question = "select value from params where run_uuid = ? and key = 'note'"
        ((value,),) = database.execute(question, (ids["long"],))
    assert len(value) == 6000
    assert value.endswith("(whole in parameters.json)")


def test_a_server_out_of_reach_is_said_within_30_seconds(tmp_path):
    program = (
        "from pathlib import Path\n"
        "from captchanet.errors import UserError\n"
        "from captchanet.track.store import prepare\n"
        "try: prepare('http://127.0.0.1:9', 'x')\n"
        "except UserError as error: print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=30, cwd=tmp_path
    )
    assert "http://127.0.0.1:9 cannot be used" in done.stdout, done.stderr


def test_a_kill_while_the_database_is_made_leaves_none_and_the_next_attempt_makes_it(tmp_path):
    from captchanet.track.place import address
    from captchanet.track.store import prepare

    program = (
        "import os, signal, sys\n"
        "from pathlib import Path\n"
        "import alembic.operations\n"
        "from captchanet.track.place import address\n"
        "from captchanet.track.store import prepare\n"
        "original, calls = alembic.operations.Operations.create_table, []\n"
        "def create_table(*words, **options):\n"
        "    calls.append(words)\n"
        "    if len(calls) == 5: os.kill(os.getpid(), signal.SIGKILL)\n"
        "    return original(*words, **options)\n"
        "alembic.operations.Operations.create_table = create_table\n"
        "prepare(address(None, Path()), 'x')\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == -9, done.stderr
    assert list(tmp_path.glob(".mlflow.db.new*"))
    assert not (tmp_path / "mlflow.db").exists()
    uri = address(None, tmp_path)
    assert prepare(uri, "x") == prepare(uri, "x")
    assert not list(tmp_path.glob(".mlflow.db.new*"))


def test_a_database_that_is_none_is_said(tmp_path):
    from captchanet.track.place import address
    from captchanet.track.store import prepare

    (tmp_path / "mlflow.db").write_text("no database, but much too long to be taken for an empty one" * 99)
    with pytest.raises(UserError, match=r"mlflow\.db cannot be used"):
        prepare(address(None, tmp_path), "x")


def test_a_second_job_waits_for_the_first_says_so_and_finds_the_runs_recorded(tmp_path):
    from captchanet.track.place import address
    from captchanet.track.store import alone

    program = (
        "from pathlib import Path\n"
        "from captchanet.track.store import alone\n"
        "with alone('sqlite:///mlflow.db'): print('in', flush=True)\n"
    )
    with alone(address(None, tmp_path)):
        second = subprocess.Popen(
            [sys.executable, "-c", program],
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        said = second.stderr.readline()
        assert "another job records in mlflow.db" in said
        assert second.poll() is None
    output, _ = second.communicate(timeout=60)
    assert output == "in\n"


def test_an_experiment_that_was_deleted_in_mlflow_is_restored_and_this_is_said(log, store, capsys):
    from captchanet.track.history import history, opened
    from captchanet.track.store import client, prepare

    _, uri, experiment = store
    ids, before = log()
    client(uri).delete_experiment(experiment)
    with pytest.raises(UserError, match=r"was deleted in MLflow; `MLFLOW_TRACKING_URI=.* restore -x 1`"):
        history(opened(uri), uri, "captchas")
    assert prepare(uri, "captchas") == experiment
    assert "'captchas' was deleted in MLflow; now it is restored" in capsys.readouterr().err
    assert log() == (ids, before)


def test_twins_from_before_are_settled_and_the_oldest_complete_one_stays(log, store, records):
    from captchanet.track.store import client

    ids, _ = log(of="doubled")
    mlflow = client(store[1])
    tags = {"captchanet.set": "doubled", "captchanet.key": records[0].key}
    for started, status in ((1, "RUNNING"), (1, "FINISHED"), (records[0].started + 1, "FINISHED")):
        run = mlflow.create_run(store[2], start_time=started, tags=tags).info.run_id
        mlflow.set_terminated(run, status) if status == "FINISHED" else None
        ids = ids | {"good": run} if (started, status) == (1, "FINISHED") else ids
    again, held = log(of="doubled")
    assert again == ids
    assert sum(repr("captchanet.twin_of") in row and ids["good"] in row for row in held["tags"]) == 3
    assert log(of="doubled")[0] == ids


@pytest.fixture
def server(monkeypatch, store):
    """Records as on a server, where nobody can be sure to be alone."""
    monkeypatch.setattr("captchanet.track.log_runs.database_of", lambda uri: None)


def test_what_two_writers_on_a_server_recorded_is_there_once_and_the_other_is_hidden(
    server, log, store, monkeypatch
):
    from captchanet.track.log_runs import _Writer

    ids, before = log(of="shared")
    assert log(of="shared") == (ids, before)
    found, late = _Writer._found, []

    def too_early(writer, key=None):
        # once for the list, and once for each run: as if the first writer were just behind
        late.append(key)
        return found(writer, key) if len(late) > 1 + len(ids) else {}

    monkeypatch.setattr(_Writer, "_found", too_early)
    again, held = log(of="shared")
    new = set(held["tags"]) - set(before["tags"])
    twins = [row for row in new if "captchanet.twin_of" in row]
    assert len(twins) == len(ids)
    active = [row for row in held["runs"] if "'active'" in row]
    assert sum(any(repr(run) in row for row in active) for run in again.values()) == len(ids)
    # of those that began together the one with the least id stays, for every writer
    hidden = {
        name: row.split("'")[5] for row in twins for name, run in again.items() if run in row.split("'")[3]
    }
    assert set(hidden) == set(ids)
    for name, run in again.items():
        assert run == min(run, hidden[name])
        assert ids[name] in (run, hidden[name])


def test_a_writer_that_another_one_disturbs_on_a_server_begins_again(log, monkeypatch):
    from mlflow import MlflowClient
    from mlflow.exceptions import MlflowException

    failures, original = [], MlflowClient.create_run

    def disturbed(*words, **options):
        if len(failures) < most:
            failures.append(1)
            raise MlflowException(said)
        return original(*words, **options)

    monkeypatch.setattr(MlflowClient, "create_run", disturbed)
    monkeypatch.setattr("captchanet.track.log_runs.database_of", lambda uri: None)
    most, said = 4, "The run must be in the 'active' state"
    assert set(log(of="disturbed")[0]) == {"good", "other", "wild", "xor"}
    assert len(failures) == 4
    most = 99
    for said, tried in (("(sqlite3.IntegrityError) twice", 5), ("no such host", 1)):
        failures.clear()
        with pytest.raises(UserError, match=re.escape(said)):
            log(of=said)
        assert len(failures) == tried
    # alone there is nobody else to wait for
    monkeypatch.undo()
    monkeypatch.setattr(MlflowClient, "create_run", disturbed)
    failures.clear()
    with pytest.raises(UserError):
        log(of="alone")
    assert len(failures) == 1


def test_telemetry_is_off():
    import captchanet.track.store

    assert captchanet.track.store
    assert os.environ["MLFLOW_DISABLE_TELEMETRY"] == "true"
    from mlflow.telemetry.utils import is_telemetry_disabled

    assert is_telemetry_disabled()


def test_artifacts_are_the_files_of_the_run(log, store, made_results):
    ids, _ = log()
    artifacts = Path(store[0] / "mlartifacts" / ids["good"] / "artifacts")

    def files(folder):
        return {str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file()}

    found = files(artifacts)
    # all runs in the history are found by these names, so they must not change
    assert {"train/model.npz", "train/provenance.json", "evaluate/misreads.csv"} <= found
    assert {"figures/learning_curves.png", "figures/confusion_matrix.png"} <= found
    # its confidences are not calibrated
    assert "figures/confidence.png" not in found
    assert {f"dataset/{name}" for name in ("dataset.json", "captchas.csv", "pictures.csv")} <= found
    assert not any(name.endswith(".pkl") for name in found)
    # of a training that failed, how it went until then
    failed = {name for name in files(artifacts.parents[1] / ids["wild"]) if "figures" in name}
    assert failed == {"artifacts/figures/learning_curves.png"}
    for original in made_results.layout.train("good"):
        assert (artifacts / "train" / original.name).read_bytes() == original.read_bytes()
