"""The report's sections about sweeps: what many runs found together, and not each of them in full."""

import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from captchanet.config.names import Names
from captchanet.config.sweeps import STAGES
from captchanet.evaluate.comparison import (
    SettingSummary,
    SweepRun,
    compare,
    summarise,
    sweep_run,
    write_summaries,
)
from captchanet.files import read_json
from captchanet.layout import Results
from captchanet.report import figures
from captchanet.report.accuracy_curve import MOST_LINES, Line, accuracy_curve

TOLD = ("train", "synthetic", "unseen")
"""The parts of a data set of which it is said how many captchas they have."""
MOST_NAMED = 8
"""Values, seeds or sizes that are named one by one; of more than that it is said how many they are."""


def write_table(results: Results, plan: Mapping[str, Any], file: Path) -> None:
    """A sweep's settings and their accuracy, as a CSV, the best first."""
    write_summaries(file, plan["keys"], plan["runs"], summarise(_runs(results, plan)))


def _runs(results: Results, plan: Mapping[str, Any]) -> list[SweepRun]:
    return [
        sweep_run(run, about, results.train[run], results.evaluate[run])
        for run, about in plan["runs"].items()
    ]


def section(results: Results, name: str, plan: Mapping[str, Any]) -> dict[str, Any]:
    """All about one sweep, from the results; `plan` as `captchanet.config.sweeps` tells of it."""
    runs = _runs(results, plan)
    found = summarise(runs)
    finished = [one for one in found if one.mean is not None]
    key, lines = _lines(results, plan, found)
    plotted = {id(one) for _, points in lines[:MOST_LINES] for _, one in points}
    plots, more_settings = [], 0
    if lines:
        plots.append((f"accuracy over {key}", figures.svg(accuracy_curve(key, lines), f"{name} over")))
    if finished and not all(id(one) in plotted for one in finished):
        plots.append(("accuracy of each setting", figures.svg(figures.settings(found), name)))
        more_settings = max(0, len(finished) - figures.MOST_SETTINGS)
    return {
        "name": name,
        "run": plan["run"],
        "varied": [(key, _values(plan, key)) for key in plan["keys"]],
        "repeats": _repeats(plan),
        "over": " and ".join(
            f"{of}s"
            for of in ("seed", "fold")
            if any(about[of] is not None for about in plan["runs"].values())
        ),
        "summaries": found,
        "finished": finished,
        "equal": sum(math.isclose(one.mean or 0, finished[0].mean or 0) for one in finished)
        if finished
        else 0,
        "comparison": compare(finished[0].runs, finished[1].runs) if len(finished) > 1 else None,
        "figures": plots,
        "lines": min(len(lines), MOST_LINES),
        "more_lines": max(0, len(lines) - MOST_LINES),
        "more_settings": more_settings,
        "runs": runs,
        "failed": {
            one.run: read_json(results.evaluate[one.run].metrics)["reason"] for one in runs if one.failed
        },
        "data": _data(results, runs),
    }


def p_value(p: float) -> str:
    """p = 0.031, with two digits that count, and never torn apart at the end of a line."""
    return ("p < 0.001" if p < 0.001 else f"p = {p:.2g}").replace(" ", "\N{NO-BREAK SPACE}")


def _lines(
    results: Results, plan: Mapping[str, Any], found: Sequence[SettingSummary]
) -> tuple[str, list[Line]]:
    """The one varied key with three numbers or more, and a line over it for each setting of the other keys.

    The line with the best setting comes first. No lines, where there is no such key, or more than one.
    """
    keys = [key for key in plan["keys"] if len(set(filter(_is_number, _of(plan, key)))) >= 3]
    if len(keys) != 1:
        return "", []
    values = {about["setting"]: about["values"] for about in plan["runs"].values()}
    rest = {
        setting: {key: value for key, value in of.items() if key != keys[0]} for setting, of in values.items()
    }
    names = Names(list(rest.values()))
    lines: dict[str, list[tuple[float, SettingSummary]]] = {}
    for one in found:
        value = values[one.setting].get(keys[0])
        if keys[0] == "dataset.captchas" and value is None and one.mean is not None:
            # all that there are: how many, the data set knows
            finished = next(run.run for run in one.runs if not run.failed)
            value = _facts(results, finished)["captchas"]["train"]
        if one.mean is not None and _is_number(value):
            label = names.label(rest[one.setting], STAGES) or plan["run"]
            lines.setdefault(label, []).append((value, one))
    return keys[0], [(label, points) for label, points in lines.items() if len(points) > 1]


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _of(plan: Mapping[str, Any], key: str) -> list[Any]:
    """The values of `key`, each as often as it occurs."""
    return [about["values"][key] for about in plan["runs"].values() if key in about["values"]]


def _values(plan: Mapping[str, Any], key: str) -> str:
    """The values of `key` as they are in the settings' labels: 0.01, 0.1, 1.0."""
    values = _of(plan, key)
    texts = [Names([{key: value}]).label({key: value}, STAGES).partition("=")[2] for value in values]
    return _listed(texts if not all(map(_is_number, values)) else sorted(set(values)))


def _listed(values: Iterable[Any], last: str = "and", many: str = "{n} values") -> str:
    """10, 20 and 40; of more than can be named, how many they are and, of numbers, from where to where."""
    each = list(dict.fromkeys(values))
    if len(each) <= MOST_NAMED:
        but_last = ", ".join(map(str, each[:-1]))
        return f"{but_last} {last} {each[-1]}" if but_last else str(each[-1])
    numbers = all(map(_is_number, each))
    return many.format(n=len(each)) + (f" from {min(each)} to {max(each)}" if numbers else "")


def _repeats(plan: Mapping[str, Any]) -> str:
    """How often each setting was run: with seeds 1, 2, 3 and 5 folds."""
    told = []
    for of in ("seed", "fold"):
        each = sorted({about[of] for about in plan["runs"].values()} - {None})
        if each:
            which = f" ({', '.join(map(str, each))})" if len(each) <= MOST_NAMED and of == "seed" else ""
            told.append(f"{len(each)} {of}{'s' if len(each) > 1 else ''}{which}")
    return " and ".join(told)


def _facts(results: Results, run: str) -> dict[str, Any]:
    """The facts of a run's data set, and its name."""
    name = read_json(results.train[run].parameters)["data"]
    return {**read_json(results.dataset[name].facts), "name": name}


def _data(results: Results, runs: Sequence[SweepRun]) -> dict[str, Any]:
    """How many data sets the runs have, of which sizes, and how many lack an example of some class."""
    facts = {each["name"]: each for each in (_facts(results, one.run) for one in runs)}.values()
    return {
        "number": len(facts),
        **{part: _listed(sorted(one["captchas"][part] for one in facts), "or", "") for part in TOLD},
        "lacking": sum(bool(one["classes_without_example"]) for one in facts),
    }
