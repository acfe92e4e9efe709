"""`captchanet look`: shows pictures of a folder cleaned and split, and suggests settings for a new folder."""

from pathlib import Path

import click
import yaml

from captchanet.cli.common import PATH, ConfigFiles, configfile
from captchanet.cli.progress_bar import progress_bar
from captchanet.errors import UserError
from captchanet.types import Json


@click.command()
@click.argument("folder", type=PATH)
@click.option(
    "--segmentation",
    "name",
    metavar="NAME",
    help="An entry of `segment` in the configuration; without it, the one that is suggested.",
)
@click.option(
    "--labels",
    type=PATH,
    help="A CSV with the columns file,label; without it, a labels.csv in FOLDER, or else the file names.",
)
@configfile
@click.option("--count", type=click.IntRange(1, 100), default=8, show_default=True, help="How many captchas.")
@click.option("--output", type=PATH, default=Path("look.png"), show_default=True)
def look(
    folder: Path, name: str | None, labels: Path | None, configfile: ConfigFiles, count: int, output: Path
) -> None:
    """Show captchas of FOLDER raw, cleaned and split into characters, as one picture.

    Prints an entry for a configuration that fits the folder, estimated from a sample of it.
    """
    from captchanet.files import write_bytes
    from captchanet.segment.preview import png, preview
    from captchanet.segment.segmentation import Segmentation
    from captchanet.segment.suggest import sample, suggest

    with progress_bar():
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
    segmentation = Segmentation.of(settings, f"segment.{name or 'mine'}.").try_out()
    height, width = seen.pictures.shape[1:3]
    size = segmentation.picture
    if (size.width, size.height) != (width, height):
        raise UserError(
            f"{configfile}: segment.{name} is for pictures of {size.width} × {size.height} pixels; those in "
            f"{folder} have {width} × {height}. Leave --segmentation out to see what fits them"
        )
    write_bytes(output, png(preview(seen, segmentation, count)))
    click.echo(f"{output}: {min(count, len(seen.names))} captchas, segmented as {name or 'suggested'}")


def snippet(settings: Json) -> str:
    """Settings as they can stand in a configuration, under the name `mine`."""
    lines = ["segment:", "  mine:"]
    for key, value in settings.items():
        text = yaml.safe_dump(value, default_flow_style=True, sort_keys=False, allow_unicode=True, width=1000)
        lines.append(f"    {key}: {text.splitlines()[0]}")
    return "\n".join(lines)


def _named(configfile: ConfigFiles, name: str) -> Json:
    """A segmentation of the configuration, with every default."""
    segmentations = configfile.section("segment")
    if name not in segmentations:
        names = ", ".join(map(str, segmentations)) or "none"
        raise UserError(f"{configfile}: no segmentation {name!r}; `segment` has: {names}")
    return configfile.resolved().segment[name].dump()
