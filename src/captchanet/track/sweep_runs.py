"""The runs of a sweep as MLflow holds them, for a comparison when their results are long gone."""

import csv
import io
import json
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import unquote, urlsplit

from captchanet.errors import UserError
from captchanet.evaluate.sweep import SweepRun, in_order
from captchanet.layout import ARTIFACTS
from captchanet.track.history import Run, Store, artifact


def sweep_runs(store: Store, runs: Iterable[Run], sweep: str) -> list[SweepRun]:
    """The runs of `sweep` among `runs`, by setting and repeat; raises UserError where files are gone."""
    chosen = [run for run in runs if run.tags.get("sweep") == sweep]
    folder = _experiment_folder(store, chosen[0]) if chosen else None
    return in_order(_sweep_run(store, run, folder) for run in chosen)


def _experiment_folder(store: Store, run: Run) -> Path | None:
    """The folder that holds those of the runs; None where it is not on this disk.

    MLflow's own download asks the database three times for each file: 20 ms, 8 s for 200 runs.
    """
    address = urlsplit(store.get_run(run.id).info.artifact_uri)
    folder = Path(unquote(address.path))
    return folder.parents[1] if address.scheme in ("", "file") and folder.parent.name == run.id else None


def _text(store: Store, run: Run, folder: Path | None, path: Path) -> str | None:
    """A file of the run; None where it is gone."""
    file = folder / run.id / "artifacts" / path if folder else None
    if file and file.is_file():
        return file.read_bytes().decode("utf-8", "surrogateescape")
    return artifact(store, run, str(path))


def _sweep_run(store: Store, run: Run, folder: Path | None) -> SweepRun:
    seed, fold = (int(run.tags[name]) if name in run.tags else None for name in ("seed", "fold"))
    about = (run.name, run.tags["setting"], (seed, fold))
    if run.status != "finished":
        return SweepRun(*about, failed=True)
    metrics = _text(store, run, folder, ARTIFACTS.evaluate.metrics)
    misreads = _text(store, run, folder, ARTIFACTS.evaluate.misreads)
    if metrics is None or misreads is None:
        raise UserError(
            f"run {run.name} ({run.id[:8]}): what it misread is no longer among its files in MLflow; delete "
            "the run there, and the next `snakemake` records it again"
        )
    rows = csv.DictReader(io.StringIO(misreads, newline=""))
    misread = frozenset((row["pictures"], row["file"]) for row in rows)
    n = json.loads(metrics)["unseen"]["captchas"]["n"]
    return SweepRun(*about, False, run.tags["data.unseen_sha256"], n, misread)
