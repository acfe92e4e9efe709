"""What a recipe is worth: whole captchas read right among the unseen ones, over several seeded draws.

    python benchmarks/accuracy.py FOLDER … --run cg --captchas 60 --captchas 500 --captchas -400 --draws 5

Each draw trains on so many captchas of the folders together (a negative number: on all but so many; 0: on
drawn ones alone) and reads the rest. The recipe is a run of the configuration, with the cut and the drawn
captchas of its data set: exactly what `train` does. Seconds are the processor's, for drawing captchas and
training.
"""

import os

for _variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_variable] = "1"

import statistics
import time
from pathlib import Path

import click
import numpy as np
import yaml

from captchanet.configuration import resolved
from captchanet.errors import UserError
from captchanet.experiment import dataset
from captchanet.experiment.evaluate import evaluate
from captchanet.experiment.model import Model
from captchanet.experiment.train import train
from captchanet.images.augment import crops
from captchanet.images.cut import Cut
from captchanet.images.drawn import DRAWERS
from captchanet.images.segment import Segmented, segment
from captchanet.images.segment_drawn import segment_drawn

ROOT = Path(__file__).resolve().parents[1]


def together(folders: tuple[str, ...], cut: Cut) -> Segmented:
    """The captchas of several folders as one; two files may have the same name."""
    parts = [segment(folder, cut) for folder in folders]
    named = list(zip(folders, parts, strict=True))
    return Segmented(
        np.concatenate([part.X for part in parts]),
        [row._replace(file=f"{folder}/{row.file}") for folder, part in named for row in part.characters],
        np.concatenate([part.cleaned for part in parts]),
        [row._replace(file=f"{folder}/{row.file}") for folder, part in named for row in part.pictures],
        [row for part in parts for row in part.rejected],
    )


@click.command()
@click.argument("folders", nargs=-1, required=True)
@click.option("--configfile", default=str(ROOT / "config/config.yaml"), show_default=True)
@click.option("--run", "name", default="cg", show_default=True)
@click.option("--captchas", multiple=True, type=int, default=(60, 500, -400), show_default=True)
@click.option("--draws", default=5, show_default=True)
def main(folders: tuple[str, ...], configfile: str, name: str, captchas: tuple[int, ...], draws: int) -> None:
    """Prints, for each number of training captchas, the mean and the range over the draws."""
    config = yaml.safe_load(Path(configfile).read_text())
    config = resolved(config, ROOT / "workflow/schemas/config.schema.yaml")
    run = config["train"][name]
    data = config["dataset"][run["data"]]
    settings = config["segment"][data["cut"]]
    cut = Cut.from_settings(settings)
    style = dict(config["pictures"][data["drawn"] or data["train"]].get("draw") or {})
    drawer = DRAWERS[style.pop("method")] if style else None
    try:
        pictures = together(folders, cut)
    except UserError as error:
        raise click.ClickException(str(error)) from error
    total, alphabet = len(pictures.pictures), settings["alphabet"]
    click.echo(f"{total} captchas, {len(pictures.rejected)} rejected; run {name}: {run['optimiser']}")
    click.echo(
        "trained on  unseen  characters %  whole captchas % (lowest … highest)  ECE   training %  seconds"
    )
    for wanted in captchas:
        size = wanted if wanted >= 0 else total + wanted
        rows = []
        for seed in range(1, draws + 1):
            started = time.process_time()
            sources = {"all": pictures}
            if drawer:
                sources["drawn"] = segment_drawn(*drawer(**{**style, "seed": seed}), cut)
            if size:
                split = {"train": "all", "drawn": "drawn" if drawer else None, "unseen": "rest"}
            else:
                split = {"train": "drawn", "drawn": None, "unseen": "all"}
            data_set = {**split, "captchas": size or None, "seed": seed, "calibration": data["calibration"]}
            made = dataset.make(sources, data_set, alphabet)
            cropped = crops(made.train.X, made.cleaned, made.windows, settings["cut"])
            seeded = {**run, "seed": seed}
            trained = train(made.train, len(alphabet), seeded, drawn=made.drawn, crops=cropped)
            model = Model(trained.network, trained.theta, name, settings)
            if made.calibration.captchas:
                model = model.calibrated(made.calibration.X, made.calibration.y)
            seconds = time.process_time() - started
            metrics = evaluate(model, made.train, made.unseen).metrics
            found = [metrics["unseen"][of]["accuracy"] * 100 for of in ("characters", "captchas")]
            off = metrics["unseen"]["captchas"]["ece"]
            rows.append((*found, off, metrics["training"]["accuracy"] * 100, seconds))
        characters, whole, errors, training, spent = zip(*rows, strict=True)
        left = len(made.unseen.captchas)
        click.echo(
            f"{size:10}  {left:6}  {statistics.mean(characters):12.1f}  {statistics.mean(whole):7.1f}"
            f"  ({min(whole):.1f} … {max(whole):.1f}){'':10}{statistics.mean(errors):.3f}"
            f"  {statistics.mean(training):10.1f}  {statistics.mean(spent):7.1f}"
        )


if __name__ == "__main__":
    main()
