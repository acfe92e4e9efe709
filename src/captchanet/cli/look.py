"""`captchanet look`: what cleaning and cutting make of a folder, and settings for one never seen before."""

from pathlib import Path
from typing import Any

import click
import yaml

from captchanet.cli.common import configfile, section
from captchanet.errors import UserError


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--cut", "name", help="A cut of the configuration; without it, the one that is suggested.")
@click.option(
    "--labels",
    type=click.Path(path_type=Path),
    help="A CSV with the columns file,label; without it, a labels.csv in FOLDER, or else the file names.",
)
@configfile
@click.option("--count", type=click.IntRange(1, 100), default=8, show_default=True, help="How many captchas.")
@click.option("--output", type=click.Path(path_type=Path), default=Path("look.png"), show_default=True)
def look(
    folder: Path, name: str | None, labels: Path | None, configfile: Path, count: int, output: Path
) -> None:
    """Show captchas of FOLDER raw, cleaned and cut, as one picture.

    Prints what fits the folder, estimated from a sample of it, as an entry for a configuration.
    """
    from captchanet.files import write_bytes
    from captchanet.segment.preview import png, sheet
    from captchanet.segment.segmentation import Cut
    from captchanet.segment.suggest import ALPHABET, sample, suggest

    seen = sample(folder, label_file=labels)
    settings, remarks = suggest(seen)
    if seen.left_out:
        click.echo(
            f"{seen.left_out} of {len(seen.names) + seen.left_out} files tried are no pictures of this size"
        )
    for remark in remarks:
        click.echo(remark)
    click.echo(snippet(settings))
    if name is not None:
        settings = _named(configfile, name)
    defaults = {"alphabet": ALPHABET, "max_rejected": 0.05}
    cut = Cut.from_settings({**defaults, **settings})
    height, width = seen.pictures.shape[1:3]
    if (cut.width, cut.height) != (width, height):
        raise UserError(
            f"{configfile}: segment.{name} is for pictures of {cut.width} × {cut.height} pixels; those in "
            f"{folder} have {width} × {height}. Leave --cut out to see what fits them"
        )
    write_bytes(output, png(sheet(seen, cut, count)))
    click.echo(f"{output}: {min(count, len(seen.names))} captchas, cut as {name or 'suggested'}")


def snippet(settings: dict[str, Any]) -> str:
    """Settings as they can stand in a configuration, under the name `mine`."""
    lines = ["segment:", "  mine:"]
    for key, value in settings.items():
        text = yaml.safe_dump(value, default_flow_style=True, sort_keys=False, allow_unicode=True, width=1000)
        lines.append(f"    {key}: {text.splitlines()[0]}")
    return "\n".join(lines)


def _named(configfile: Path, name: str) -> dict[str, Any]:
    """A cut of the configuration, with every default."""
    from captchanet.cli.common import configuration
    from captchanet.config.resolve import resolved

    cuts = section(configfile, "segment")
    if name not in cuts:
        raise UserError(
            f"{configfile}: no cut {name!r}; `segment` has: {', '.join(map(str, cuts)) or 'none'}"
        )
    found: dict[str, Any] = resolved(configuration(configfile))["segment"][name]
    return found
