"""Tables of runs for a terminal: what a value looks like there, and which columns there is room for."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from captchanet.cli.columns import Column, shown

if TYPE_CHECKING:  # importing mlflow takes a second
    from captchanet.track.history import Run

WIDEST = 28


def table(
    chosen: Sequence["Run"], picked: Sequence[Column], limit: int | None
) -> tuple[list[str], list[Column]]:
    """The lines of a table no wider than `limit`, and the columns for which there was no room.

    With a limit a long head such as optimiser.method stands in two lines.
    """
    lines = [""] * (len(chosen) + (2 if limit else 1))
    for number, column in enumerate(picked):
        cells = [_name(run) if column.key == "name" else cell(column, column.value(run)) for run in chosen]
        head = [column.short]
        if limit:
            cells = [truncated(text, WIDEST) for text in cells]
            head = _stacked(column.short)
        wide = max(map(len, [*head, *cells]))
        right = any(isinstance(column.value(run), int | float) for run in chosen)
        joined = [
            f"{line}{'  ' if number else ''}{text.rjust(wide) if right else text.ljust(wide)}"
            for line, text in zip(lines, [*head, *cells], strict=True)
        ]
        if limit and number > 1 and max(len(line.rstrip()) for line in joined) > limit:
            return [truncated(line.rstrip(), limit) for line in lines], list(picked[number:])
        lines = joined
    return [truncated(line.rstrip(), limit) for line in lines], []


def _stacked(head: str) -> list[str]:
    """A head in two lines, the upper one empty where it is short."""
    at = max(head.rfind("."), head.rfind("/")) if len(head) > 8 else 0
    return [head[: max(at, 0)], head[max(at, 0) :]]


def _name(run: "Run") -> str:
    return printable(run.name) if run.configured else f"{printable(run.name)} (old)"


def cell(column: Column, value: Any) -> str:
    """A value as the table shows it: shares in percent, results to four digits, settings as they were set."""
    if value is None:
        return ""
    if column.key == "id":
        return str(value)[:8]
    if column.key.endswith("_sha256"):
        return str(value)[:8]
    if column.share:
        return f"{value:.1%}"
    if column.kind == "metrics":
        return f"{value:.0f}" if math.isfinite(value) and value == round(value) else f"{value:.4g}"
    return printable(shown(value))


def printable(text: str) -> str:
    """A text on one line of any terminal, line ends and the like as escapes."""
    text = text.encode("utf-8", "backslashreplace").decode("utf-8")
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def truncated(text: str, limit: int | None) -> str:
    """A text no longer than `limit`, with ... for what is left out."""
    return text if not limit or len(text) <= limit else f"{text[: max(limit - 3, 0)]}..."[:limit]


def json_ready(value: Any) -> Any:
    """A value that JSON can hold; it knows neither infinity nor not-a-number."""
    return None if isinstance(value, float) and not math.isfinite(value) else value
