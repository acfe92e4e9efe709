"""With `tracking_uri` the runs go to a server, and no store is made here; several may write into one."""

import os
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

pytestmark = pytest.mark.workflow


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """An MLflow server on this machine: its address and its database."""
    folder = tmp_path_factory.mktemp("server")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [
        str(Path(sys.executable).with_name("mlflow")),
        "server",
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
    ]
    command += ["--backend-store-uri", f"sqlite:///{folder}/server.db", "--workers", "1"]
    command += ["--artifacts-destination", str(folder / "artifacts")]
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            command,
            cwd=folder,
            stdout=log,
            stderr=log,
            start_new_session=True,
            env={**os.environ, "MLFLOW_DISABLE_TELEMETRY": "true"},
        )
    address = f"http://127.0.0.1:{port}"
    for _ in range(240):
        try:
            urllib.request.urlopen(f"{address}/health", timeout=2).close()
            break
        except OSError:
            time.sleep(0.25)
    yield address, folder
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def test_a_server_gets_every_run_with_its_files_and_no_file_is_made_here(fresh, server):
    address, folder = server
    word = f"track={{tracking_uri: '{address}'}}"
    ended = fresh.snakemake("--config", word)
    assert ended.status == 0, ended.output
    assert not (fresh.folder / "mlflow.db").exists()
    assert not (fresh.folder / "mlartifacts").exists()
    with sqlite3.connect(folder / "server.db") as database:
        runs = database.execute("select name, status from runs order by name").fetchall()
    assert runs == [("cg", "FINISHED"), ("sgd", "FINISHED"), ("xor", "FINISHED")]
    assert len(list(folder.glob("artifacts/**/confusion_matrix.png"))) == 2
    assert "Nothing to be done" in fresh.snakemake("--config", word).output


SWEPT = {
    run: {"setting": f"weight={weight}", "values": {"train.penalty.weight": weight}, "seed": 1, "fold": None}
    for run, weight in (("good", 0.1), ("other", 1.0))
}


@pytest.mark.filterwarnings("default")
def test_eight_writers_of_one_set_on_a_server_leave_one_record_of_each_run_and_sweep(server, made_results):
    from captchanet.evaluate.sweep import Sweep
    from captchanet.track.from_results import run_records
    from captchanet.track.log_runs import log_runs
    from captchanet.track.run_record import RunContent
    from captchanet.track.store import prepare

    (address, folder), together = server, threading.Barrier(8)
    content = RunContent([(step, {"cost": 1 / step}) for step in range(1, 101)], {"seconds": 1.0})

    def writer(number):
        """One of eight clones. Each trained by itself, so the same runs began at other times."""
        begun = datetime(2026, 1, 1) + timedelta(minutes=number)
        sweep = Sweep("weights", made_results.results, "good", ["train.penalty.weight"], SWEPT)
        with run_records(made_results.results, made_results.RUNS, [sweep]) as records:
            own = [
                replace(
                    one,
                    provenance=one.provenance | {"started": f"{begun}+00:00"},
                    content=lambda: content,
                )
                for one in records
            ]
            together.wait(60)
            return log_runs(own, address, prepare(address, "many"), "one set", [sweep])

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(writer, range(8)))

    def ask(question):
        with sqlite3.connect(folder / "server.db") as database:
            return database.execute(question).fetchall()

    seen = ask(
        "select runs.name, run_uuid, status from runs join experiments using (experiment_id) "
        "where experiments.name = 'many' and runs.lifecycle_stage = 'active' order by runs.name"
    )
    assert [name for name, _, _ in seen] == ["good", "other", "weights", "wild", "xor"]
    assert {status for _, _, status in seen} == {"FINISHED", "FAILED"}
    ids = {name: run for name, run, _ in seen}
    parent = ids.pop("weights")
    assert found == [ids] * 8
    below = f"select run_uuid from tags where key = 'mlflow.parentRunId' and value = '{parent}'"
    assert {run for (run,) in ask(below)} >= {ids["good"], ids["other"]}
    # the twins are hidden, and say of which run they are one
    hidden = ask(
        "select run_uuid, value from runs join tags using (run_uuid) where lifecycle_stage = 'deleted' "
        "and key = 'captchanet.twin_of'"
    )
    assert len(hidden) == ask("select count(*) from runs where lifecycle_stage = 'deleted'")[0][0]
    following = dict(hidden)
    for end in following:
        while end in following:
            end = following[end]
        assert end in {parent, *ids.values()}
    twice = "select count(*) - count(distinct key || step || run_uuid) from metrics"
    assert ask(twice) == [(0,)]
