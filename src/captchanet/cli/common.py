"""What the commands share: how they end after an error, and how they read the configuration."""

from pathlib import Path
from typing import Any

import click
import yaml

from captchanet.config.names import set_of
from captchanet.errors import UserError
from captchanet.types import Json

CONFIG = "config/config.yaml"


class Group(click.Group):
    """A command group whose errors are one sentence."""

    def invoke(self, ctx: click.Context) -> Any:
        """Runs a command; a UserError becomes click's own error, status 1."""
        try:
            return super().invoke(ctx)
        except UserError as error:
            raise click.ClickException(str(error)) from error


PATH = click.Path(path_type=Path)
configfile = click.option(
    "--configfile",
    default=CONFIG,
    show_default=True,
    type=PATH,
    help="The configuration that the workflow ran with.",
)

tabular = click.option(
    "--format", "form", type=click.Choice(["table", "csv", "json"]), default="table", show_default=True
)
of_set = click.option("--set", "of", metavar="NAME", help="Only runs of this set (`set` of a configuration).")
of_sweep = click.option("--sweep", metavar="NAME", help="Only runs of this sweep.")


def configuration(file: Path) -> Json:
    """The content of a configuration file. Raises UserError where it is no configuration."""
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


def set_name(configfile: Path) -> str:
    """The name of the set of a configuration file: its key `set`, or the stem of the file's name."""
    return set_of(configuration(configfile), configfile.stem)


def section(configfile: Path, name: str) -> Json:
    """One section of the configuration, {} where it is not there."""
    found = configuration(configfile).get(name) or {}
    if not isinstance(found, dict):
        raise UserError(f"{configfile}: {name}: found {found!r}; expected keys and values below it")
    return found
