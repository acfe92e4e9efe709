"""`captchanet runs`: the recorded runs as a table, CSV or JSON."""

import csv
import gc
import json
import shutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from captchanet.cli.columns import Column, Columns, shown
from captchanet.cli.common import configfile, section
from captchanet.cli.conditions import condition, ordered
from captchanet.cli.tables import cell, json_ready, printable, table, truncated
from captchanet.errors import UserError

if TYPE_CHECKING:  # importing mlflow takes a second
    from captchanet.track.history import History, Run, Store


@contextmanager
def recorded(configfile: Path, parents: bool = False) -> "Iterator[tuple[Store, History]]":
    """The store that the configuration names, opened to read, and its runs, for the rest of a command."""
    track = section(configfile, "track")
    gc.disable()
    try:
        from captchanet.reproduce.formats import in_todays_words
        from captchanet.track.history import history, opened
        from captchanet.track.store import address

        uri = address(track.get("tracking_uri"), Path())
        store = opened(uri)
        found = history(store, uri, str(track.get("experiment") or "captchanet"), parents)
        found = replace(found, runs=[in_todays_words(run) for run in found.runs])
        # All of this stays to the end: looking through it for garbage, again and again and once more when
        # Python ends, takes a second for 1,000 runs
        gc.freeze()
    finally:
        gc.enable()
    yield store, found


def width() -> int | None:
    """How wide the terminal is; None where the output goes elsewhere."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


@click.command()
@click.option("--sort", metavar="COLUMN", help="Sort by a column; with a - before it, the largest first.")
@click.option(
    "--filter",
    "filters",
    multiple=True,
    metavar="'COLUMN OP VALUE'",
    help="Show only runs for which this holds (= != < <= > >= or ~, contains); may be given again.",
)
@click.option("--set", "of", metavar="NAME", help="Only runs of this set (`set` of a configuration).")
@click.option("--sweep", metavar="NAME", help="Only runs of this sweep.")
@click.option("--configured", is_flag=True, help="Only runs that a configuration still names.")
@click.option("--parents", is_flag=True, help="Also the runs that stand for a whole sweep.")
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="Show the first N only.")
@click.option("--all", "everything", is_flag=True, help="Every column, however wide the table.")
@configfile
@click.option(
    "--format", "form", type=click.Choice(["table", "csv", "json"]), default="table", show_default=True
)
def runs(
    sort: str | None,
    filters: tuple[str, ...],
    of: str | None,
    sweep: str | None,
    configured: bool,
    parents: bool,
    limit: int | None,
    everything: bool,
    configfile: Path,
    form: str,
) -> None:
    """List the recorded runs, the newest first, with what differs between them.

    A column may be called by the end of its name: learning_rate is optimiser.learning_rate, and accuracy is
    unseen/captchas/accuracy. Examples: --sort -accuracy, --filter 'learning_rate <= 0.1', --filter 'name ~
    sgd'. CSV and JSON have every column, whole ids and numbers as they were recorded.
    """
    with recorded(configfile, parents) as (_, history):
        chosen = history.runs
        for what, wanted in (("set", of), ("sweep", sweep)):
            if wanted is not None:
                chosen = _belonging(chosen, what, wanted)
        columns = Columns(chosen)
        asked: list[Column] = []
        for text in filters:
            column, holds = condition(text, columns)
            asked.append(column)
            chosen = [run for run in chosen if holds(run)]
        chosen = [run for run in chosen if run.configured or not configured]
        if sort:
            asked.insert(0, columns.named(sort.removeprefix("-")))
            chosen = ordered(chosen, asked[0], descending=sort.startswith("-"))
        found, chosen = len(chosen), chosen[:limit]
        picked, common = columns.choose(chosen, asked)
        if everything or form != "table":
            picked, common = columns.filled(chosen), []
        if form == "csv":
            _csv(chosen, picked)
        elif form == "json":
            _json(chosen, picked)
        else:
            _table(chosen, picked, common, None if everything else width())
            for line in _notes(history, chosen, found):
                click.echo(truncated(line, width()))


def _belonging(chosen: "Sequence[Run]", what: str, wanted: str) -> "list[Run]":
    memberships = [run.sweeps if what == "sweep" else [run.tags.get("set", "")] for run in chosen]
    there = sorted({name for names in memberships for name in names if name})
    if wanted not in there:
        known = f"there are: {', '.join(there[:20])}" if there else "none belongs to any"
        raise UserError(f"no run belongs to a {what} {wanted!r}; {known}")
    return [run for run, names in zip(chosen, memberships, strict=True) if wanted in names]


def _table(
    chosen: Sequence["Run"], picked: Sequence[Column], common: Sequence[Column], limit: int | None
) -> None:
    """Prints the columns that fit, then how to see the rest, and what all these runs have in common."""
    # That a run is old stands next to its name; that all have finished, as all else that is the same, below
    picked = [column for column in picked if column.key != "configured"]
    if chosen and all(run.status == "finished" for run in chosen):
        common = [*(column for column in picked if column.key == "status"), *common]
        picked = [column for column in picked if column.key != "status"]
    lines, left = table(chosen, picked, limit)
    for line in lines if chosen else ():
        click.echo(line)
    if left and chosen:
        names = ", ".join(column.short for column in left)
        click.echo(truncated(f"{len(left)} more columns differ: {names}", limit))
        click.echo(truncated("  see them with --all, or in `captchanet runs | less -S`", limit))
    if common and len(chosen) > 1:
        pairs = "  ".join(f"{one.short}={cell(one, one.value(_with(chosen, one)))}" for one in common)
        click.echo(truncated(f"the same in all: {pairs}", limit))


def _with(chosen: Sequence["Run"], column: Column) -> "Run":
    return next(run for run in chosen if column.value(run) is not None)


def _notes(history: "History", chosen: Sequence["Run"], found: int) -> Iterator[str]:
    if not chosen:
        yield f"none of the {len(history.runs)} recorded runs is such a one"
    if len(chosen) < found:
        yield f"{found - len(chosen)} more runs: a larger --limit shows them"
    if any(not run.configured for run in chosen):
        yield "(old): no configuration names them any more"
    if history.half:
        yield f"{history.half} more recorded by half: `snakemake` records the rest"


def _csv(chosen: Sequence["Run"], picked: Sequence[Column]) -> None:
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow([column.name for column in picked])
    for run in chosen:
        writer.writerow([printable(shown(_whole(column, run))) for column in picked])


def _json(chosen: Sequence["Run"], picked: Sequence[Column]) -> None:
    rows = []
    for run in chosen:
        row: dict[str, Any] = {}
        groups: dict[str, dict[str, Any]] = {"params": {}, "metrics": {}, "tags": {}}
        for column in picked:
            into = groups.get(column.kind, row)
            value = run.configured if column.key == "configured" else _whole(column, run)
            into[column.key] = json_ready(value)
        rows.append(
            {**row, "parameters": groups["params"], "metrics": groups["metrics"], "tags": groups["tags"]}
        )
    click.echo(json.dumps(rows, indent=1, ensure_ascii=False))


def _whole(column: Column, run: "Run") -> Any:
    return run.started.isoformat(timespec="seconds") if column.key == "started" else column.value(run)
