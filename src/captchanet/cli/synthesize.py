"""`captchanet synthesize`: labelled captchas in a folder, to begin with or to look at."""

import os
from pathlib import Path
from typing import Any

import click

from captchanet.cli.common import PATH
from captchanet.cli.progress_bar import progress_bar
from captchanet.config.load import parse
from captchanet.errors import UserError


@click.command()
@click.argument("folder", type=PATH)
@click.option("--count", type=click.IntRange(min=1), default=60, show_default=True, help="How many captchas.")
@click.option("--seed", type=click.IntRange(min=0), default=1, show_default=True)
@click.option("--method", help="A method of synthesis; without it, captchas as in data/.")
@click.option(
    "-o", "--option", "options", multiple=True, metavar="NAME=VALUE", help="An option of the method."
)
def synthesize(folder: Path, count: int, seed: int, method: str | None, options: tuple[str, ...]) -> None:
    """Synthesize labelled captchas into FOLDER, of the tutorial's kind or by any method of the configuration.

    config/README.md explains the methods and their options: -o faces=apart -o 'line_count=[3, 3]'.
    The same command gives the same pixels. A folder that has anything else in it is refused.
    """
    from captchanet.settings import OneOf
    from captchanet.synthesize.folder import synthesize_folder, write_folder
    from captchanet.synthesize.kinds import KINDS

    if method is None:
        if options:
            raise UserError(f"--option {options[0]}: name its --method too, one of {', '.join(KINDS)}")
        with progress_bar():
            files = synthesize_folder(folder, count, seed, processes=os.cpu_count() or 1)
    else:
        given = {"method": method, **dict(map(_option, options))}
        kind = OneOf(KINDS, given=("count", "seed")).of(given, "synthesize.")
        with progress_bar():
            processes = {"processes": os.cpu_count() or 1} if kind.takes("processes") else {}
            pictures, labels = kind(count=count, seed=seed, **processes)
            files = write_folder(folder, labels, pictures)
    click.echo(f"{len(files)} captchas in {folder}")


def _option(text: str) -> tuple[str, Any]:
    """Name and value of an option; a value in brackets is a list, as in a configuration."""
    name, equals, value = text.partition("=")
    if not equals:
        raise UserError(f"--option {text}: expected NAME=VALUE, such as faces=apart")
    if not value.startswith("["):
        return name, value
    try:
        return name, parse(value)
    except ValueError as error:
        raise UserError(f"--option {text}: {value} is no list such as [2, 6] ({error})") from error
