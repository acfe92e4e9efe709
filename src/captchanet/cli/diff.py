"""`captchanet diff`: what differs between two recorded runs, down to the lines of code."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from captchanet.cli.common import configfile, set_name
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

if TYPE_CHECKING:  # importing mlflow takes a second
    from captchanet.reproduce.diff_runs import Code, Pictures, Row, RunDiff
    from captchanet.track.history import Run

MOST_NAMES, LONGEST_CELL = 8, 32


@click.command()
@click.argument("a")
@click.argument("b")
@click.option("--no-code", is_flag=True, help="Leave out the lines of code.")
@configfile
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def diff(a: str, b: str, no_code: bool, configfile: Path, form: str) -> None:
    """Show what differs between the recorded runs A and B.

    It compares settings, results, pictures, machine and code. Name a run by its id or its name; the beginning
    is enough (of an id, 4 digits at least). Of several runs with one name it takes the one that a
    configuration names; of several of these, the one of the highest format. `captchanet runs` lists them.
    """
    with recorded(configfile) as (store, history):
        from captchanet.reproduce.diff_runs import diff_runs
        from captchanet.track.history import find

        of = set_name(configfile)
        (first, remark_a), (second, remark_b) = find(history.runs, a, of), find(history.runs, b, of)
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


def text(found: "RunDiff", remarks: Sequence[str] = ("", ""), follows: bool = False) -> list[str]:
    """The lines of the comparison, with the parts that differ; `follows` says that the code comes next."""
    lines = _heads((found.a, found.b), remarks)
    metrics = [_metric(*row) for row in found.metrics]
    parameters = [(name, *map(_shown, values)) for name, *values in found.parameters]
    environment = [(name, *map(_shown, values)) for name, *values in found.environment]
    data = [
        (
            f"digest of {name.removeprefix('data.').removesuffix('_sha256')}",
            *(_shown(value)[:8] for value in values),
        )
        for name, *values in found.data
    ]
    parts = {
        "parameters": _block("Parameters", ("A", "B"), parameters),
        "metrics": _block("Metrics", ("A", "B", "B - A"), metrics),
        "data": _block("Data", ("A", "B"), data) + _pictures(found.pictures, bool(data)),
        "environment": _block("Environment", ("A", "B"), environment),
        "code": _code(found.code, follows),
    }
    for part in parts.values():
        lines += ["", *part] if part else []
    same = [name for name, part in parts.items() if not part]
    if found.theta:
        same.append("theta, to the last bit")
    lines += ["", *([f"the same: {', '.join(same)}"] if same else [])]
    if found.theta is False:
        lines += ["different: theta, the trained parameters"]
    return lines


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


def _block(title: str, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Rows below their heads; values that are too long for one line have a line each."""
    if not rows:
        return []
    short = [row for row in rows if max(map(len, row[1:])) <= LONGEST_CELL]
    long = [row for row in rows if row not in short]
    lines = aligned([(title, *heads), *(("  " + row[0], *row[1:]) for row in short)]) if short else [title]
    for name, *values in long:
        lines += [f"  {name}", *(f"    {head}  {value}" for head, value in zip(heads, values, strict=True))]
    return lines


def _shown(value: Any) -> str:
    return "-" if value is None else shown(value)


def _metric(name: str, a: float | None, b: float | None) -> tuple[str, ...]:
    values = [metric_text(name, value) or "-" for value in (a, b)]
    if a is None or b is None:
        return (name, *values, "")
    return (name, *values, f"{100 * (b - a):+.1f} points" if is_share(name) else f"{b - a:+.4g}")


