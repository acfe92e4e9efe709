"""`captchanet draw`, `ui`, `orphans`, `check-gradient`: pictures to begin with, the history, the proof."""

import os
import shutil
import socket
import sys
from pathlib import Path
from typing import Any

import click
import yaml

from captchanet.cli.common import configfile, configuration, section
from captchanet.errors import UserError
from captchanet.options import resolve


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--count", type=click.IntRange(min=1), default=60, show_default=True, help="How many captchas.")
@click.option("--seed", type=click.IntRange(min=0), default=1, show_default=True)
@click.option("--method", help="A drawing method; without it the captchas of data/.")
@click.option(
    "-o", "--option", "options", multiple=True, metavar="NAME=VALUE", help="An option of the method."
)
def draw(folder: Path, count: int, seed: int, method: str | None, options: tuple[str, ...]) -> None:
    """Draw labelled captchas into FOLDER, of the tutorial's kind or by any method of the configuration.

    config/README.md explains the methods and their options: -o faces=apart -o 'lines=[3, 3]'.
    The same words give the same pixels. A folder that holds anything else is refused.
    """
    from captchanet.synthesize.folder import draw_folder, write_folder
    from captchanet.synthesize.kinds import DRAWERS

    if method is None:
        if options:
            raise UserError(f"--option {options[0]}: an option of which --method? {', '.join(DRAWERS)}")
        drawn = draw_folder(folder, count, seed)
    else:
        given = {"method": method, **dict(map(_option, options))}
        resolved = resolve(given, DRAWERS, "draw", given=("count", "seed"))
        pictures, labels = DRAWERS[resolved.pop("method")](count=count, seed=seed, **resolved)
        drawn = write_folder(folder, labels, pictures)
    click.echo(f"{len(drawn)} captchas in {folder}")


def _option(text: str) -> tuple[str, Any]:
    """Name and value of an option; a value in brackets is a list, as in a configuration."""
    name, equals, value = text.partition("=")
    if not equals:
        raise UserError(f"--option {text}: expected NAME=VALUE, such as faces=apart")
    if not value.startswith("["):
        return name, value
    try:
        return name, yaml.safe_load(value)
    except yaml.YAMLError as error:
        raise UserError(f"--option {text}: {value} is no list such as [2, 6]") from error


@click.command()
@click.option("--port", type=click.IntRange(1, 65535), default=5000, show_default=True)
@configfile
def ui(port: int, configfile: Path) -> None:
    """Open the MLflow UI on this machine alone (127.0.0.1), to compare the runs."""
    uri = section(configfile, "track").get("tracking_uri")
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


@click.command()
@click.option("--delete", is_flag=True, help="Delete them. What MLflow recorded of them stays.")
@configfile
def orphans(delete: bool, configfile: Path) -> None:
    """List the folders in results/ that the configuration no longer names.

    They are left when a run, a data set, a cut or a value of a sweep is taken out, and when another
    configuration worked in the same folder.
    """
    from captchanet.config.orphans import orphans as find
    from captchanet.config.resolve import resolved

    found = find(Path("results"), resolved(configuration(configfile)))
    for folder in found:
        if delete:
            shutil.rmtree(folder, ignore_errors=True)
        click.echo(f"{folder}{' deleted' if delete and not folder.exists() else ''}")
    if not found:
        click.echo("Every folder in results/ belongs to the configuration.")


@click.command("check-gradient")
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
