"""Kills a sweep again and again, and checks that the next run completes it. No test, since it takes long.

    python tests/kills.py --kills 50 --seed 1

Each round starts the workflow in its own folder, kills its whole process group with SIGKILL at a random
moment, and runs it again to the end. Then every theta and every metric must be those of an unbroken run, and
the MLflow store must have each run once, FINISHED, with all its metrics and artifacts. Every second round
keeps the history of the round before and makes only the results again.
"""

import hashlib
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path

import click
import yaml

sys.path.insert(0, str(Path(__file__).resolve().parent / "workflow"))

from conftest import Project

ROOT = Path(__file__).resolve().parents[1]
CONFIG = """
pictures:
  raw: {folder: data/raw}
  unseen: {folder: data/unseen}
segment: {grid: {}}
dataset: {main: {segment: grid, train: raw, unseen: unseen, captchas: 20}}
train:
  cg: {hidden: [8], optimiser: {method: cg, iterations: 3}}
  sgd:
    hidden: [50]
    dtype: float32
    optimiser: {method: sgd, epochs: 300, batch_size: 8, learning_rate: 0.5}
  adamw:
    hidden: [50]
    output: softmax
    dropout: [0, 0.2]
    optimiser: {method: adamw, epochs: 200, batch_size: 8, learning_rate: 1e-3}
sweeps:
  weights: {run: cg, grid: {train.penalty.weight: [0.1, 1.0]}, seeds: 2}
  rates: {run: sgd, grid: {train.optimiser.learning_rate: [0.2, 0.5]}}
xor: {steps: 200}
"""


def outcome(project: Project) -> dict[str, str]:
    """The digest of every file of results, by its path."""
    results = project.folder / "results/kills"
    files = [*results.glob("train/*/model.*"), *results.glob("train/*/history.csv"), results / "xor/xor.json"]
    files += results.glob("evaluate/*/*")
    return {str(file.relative_to(results)): hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


def wrong(project: Project, expected: dict[str, str], runs: set[str]) -> list[str]:
    """The differences from an unbroken run, in words."""
    found = outcome(project)
    problems = [f"{file} differs" for file in expected if found.get(file) != expected[file]]
    keyed = "select value from runs join tags using (run_uuid) where key = 'captchanet.key'"
    keys = [key for (key,) in project.sql(f"{keyed} and lifecycle_stage = 'active'")]
    # name:digest, and a sweep's own: sweep name
    names = [key.rpartition(":")[0] or key.removeprefix("sweep ") for key in keys]
    problems += [f"{name} is recorded {names.count(name)} times" for name in runs if names.count(name) != 1]
    problems += [f"{name} is no run" for name in names if name not in runs]
    problems += [
        f"{name} is {status}"
        for name, status in project.sql("select name, status from runs")
        if status != "FINISHED"
    ]
    deleted = project.sql("select count(*) from runs where lifecycle_stage != 'active'")[0][0]
    problems += [f"{deleted} deleted runs"] if deleted else []
    twice = "select count(*) - count(distinct key || step || run_uuid) from metrics"
    problems += ["metrics stand twice"] if project.sql(twice)[0][0] else []
    for name, uri in project.sql("select name, artifact_uri from runs"):
        place = Path(uri.removeprefix("file://"))
        files = {file.name for file in place.rglob("*") if file.is_file()}
        if not {"settings.csv", "model.npz", "xor.json"} & files:
            problems.append(f"{name} has no artifacts")
    left = (project.folder / "results/kills/checkpoints").glob("*.npz")
    problems += [f"{file.name} is left" for file in left]
    return problems


def killed(project: Project, after: float) -> str:
    """Starts the workflow and kills it after some seconds; returns the last job that it had begun."""
    process = project.start(configfile="config/kills.yaml")
    time.sleep(after)
    os.killpg(process.pid, signal.SIGKILL)
    output, _ = process.communicate()
    begun = [line.split(":", 1)[1].strip() for line in output.splitlines() if line.startswith("Job ")]
    return begun[-1] if begun else "before the first job"


def made(folder: Path) -> Project:
    """A copy of the project with the sweep's configuration."""
    folder.mkdir()
    project = Project(folder, ROOT)
    project.env["CAPTCHANET_CHECKPOINT_SECONDS"] = "0"
    (folder / "config/kills.yaml").write_text(CONFIG)
    return project


@click.command()
@click.option("--kills", default=50, show_default=True)
@click.option("--seed", default=1, show_default=True)
def main(kills: int, seed: int) -> None:
    """Prints a line for each kill, and at the end how many rounds were completed; status 1 if not all."""
    rng = random.Random(seed)
    with tempfile.TemporaryDirectory() as scratch:
        unbroken = made(Path(scratch) / "unbroken")
        started = time.monotonic()
        ended = unbroken.snakemake(configfile="config/kills.yaml")
        lasted = time.monotonic() - started
        if ended.status:
            raise SystemExit(ended.output)
        expected = outcome(unbroken)
        config = yaml.safe_load(CONFIG)
        runs = {
            "xor",
            *config["sweeps"],
            *(file.split("/")[1] for file in expected if file.startswith("train/")),
        }
        click.echo(f"unbroken: {lasted:.0f} s, {len(runs)} runs recorded, {len(expected)} files compared")
        whole, folder = 0, Path(scratch) / "killed"
        for number in range(1, kills + 1):
            if number % 2 or not folder.exists():
                shutil.rmtree(folder, ignore_errors=True)
                project = made(folder)
            else:
                shutil.rmtree(folder / "results")
            after = rng.uniform(0.5, lasted)
            during = killed(project, after)
            ended = project.snakemake(configfile="config/kills.yaml")
            problems = wrong(project, expected, runs) if not ended.status else [ended.output[-3000:]]
            resumed = " (resumed a training)" if "goes on after epoch" in ended.output else ""
            whole += not problems
            found = "; ".join(problems) or "whole"
            click.echo(f"{number:3}  killed after {after:4.1f} s: {during}{resumed}: {found}")
    click.echo(f"{whole} of {kills} killed sweeps were made whole by the next run")
    sys.exit(whole < kills)


if __name__ == "__main__":
    main()
