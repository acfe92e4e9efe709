"""The runs of a sweep from MLflow alone, to compare them also after their results were deleted."""

import csv
import io
import json
from collections.abc import Iterable

from captchanet.errors import UserError
from captchanet.evaluate.sweep import SweepRun, in_order
from captchanet.layout import ARTIFACTS
from captchanet.spreadsheet import as_given
from captchanet.track.history import Run, Store, artifact


def sweep_runs(store: Store, runs: Iterable[Run], sweep: str) -> list[SweepRun]:
    """The runs of `sweep` among `runs`, by setting and repeat; raises UserError where files are missing."""
    return in_order(_sweep_run(store, run) for run in runs if run.tags.get("sweep") == sweep)


def _sweep_run(store: Store, run: Run) -> SweepRun:
    seed, fold = (int(run.tags[name]) if name in run.tags else None for name in ("seed", "fold"))
    about = (run.name, run.tags["setting"], (seed, fold))
    if run.status != "finished":
        return SweepRun(*about, failed=True)
    metrics = artifact(store, run, str(ARTIFACTS.evaluate.metrics))
    misreads = artifact(store, run, str(ARTIFACTS.evaluate.misreads))
    lost = f"run {run.name} ({run.id[:8]}): its misreads are no longer among its files in MLflow"
    again = "delete the run there, and the next `snakemake` records it again"
    if metrics is None or misreads is None:
        raise UserError(f"{lost}; {again}")
    try:
        rows = csv.DictReader(io.StringIO(misreads, newline=""))
        misread = frozenset((as_given(row["pictures"]), as_given(row["file"])) for row in rows)
        n = json.loads(metrics)["unseen"]["captchas"]["n"]
    except (ValueError, KeyError, TypeError, csv.Error) as error:
        raise UserError(f"{lost} as they were recorded; {again}") from error
    return SweepRun(*about, False, run.tags["data.unseen_sha256"], n, misread)
