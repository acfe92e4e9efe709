"""Sorting the table of runs by a column, and choosing rows by their values."""

import operator
import re
from collections.abc import Callable
from typing import Any

import pandas as pd

from captchanet.cli.columns import Column, Columns
from captchanet.cli.tables import shown
from captchanet.errors import UserError
from captchanet.track.history import typed

COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def ordered(rows: pd.DataFrame, column: Column, descending: bool) -> pd.DataFrame:
    """The rows sorted by a column: numbers before texts, rows without a value or with not-a-number last."""

    def key(value: Any) -> tuple[bool, Any] | None:
        if value is None or value != value:
            return None
        return (False, value) if _number(value) else (True, str(value))

    keys = rows[column.at].map(key)
    return rows.loc[keys.sort_values(ascending=not descending, kind="stable", na_position="last").index]


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def condition(text: str, columns: Columns) -> tuple[Column, Callable[[Any], bool]]:
    """The column that `COLUMN OP VALUE` is about, and a test of its values. Raises UserError for other texts.

    Numbers are compared as numbers (58% is 0.58), anything else as text; `~` is "contains"; null is nothing.
    """
    parsed = re.fullmatch(r"\s*([^\s=!<>~]+)\s*(==|!=|<=|>=|=|<|>|~)\s*(.*?)\s*", text)
    if not parsed:
        raise UserError(
            f"{text!r} is no filter; write COLUMN OP VALUE with one of = != < <= > >= ~ (contains), "
            "such as 'accuracy > 0.6'"
        )
    name, sign, word = parsed.groups()
    column = columns.named(name)
    percent = re.fullmatch(r"(-?[\d.]+)\s*%", word)
    if column.key == "started":
        word = word.replace("T", " ")
    wanted = typed({"true": "True", "false": "False"}.get(word, word))
    if percent and column.share:
        wanted = float(percent[1]) / 100

    def holds(value: Any) -> bool:
        if sign == "~":
            return value is not None and word.lower() in shown(value).lower()
        if _number(value) and _number(wanted):
            return COMPARISONS[sign](value, wanted)
        if sign in ("=", "==", "!="):
            same = value == wanted or (value is not None and shown(value) == word)
            return same == (sign != "!=")
        return value is not None and not _number(value) and COMPARISONS[sign](shown(value), word)

    return column, holds
