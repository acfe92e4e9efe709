"""The command line: `captchanet read` reads pictures, `draw` draws some, `ui` opens the history of runs."""

import csv
import json
import os
import socket
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click
import yaml

from captchanet.errors import UserError

CONFIG = "config/config.yaml"

# One BLAS thread, before a command imports NumPy: two round otherwise, and these matrices are small
for _variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"):
    os.environ.setdefault(_variable, "1")


class Group(click.Group):
    """A command group that ends with one sentence when something is wrong."""

    def invoke(self, ctx: click.Context) -> Any:
        """Runs a command; a UserError becomes click's own error, status 1."""
        try:
            return super().invoke(ctx)
        except UserError as error:
            raise click.ClickException(str(error)) from error


configfile = click.option(
    "--configfile",
    default=CONFIG,
    show_default=True,
    type=click.Path(path_type=Path),
    help="The configuration that the workflow ran with.",
)


@click.group(cls=Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="captchanet")
def main() -> None:
    """A neural network from nothing that reads captchas."""


@main.command()
@click.argument("paths", nargs=-1, required=True, metavar="PNG…|FOLDER")
@click.option("--model", type=click.Path(path_type=Path), help="A model.npz, with its model.json beside it.")
@configfile
@click.option(
    "--format", "form", type=click.Choice(["table", "csv", "json"]), default="table", show_default=True
)
def read(paths: tuple[str, ...], model: Path | None, configfile: Path, form: str) -> None:
    """Read pictures: prints file, reading and confidence.

    Without --model it is the model of the run that the configuration's `read.run` names. A picture that
    cannot be read is listed with the reason; then the exit status is 1.
    """
    from captchanet.experiment import reading
    from captchanet.experiment.model import load

    if model is None:
        model = Path("results/train", _run(configfile), "model.npz")
    readings = reading.read(load(model), reading.files(paths))
    problems = {"table": _table, "csv": _csv, "json": _json}[form](readings)
    if problems:
        click.echo(f"{problems} of the files could not be read; the reason stands beside each", err=True)
        sys.exit(1)


@main.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--count", type=click.IntRange(min=1), default=60, show_default=True, help="How many captchas.")
@click.option("--seed", type=click.IntRange(min=0), default=1, show_default=True)
def draw(folder: Path, count: int, seed: int) -> None:
    """Draw labelled captchas of the tutorial's kind into FOLDER.

    The same count and seed give the same pixels. A folder that holds anything else is refused.
    """
    from captchanet.images.draw import draw_folder

    drawn = draw_folder(folder, count, seed)
    click.echo(f"{len(drawn)} captchas in {folder}")


@main.command()
@click.option("--port", type=click.IntRange(1, 65535), default=5000, show_default=True)
@configfile
def ui(port: int, configfile: Path) -> None:
    """Open the MLflow UI on this machine alone (127.0.0.1), to compare the runs."""
    uri = _section(configfile, "track").get("tracking_uri")
    if uri and not str(uri).startswith("sqlite:"):
        click.echo(f"The runs are on a server of their own: {uri}")
        return
    database = Path("mlflow.db").resolve()
    if not uri and not database.exists():
        raise UserError(
            f"{database}: there is no history yet; run `snakemake --cores 4` in this folder first"
        )
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise UserError(
                f"port {port} is not free ({error.strerror}); choose another with --port"
            ) from error
    click.echo(f"MLflow UI: http://127.0.0.1:{port}  (Ctrl-C ends it)")
    command = ["mlflow", "ui", "--backend-store-uri", uri or f"sqlite:///{database}"]
    command += ["--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    environment = {**os.environ, "MLFLOW_DISABLE_TELEMETRY": "true"}
    os.execve(str(Path(sys.executable).with_name("mlflow")), command, environment)


@main.command("check-gradient")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True)
@click.option("--all", "show_all", is_flag=True, help="Show every combination, not the worst of each kind.")
def check_gradient(seed: int, show_all: bool) -> None:
    """Hold every gradient against differences of its cost.

    All legal outputs, costs, activations and penalties, with and without bias, one to four layers deep, in
    float64 and float32. The exit status is 1 when one is further off than its arithmetic explains.
    """
    from captchanet.nn.gradient_check import TOLERANCE, check_all

    checked = list(check_all(seed))
    wrong = [one for one in checked if max(one.entries, one.lines) > TOLERANCE[one.dtype]]
    click.echo("relative error by entries, along lines   depth  dtype    gradient of")
    for dtype in TOLERANCE:
        rows = sorted((one for one in checked if one.dtype == dtype), key=lambda one: -one.entries)
        for one in rows if show_all else rows[:4]:
            click.echo(f"{one.entries:25.1e}, {one.lines:11.1e}   {one.depth:5}  {dtype}  {one.name}")
    shown = "" if show_all else " (the four worst of each dtype are shown)"
    limits = ", ".join(f"{limit:.0e} in {dtype}" for dtype, limit in TOLERANCE.items())
    click.echo(f"{len(checked) - len(wrong)} of {len(checked)} within {limits}{shown}")
    if wrong:
        sys.exit(1)


def _configuration(file: Path) -> dict[str, Any]:
    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeError, yaml.YAMLError) as error:
        raise UserError(
            f"{file}: cannot be read as a configuration ({error}); run this in the project's folder, "
            "or name another with --configfile"
        ) from error
    if not isinstance(content, dict):
        raise UserError(f"{file}: found no sections such as `train:`; is it a configuration of captchanet?")
    return content


def _section(configfile: Path, name: str) -> dict[str, Any]:
    """One section of the configuration, {} where it is not there."""
    section = _configuration(configfile).get(name) or {}
    if not isinstance(section, dict):
        raise UserError(f"{configfile}: {name}: found {section!r}; expected keys and values below it")
    return section


def _run(configfile: Path) -> str:
    """The run to read with: `read.run`, or the first under `train`, as the workflow takes it."""
    named = _section(configfile, "read").get("run") or next(iter(_section(configfile, "train")), None)
    if named is None:
        raise UserError(f"{configfile} names no run under `train`; give a model with --model")
    return str(named)


def _table(readings: Iterable[Any]) -> int:
    rows = list(readings)
    width = max([len(row.file) for row in rows] + [4])
    click.echo(f"{'file':{width}}  reading  confidence")
    for row in rows:
        right = f"{row.reading:7}  {row.confidence:10.4f}" if row.confidence is not None else row.problem
        click.echo(f"{_printable(row.file):{width}}  {right}")
    return sum(row.confidence is None for row in rows)


def _csv(readings: Iterable[Any]) -> int:
    problems = 0
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(["file", "reading", "confidence", "problem"])
    for row in readings:
        problems += row.confidence is None
        number = "" if row.confidence is None else f"{row.confidence:.6f}"
        writer.writerow([_printable(row.file), row.reading, number, row.problem])
    return problems


def _json(readings: Iterable[Any]) -> int:
    problems = 0
    for number, row in enumerate(readings):
        problems += row.confidence is None
        click.echo(("[\n " if not number else ",\n ") + json.dumps(row._asdict()), nl=False)
    click.echo("\n]")
    return problems


def _printable(name: str) -> str:
    """A file name on one line of any terminal: line ends and bytes that are no UTF-8 are shown as escapes."""
    text = name.encode("utf-8", "backslashreplace").decode("utf-8")
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
