"""Texts, values and tables for a terminal. Nothing here imports pandas: `captchanet read` uses it too."""

import math
import re
import shutil
import sys
from collections.abc import Collection, Iterable, Sequence
from typing import Any


def aligned(
    rows: Iterable[Sequence[str]], heads: Sequence[str] = (), right: Collection[int] = ()
) -> list[str]:
    """Rows of texts as the lines of a table; the columns numbered in `right` are aligned to the right.

    Each head has as many lines as the others. A line end in a row is shown as an escape.
    """
    from tabulate import tabulate

    # as rows: tabulate leaves more room next to a column if its head is its widest text
    above = zip(*(head.split("\n") for head in heads), strict=True)
    cells = [*above, *([printable(text) for text in row] for row in rows)]
    sides = ["right" if number in right else "left" for number, _ in enumerate(cells[0])]
    text = tabulate(cells, tablefmt="plain", disable_numparse=True, colalign=sides, preserve_whitespace=True)
    return [line.rstrip() for line in text.split("\n")]


def shown(value: Any) -> str:
    """A value as YAML would have it, numbers to the last digit; nothing is an empty text."""
    if value is None or isinstance(value, bool):
        return "" if value is None else str(value).lower()
    if isinstance(value, tuple):
        return f"[{', '.join(map(shown, value))}]"
    return str(value)


def is_share(metric: str) -> bool:
    """Whether the metric of that name is a share of 1, shown in percent."""
    return re.split("[/_]", metric)[-1] in ("accuracy", "low", "high")


def metric_text(metric: str, value: float | None) -> str:
    """The value of the metric of that name: shares in percent, others to four digits; nothing is empty."""
    if value is None:
        return ""
    if is_share(metric):
        return f"{value:.1%}"
    return f"{value:.0f}" if math.isfinite(value) and value == round(value) else f"{value:.4g}"


def printable(text: str) -> str:
    """A text on one line of any terminal: line ends and bytes that are not UTF-8 are shown as escapes."""
    if text.isprintable():
        return text
    text = text.encode("utf-8", "backslashreplace").decode("utf-8")
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def truncated(text: str, limit: int | None) -> str:
    """A text no longer than `limit`, with ... for what is left out."""
    return text if not limit or len(text) <= limit else f"{text[: max(limit - 3, 0)]}..."[:limit]


def width() -> int | None:
    """How wide the terminal is; None where the output goes to a file or a program."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def json_ready(value: Any) -> Any:
    """A value, or all values of a dict, for JSON, which has neither infinity nor not-a-number."""
    if isinstance(value, dict):
        return {key: json_ready(inner) for key, inner in value.items()}
    return None if isinstance(value, float) and not math.isfinite(value) else value
