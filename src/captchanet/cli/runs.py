"""`captchanet runs`: the recorded runs as a table, CSV or JSON."""

import gc
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from captchanet.cli.common import EVERY, ConfigFiles, configfile, of_set, of_sweep, tabular
from captchanet.cli.tables import json_ready, printable, shown, truncated, width
from captchanet.errors import UserError
from captchanet.spreadsheet import as_text
from captchanet.types import Json

if TYPE_CHECKING:  # importing mlflow takes a second
    import pandas as pd

    from captchanet.cli.columns import Column, Columns
    from captchanet.track.history import History, Run, Store


def recorded(
    configfile: ConfigFiles, of: str | None = None, parents: bool = False
) -> "tuple[Store, History]":
    """The store that the configuration names, opened to read, and its runs: those of the set `of`, or all."""
    uri, experiment = configfile.history
    gc.disable()
    try:
        from captchanet.reproduce.formats import in_todays_words
        from captchanet.track.history import history, opened

        store = opened(uri)
        found = history(store, uri, experiment, parents)
        found = replace(found, runs=in_set([in_todays_words(run) for run in found.runs], of))
        # All of this lives to the end of the command. Without freeze, Python looks through it for garbage
        # again and again, and once more when it ends: a second for 1,000 runs
        gc.freeze()
        return store, found
    finally:
        gc.enable()


@click.command()
@click.option("--sort", metavar="COLUMN", help="Sort by a column; with a - before it, the largest first.")
@click.option(
    "--filter",
    "filters",
    multiple=True,
    metavar="'COLUMN OP VALUE'",
    help="Show only runs for which this holds (= != < <= > >= or ~, contains); may be given more than once.",
)
@of_set
@of_sweep
@click.option("--configured", is_flag=True, help="Only runs that a configuration still names.")
@click.option("--parents", is_flag=True, help="Also the runs that stand for a whole sweep.")
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="Show the first N only.")
@click.option("--all", "everything", is_flag=True, help="Every column, however wide the table.")
@configfile
@tabular
def runs(
    sort: str | None,
    filters: tuple[str, ...],
    of: str | None,
    sweep: str | None,
    configured: bool,
    parents: bool,
    limit: int | None,
    everything: bool,
    configfile: ConfigFiles,
    form: str,
) -> None:
    """List the recorded runs, the newest first, with what differs between them.

    The end of a column's name is enough: learning_rate is optimiser.learning_rate, and accuracy is
    unseen/captchas/accuracy. Examples: --sort -accuracy, --filter 'learning_rate <= 0.1', --filter 'name ~
    sgd'. CSV and JSON have every column, whole ids and numbers as they were recorded.
    """
    _, history = recorded(configfile, of or configfile.given_set, parents)
    from captchanet.cli.columns import Columns

    chosen = history.runs
    if sweep is not None:
        chosen = _belonging(chosen, "sweep", sweep, lambda run: run.sweeps)
    columns = Columns(chosen)
    rows, asked = _chosen(columns, filters, configured, sort)
    found, rows = len(rows), rows[:limit]
    if form == "table":
        _table(rows, columns, asked, everything)
        for line in _notes(history, rows, found):
            click.echo(truncated(line, width()))
    else:
        rows = rows.copy()
        started = {run.id: run.started.isoformat(timespec="seconds") for run in chosen}
        rows["run", "started"] = rows.index.map(started)
        (_csv if form == "csv" else _json)(rows, columns.filled(rows))


def in_set(runs: "list[Run]", of: str | None) -> "list[Run]":
    """The runs of the set `of`; all for None or `EVERY`. Raises UserError where it has none."""
    return runs if of in (None, EVERY) else _belonging(runs, "set", of, lambda run: [run.tags.get("set")])


def _belonging(
    runs: "Sequence[Run]", what: str, wanted: str, groups: "Callable[[Run], Sequence[str | None]]"
) -> "list[Run]":
    found = [run for run in runs if wanted in groups(run)]
    if not found:
        there = sorted({name for run in runs for name in groups(run) if name})
        known = f"there are: {', '.join(there[:20])}" if there else "none belongs to any"
        raise UserError(f"no run belongs to a {what} {wanted!r}; {known}")
    return found


def _chosen(
    columns: "Columns", filters: Iterable[str], configured: bool, sort: str | None
) -> "tuple[pd.DataFrame, list[Column]]":
    """The rows that are asked for, in their order, and the columns that they are chosen and sorted by."""
    from captchanet.cli.conditions import condition, ordered

    rows, asked = columns.table, []
    for text in filters:
        column, holds = condition(text, columns)
        asked.append(column)
        rows = rows[rows[column.at].map(holds).astype(bool)]
    if configured:
        rows = rows[rows["run", "configured"] == "yes"]
    if sort:
        asked.insert(0, columns.named(sort.removeprefix("-")))
        rows = ordered(rows, asked[0], descending=sort.startswith("-"))
    return rows, asked


def _table(rows: "pd.DataFrame", columns: "Columns", asked: "Sequence[Column]", everything: bool) -> None:
    """Prints the columns that fit, then how to see the rest, and what all these runs have in common."""
    from captchanet.cli.columns import fitted

    if rows.empty:
        return
    limit = None if everything else width()
    picked, common = (columns.filled(rows), []) if everything else columns.choose(rows, asked)
    # The name shows that a run is old; values that all runs share, such as `finished`, stand below the table
    picked = [column for column in picked if column.key != "configured"]
    if (rows["run", "status"] == "finished").all():
        common = [*(column for column in picked if column.key == "status"), *common]
        picked = [column for column in picked if column.key != "status"]
    lines, left = fitted(rows, picked, limit)
    for line in lines:
        click.echo(line)
    if left:
        names = ", ".join(column.short for column in left)
        click.echo(truncated(f"{len(left)} more columns differ: {names}", limit))
        click.echo(truncated("  see them with --all, or in `captchanet runs | less -S`", limit))
    if common and len(rows) > 1:
        pairs = "  ".join(f"{column.short}={column.cell(_first(rows[column.at]))}" for column in common)
        click.echo(truncated(f"the same in all: {pairs}", limit))


def _first(values: "pd.Series[Any]") -> Any:
    return next(value for value in values if value is not None)


def _notes(history: "History", rows: "pd.DataFrame", found: int) -> Iterator[str]:
    if rows.empty:
        yield f"none of the {len(history.runs)} recorded runs fits these options"
    if len(rows) < found:
        yield f"{found - len(rows)} more runs: a larger --limit shows them"
    if (rows["run", "configured"] == "no").any():
        yield "(old): no configuration names them any more"
    if history.half:
        yield f"{history.half} more only partly recorded: `snakemake` records the rest"


def _csv(rows: "pd.DataFrame", picked: "Sequence[Column]") -> None:
    texts = rows[[column.at for column in picked]].map(lambda value: as_text(printable(shown(value))))
    heads = [column.name for column in picked]
    click.echo(texts.to_csv(index=False, header=heads, lineterminator="\n"), nl=False)


def _json(rows: "pd.DataFrame", picked: "Sequence[Column]") -> None:
    found = []
    for values in rows[[column.at for column in picked]].to_numpy():
        groups: dict[str, Json] = {"run": {}, "params": {}, "metrics": {}, "tags": {}}
        for column, value in zip(picked, values, strict=True):
            groups[column.kind][column.key] = json_ready(value)
        run, parameters, metrics, tags = groups.values()
        run["configured"] = run["configured"] == "yes"
        found.append({**run, "parameters": parameters, "metrics": metrics, "tags": tags})
    click.echo(json.dumps(found, indent=1, ensure_ascii=False))
