"""`captchanet read`: reads pictures and prints a table, CSV or JSON."""

import csv
import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from captchanet.cli.common import PATH, configfile, section, set_name, tabular
from captchanet.cli.tables import printable
from captchanet.errors import UserError
from captchanet.layout import Layout

if TYPE_CHECKING:  # importing NumPy takes a second
    from captchanet.evaluate.predict import Prediction


@click.command()
@click.argument("paths", nargs=-1, required=True, metavar="PNG…|FOLDER")
@click.option("--model", type=PATH, help="A model.npz, with its model.json in the same folder.")
@configfile
@click.option(
    "--threshold",
    type=click.FloatRange(0, 1),
    default=0,
    metavar="CONFIDENCE",
    help="Leave the reading empty where the confidence is below this, 0 to 1.",
)
@tabular
def read(paths: tuple[str, ...], model: Path | None, configfile: Path, threshold: float, form: str) -> None:
    """Read pictures: prints file, reading and confidence.

    Without --model it takes the model of the run that the configuration's `read.run` names. If the run was
    calibrated (`calibration` of its data set), the confidence is the probability that the whole reading is
    right. A picture that cannot be read is listed with the reason; then the exit status is 1.
    """
    from captchanet.evaluate.predict import list_files, predict
    from captchanet.train.model import load_model

    if model is None:
        model = Layout.of(set_name(configfile)).train(_run(configfile)).theta
    trained = load_model(model)
    if threshold and trained.temperature == 1:
        click.echo(f"the run {trained.run} was not calibrated: its confidence may be far off", err=True)
    problems = 0

    def counted() -> "Iterator[Prediction]":
        nonlocal problems
        for one in predict(trained, list_files(paths), threshold):
            problems += one.confidence is None
            yield one

    {"table": _table, "csv": _csv, "json": _json}[form](counted())
    if problems:
        click.echo(f"{problems} of the files could not be read; the reason is next to each", err=True)
        sys.exit(1)


def _run(configfile: Path) -> str:
    """The run to read with: `read.run`, or the first under `train`, as in the workflow."""
    named = section(configfile, "read").get("run") or next(iter(section(configfile, "train")), None)
    if named is None:
        raise UserError(f"{configfile} names no run under `train`; give a model with --model")
    return str(named)


def _table(predictions: "Iterable[Prediction]") -> None:
    rows = list(predictions)
    width = max([len(row.file) for row in rows] + [4])
    click.echo(f"{'file':{width}}  reading  confidence")
    for row in rows:
        right = f"{row.reading:7}  {row.confidence:10.4f}" if row.confidence is not None else row.problem
        click.echo(f"{printable(row.file):{width}}  {right}")


def _csv(predictions: "Iterable[Prediction]") -> None:
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(["file", "reading", "confidence", "problem"])
    for row in predictions:
        number = "" if row.confidence is None else f"{row.confidence:.6f}"
        writer.writerow([printable(row.file), row.reading, number, row.problem])


def _json(predictions: "Iterable[Prediction]") -> None:
    for number, row in enumerate(predictions):
        click.echo((",\n " if number else "[\n ") + json.dumps(row._asdict()), nl=False)
    click.echo("\n]")