def _pictures(pictures: "Pictures", digests_differ: bool) -> list[str]:
    lines = []
    for names, sign, what in (
        (pictures.removed, "-", "only in A"),
        (pictures.added, "+", "only in B"),
        (pictures.content, "~", "with other content"),
        ([f"{a} -> {b}" for a, b in pictures.renamed], "~", "with another name"),
        ([f"{name}: {a} -> {b}" for name, a, b in pictures.labels], "~", "with another label"),
    ):
        lines += _names(f"pictures {what}", names, sign)
    for part, (a, b) in pictures.parts.items():
        lines += _names(f"{part} captchas that only A has", a, "-")
        lines += _names(f"{part} captchas that only B has", b, "+")
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
    (commit_a, dirty_a), (commit_b, dirty_b) = code.a, code.b
    found = code.changes
    same_commit = commit_a is not None and commit_a == commit_b
    if same_commit and (not (dirty_a or dirty_b) or (found and not found.diff)):
        return []
    if commit_a is None and commit_b is None and code.sources == []:
        return []
    states = [
        f"{commit[:8] if commit else 'none'}{' with uncommitted changes' if dirty else ''}"
        for commit, dirty in (code.a, code.b)
    ]
    lines = [f"  commit {' -> '.join(states) if states[0] != states[1] else states[0] + ', of both'}"]
    if found:
        for count, sign, side in ((found.ahead, ">", "B"), (found.behind, "<", "A")):
            lines += [f"  commits only in {side} ({sign}): {count}"] if count else []
        lines += [f"    {line}" for line in found.log]
        lines += ["    ..."] if found.ahead + found.behind > len(found.log) else []
        if not found.diff:
            lines.append("  the same lines in Snakefile, workflow, src, config and profiles")
    else:
        lines.append(f"  no lines of code: {code.missing}")
    names = [name if how == "changed" else f"{name} ({how})" for name, how in code.sources or ()]
    lines += _names(
        "files that the training uses and that differ", names, "~", MOST_NAMES if follows else None
    )
    if not names:
        known = "is the same" if code.sources is not None else "was not recorded with both"
        lines.append(f"  every file that the training uses {known}")
    return ["Code", *lines]


def _coloured(line: str) -> str:
    colours = {"+": "green", "-": "red", "@": "cyan"}
    if line.startswith(("+++", "---", "diff ")):
        return click.style(line, bold=True)
    return click.style(line, fg=colours[line[0]]) if line[:1] in colours else line


def _plain(found: "RunDiff", with_code: bool) -> dict[str, Any]:
    """The comparison as JSON has it."""
    metrics = _pairs(found.metrics)
    for one in metrics.values():
        if None not in one.values():
            one["difference"] = json_ready(one["b"] - one["a"])
    return {
        "a": _run(found.a),
        "b": _run(found.b),
        "parameters": _pairs(found.parameters),
        "metrics": metrics,
        "data": _pairs(found.data),
        "pictures": _plain_pictures(found.pictures),
        "environment": _pairs(found.environment),
        "same_theta": found.theta,
        "code": _plain_code(found.code, with_code),
    }


def _run(run: "Run") -> dict[str, Any]:
    return {
        "id": run.id,
        "name": run.name,
        "status": run.status,
        "started": run.started.isoformat(timespec="seconds"),
        "configured": run.configured,
    }


def _pairs(rows: Iterable["Row"]) -> dict[str, Any]:
    return {name: {"a": json_ready(a), "b": json_ready(b)} for name, a, b in rows}


def _plain_pictures(pictures: "Pictures") -> dict[str, Any]:
    parts = {part: {"only_a": a, "only_b": b} for part, (a, b) in pictures.parts.items()}
    changed = {"labels": _pairs(pictures.labels), "renamed": dict(pictures.renamed), "parts": parts}
    return asdict(pictures) | changed


def _plain_code(code: "Code", with_code: bool) -> dict[str, Any]:
    plain = asdict(code)
    for side in "ab":
        commit, dirty = plain[side]
        plain[side] = {"commit": commit, "uncommitted_changes": dirty}
    if plain["sources"] is not None:
        plain["sources"] = dict(plain["sources"])
    if plain["changes"] and not with_code:
        del plain["changes"]["diff"]
    return plain
