"""`captchanet ui`, `orphans` and `check-gradient`: see the history, find old results, check the gradients."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from urllib.request import ProxyHandler, build_opener

import click

from captchanet.cli.common import ConfigFiles, configfile
from captchanet.errors import UserError


@click.command()
@click.option("--port", type=click.IntRange(1, 65535), default=5000, show_default=True)
@configfile
def ui(port: int, configfile: ConfigFiles) -> None:
    """Open the MLflow UI on this machine alone (127.0.0.1), to compare the runs.

    It prints the address of the list of runs, with their accuracy, as soon as it answers. Ctrl-C ends it.
    """
    from captchanet.layout import Layout
    from captchanet.track.place import database_of, runs_page

    (uri, experiment), here = configfile.history, f"http://127.0.0.1:{port}"
    page, database = runs_page(uri, experiment, Layout.of(configfile.set).tracked, here), database_of(uri)
    if database is None:
        click.echo(f"The runs are on a server, so open its page: {page}")
        return
    if not database.exists():
        raise UserError(
            f"{database.resolve()}: there is no history yet; run `snakemake --cores 4` in this folder first"
        )
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise UserError(
                f"port {port} is not free ({error.strerror}); choose another with --port"
            ) from error
    command = [str(Path(sys.executable).with_name("mlflow")), "ui", "--backend-store-uri", uri]
    command += ["--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    _serve(command, here, f"MLflow UI: {page}  (Ctrl-C ends it)")


def _serve(command: Sequence[str], address: str, said: str) -> None:
    """Run a server until it ends or is ended; once it answers at `address`, say so."""
    environment = {**os.environ, "MLFLOW_DISABLE_TELEMETRY": "true"}
    # with a group of its own: its worker is another process, and must end with it
    server = subprocess.Popen(command, env=environment, start_new_session=True)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        while server.poll() is None and not _answers(f"{address}/health"):
            time.sleep(0.2)
        if server.poll() is None:
            click.echo(said)
        sys.exit(server.wait())
    except KeyboardInterrupt:
        click.echo()
    finally:
        with suppress(ProcessLookupError):
            os.killpg(server.pid, signal.SIGTERM)
        server.wait()


def _answers(address: str) -> bool:
    try:
        # 127.0.0.1 alone, so without a proxy
        return bool(build_opener(ProxyHandler({})).open(address, timeout=1).status == 200)
    except OSError:
        return False


@click.command()
@click.option("--delete", is_flag=True, help="Delete them. What MLflow recorded of them stays.")
@configfile
def orphans(delete: bool, configfile: ConfigFiles) -> None:
    """List the folders and logs among a set's results that its configuration no longer names.

    They are left when a run, a data set, a segmentation or a value of a sweep is taken out of it. The results
    of other sets do not count.
    """
    from captchanet.config.orphans import orphans as find
    from captchanet.layout import Layout

    config = configfile.resolved()
    layout = Layout.of(config.set)
    if not layout.root.is_dir():
        click.echo(
            f"{layout.root}/ is not there: the set {config.set!r} has no results in this folder. Run this "
            "in the folder of the project, or name the configuration of another set with --configfile"
        )
        return
    found = find(layout, config)
    for one in found:
        if delete:
            _delete(one)
        click.echo(f"{one}{' deleted' if delete and not one.exists() else ''}")
    if not found:
        click.echo(f"Everything in {layout.root}/ belongs to the configuration.")


def _delete(path: Path) -> None:
    """Delete a folder or a file as far as possible."""
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with suppress(OSError):
            path.unlink()


@click.command("check-gradient")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True)
@click.option("--all", "show_all", is_flag=True, help="Show every combination, not only the worst.")
def check_gradient(seed: int, show_all: bool) -> None:
    """Compare every gradient with differences of its cost.

    It tries all outputs, costs, activations and penalties that go together, with and without bias, with one
    to four layers, in float64 and float32. The exit status is 1 when an error is too large to come from
    rounding.
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
