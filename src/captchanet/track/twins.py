"""Twins: several records of one run in one set, and which of them stays.

A database in a file is written by one process at a time, so it gets none. On a server two writers that begin
together both find a run missing, and both record it. Each looks for twins at the end and settles them in the
same way, since it decides by what never changes again: the oldest complete record stays. No writer hides it,
whatever it has seen so far, and the last one to end sees all of them.
"""

from collections.abc import Iterable, Mapping

from mlflow import MlflowClient
from mlflow.entities import Run
from mlflow.exceptions import MlflowException

from captchanet.track.store import COMPLETE, PREFIX


def by_key(runs: Iterable[Run]) -> dict[str, list[Run]]:
    """The runs by their keys, the oldest first: by the start of the training, then by id."""
    found: dict[str, list[Run]] = {}
    for run in sorted(runs, key=lambda run: (run.info.start_time or 0, run.info.run_id)):
        found.setdefault(run.data.tags[f"{PREFIX}key"], []).append(run)
    return found


def is_complete(run: Run) -> bool:
    """Whether a run is recorded completely; that of a sweep always is, it is only brought up to date."""
    return run.info.status in COMPLETE or run.data.tags.get(f"{PREFIX}kind") == "sweep"


def settled(
    store: MlflowClient, found: Mapping[str, list[Run]], begun: Mapping[str, int], alone: bool
) -> dict[str, Run]:
    """The one run of each key that stays; its twins are hidden.

    `begun` are the starts of the trainings that are recorded now, by key. A half run of one of these is gone
    on with. Another half run may be another writer's at work, and is left to this one, except where this
    process is `alone`.
    """
    stay = {}
    for key, runs in found.items():
        halves = [run for run in runs if not is_complete(run)]
        ours = [run for run in halves if alone or run.info.start_time == begun.get(key)]
        candidates = [*filter(is_complete, runs), *ours]
        for twin in candidates[1:]:
            _hide(store, twin, candidates[0])
        if candidates:
            stay[key] = candidates[0]
    return stay


def awaited(found: Mapping[str, list[Run]], begun: Mapping[str, int]) -> bool:
    """Whether another writer is at work on an older record of a run that is recorded now."""
    return any(key in begun and not is_complete(runs[0]) for key, runs in found.items())


def _hide(store: MlflowClient, twin: Run, stays: Run) -> None:
    """Hides a run from all lists, marked with the id of the one that stays. MLflow can restore it."""
    run_id = twin.info.run_id
    try:
        store.set_tag(run_id, f"{PREFIX}twin_of", stays.info.run_id)
        store.delete_run(run_id)
    except MlflowException:
        # another writer may have hidden it in the same moment
        if store.get_run(run_id).info.lifecycle_stage == "active":
            raise
