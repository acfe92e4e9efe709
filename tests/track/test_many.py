"""Several processes record into one new store at the same time, and nothing is lost."""

import sqlite3
import subprocess
import sys

import pytest

PROGRAM = """
import sys
from pathlib import Path
from captchanet.track.run_record import RunContent, RunRecord
from captchanet.track.log_runs import log_runs
from captchanet.track.store import alone, prepare

uri, number = sys.argv[1], sys.argv[2]
with alone(uri):
    experiment = prepare(uri, "shared")
origin = {
    "sources": {}, "data_sha256": {}, "theta_sha256": number, "started": "2026-01-01T00:00:00.000+00:00",
    "seconds": 1.0, "git": None, "workflow_command": None, "python": "3", "cpu": "one", "platform": "here",
    "blas": [], "libraries": {},
}
runs = [
    RunRecord(
        name=f"run{i}",
        parameters={"run": f"run{i}", "seed": i},
        provenance=origin,
        status={"status": "finished", "reason": "done", "evaluations": 1},
        content=lambda: RunContent(
            history=[(step, {"cost": 1.0 / step}) for step in range(1, 101)],
            files=[(Path(sys.argv[3]), "train")],
        ),
    )
    for i in range(5)
]
print(len(log_runs(runs, uri, experiment, f"set{number}")))
"""


@pytest.mark.workflow
def test_eight_processes_at_once_make_one_store_and_lose_nothing(tmp_path):
    note = tmp_path / "note.txt"
    note.write_text("kept")
    uri = f"sqlite:///{tmp_path / 'mlflow.db'}"
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", PROGRAM, uri, str(number), str(note)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=tmp_path,
        )
        for number in range(8)
    ]
    for writer in writers:
        output, errors = writer.communicate(timeout=180)
        assert (writer.returncode, output.strip()) == (0, "5"), errors
    with sqlite3.connect(tmp_path / "mlflow.db") as database:

        def count(question):
            return database.execute(question).fetchone()[0]

        assert count("select count(*) from experiments where name = 'shared'") == 1
        assert count("select count(*) from runs where status = 'FINISHED'") == 40
        assert count("select count(*) from runs") == 40
        assert count("select count(*) from metrics where key = 'cost'") == 40 * 100
        assert count("select count(distinct value) from tags where key = 'captchanet.set'") == 8
    assert len(list((tmp_path / "mlartifacts").rglob("note.txt"))) == 40
