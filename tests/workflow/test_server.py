"""With `tracking_uri` the runs go to a server, and no store is made here."""

import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

pytestmark = pytest.mark.workflow


@pytest.fixture
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
