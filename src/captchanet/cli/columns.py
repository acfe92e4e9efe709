"""The columns of a table of runs: their names, which are worth showing, sorting and choosing by them."""

import difflib
import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from captchanet.errors import UserError

if TYPE_CHECKING:  # importing mlflow takes a second
    from captchanet.track.history import Run

ACCURACY = "unseen/captchas/accuracy"
ALWAYS = ("id", "name", "status", "started", "configured")
# The tags that are shown where they differ: what the runs belong to, and what they were made of
GROUPS = ("set", "sweep")
ORIGINS = ("code", "data.train_sha256", "data.synthetic_sha256", "data.unseen_sha256")
# Parameters that follow from others
DERIVED = ("size.layers", "size.parameters")
HIDDEN_TAGS = ("key", "kind", "status", "configured")


@dataclass(frozen=True)
class Column:
    """A column: its kind (run, params, metrics or tags), its key there, its full name and its short one."""

    kind: str
    key: str
    name: str
    short: str

    def value(self, run: "Run") -> Any:
        """What stands in it for a run; None where there is nothing."""
        if self.kind == "params":
            return run.parameters.get(self.key)
        if self.kind == "metrics":
            return run.metrics.get(self.key)
        if self.kind == "tags":
            return run.tags.get(self.key)
        if self.key == "started":
            return run.started.isoformat(" ", "minutes")[:16]
        return ("no", "yes")[run.configured] if self.key == "configured" else getattr(run, self.key)

    @property
    def share(self) -> bool:
        """Whether its numbers are shares of 1."""
        return self.kind == "metrics" and re.split("[/_]", self.key)[-1] in ("accuracy", "low", "high")


class Columns:
    """All columns that these runs have, in the order they would stand in a table.

    Who read no captchas (XOR) has hardly a setting in common with those who did: where there are others, its
    settings stand last and take no name from theirs.
    """

    def __init__(self, runs: Sequence["Run"]) -> None:
        keys = [("run", key) for key in ALWAYS] + [("metrics", ACCURACY)]
        keys += _keys(_readers(runs))
        own = len(keys)
        keys += [key for key in _keys(runs) if key not in keys]
        # A parameter and a metric may both be called `cost`; tags give way to either
        often = Counter(key for kind, key in keys if kind != "tags")
        alone = {"run": len(keys), "params": 1, "metrics": 1, "tags": 0}
        names = [key if often[key] <= alone[kind] else f"{kind}.{key}" for kind, key in keys]
        ends = Counter(end for name in names[:own] for end in _ends(name))
        shorts = [_short(name, ends) for name in names[:own]] + names[own:]
        twice = Counter(shorts)
        self.all = [
            Column(kind, key, name, short if twice[short] == 1 or number < own else f"{kind}.{key}")
            for number, ((kind, key), name, short) in enumerate(zip(keys, names, shorts, strict=True))
        ]
        self.own = self.all[:own]

    def named(self, name: str) -> Column:
        """The column that a person calls `name`: whole, short or by its end; accuracy is of unseen captchas.

        Raises UserError where it is none or may be several.
        """
        name = ACCURACY if name == "accuracy" else name
        for columns in (self.own, self.all):
            for spoken in (
                lambda column: name in (column.name, f"{column.kind}.{column.key}"),
                lambda column: name in (column.key, column.short),
                lambda column: name in _ends(column.name),
            ):
                found = [column for column in columns if spoken(column)]
                if len(found) == 1:
                    return found[0]
                if found:
                    several = ", ".join(column.name for column in found)
                    raise UserError(f"{name!r} may be any of the columns {several}; give one of these names")
        names = {word: column.name for column in reversed(self.all) for word in (column.name, column.short)}
        near = {names[one]: 0 for one in difflib.get_close_matches(name, list(names), 6, 0.5)}
        hint = f"near it: {', '.join(near)}" if near else "`captchanet runs --all` shows them all"
        raise UserError(f"no run has a column {name!r}; {hint}")

    def choose(self, runs: Sequence["Run"], wanted: Iterable[Column]) -> tuple[list[Column], list[Column]]:
        """The columns that tell these runs apart, the telling ones first, and those that are the same in all.

        The columns `wanted` stand first, whatever is in them.
        """
        compared = _readers(runs)
        first = [column for column in self.all if column.kind == "run" or column.key == ACCURACY]
        first += [column for column in wanted if column not in first]
        kinds: dict[str, list[Column]] = {}
        for column in self.all:
            values = {_key(column.value(run)) for run in compared}
            if column not in first and values != {_key(None)}:
                kinds.setdefault(_group(column, values), []).append(column)
        order = ("groups", "varied", "results", "origins", "partial")
        return first + [column for kind in order for column in kinds.get(kind, ())], kinds.get("common", [])

    def filled(self, runs: Sequence["Run"]) -> list[Column]:
        """Every column that any of these runs was recorded with, if only to say that it is null."""
        there = {
            "params": {key for run in runs for key in run.parameters},
            "metrics": {key for run in runs for key in run.metrics},
            "tags": {key for run in runs for key in run.tags},
        }
        return [column for column in self.all if column.kind == "run" or column.key in there[column.kind]]


