"""`captchanet diff`: what differs between two recorded runs, down to the lines of code."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from itertools import starmap
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from captchanet.cli.common import ConfigFiles, configfile, within_set
from captchanet.cli.runs import recorded
from captchanet.cli.tables import (
    aligned,
    is_share,
    json_ready,
    metric_text,
    printable,
    shown,
    truncated,
    width,
)
from captchanet.types import Json

if TYPE_CHECKING:  # importing mlflow takes a second
    from captchanet.reproduce.diff_runs import Code, Pair, Pairs, Pictures, RunDiff
    from captchanet.track.history import Run

MOST_NAMES, LONGEST_CELL = 8, 32


@click.command()
@click.argument("a")
@click.argument("b")
@click.option("--no-code", is_flag=True, help="Leave out the lines of code.")
@within_set
@configfile
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def diff(a: str, b: str, no_code: bool, of: str | None, configfile: ConfigFiles, form: str) -> None:
    """Show what differs between the recorded runs A and B.

    It compares settings, results, pictures, machine and code. Name a run by its id or its name; the beginning
    is enough (of an id, 4 digits at least). Of several runs with one name it takes the one of the
    configuration's set, and of these the one that is still configured. `captchanet runs` lists them.
    """
    store, history = recorded(configfile, of)
    from captchanet.reproduce.diff_runs import diff_runs
    from captchanet.track.history import find

    first_in = of or configfile.set
    (first, remark_a), (second, remark_b) = (find(history.runs, name, first_in) for name in (a, b))
    found = diff_runs(store, first, second, Path())
    if form == "json":
        click.echo(json.dumps(_plain(found, not no_code), indent=1, ensure_ascii=False))
        return
    limit = width()
    follows = bool(found.code.changes and found.code.changes.diff) and not no_code
    for line in text(found, (remark_a, remark_b), follows):
        click.echo(truncated(printable(line), limit))
    if found.code.changes and follows:
        click.echo()
        for line in found.code.changes.diff.splitlines():
            click.echo(_coloured(line))


def text(found: "RunDiff", remarks: Sequence[str], follows: bool) -> list[str]:
    """The lines of the comparison, with the parts that differ; `follows` says that the code comes next."""
    digests = [
        (f"digest of {name.removeprefix('data.').removesuffix('_sha256')}", a[:8], b[:8])
        for name, a, b in _cells(found.data)
    ]
    parts = {
        "parameters": _block("Parameters", ("A", "B"), _cells(found.parameters)),
        "metrics": _block("Metrics", ("A", "B", "B - A"), starmap(_metric, found.metrics.items())),
        "data": _block("Data", ("A", "B"), digests) + _pictures(found.pictures, bool(digests)),
        "environment": _block("Environment", ("A", "B"), _cells(found.environment)),
        "code": _code(found.code, follows),
    }
    lines = _heads((found.a, found.b), remarks)
    for part in parts.values():
        lines += ["", *part] if part else []
    same = [name for name, part in parts.items() if not part]
    same += ["theta, to the last bit"] if found.same_theta else []
    lines += ["", *([f"the same: {', '.join(same)}"] if same else [])]
    return lines + (["different: theta, the trained parameters"] if found.same_theta is False else [])


def _heads(runs: Sequence["Run"], remarks: Sequence[str]) -> list[str]:
    rows = []
    for which, run in zip("AB", runs, strict=True):
        accuracy = "" if run.accuracy is None else f"{run.accuracy:.1%} of unseen captchas"
        reason = run.tags.get("reason", "") if run.status != "finished" else ""
        status = f"{run.status}: {reason}" if reason else run.status
        old = "" if run.configured else "old, no longer configured"
        rows.append((which, run.id[:8], run.name, f"{run.started:%Y-%m-%d %H:%M}", status, accuracy, old))
    remarked = [f"{which}: {remark}" for which, remark in zip("AB", remarks, strict=True) if remark]
    return aligned(rows) + remarked


def _block(title: str, heads: Sequence[str], cells: Iterable[Sequence[str]]) -> list[str]:
    """Rows below their heads; values that are too long for one line have a line each."""
    rows = list(cells)
    short = [row for row in rows if max(map(len, row[1:])) <= LONGEST_CELL]
    lines = aligned([(title, *heads), *(("  " + row[0], *row[1:]) for row in short)]) if short else [title]
    for name, *values in (row for row in rows if row not in short):
        lines += [f"  {name}", *(f"    {head}  {value}" for head, value in zip(heads, values, strict=True))]
    return lines if rows else []


def _cells(pairs: "Pairs") -> list[tuple[str, str, str]]:
    return [(name, _shown(pair.a), _shown(pair.b)) for name, pair in pairs.items()]


def _shown(value: Any) -> str:
    return "-" if value is None else shown(value)


def _metric(name: str, pair: "Pair") -> tuple[str, ...]:
    values = [metric_text(name, value) or "-" for value in (pair.a, pair.b)]
    if pair.a is None or pair.b is None:
        return (name, *values, "")
    difference = pair.b - pair.a
    return (name, *values, f"{100 * difference:+.1f} points" if is_share(name) else f"{difference:+.4g}")


def _pictures(pictures: "Pictures", digests_differ: bool) -> list[str]:
    labels = [f"{name}: {pair.a} -> {pair.b}" for name, pair in pictures.labels.items()]
    lines = [
        *_names("pictures only in A", pictures.removed, "-"),
        *_names("pictures only in B", pictures.added, "+"),
        *_names("pictures with other content", pictures.content, "~"),
        *_names("pictures with another name", [f"{a} -> {b}" for a, b in pictures.renamed.items()], "~"),
        *_names("pictures with another label", labels, "~"),
    ]
    for part, captchas in pictures.parts.items():
        lines += _names(f"{part} captchas that only A has", captchas.only_a, "-")
        lines += _names(f"{part} captchas that only B has", captchas.only_b, "+")
    if digests_differ and pictures.missing:
        lines.append(f"  {pictures.missing}")
    elif digests_differ and not lines:
        way = "cleaned, split, chosen or synthesized in another way"
        lines.append(f"  the same pictures with the same labels, {way}")
    if lines and pictures.of:
        lines.append(f"  (compared: {pictures.of})")
    return lines if digests_differ or not lines else ["Data", *lines]


def _names(what: str, names: Sequence[str], sign: str, most: int | None = MOST_NAMES) -> list[str]:
    if not names:
        return []
    more = len(names) - len(names[:most])
    lines = [f"  {what}: {len(names)}", *(f"    {sign} {name}" for name in names[:most])]
    return [*lines, f"    {sign} and {more} more"] if more else lines


def _code(code: "Code", follows: bool) -> list[str]:
    a, b, found = code.a, code.b, code.changes
    dirty = a.uncommitted_changes or b.uncommitted_changes
    same_code = not dirty or (found and not found.diff)
    if a.commit and a.commit == b.commit and same_code and not (a.problem or b.problem):
        return []
    if a.commit is None and b.commit is None and code.sources == {}:
        return []
    first, second = (
        f"{one.commit[:8] if one.commit else 'none'}"
        f"{' with uncommitted changes' if one.uncommitted_changes else ''}"
        for one in (a, b)
    )
    lines = [f"  commit {f'{first} -> {second}' if first != second else f'{first}, of both'}"]
    if found:
        lines += [f"  commits only in B (>): {found.ahead}"] if found.ahead else []
        lines += [f"  commits only in A (<): {found.behind}"] if found.behind else []
        lines += [f"    {line}" for line in found.log]
        lines += ["    ..."] if found.ahead + found.behind > len(found.log) else []
        same = "  the same lines in Snakefile, workflow, src, config and profiles"
        lines += [] if found.diff else [same]
    else:
        lines.append(f"  no lines of code: {code.missing}")
    names = [name if how == "changed" else f"{name} ({how})" for name, how in (code.sources or {}).items()]
    most = MOST_NAMES if follows else None
    lines += _names("files that the training uses and that differ", names, "~", most)
    if not names:
        known = "was not recorded with both" if code.sources is None else "is the same"
        lines.append(f"  every file that the training uses {known}")
    return ["Code", *lines]


def _coloured(line: str) -> str:
    colours = {"+": "green", "-": "red", "@": "cyan"}
    if line.startswith(("+++", "---", "diff ")):
        return click.style(line, bold=True)
    return click.style(line, fg=colours[line[0]]) if line[:1] in colours else line


def _plain(found: "RunDiff", with_code: bool) -> Json:
    """The comparison as JSON has it."""
    plain: Json = json_ready(asdict(found))
    for side, run in (("a", found.a), ("b", found.b)):
        about = {name: getattr(run, name) for name in ("id", "name", "status", "started", "configured")}
        plain[side] = about | {"started": run.started.isoformat(timespec="seconds")}
    for pair in plain["metrics"].values():
        if None not in pair.values():
            pair["difference"] = json_ready(pair["b"] - pair["a"])
    if plain["code"]["changes"] and not with_code:
        del plain["code"]["changes"]["diff"]
    return plain
