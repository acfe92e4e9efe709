"""Sorting runs by a column, and choosing them by what stands in it."""

import math
import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from captchanet.cli.columns import Column, Columns, shown
from captchanet.errors import UserError

if TYPE_CHECKING:  # importing mlflow takes a second
    from captchanet.track.history import Run


def ordered(runs: Sequence["Run"], column: Column, descending: bool) -> list["Run"]:
    """The runs sorted by a column; whoever has nothing in it, or not a number, comes last."""

    def key(run: "Run") -> tuple[bool, Any]:
        value = column.value(run)
        return (False, value) if _number(value) else (True, str(value))

    there: list[Run] = []
    nothing: list[Run] = []
    for run in runs:
        value = column.value(run)
        (nothing if value is None or _nan(value) else there).append(run)
    return [*sorted(there, key=key, reverse=descending), *nothing]


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _nan(value: Any) -> bool:
    return isinstance(value, float) and math.isnan(value)


COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "=": lambda a, b: a == b,
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}


def condition(text: str, columns: Columns) -> tuple[Column, Callable[["Run"], bool]]:
    """What `COLUMN OP VALUE` asks of a run, and of which column; raises UserError where it is no such thing.

    Numbers are compared as numbers (58% is 0.58), anything else as text; `~` is "contains"; null is nothing.
    """
    from captchanet.track.history import typed

    parsed = re.fullmatch(r"\s*([^\s=!<>~]+)\s*(==|!=|<=|>=|=|<|>|~)\s*(.*?)\s*", text)
    if not parsed:
        raise UserError(
            f"{text!r} is no filter; write COLUMN OP VALUE with one of = != < <= > >= ~ (contains), "
            "such as 'accuracy > 0.6'"
        )
    name, operator, word = parsed.groups()
    column = columns.named(name)
    percent = re.fullmatch(r"(-?[\d.]+)\s*%", word)
    if column.key == "started":
        word = word.replace("T", " ")
    wanted = typed({"true": "True", "false": "False"}.get(word, word))
    if percent and column.share:
        wanted = float(percent[1]) / 100

    def holds(run: "Run") -> bool:
        value = column.value(run)
        if operator == "~":
            return value is not None and word.lower() in shown(value).lower()
        if _number(value) and _number(wanted):
            return COMPARISONS[operator](value, wanted)
        if operator in ("=", "==", "!="):
            same = value == wanted or (value is not None and shown(value) == word)
            return same == (operator != "!=")
        return value is not None and not _number(value) and COMPARISONS[operator](shown(value), word)

    return column, holds
