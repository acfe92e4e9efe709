"""The report's sections about sweeps: what many runs found together, and not each of them in full."""

import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from captchanet.config.names import Names
from captchanet.config.sweeps import STAGES
from captchanet.evaluate.comparison import Child, Standing, child, compare, standings, write_standings
from captchanet.files import read_json
from captchanet.report import figures
from captchanet.report.accuracy_curve import MOST_LINES, Line, over

PARTS = ("train", "drawn", "unseen")
MOST_NAMED = 8
"""Values, seeds or sizes that are named one by one; of more than that it is said how many they are."""


def write_table(results: Path, plan: Mapping[str, Any], file: Path) -> None:
    """A sweep's settings and how they stand, as a CSV, the best first."""
    found = standings(child(results, run, about) for run, about in plan["runs"].items())
    write_standings(file, plan["keys"], plan["runs"], found)


def section(results: Path, name: str, plan: Mapping[str, Any]) -> dict[str, Any]:
    """All about one sweep, from the results folder; `plan` as `captchanet.config.sweeps` tells of it."""
    runs = plan["runs"]
    children = [child(results, run, about) for run, about in runs.items()]
    found = standings(children)
    finished = [one for one in found if one.mean is not None]
    key, lines = _lines(results, plan, found)
    drawn = {id(one) for _, points in lines[:MOST_LINES] for _, one in points}
    pictures, more_settings = [], 0
    if lines:
        pictures.append((f"read right over {key}", figures.svg(over(key, lines), f"{name} over")))
    if finished and not all(id(one) in drawn for one in finished):
        pictures.append(("read right by each setting", figures.svg(figures.settings(found), name)))
        more_settings = max(0, len(finished) - figures.MOST_SETTINGS)
    return {
        "name": name,
        "run": plan["run"],
        "varied": [(key, _values(plan, key)) for key in plan["keys"]],
        "repeats": _repeats(plan),
        "over": " and ".join(
            f"{of}s" for of in ("seed", "fold") if any(about[of] is not None for about in runs.values())
        ),
        "standings": found,
        "finished": finished,
        "equal": sum(math.isclose(one.mean or 0, finished[0].mean or 0) for one in finished)
        if finished
        else 0,
        "comparison": compare(finished[0].children, finished[1].children) if len(finished) > 1 else None,
        "figures": pictures,
        "lines": min(len(lines), MOST_LINES),
        "more_lines": max(0, len(lines) - MOST_LINES),
        "more_settings": more_settings,
        "children": children,
        "failed": {
            one.run: read_json(results / "evaluate" / one.run / "metrics.json")["reason"]
            for one in children
            if one.failed
        },
        "data": _data(results, children),
    }


def p_value(p: float) -> str:
    """p = 0.031, with two digits that count, and never torn apart at the end of a line."""
    return ("p < 0.001" if p < 0.001 else f"p = {p:.2g}").replace(" ", "\N{NO-BREAK SPACE}")


def _lines(results: Path, plan: Mapping[str, Any], found: Sequence[Standing]) -> tuple[str, list[Line]]:
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
    lines: dict[str, list[tuple[float, Standing]]] = {}
    for one in found:
        at = values[one.setting].get(keys[0])
        if keys[0] == "dataset.captchas" and at is None and one.mean is not None:
            # all that there are: how many, the data set knows
            run = next(child.run for child in one.children if not child.failed)
            at = _facts(results, run)["captchas"]["train"]
        if one.mean is not None and _is_number(at):
            label = names.label(rest[one.setting], STAGES) or plan["run"]
            lines.setdefault(label, []).append((at, one))
    return keys[0], [(label, points) for label, points in lines.items() if len(points) > 1]


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _of(plan: Mapping[str, Any], key: str) -> list[Any]:
    """The values of `key`, each as often as it occurs."""
    return [about["values"][key] for about in plan["runs"].values() if key in about["values"]]


def _values(plan: Mapping[str, Any], key: str) -> str:
    """The values of `key` as they stand in the settings' labels: 0.01, 0.1, 1.0."""
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


def _facts(results: Path, run: str) -> dict[str, Any]:
    """The facts of a run's data set, and its name."""
    name = read_json(results / "train" / run / "parameters.json")["data"]
    return {**read_json(results / "dataset" / name / "dataset.json"), "name": name}


def _data(results: Path, children: Sequence[Child]) -> dict[str, Any]:
    """How many data sets the runs have, of which sizes, and how many lack an example of some class."""
    facts = {each["name"]: each for each in (_facts(results, one.run) for one in children)}.values()
    return {
        "number": len(facts),
        **{part: _listed(sorted(one["captchas"][part] for one in facts), "or", "") for part in PARTS},
        "lacking": sum(bool(one["classes_without_example"]) for one in facts),
    }
