"""What the commands share: how they end after an error, their configuration, and which set they mean."""

import os
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from captchanet.addresses import masked
from captchanet.config.load import load, merged
from captchanet.config.names import set_of
from captchanet.errors import UserError
from captchanet.types import Json

if TYPE_CHECKING:  # importing pydantic takes a tenth of a second
    from captchanet.config.configuration import Configuration

CONFIG = Path("config/config.yaml")


class Group(click.Group):
    """A command group whose errors are one sentence."""

    def invoke(self, ctx: click.Context) -> Any:
        """Runs a command; a UserError becomes click's own error, status 1."""
        try:
            return super().invoke(ctx)
        except UserError as error:
            raise click.ClickException(masked(str(error))) from error


class ConfigFiles:
    """The configuration files that a command is given, or else this folder's own; read when they are needed.

    `given` says whether a command was given any. `content` and all that follows from it raise UserError where
    a file is no configuration.
    """

    def __init__(self, files: Sequence[Path] = ()) -> None:
        self.given, self.files = bool(files), tuple(files) or (CONFIG,)

    def __str__(self) -> str:
        return " and ".join(map(str, self.files))

    @cached_property
    def content(self) -> Json:
        """The content of the files, merged as Snakemake merges them."""
        try:
            return load(self.files)
        except UserError as error:
            hint = (
                "" if self.given else "; run this in the project's folder, or name another with --configfile"
            )
            raise UserError(f"{error}{hint}") from error

    @property
    def set(self) -> str:
        """The name of their set: the key `set`, or the stem of the first file's name."""
        return set_of(self.content, self.files[0].stem)

    @property
    def given_set(self) -> str | None:
        """The same, but None for the files that are taken where none are given."""
        return self.set if self.given else None

    def section(self, name: str) -> Json:
        """One section, {} where it is not there."""
        found = self.content.get(name) or {}
        if not isinstance(found, dict):
            raise UserError(f"{self}: {name}: found {found!r}; expected keys and values below it")
        return found

    @property
    def history(self) -> tuple[str, str]:
        """The address of the history that they name, and the experiment in it."""
        from captchanet.track.place import address

        track = self.section("track")
        return address(track.get("tracking_uri"), Path()), str(track.get("experiment") or "captchanet")

    def resolved(self, changes: Json | None = None) -> "Configuration":
        """The settings of all runs, checked; `changes` are merged into the files, as by `--config`."""
        from captchanet.config.resolve import resolved

        try:
            return resolved(merged(self.content, changes or {}), self.files[0].stem)
        except UserError as error:
            raise UserError(f"{self}: {error}") from error


class HomePath(click.Path):
    """A path whose first `~` is the home folder. A shell leaves it alone in quotes and behind a `=`."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Returns the path."""
        return super().convert(os.path.expanduser(value), param, ctx)  # noqa: PTH111 (Path's may raise)


PATH = HomePath(path_type=Path)
configfile = click.option(
    "--configfile",
    multiple=True,
    type=PATH,
    callback=lambda context, option, files: ConfigFiles(files),
    help="The configuration that the workflow ran with; several are merged, the last wins.  "
    f"[default: {CONFIG}]",
)

tabular = click.option(
    "--format", "form", type=click.Choice(["table", "csv", "json"]), default="table", show_default=True
)
EVERY = "*"
"""In place of the name of a set: the runs of all sets."""
within_set = click.option(
    "--set",
    "of",
    metavar="NAME",
    help="Look into this set; without it, first into that of the configuration.",
)
of_set = click.option(
    "--set",
    "of",
    metavar="NAME",
    help="Only runs of this set; without it, of the set of --configfile; without both, or for '*', all runs.",
)
of_sweep = click.option("--sweep", metavar="NAME", help="Only runs of this sweep.")
