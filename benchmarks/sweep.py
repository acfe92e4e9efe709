"""How much more time a sweep takes than its bare trainings: Snakemake, evaluation, the report and MLflow.

    python benchmarks/sweep.py            # 20 fits, then 200; prints

The bare trainings are the same fits (tutorial's recipe, 60 captchas each) in two processes that do nothing
else. The sweep is `snakemake --cores 2` in a fresh copy of the project; everything is evaluated, recorded and
reported. The times of the jobs of each rule are read from Snakemake's own metadata.
"""

import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import click
import pandas as pd
import yaml

from captchanet.layout import Layout

ROOT = Path(__file__).resolve().parents[1]
SNAKEMAKE = str(Path(sys.executable).with_name("snakemake"))

BARE = """
import json, sys
from pathlib import Path
from threadpoolctl import threadpool_limits
from captchanet.dataset.dataset import read_part
from captchanet.layout import Layout
from captchanet.train.settings import TrainSettings
from captchanet.train.train import train
data = read_part(Layout.of("main").dataset("main"), "train")
given = json.loads(Path("configuration.json").read_text())["train"]["cg"]
with threadpool_limits(1):
    for seed in range(int(sys.argv[1]), int(sys.argv[2]) + 1, 2):
        settings = TrainSettings.of({**given, "seed": seed})
        train(data, settings.architecture(data.X.shape[1], 36), settings).theta
"""


def project(folder: Path, fits: int) -> dict[str, str]:
    """Copies the project to `folder`, with a sweep over seeds; returns the environment to run it in."""
    for name in ("Snakefile", "workflow", "profiles", "src", "data"):
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, folder / name)
    config = yaml.safe_load((ROOT / "config/config.yaml").read_text())
    config["train"] = {"cg": config["train"]["cg"]}
    config["sweeps"] = {"seeds": {"run": "cg", "seeds": fits}}
    (folder / "config").mkdir()
    (folder / "config/config.yaml").write_text(yaml.safe_dump(config, sort_keys=False))
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    return {**os.environ, **threads, "PYTHONPATH": str(folder / "src")}


def spent() -> float:
    """CPU seconds of all processes that were started here and have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def snakemake(folder: Path, environment: dict[str, str], *words: str) -> tuple[float, float]:
    """Seconds of a run of Snakemake in `folder`: by the clock, and of CPU."""
    started, before = time.perf_counter(), spent()
    command = [SNAKEMAKE, "--cores", "2", *words]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(done.stdout + done.stderr)
    return time.perf_counter() - started, spent() - before


def bare(folder: Path, environment: dict[str, str], fits: int) -> tuple[float, float]:
    """Seconds of the bare fits, in two processes: by the clock, and of CPU."""
    started, before = time.perf_counter(), spent()
    command = [sys.executable, "-c", BARE]
    both = [
        subprocess.Popen([*command, str(first), str(fits)], cwd=folder, env=environment) for first in (1, 2)
    ]
    if [process.wait() for process in both] != [0, 0]:
        raise SystemExit("a bare fit failed")
    return time.perf_counter() - started, spent() - before


def stages(folder: Path) -> dict[str, float]:
    """From Snakemake's metadata: the seconds that the jobs of each rule took, added up."""
    facts = (json.loads(file.read_text()) for file in (folder / ".snakemake/metadata").iterdir())
    # one record for each file that a job wrote
    jobs = pd.DataFrame(facts)[["rule", "job_hash", "starttime", "endtime"]].drop_duplicates(
        ["rule", "job_hash"]
    )
    seconds = (jobs["endtime"] - jobs["starttime"]).groupby(jobs["rule"]).sum()
    return {str(rule): float(taken) for rule, taken in seconds.sort_values(ascending=False).items()}


@click.command()
@click.option("--fits", multiple=True, type=int, default=(20, 200), show_default=True)
def main(fits: tuple[int, ...]) -> None:
    """Prints a line for each number of fits: bare, sweep, their ratio, and what the stages took."""
    for number in fits:
        with tempfile.TemporaryDirectory() as scratch:
            folder = Path(scratch)
            environment = project(folder, number)
            whole, whole_cpu = snakemake(folder, environment)
            shutil.copy(folder / Layout.of("main").train("cg").configuration, folder / "configuration.json")
            alone, alone_cpu = bare(folder, environment, number)
            again, _ = snakemake(folder, environment)
            click.echo(
                f"{number} fits: bare {alone:.1f} s, as a sweep {whole:.1f} s = 1.5 x {alone:.1f} "
                f"{whole - 1.5 * alone:+.1f} s; CPU {alone_cpu:.1f} and {whole_cpu:.1f} s; "
                f"per run {(whole - alone) / number:.2f} s more; nothing to do {again:.1f} s"
            )
            told = ", ".join(f"{rule} {seconds:.1f}" for rule, seconds in stages(folder).items())
            click.echo(f"  seconds in jobs, two at a time: {told}")


if __name__ == "__main__":
    main()
