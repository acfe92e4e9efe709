"""Sweeps in MLflow: each has a parent run, which stands above its runs and summarises their results.

A sweep of a set has one parent, by its name, and keeps it. When the sweep grows, changes or shrinks,
the parent is brought up to date; otherwise nothing is written. A digest of its runs is written last: after a
kill it is not there, and the next attempt does the update again.
"""

import hashlib
import json
import math
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from mlflow import MlflowClient
from mlflow.entities import Metric, Run, RunTag

from captchanet.evaluate.comparison import SettingSummary, summarise, write_summaries
from captchanet.evaluate.sweep import Sweep, SweepRun, in_order
from captchanet.layout import FORMAT
from captchanet.report import figures
from captchanet.track.place import sweep_view, view_page
from captchanet.track.run_record import RunRecord
from captchanet.track.store import COMPLETE, PREFIX

PARENT = "mlflow.parentRunId"
MEMBERSHIP = (PARENT, *(f"{PREFIX}{name}" for name in ("sweep", "setting", "seed", "fold")))
"""The tags that say which sweep a run belongs to, and with which setting, seed and fold."""

MOST_ROWS, LONGEST_LABEL = 30, 60


@dataclass
class Parents:
    """The parents of a set's sweeps: made before the runs are logged, brought up to date after them.

    `of` is the name of the set. `known` are its runs that MLflow had before, by their keys. `ids` are the
    ids of the parents, by the names of their sweeps.
    """

    store: MlflowClient
    experiment: str
    of: str
    sweeps: Sequence[Sweep]
    known: Mapping[str, Run]
    records: Mapping[str, RunRecord]

    def __post_init__(self) -> None:
        self.parents = {sweep.name: self._parent(sweep) for sweep in self.sweeps}
        self.ids = {name: str(run.info.run_id) for name, run in self.parents.items()}

    def _parent(self, sweep: Sweep) -> Run:
        """The parent of a sweep; it is made if it does not exist."""
        # no run's key has a space
        key = f"sweep {sweep.name}"
        tags = {"key": key, "set": self.of, "kind": "sweep", "sweep": sweep.name, "configured": "yes"}
        source = {"mlflow.source.name": "captchanet", "mlflow.source.type": "PROJECT"}
        return self.known.get(key) or self.store.create_run(
            self.experiment,
            start_time=min(self.records[run].started for run in sweep.runs),
            run_name=sweep.name,
            tags={f"{PREFIX}{name}": text for name, text in tags.items()} | source,
        )

    def tags(self, run: str) -> dict[str, str]:
        """The tags that put a run below its sweep, {} where it belongs to none. No run belongs to two."""
        for sweep in self.sweeps:
            if about := sweep.runs.get(run):
                texts = (sweep.name, about["setting"], about["seed"], about["fold"])
                tags = zip(MEMBERSHIP, (self.ids[sweep.name], *texts), strict=True)
                return {name: str(text)[:5000] for name, text in tags if text is not None}
        return {}

    def complete(self, ids: Mapping[str, str]) -> None:
        """Brings every parent up to date; `ids` are the ids of the recorded runs by name."""
        for sweep in self.sweeps:
            run = self.parents[sweep.name]
            deciding = [
                [self.records[name].key, ids[name], about["setting"], about["seed"], about["fold"]]
                for name, about in sorted(sweep.runs.items())
            ]
            digest = hashlib.sha256(json.dumps(deciding).encode()).hexdigest()
            if run.info.status not in COMPLETE or run.data.tags.get(f"{PREFIX}digest") != digest:
                self._update(sweep, run, ids, digest)

    def _update(self, sweep: Sweep, run: Run, ids: Mapping[str, str], digest: str) -> None:
        run_id, ended = run.info.run_id, max(self._ended(name) for name in sweep.runs)
        if run.data.tags.get(f"{PREFIX}digest"):
            # after a kill from here on, the parent counts as out of date, whatever runs it has next time
            self.store.delete_tag(run_id, f"{PREFIX}digest")
        runs = in_order(sweep.sweep_runs())
        found = summarise(runs)
        finished = [one for one in runs if not one.failed]
        best = max(finished, key=lambda one: one.accuracy, default=None)
        with tempfile.TemporaryDirectory() as scratch:
            # a row for each setting, the best first
            write_summaries(Path(scratch, "settings.csv"), sweep, found)
            figures.save_png(figures.settings(found), Path(scratch, "settings.png"))
            self.store.log_artifacts(run_id, scratch)
        tags = {
            "mlflow.note.content": _description(sweep, found, best, self.of, self.experiment, ids),
            # a parent stays when the format changes
            f"{PREFIX}format": str(FORMAT),
            f"{PREFIX}base_run": sweep.run,
            f"{PREFIX}keys": ", ".join(sweep.keys),
            f"{PREFIX}best_setting": found[0].setting if best else "",
            f"{PREFIX}best_run": f"{ids[best.run]} {best.run}" if best else "",
        }
        numbers = {
            "best_run": best.accuracy if best else None,
            "best_mean": found[0].mean,
            "best_deviation": found[0].deviation,
            "runs": len(runs),
            "settings": len(found),
            "failed": len(runs) - len(finished),
        }
        metrics = self._metrics(run, numbers, ended, {ids[name] for name in sweep.runs})
        self.store.log_batch(run_id, metrics, tags=[RunTag(name, text[:5000]) for name, text in tags.items()])
        self.store.set_tag(run_id, f"{PREFIX}digest", digest)
        self.store.set_terminated(run_id, "FINISHED" if finished else "FAILED", end_time=ended)

    def _ended(self, name: str) -> int:
        """When a run ended, as MLflow has it: writers who each trained it themselves say the same."""
        one = self.records[name]
        known = self.known.get(one.key)
        return int(known.info.end_time or one.ended) if known else one.ended

    def _metrics(
        self, run: Run, numbers: Mapping[str, float | None], ended: int, now: set[str]
    ) -> list[Metric]:
        """The metrics to log: all, or none where MLflow has the same values already.

        The step is how many runs the sweep has had so far. MLflow takes the value with the largest step, then
        the latest time, for the latest one. So neither may go back when the sweep shrinks.
        """
        # a metric that was logged before and has no value now is logged as not-a-number
        latest = run.data.metrics
        values = {
            f"sweep/{name}": math.nan if value is None else round(value, 9) for name, value in numbers.items()
        }
        values = {name: value for name, value in values.items() if name in latest or not math.isnan(value)}
        # compared as texts, since not-a-number does not equal itself
        if {(name, str(float(value))) for name, value in values.items()} == {
            (name, str(float(value))) for name, value in latest.items()
        }:
            return []
        run_id = run.info.run_id
        ever = {one.info.run_id for one in self.known.values() if one.data.tags.get(PARENT) == run_id}
        step, time = len(ever | now), ended
        if latest:
            past = self.store.get_metric_history(run_id, "sweep/runs")
            step = max([step, *(one.step for one in past)])
            time = max([time, *(one.timestamp + 1 for one in past)])
        return [Metric(name, value, time, step) for name, value in values.items()]


