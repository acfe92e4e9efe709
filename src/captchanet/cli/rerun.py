"""`captchanet rerun` and `verify`: run a recorded run again, and compare it to the last bit."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import astuple
from pathlib import Path
from typing import TYPE_CHECKING

import click

from captchanet.cli.common import PATH, ConfigFiles, configfile, of_set, of_sweep, within_set
from captchanet.cli.progress_bar import progress_bar
from captchanet.cli.runs import recorded
from captchanet.cli.tables import aligned, printable
from captchanet.errors import UserError, in_short

if TYPE_CHECKING:  # importing mlflow takes a second
    from captchanet.reproduce.rerun import Options
    from captchanet.reproduce.verdict import Verdict
    from captchanet.track.history import Run, Store

SHOWN_OF_PATCH = 60
"""Lines of a patch that are shown; its file has them all."""
SHOWN = 12
"""Mismatches that are listed; verdict.json has them all."""

cores = click.option(
    "--cores", type=click.IntRange(min=1), default=1, show_default=True, help="How many jobs at a time."
)
keep = click.option("--keep", is_flag=True, help="Keep the code, a git worktree, of a repeated run too.")
as_they_are = click.option(
    "--pictures-as-they-are",
    is_flag=True,
    help="Do not take pictures from git that have changed or are missing.",
)
trust_patch = click.option(
    "--trust-patch",
    is_flag=True,
    help="Run a run's uncommitted changes although this folder did not record them: somebody else's code.",
)


class Unanswered(click.ClickException):
    """A run could not be run again: whether it is the same is not known."""

    exit_code = 2


@contextmanager
def _answering() -> Iterator[None]:
    """A block in which a UserError or Ctrl-C ends the command with status 2.

    Changes of code that are not trusted are shown first.
    """
    try:
        yield
    except UserError as error:
        for line in getattr(error, "patch", "").splitlines()[:SHOWN_OF_PATCH]:
            click.echo(f"  {printable(line)}")
        raise Unanswered(printable(str(error))) from error
    except KeyboardInterrupt:
        raise Unanswered("interrupted") from None


@click.command()
@click.argument("run")
@click.option("--folder", type=PATH, help="Where to run it; without it, reruns/NAME-ID in this folder.")
@cores
@keep
@as_they_are
@trust_patch
@within_set
@configfile
def rerun(
    run: str,
    folder: Path | None,
    cores: int,
    keep: bool,
    pictures_as_they_are: bool,
    trust_patch: bool,
    of: str | None,
    configfile: ConfigFiles,
) -> None:
    """Run a recorded run again, and show whether it is the same to the last bit.

    RUN is a name or the beginning of an id, as `captchanet runs` lists them. Its code (the commit, as a git
    worktree, with what was not committed), its configuration and its pictures are restored into a separate
    folder. Changes that this folder did not record itself are shown, and run with --trust-patch only.
    Nothing else is changed, and nothing is recorded. Exit status: 0 repeated; 1 not repeated, with a
    list of what differs; 2 it could not be run again.
    """
    with _answering():
        store, history = recorded(configfile, of, parents=True)
        from captchanet.reproduce import rerun as again

        one, remark = _one(history.runs, run, of or configfile.set)
        where = folder or Path("reruns", again.folder_of(one))
        chosen = f" ({remark})" if remark else ""
        about = f"{printable(one.name)} {one.id[:8]}{chosen}"
        click.echo(f"{about} is run again in {where}, which has its log ...")
        options = again.Options(cores, keep, not pictures_as_they_are, trust_patch)
        with progress_bar():
            verdict = again.rerun(store, one, where, options)
    _print(verdict, where)
    if not verdict.repeated:
        sys.exit(1)


@click.command()
@click.option("--number", type=click.IntRange(min=1), default=5, show_default=True, help="How many runs.")
@click.option("--seed", type=click.IntRange(min=0), default=1, show_default=True, help="Decides which runs.")
@click.option("--all", "everything", is_flag=True, help="Every run.")
@of_set
@of_sweep
@click.option(
    "--folder",
    type=PATH,
    default=Path("reruns"),
    show_default=True,
    help="Where to run them, each in its own folder.",
)
@cores
@keep
@as_they_are
@trust_patch
@configfile
def verify(
    number: int,
    seed: int,
    everything: bool,
    of: str | None,
    sweep: str | None,
    folder: Path,
    cores: int,
    keep: bool,
    pictures_as_they_are: bool,
    trust_patch: bool,
    configfile: ConfigFiles,
) -> None:
    """Run a sample of all recorded runs again, and show which are the same to the last bit.

    Each is run as by `captchanet rerun`. Exit status: 0 all repeated; 1 at least one not repeated; 2 at least
    one could not be run again, and all others were repeated.
    """
    with _answering():
        store, history = recorded(configfile, of or configfile.given_set)
        from captchanet.reproduce.rerun import Options, sample

        runs = [run for run in history.runs if sweep is None or sweep in run.sweeps]
        if not runs:
            raise UserError("no recorded run fits these options; `captchanet runs` lists them all")
        chosen = runs if everything else sample(runs, number, seed)
        options = Options(cores, keep, not pictures_as_they_are, trust_patch)
        refuted, impossible = _verify(store, chosen, folder, options)
    said = [f"{len(chosen) - refuted - impossible} of {len(chosen)} repeated to the last bit"]
    said += [f"{refuted} not"] if refuted else []
    said += [f"{impossible} could not be run again"] if impossible else []
    said += [f"sampled from {len(runs)} by the seed {seed}"] if len(chosen) < len(runs) else []
    click.echo("; ".join(said))
    if refuted or impossible:
        sys.exit(1 if refuted else 2)


def _verify(store: "Store", chosen: "Sequence[Run]", folder: Path, options: "Options") -> tuple[int, int]:
    """Runs each again and prints a line; returns how many were not repeated and how many failed."""
    from captchanet.reproduce import rerun as again

    refuted = impossible = 0
    wide = max(len(printable(run.name)) for run in chosen)
    click.echo(f"{'run':{wide}}  {'id':8}  theta  results  seconds")
    for run in chosen:
        start = f"{printable(run.name):{wide}}  {run.id[:8]}"
        try:
            with progress_bar():
                verdict = again.rerun(store, run, folder / again.folder_of(run), options)
        except UserError as error:
            impossible += 1
            click.echo(f"{start}  could not be run again: {printable(str(error))}")
        else:
            refuted += not verdict.repeated
            click.echo(f"{start}  {_row(verdict)}")
    return refuted, impossible


def _one(runs: "Sequence[Run]", wanted: str, of: str) -> "tuple[Run, str]":
    """The run that is wanted, and a remark on it. Raises UserError also for a whole sweep."""
    from captchanet.track.history import find

    sweeps = [run for run in runs if run.tags.get("kind") == "sweep"]
    try:
        return find([run for run in runs if run not in sweeps], wanted, of)
    except UserError:
        for sweep in sweeps:
            if sweep.name == wanted or (len(wanted) >= 4 and sweep.id.startswith(wanted.lower())):
                inner = [run.name for run in runs if sweep.name in run.sweeps and run is not sweep]
                some = ", ".join(inner[:3])
                raise UserError(
                    f"{wanted!r} is a whole sweep; name one of its runs, such as {some}"
                ) from None
        raise


def _row(verdict: "Verdict") -> str:
    """The verdict in the table of many."""
    from captchanet.reproduce.verdict import NOTHING_DIFFERS

    theta = verdict.same["theta"]
    results = all(same for name, same in verdict.same.items() if name != "theta")
    row = f"{'same' if theta else 'NO':5}  {'same' if results else 'NO':7}  {verdict.seconds:7.1f}"
    if verdict.repeated:
        return row
    rows = [f"{one.kind} {one.name}: {one.recorded}, now {one.again}" for one in verdict.differences]
    return f"{row}  {printable(in_short(rows, 3, '; ') or NOTHING_DIFFERS)}"


def _print(verdict: "Verdict", where: Path) -> None:
    """The verdict for the user: one line, then what was done and what differs."""
    from captchanet.reproduce.verdict import NOTHING_DIFFERS

    click.echo(f"{printable(verdict.sentence)} ({verdict.seconds:.1f} s)")
    for remark in verdict.remarks:
        click.echo(f"  {printable(remark)}")
    rows = verdict.differences
    more = f"and {len(rows) - SHOWN} more" if len(rows) > SHOWN else ""
    if verdict.repeated:
        if rows:
            names = ", ".join(f"{one.kind} {one.name}" for one in rows[:SHOWN])
            click.echo(f"  although this has changed: {printable(f'{names} {more}'.rstrip())}")
        return
    lines = aligned(map(astuple, rows[:SHOWN]), ("what differs", "", "recorded", "now"))
    for line in [*lines, *filter(None, [more])] if rows else [NOTHING_DIFFERS]:
        click.echo(f"  {line}")
    click.echo(
        f"  all of it: {where}/verdict.json; recorded/ and results/ there have its record and the rerun"
    )
