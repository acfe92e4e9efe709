"""The report's sections about sweeps: the results of many runs together, and not each run in full."""

import math
from collections.abc import Iterable, Mapping, Sequence, Set
from typing import Any, TypeGuard

from captchanet.config.names import STAGES, Names
from captchanet.dataset.dataset import DatasetFacts, read_facts
from captchanet.evaluate.comparison import SettingSummary, compare, summarise
from captchanet.evaluate.sweep import Sweep, SweepRun
from captchanet.files import read_json
from captchanet.layout import Results
from captchanet.report import figures
from captchanet.report.accuracy_curve import MOST_LINES, Line, accuracy_curve

TOLD = ("train", "synthetic", "unseen")
"""The parts of a data set for which the page shows the number of captchas."""
MOST_NAMED = 8
"""Up to this many values, seeds or sizes are listed. If there are more, the page shows only their number."""


def section(sweep: Sweep) -> dict[str, Any]:
    """All about one sweep, in the form that the template needs."""
    runs = sweep.sweep_runs()
    found = summarise(runs)
    finished = [one for one in found if one.mean is not None]
    seeds = {about["seed"] for about in sweep.runs.values() if about["seed"] is not None}
    folds = {about["fold"] for about in sweep.runs.values() if about["fold"] is not None}
    repeats = {"seed": seeds, "fold": folds}
    evaluated = sweep.results.evaluate
    return {
        "name": sweep.name,
        "run": sweep.run,
        "varied": [(key, _values(sweep, key)) for key in sweep.keys],
        "repeats": _repeats(repeats),
        "over": " and ".join(f"{of}s" for of, each in repeats.items() if each),
        "summaries": found,
        "finished": finished,
        "equal": sum(math.isclose(one.mean or 0, finished[0].mean or 0) for one in finished),
        "comparison": compare(finished[0].runs, finished[1].runs) if len(finished) > 1 else None,
        "runs": runs,
        "failed": {
            one.run: read_json(evaluated[one.run].metrics, "reason")["reason"] for one in runs if one.failed
        },
        "data": _data(sweep.results, runs),
        **_figures(sweep, found, finished),
    }


def _figures(
    sweep: Sweep, found: Sequence[SettingSummary], finished: Sequence[SettingSummary]
) -> dict[str, Any]:
    """The figures of a sweep, and how many lines and settings are not plotted."""
    key, lines = _lines(sweep, found)
    plotted = {id(one) for _, points in lines[:MOST_LINES] for _, one in points}
    plots, more_settings = [], 0
    if lines:
        plots.append((f"accuracy over {key}", figures.svg(accuracy_curve(key, lines), f"{sweep.name} over")))
    if finished and not all(id(one) in plotted for one in finished):
        plots.append(("accuracy of each setting", figures.svg(figures.settings(found), sweep.name)))
        more_settings = max(0, len(finished) - figures.MOST_SETTINGS)
    return {"figures": plots, "more_lines": max(0, len(lines) - MOST_LINES), "more_settings": more_settings}


def p_value(p: float) -> str:
    """A p-value as a text, p = 0.031, with two significant digits, never broken at the end of a line."""
    return ("p < 0.001" if p < 0.001 else f"p = {p:.2g}").replace(" ", "\N{NO-BREAK SPACE}")


def _lines(sweep: Sweep, found: Sequence[SettingSummary]) -> tuple[str, list[Line]]:
    """The one varied key with three numbers or more, and a line over it for each setting of the other keys.

    The line with the best setting comes first. Without such a key, or with several, there are no lines.
    """
    keys = [key for key in sweep.keys if len(set(filter(_is_number, _of(sweep, key)))) >= 3]
    if len(keys) != 1:
        return "", []
    values = {about["setting"]: about["values"] for about in sweep.runs.values()}
    rest = {
        setting: {key: value for key, value in of.items() if key != keys[0]} for setting, of in values.items()
    }
    names = Names(list(rest.values()))
    lines: dict[str, list[tuple[float, SettingSummary]]] = {}
    for one in found:
        value = values[one.setting].get(keys[0])
        if keys[0] == "dataset.captchas" and value is None and one.mean is not None:
            # null means all captchas: the data set has their number
            finished = next(run.run for run in one.runs if not run.failed)
            value = _facts(sweep.results, finished)[1]["captchas"]["train"]
        if one.mean is not None and _is_number(value):
            label = names.label(rest[one.setting], STAGES) or sweep.run
            lines.setdefault(label, []).append((value, one))
    return keys[0], [(label, points) for label, points in lines.items() if len(points) > 1]


def _is_number(value: Any) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _of(sweep: Sweep, key: str) -> list[Any]:
    """The values of `key`, each as often as it occurs."""
    return [about["values"][key] for about in sweep.runs.values() if key in about["values"]]


def _values(sweep: Sweep, key: str) -> str:
    """The values of `key` as they are in the settings' labels: 0.01, 0.1, 1.0."""
    values = _of(sweep, key)
    texts = [Names([{key: value}]).label({key: value}, STAGES).partition("=")[2] for value in values]
    return _listed(texts if not all(map(_is_number, values)) else sorted(set(values)))


def _listed(values: Iterable[Any], last: str = "and", many: str = "{n} values") -> str:
    """A list such as 10, 20 and 40. Of many values it is their number, and of many numbers also the range."""
    each = list(dict.fromkeys(values))
    if len(each) <= MOST_NAMED:
        but_last = ", ".join(map(str, each[:-1]))
        return f"{but_last} {last} {each[-1]}" if but_last else str(each[-1])
    numbers = all(map(_is_number, each))
    return many.format(n=len(each)) + (f" from {min(each)} to {max(each)}" if numbers else "")


def _repeats(repeats: Mapping[str, Set[int]]) -> str:
    """How often each setting was run: with seeds 1, 2, 3 and 5 folds."""
    told = []
    for of, each in repeats.items():
        if each:
            named = f" ({', '.join(map(str, sorted(each)))})"
            which = named if len(each) <= MOST_NAMED and of == "seed" else ""
            told.append(f"{len(each)} {of}{'s' if len(each) > 1 else ''}{which}")
    return " and ".join(told)


def _facts(results: Results, run: str) -> tuple[str, DatasetFacts]:
    """The name of a run's data set, and its facts."""
    name = read_json(results.train[run].parameters, "data")["data"]
    return name, read_facts(results.dataset[name])


def _data(results: Results, runs: Sequence[SweepRun]) -> dict[str, Any]:
    """How many data sets the runs have, their sizes, and how many lack an example of some class."""
    facts = dict(_facts(results, one.run) for one in runs).values()
    return {
        "number": len(facts),
        **{part: _listed(sorted(one["captchas"][part] for one in facts), "or", "") for part in TOLD},
        "lacking": sum(bool(one["classes_without_example"]) for one in facts),
    }
