"""`captchanet read`: reads pictures and prints a table, CSV or JSON."""

import csv
import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from captchanet.cli.common import PATH, ConfigFiles, configfile, tabular, within_set
from captchanet.cli.progress_bar import progress_bar
from captchanet.cli.tables import printable
from captchanet.progress import counted
from captchanet.spreadsheet import as_text

if TYPE_CHECKING:  # importing NumPy takes a second
    from captchanet.evaluate.predict import Prediction


@click.command()
@click.argument("paths", nargs=-1, required=True, metavar="PNG…|FOLDER")
@click.option("--model", type=PATH, help="A model.npz, with its model.json in the same folder.")
@click.option("--run", "name", metavar="NAME", help="A run; without it, `read.run` of the configuration.")
@within_set
@configfile
@click.option(
    "--threshold",
    type=click.FloatRange(0, 1),
    default=0,
    metavar="CONFIDENCE",
    help="Leave the reading empty where the confidence is below this, 0 to 1.",
)
@tabular
def read(
    paths: tuple[str, ...],
    model: Path | None,
    name: str | None,
    of: str | None,
    configfile: ConfigFiles,
    threshold: float,
    form: str,
) -> None:
    """Read pictures: prints file, reading and confidence.

    Without an option it takes the network of the run that this folder's configuration names. It says on
    stderr which network that is. If the run was calibrated (`calibration` of its data set), the confidence is
    the probability that the whole reading is right. A picture that cannot be read is listed with the reason;
    then the exit status is 1.
    """
    from captchanet.cli.network import Asked, find_network
    from captchanet.evaluate.predict import list_files, predict
    from captchanet.train.model import load_model

    network = find_network(Asked(configfile, model, name, of))
    trained = load_model(network.file)
    within = f" of the set {network.of}" if network.of else ""
    remark = f"; {network.remark}" if network.remark else ""
    click.echo(f"reading with {network.file} (run {trained.run}{within}{remark})", err=True)
    if threshold and trained.temperature == 1:
        click.echo(f"the run {trained.run} was not calibrated: its confidence may be far off", err=True)
    seen = Seen()
    files = counted(list(list_files(paths)), "picture")
    with progress_bar(beside_output=form != "table"):
        {"table": _table, "csv": _csv, "json": _json}[form](seen.all(predict(trained, files, threshold)))
    if seen.read and not seen.given:
        click.echo(_nothing_given(seen, threshold, trained.temperature != 1), err=True)
    if seen.problems:
        click.echo(f"{seen.problems} of the files could not be read; the reason is next to each", err=True)
        sys.exit(1)


class Seen:
    """What passes on its way to the output: how many files are read, how many readings are given."""

    def __init__(self) -> None:
        self.read = self.given = self.problems = 0
        self.largest = 0.0

    def all(self, predictions: "Iterable[Prediction]") -> "Iterator[Prediction]":
        """The same predictions, counted."""
        for one in predictions:
            if one.confidence is None:
                self.problems += 1
            else:
                self.read += 1
                self.given += bool(one.reading)
                self.largest = max(self.largest, one.confidence)
            yield one


def _nothing_given(seen: Seen, threshold: float, calibrated: bool) -> str:
    """Why no reading is given at all."""
    said = f"no reading is given: the largest confidence is {seen.largest:.4f}, below {threshold}"
    return said if calibrated else f"{said}; only with `calibration` in its data set is it a probability"


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
        writer.writerow(map(as_text, [printable(row.file), row.reading, number, row.problem]))


def _json(predictions: "Iterable[Prediction]") -> None:
    for number, row in enumerate(predictions):
        click.echo((",\n " if number else "[\n ") + json.dumps(row._asdict()), nl=False)
    click.echo("\n]")
