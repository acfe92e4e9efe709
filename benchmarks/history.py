"""How long `captchanet runs` takes on a history of many runs, step by step.

    python benchmarks/history.py --runs 1000 --folder FOLDER

Makes a store with this number of runs (half a minute for 1,000) with 45 parameters, 15 metrics and 40 tags
each. Reads it five times, each time in a new process, and prints the best time of each step.
"""

import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import click
import pandas as pd

STEPS = "import mlflow, import its store, open it, search, table, only import mlflow, captchanet runs"
READING = """
import sys, time
times = [time.perf_counter()]
def lap(): times.append(time.perf_counter())
import mlflow; lap()
import gc; gc.disable()  # as the command does
import mlflow.store.tracking.sqlalchemy_store; lap()
from captchanet.cli.columns import Columns, fitted
from captchanet.track import history
store = history.opened("sqlite:///mlflow.db"); lap()
runs = history.history(store, "sqlite:///mlflow.db", "captchanet").runs; lap()
columns = Columns(runs)
fitted(columns.table, columns.choose(columns.table, [])[0], None); lap()
print(*(after - before for before, after in zip(times, times[1:])))
"""


def make(folder: Path, runs: int) -> None:
    """A store with that many runs, which differ in three parameters and in all metrics."""
    from mlflow.entities import Metric, Param, RunTag

    from captchanet.track.place import address
    from captchanet.track.store import client, prepare

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
    (folder / "config").mkdir(exist_ok=True)
    (folder / "config/config.yaml").write_text("track: {}\n")


def seconds(folder: Path, *words: str) -> float:
    """How long a process of Python takes, from its start to its end."""
    begun = time.perf_counter()
    subprocess.run([sys.executable, *words], cwd=folder, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - begun


@click.command()
@click.option("--runs", type=click.IntRange(min=1), default=1000, show_default=True, help="How many.")
@click.option(
    "--folder",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Keep the store in this folder, or use the one in it. Without it, a temporary folder.",
)
def main(runs: int, folder: Path | None) -> None:
    """Makes the store, reads it five times and prints the best seconds of each step."""
    with tempfile.TemporaryDirectory() as scratch:
        home = (folder or Path(scratch)).resolve()
        if not (home / "mlflow.db").exists():
            make(home, runs)
        rows = []
        for _ in range(5):
            done = subprocess.check_output([sys.executable, "-c", READING], cwd=home)
            rows.append([float(word) for word in done.split()])
            rows[-1].append(seconds(home, "-c", "import mlflow"))
            rows[-1].append(seconds(home, "-m", "captchanet", "runs"))
    for name, best in pd.DataFrame(rows, columns=STEPS.split(", ")).min().items():
        click.echo(f"{name:20}{best:6.2f} s")


if __name__ == "__main__":
    main()
