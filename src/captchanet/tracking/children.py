"""The runs of a sweep as MLflow holds them, for a comparison when the results folder is long gone."""

import csv
import io
import json
from collections.abc import Iterable

from captchanet.errors import UserError
from captchanet.experiment.sweep import Child
from captchanet.tracking.history import Run, Store, artifact


def children(store: Store, runs: Iterable[Run], sweep: str) -> list[Child]:
    """The runs of `sweep` among `runs`, by setting and repeat; raises UserError where files are gone."""
    found = [_child(store, run) for run in runs if run.tags.get("sweep") == sweep]
    return sorted(found, key=lambda one: (one.setting, one.repeat[0] or 0, one.repeat[1] or 0))


def _child(store: Store, run: Run) -> Child:
    seed, fold = (int(run.tags[name]) if name in run.tags else None for name in ("seed", "fold"))
    about = (run.name, run.tags["setting"], (seed, fold))
    if run.status != "finished":
        return Child(*about, failed=True)
    metrics = artifact(store, run, "evaluate/metrics.json")
    misreads = artifact(store, run, "evaluate/misreads.csv")
    if metrics is None or misreads is None:
        raise UserError(
            f"run {run.name} ({run.id[:8]}): what it misread is no longer among its files in MLflow; delete "
            "the run there, and the next `snakemake` records it again"
        )
    misread = frozenset((row["pictures"], row["file"]) for row in csv.DictReader(io.StringIO(misreads)))
    n = json.loads(metrics)["unseen"]["captchas"]["n"]
    return Child(*about, False, run.tags["data.unseen_sha256"], n, misread)