def _readers(runs: Sequence["Run"]) -> Sequence["Run"]:
    """The runs that learnt to read captchas, or all where none did."""
    return [run for run in runs if any(tag.startswith("data.") for tag in run.tags)] or runs


def _keys(runs: Sequence["Run"]) -> list[tuple[str, str]]:
    parameters = {key for run in runs for key in run.parameters} - {"run"}  # says the name again
    metrics = {key for run in runs for key in run.metrics} - {ACCURACY}
    tags = {key for run in runs for key in run.tags} - set(HIDDEN_TAGS)
    keys = [("params", key) for key in sorted(parameters)]
    keys += [("metrics", key) for key in sorted(metrics, key=_rank)]
    return keys + [("tags", key) for key in sorted(tags)]


def _short(name: str, ends: Counter[str]) -> str:
    """The shortest end that no other name has; without the word accuracy, which its % says."""
    if name.endswith("/accuracy"):
        return name.removesuffix("/accuracy")
    return min((end for end in _ends(name) if ends[end] == 1), key=len, default=name)


def _group(column: Column, values: set[Any]) -> str:
    """Where in a table a column with these values belongs, if anywhere."""
    if column.kind == "tags":
        shown = "groups" if column.key in GROUPS else "origins" if column.key in ORIGINS else "nowhere"
        return shown if len(values) > 1 else "nowhere"
    if column.kind == "metrics" and column.key.endswith(("/low", "/high")):
        return "nowhere"  # the interval of an accuracy that is shown
    if len(values) == 1:
        return "common"
    if column.kind == "metrics":
        return "results"
    varied = len(values - {_key(None)}) > 1 and column.key not in DERIVED
    return "varied" if varied else "partial"


def _rank(metric: str) -> tuple[bool, bool, str]:
    return not metric.endswith("accuracy"), metric.endswith(("/low", "/high")), metric


def _ends(name: str) -> list[str]:
    """`a.b/c` as c, b/c and a.b/c."""
    return [name[match.end() :] for match in re.finditer(r"^|[./]", name)]


def _key(value: Any) -> Any:
    """A value to compare by: true is not 1, and not-a-number is itself."""
    if isinstance(value, float) and math.isnan(value):
        return "not a number"
    return (isinstance(value, bool), value)


def shown(value: Any) -> str:
    """A value as YAML would have it, numbers to the last digit; nothing is an empty text."""
    if value is None or isinstance(value, bool):
        return "" if value is None else str(value).lower()
    if isinstance(value, tuple):
        return f"[{', '.join(map(shown, value))}]"
    return str(value)