def described(sweep: Sweep, run: str) -> str:
    """What a run of a sweep is, as a sentence of markdown."""
    about = sweep.runs[run]
    repeat = {"seed": about["seed"], "fold": about["fold"]}
    what = [f"Sweep {code(sweep.name)}", f"setting {code(about['setting'])}"]
    what += [f"{name} {number}" for name, number in repeat.items() if number is not None]
    return f"{', '.join(what)}."


def _description(
    sweep: Sweep,
    found: Sequence[SettingSummary],
    best: SweepRun | None,
    of: str,
    experiment: str,
    ids: Mapping[str, str],
) -> str:
    """The text at the top of the parent's page in the MLflow UI (markdown)."""
    keys = ", ".join(map(code, sweep.keys)) or "nothing but the repeats"
    runs, settings = _number(len(sweep.runs), "run"), _number(len(found), "setting")
    page = view_page(experiment, sweep_view(of, sweep.name), charts=True)
    lines = [f"{runs} like {code(sweep.run)}, varied in {keys}: {settings}. [Compare them]({page})."]
    if failed := sum(one.failed for one in found):
        lines[0] += f" **{failed} failed.**"
    if best:
        link = f"[{best.run}](#/experiments/{experiment}/runs/{ids[best.run]})"
        lines += [
            f"Best setting: **{code(found[0].setting)}**, which read {accuracy_text(found[0])} of the "
            f"captchas it never saw; best run: {link}, {best.accuracy:.1%}. "
            f"`captchanet best {sweep.name} --set {of}` says whether the difference stands out from the "
            "spread."
        ]
    # the UI gives its tables no space between columns
    heads = "&emsp; | ".join(["setting", "unseen captchas read", "lowest to highest", "runs", "failed"])
    lines += [f"| {heads} |\n|:---|:---|:---|:---|:---|"]
    for one in found[:MOST_ROWS]:
        reach = "" if one.mean is None else f"{one.low:.1%} to {one.high:.1%}"
        cells = [f"{code(one.setting)}&emsp;", accuracy_text(one), reach, str(len(one.runs)), str(one.failed)]
        lines[-1] += f"\n| {' | '.join(cells)} |"
    if len(found) > MOST_ROWS:
        lines += [f"and {len(found) - MOST_ROWS} more settings in settings.csv"]
    return "\n\n".join(lines)


def _number(n: int, of: str) -> str:
    return f"{n} {of}{'' if n == 1 else 's'}"


def accuracy_text(one: SettingSummary) -> str:
    """The mean share of captchas that a setting read, with its standard deviation in points."""
    if one.mean is None:
        return "none, all failed"
    return f"{one.mean:.1%}" + ("" if one.deviation is None else f" ± {100 * one.deviation:.1f}")


def code(text: str) -> str:
    """A text as code in markdown, also in a table, and not too long."""
    text = " ".join(text.split())
    if len(text) > LONGEST_LABEL:
        text = f"{text[: LONGEST_LABEL // 2]}…{text[-LONGEST_LABEL // 2 + 1 :]}"
    return f"`{text.replace('`', chr(39)).replace('|', chr(92) + '|')}`"
