"""The parts of the speed benchmark that run the workflow: a sweep, dry runs of many runs, and few labels."""

import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from harness import ROOT, Row, Spent, median, ratio
from sweep import bare, project, snakemake

FITS = 20


@contextmanager
def _as_it_was(history: Sequence[Path]) -> Iterator[None]:
    """A block behind which a file and a folder are as they were before it."""
    file, folder = history
    kept = [path.with_name(f"kept-{path.name}") for path in history]
    shutil.copy(file, kept[0])
    shutil.copytree(folder, kept[1])
    try:
        yield
    finally:
        shutil.rmtree(folder)
        for path, copy in zip(history, kept, strict=True):
            copy.rename(path)


def sweep(rounds: int, before: Path | None = None) -> Iterator[Row]:
    """Fits as a sweep, beside the same fits in two processes that do nothing else, in turn.

    A round begins without results and with a history that has another set's run alone: its database is there.
    """
    bare_times, times = [], []
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        project(folder, FITS)
        snakemake(folder, folder, "--config", "set=empty", "sweeps={seeds: {seeds: 1}}")
        history = [folder / "mlflow.db", folder / "mlartifacts"]
        for _ in range(min(rounds, 3)):
            with _as_it_was(history):
                times.append(snakemake(folder, folder))
                bare_times.append(bare(folder, FITS))
            shutil.rmtree(folder / "results")
    work = f"{FITS} CG fits as a sweep on 2 cores"
    for at, what in ((0, "by the clock"), (1, "CPU")):
        whole, alone = (np.array([one[at] for one in each]) for each in (times, bare_times))
        yield Row(work, f"÷ the bare fits in 2 processes, {what}", ratio(whole, alone))
        yield Row(work, f"seconds, {what}", f"{median(whole)}; bare {median(alone)}")


def dry_runs(rounds: int, before: Path | None = None) -> Iterator[Row]:
    """Dry runs of configurations with many runs, before anything is made."""
    for fits in (20, 200, 1_000):
        with tempfile.TemporaryDirectory() as scratch:
            folder = Path(scratch)
            project(folder, fits)
            words = ("--dry-run", "--quiet", "all")
            taken = [snakemake(folder, folder, *words).cpu for _ in range(min(rounds, 3))]
        yield Row(f"dry run with {fits:,} runs", "CPU seconds", median(np.array(taken)))


def few_labels(rounds: int, before: Path | None = None) -> Iterator[Row]:
    """The whole workflow of config/few-labels.yaml from nothing; and with the code of `before`, in turn."""
    checkouts = {"ours": ROOT} | ({"before": before} if before else {})
    spans: dict[str, list[Spent]] = {name: [] for name in checkouts}
    for _ in range(min(rounds, 3)):
        for name, home in checkouts.items():
            with tempfile.TemporaryDirectory() as scratch:
                shutil.copytree(home / "data", Path(scratch) / "data")
                words = ("--configfile", str(home / "config/few-labels.yaml"))
                spans[name].append(snakemake(Path(scratch), home, *words))
    cpu, wall = ({name: np.array([one[at] for one in each]) for name, each in spans.items()} for at in (1, 0))
    work = "few-labels, the whole workflow on 2 cores"
    yield Row(work, "CPU seconds", median(cpu["ours"]))
    yield Row(work, "seconds by the clock", median(wall["ours"]))
    if before:
        yield Row(work, "CPU time ÷ the commit before", ratio(cpu["ours"], cpu["before"]))


PARTS: dict[str, Callable[[int, Path | None], Iterator[Row]]] = {
    "sweep": sweep,
    "dry-runs": dry_runs,
    "few-labels": few_labels,
}
