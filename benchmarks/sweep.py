"""How much more time a sweep takes than its bare trainings: Snakemake, evaluation, the report and MLflow.

    python benchmarks/sweep.py            # 20 fits, then 200; prints

The bare trainings are the same fits (tutorial's recipe, 60 captchas each) in two processes that do nothing
else. The sweep is `snakemake --cores 2` in a fresh copy of the project; everything is evaluated, recorded and
reported. The times of the jobs of each rule are read from Snakemake's own metadata.
"""

import json
import shutil
import sys
import tempfile
from pathlib import Path

import click
import pandas as pd
import yaml
from harness import ROOT, Spent, environment, spent

from captchanet.layout import Layout

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


def project(folder: Path, fits: int) -> None:
    """Copies the project to `folder`, with a sweep over seeds."""
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


def snakemake(folder: Path, home: Path, *words: str) -> Spent:
    """A run of Snakemake in `folder`, on two cores, with the workflow and the code of the project `home`."""
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(home / "Snakefile"), "--cores", "2"]
    return spent([[*command, *words]], folder, environment(home / "src"))


def bare(folder: Path, fits: int) -> Spent:
    """The bare fits of a project whose sweep has run, in two processes."""
    shutil.copy(folder / Layout.of("main").train("cg").configuration, folder / "configuration.json")
    commands = [[sys.executable, "-c", BARE, str(first), str(fits)] for first in (1, 2)]
    return spent(commands, folder, environment(folder / "src"))


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
            project(folder, number)
            whole, whole_cpu = snakemake(folder, folder)
            alone, alone_cpu = bare(folder, number)
            again, _ = snakemake(folder, folder)
            click.echo(
                f"{number} fits: bare {alone:.1f} s, as a sweep {whole:.1f} s = 1.5 x {alone:.1f} "
                f"{whole - 1.5 * alone:+.1f} s; CPU {alone_cpu:.1f} and {whole_cpu:.1f} s; "
                f"per run {(whole - alone) / number:.2f} s more; nothing to do {again:.1f} s"
            )
            told = ", ".join(f"{rule} {seconds:.1f}" for rule, seconds in stages(folder).items())
            click.echo(f"  seconds in jobs, two at a time: {told}")


if __name__ == "__main__":
    main()
