"""How long `captchanet runs` takes on a history of many runs, step by step.

    python benchmarks/history.py [RUNS [FOLDER]]

Makes a store of so many runs (1,000, unless said; half a minute) with 45 parameters, 15 metrics and 40 tags
each, in FOLDER if it is given, then reads it five times, each in a new process, and prints the best of each.
"""

import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

STEPS = "import mlflow, import its store, open it, search, table, only import mlflow, captchanet runs"
READING = """
import sys, time
times = [time.perf_counter()]
def lap(): times.append(time.perf_counter())
import mlflow; lap()
import gc; gc.disable()  # as the command does
import mlflow.store.tracking.sqlalchemy_store; lap()
from captchanet.cli import columns, tables
from captchanet.track import history
store = history.opened("sqlite:///mlflow.db"); lap()
runs = history.history(store, "sqlite:///mlflow.db", "captchanet").runs; lap()
tables.table(runs, columns.Columns(runs).choose(runs, [])[0], None); lap()
print(*(after - before for before, after in zip(times, times[1:])))
"""


def make(folder: Path, runs: int) -> None:
    """A store with that many runs, which differ in three parameters and in all metrics."""
    from mlflow.entities import Metric, Param, RunTag

    from captchanet.track.store import address, client, prepare

    uri = address(None, folder)
    experiment = prepare(uri, "captchanet")
    store, rng = client(uri), random.Random(1)
    names = ["unseen/captchas/accuracy", *(f"metric/{number}" for number in range(14))]
    for number in range(runs):
        varied = {"seed": number, "optimiser.learning_rate": rng.random(), "hidden": [rng.randint(1, 99)]}
        params = {**{f"fixed.{key}": key for key in range(42)}, **varied}
        tags = [RunTag(f"captchanet.{name}", "x" * 40) for name in ("data.train_sha256", *range(39))]
        run = store.create_run(experiment, start_time=number, run_name=f"run-{number}").info.run_id
        metrics = [Metric(name, rng.random(), 0, 0) for name in names]
        store.log_batch(run, metrics, [Param(name, str(value)) for name, value in params.items()], tags)
        store.set_terminated(run, "FINISHED", end_time=number)
    (folder / "config.yaml").write_text("track: {}\n")


def seconds(folder: Path, *words: str) -> float:
    """How long a process of Python takes, from its start to its end."""
    begun = time.perf_counter()
    subprocess.run([sys.executable, *words], cwd=folder, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - begun


def main() -> None:
    """Makes the store, reads it five times and prints seconds."""
    words = sys.argv[1:]
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(words[1] if len(words) > 1 else scratch).resolve()
        if not (folder / "mlflow.db").exists():
            make(folder, int(words[0]) if words else 1000)
        rows = []
        for _ in range(5):
            done = subprocess.check_output([sys.executable, "-c", READING], cwd=folder)
            rows.append([float(word) for word in done.split()])
            rows[-1].append(seconds(folder, "-c", "import mlflow"))
            rows[-1].append(seconds(folder, "-m", "captchanet", "runs", "--configfile", "config.yaml"))
    for name, found in zip(STEPS.split(", "), zip(*rows, strict=True), strict=True):
        print(f"{name:20}{min(found):6.2f} s")


if __name__ == "__main__":
    main()
