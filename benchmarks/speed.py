"""How fast captchanet is, beside bare work and its peers: every figure of docs/benchmarks.md, in one run.

    python benchmarks/speed.py                           # all parts, 25 minutes on two cores; writes the page
    python benchmarks/speed.py --only sgd,cg --rounds 3  # prints two parts, and leaves the page alone
    python benchmarks/speed.py --before COMMIT           # some parts also beside the code of that commit

Each part runs in a process of its own, with one thread and BLAS as it is by itself. Peers that are not
installed are left out, and the page says so. With --before, captchas are drawn and few-labels is run by the
code of that commit, too, in turn with today's.
"""

import json
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path

import click
from harness import ROOT, Row, environment

PAGE = ROOT / "docs/benchmarks.md"
PARTS = (
    *("sgd", "adamw", "convolution", "cg", "threads", "growth"),
    *("sweep", "dry-runs", "segmenting", "few-labels", "drawing"),
)
PEERS = ("torch", "scikit-learn", "jax")
HEADER = "| work | figure | median (quartiles) |\n|---|---|---|"
INTRODUCTION = """# Speed

Written by `make bench` (`python benchmarks/speed.py`). What is compared runs in turn, with one thread, and
the figures are of CPU time where they do not say otherwise. The network is 260-200-200-36. The matrix
products are those of the same training alone: ours ÷ the products is 1 at best.
"""


def part_rows(part: str, rounds: int, before: Path | None) -> Iterator[Row]:
    """Measures a part in this process."""
    # imported here, with the variables of `environment`
    import speed_pictures
    import speed_training
    import speed_workflow

    if part in speed_training.PARTS:
        return speed_training.PARTS[part](rounds)
    return (speed_pictures.PARTS | speed_workflow.PARTS)[part](rounds, before)


def heading() -> str:
    """The machine, the versions, and the peers that are missing."""
    import numpy  # noqa: F401  # loads its BLAS
    import scipy.linalg  # noqa: F401

    from captchanet.train.provenance import arithmetic

    found = arithmetic()
    kernels = ", ".join(sorted({f"OpenBLAS {b['version']} {b['kernel']}" for b in found["blas"]}))
    there, missing = [f"Python {platform.python_version()}"], []
    for name in ("numpy", "scipy", *PEERS):
        try:
            there.append(f"{name} {metadata.version(name)}")
        except metadata.PackageNotFoundError:
            missing.append(name)
    told = f"{found['cpu']}, {os.cpu_count()} cores; {', '.join(there)}; {kernels}.\n"
    if missing:
        told += (
            f"\nNot installed here, and left out: {', '.join(missing)}. "
            "`.venv/bin/python -m pip install -e '.[bench]'` installs them.\n"
        )
    return told


@contextmanager
def checkout(commit: str | None) -> Iterator[Path | None]:
    """A git worktree of a commit, for as long as the block lasts; None without a commit."""
    if commit is None:
        yield None
        return
    with tempfile.TemporaryDirectory() as scratch:
        folder, git = Path(scratch) / "before", ["git", "-C", str(ROOT), "worktree"]
        subprocess.run([*git, "add", "--quiet", "--detach", str(folder), commit], check=True)
        try:
            yield folder
        finally:
            subprocess.run([*git, "remove", "--force", str(folder)], check=True)


def measured(part: str, rounds: int, before: Path | None) -> list[Row]:
    """The rows of a part, from a process of its own; they are printed, too."""
    command = [sys.executable, __file__, "--measure", part, "--rounds", str(rounds)]
    command += ["--before", str(before)] if before else []
    rows = []
    with subprocess.Popen(command, env=environment(), stdout=subprocess.PIPE, text=True) as process:
        for line in process.stdout or ():
            rows.append(Row(*json.loads(line)))
            click.echo(f"| {' | '.join(rows[-1])} |")
    if process.returncode:
        raise SystemExit(process.returncode)
    return rows


@click.command()
@click.option("--rounds", default=11, show_default=True, help="At least 7 for numbers to publish.")
@click.option("--only", help=f"Parts to print, by commas: {', '.join(PARTS)}. The page is not written.")
@click.option(
    "--before", metavar="COMMIT", help="Draw, and run few-labels, with the code of this commit, too."
)
@click.option("--measure", type=click.Choice(PARTS), hidden=True)
def main(rounds: int, only: str | None, before: str | None, measure: str | None) -> None:
    """Measure all parts and write the page, or print some."""
    if measure:
        for row in part_rows(measure, rounds, Path(before) if before else None):
            print(json.dumps(row), flush=True)
        return
    parts = only.split(",") if only else PARTS
    if unknown := set(parts) - set(PARTS):
        raise click.BadParameter(f"{min(unknown)}: choose of {', '.join(PARTS)}", param_hint="--only")
    command = [sys.executable, "-c", "import speed; print(speed.heading())"]
    src = environment()
    path = {"PYTHONPATH": os.pathsep.join([src["PYTHONPATH"], str(Path(__file__).parent)])}
    told = subprocess.run(command, env=src | path, check=True, stdout=subprocess.PIPE, text=True).stdout
    click.echo(f"{told}\n{HEADER}")
    with checkout(before) as folder:
        rows = [row for part in parts for row in measured(part, rounds, folder)]
    if not only:
        lines = "\n".join(f"| {' | '.join(row)} |" for row in rows)
        of = f"The commit before is {before}.\n\n" if before else ""
        PAGE.write_text(f"{INTRODUCTION}\n{told.rstrip()}\n\n{of}{HEADER}\n{lines}\n")


if __name__ == "__main__":
    main()
