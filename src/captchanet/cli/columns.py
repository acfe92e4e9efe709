"""The columns of the table of runs: their names, in which of them runs differ, and their texts."""

import difflib
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from captchanet.cli.tables import aligned, is_share, metric_text, printable, shown, truncated
from captchanet.errors import UserError
from captchanet.track.history import ABOUT, ACCURACY, Run, runs_table

# The tags that are shown where they differ: the groups of a run, and what it was made from
GROUPS = ("set", "sweep")
ORIGINS = ("code", "data.train_sha256", "data.synthetic_sha256", "data.unseen_sha256")
# Parameters that follow from others
DERIVED = ("size.layers", "size.parameters")
# Columns that repeat another one
HIDDEN = {("params", "run"), *(("tags", tag) for tag in ("key", "kind", "status", "configured"))}

WIDEST = 28
"""Characters of a cell in a terminal."""


@dataclass(frozen=True)
class Column:
    """A column: its kind (run, params, metrics or tags), its key there, its full name and its short one."""

    kind: str
    key: str
    name: str
    short: str

    @property
    def at(self) -> tuple[str, str]:
        """Its place in the table of runs."""
        return self.kind, self.key

    @property
    def share(self) -> bool:
        """Whether its numbers are shares of 1."""
        return self.kind == "metrics" and is_share(self.key)

    def cell(self, value: Any) -> str:
        """A value as the table shows it: results to four digits, settings as they were set."""
        if self.key == "id" or self.key.endswith("_sha256"):
            return shown(value)[:8]
        return metric_text(self.key, value) if self.kind == "metrics" else printable(shown(value))


class Columns:
    """All columns of these runs in the order of a table (`all`), and the `table` itself.

    Runs that read no captchas (XOR) have few settings in common with the others. So the columns of XOR alone
    stand last, and the short names of the other columns (`own`) do not depend on them.
    """

    def __init__(self, runs: Sequence[Run]) -> None:
        self.runs, self.table = runs, runs_table(runs)
        readers = _readers(self.table).index
        of_readers = {at for run in runs if run.id in readers for at in run.values}
        keys = [*(("run", key) for key in ABOUT), ("metrics", ACCURACY)]
        others = sorted(
            {*self.table.columns} - HIDDEN - {*keys}, key=lambda at: (at not in of_readers, _rank(at))
        )
        keys += others
        own = len(keys) - sum(at not in of_readers for at in others)
        # A parameter and a metric may both have the name `cost`; then a tag gets the longer name first
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
        """The column with this name: whole, short or its end; `accuracy` is that of unseen captchas.

        Raises UserError where there is none, or where several columns fit.
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

    def choose(self, rows: pd.DataFrame, wanted: Iterable[Column]) -> tuple[list[Column], list[Column]]:
        """The columns in which these rows differ, and the columns that are the same in all of them.

        The columns `wanted` stand first, also where all rows have the same value.
        """
        compared = _readers(rows).map(_comparable)
        values, gaps = compared.nunique(), compared.isna().any()
        first = [column for column in self.all if column.kind == "run" or column.at == ("metrics", ACCURACY)]
        first += [column for column in wanted if column not in first]
        groups: dict[str, list[Column]] = {}
        for column in self.all:
            if column not in first and values[column.at]:
                group = _group(column, values[column.at], gaps[column.at])
                groups.setdefault(group, []).append(column)
        for group in ("groups", "varied", "results", "origins", "partial"):
            first += groups.get(group, [])
        return first, groups.get("common", [])

    def filled(self, rows: pd.DataFrame) -> list[Column]:
        """Every column that any of these rows was recorded with, also if the value is null."""
        there = {at for run in self.runs if run.id in rows.index for at in run.values}
        return [column for column in self.all if column.kind == "run" or column.at in there]


def fitted(
    rows: pd.DataFrame, picked: Sequence[Column], limit: int | None
) -> tuple[list[str], Sequence[Column]]:
    """The lines of a table no wider than `limit`, and the columns for which there was no room.

    With a limit a long head such as optimiser.method stands in two lines.
    """
    texts = pd.DataFrame(
        {number: rows[column.at].map(column.cell) for number, column in enumerate(picked)}, dtype=object
    )
    heads = [column.short for column in picked]
    texts.loc[rows["run", "configured"] == "no", heads.index("name")] += " (old)"
    number_of_columns = len(picked)
    if limit:
        texts, heads = texts.map(truncated, limit=WIDEST), list(map(_stacked, heads))
        wide = [max(map(len, [*head.split("\n"), *texts[i]])) for i, head in enumerate(heads)]
        ends = pd.Series(wide).add(2).cumsum().sub(2)
        number_of_columns = max(2, int((ends <= limit).sum()))
    numbers = rows.map(lambda value: isinstance(value, int | float)).any()
    right = [number for number, column in enumerate(picked) if numbers[column.at]]
    lines = aligned(texts.iloc[:, :number_of_columns].to_numpy(), heads[:number_of_columns], right)
    return [truncated(line, limit) for line in lines], picked[number_of_columns:]


def _stacked(head: str) -> str:
    """A head in two lines, the upper one empty where it is short."""
    at = max(head.rfind("."), head.rfind("/"), 0) if len(head) > 8 else 0
    return f"{head[:at]}\n{head[at:]}"


def _readers(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows of the runs that learnt to read captchas, or all where none did."""
    digests = [at for at in rows.columns if at[0] == "tags" and at[1].startswith("data.")]
    readers = rows[rows[digests].notna().any(axis=1)]
    return rows if readers.empty else readers


def _rank(at: tuple[str, str]) -> tuple[int, bool, bool, str]:
    """The order of the table: parameters, metrics (accuracies first, then their intervals) and tags."""
    kind, key = at
    if kind != "metrics":
        return ("params", "metrics", "tags").index(kind), False, False, key
    return 1, not key.endswith("accuracy"), key.endswith(("/low", "/high")), key


def _short(name: str, ends: Counter[str]) -> str:
    """The shortest end that no other name has; without the word accuracy, since the % shows it."""
    if name.endswith("/accuracy"):
        return name.removesuffix("/accuracy")
    return min((end for end in _ends(name) if ends[end] == 1), key=len, default=name)


def _ends(name: str) -> list[str]:
    """`a.b/c` as c, b/c and a.b/c."""
    return [name[match.end() :] for match in re.finditer(r"^|[./]", name)]


def _group(column: Column, values: int, gaps: bool) -> str:
    """The group of a column, by the number of its different values and whether it has gaps."""
    alike = values == 1 and not gaps
    if column.kind == "tags" and not alike and column.key in (*GROUPS, *ORIGINS):
        return "groups" if column.key in GROUPS else "origins"
    # other tags, and the interval of an accuracy that is shown
    if column.kind == "tags" or (column.kind == "metrics" and column.key.endswith(("/low", "/high"))):
        return "nowhere"
    if alike:
        return "common"
    if column.kind == "metrics":
        return "results"
    return "varied" if values > 1 and column.key not in DERIVED else "partial"


def _comparable(value: Any) -> Any:
    """A value to compare by: true is not 1, and not-a-number is itself."""
    if value is None:
        return None
    return ("not a number",) if value != value else (isinstance(value, bool), value)
