"""How well a recipe reads: whole captchas read right among the unseen ones, over several seeded splits.

    python benchmarks/accuracy.py FOLDER … --run cg --captchas 60 --captchas 500 --captchas -400 --splits 5

--captchas is the number of captchas that a split trains on, of all folders together; it reads the rest. With
-400 it trains on all but 400, with 0 on synthetic ones alone. The recipe is a run of the configuration, with
the segmentation and the synthetic captchas of its data set: exactly what `train` does. Seconds are those of
the processor, for synthesizing captchas and training.
"""

import os

for _variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_variable] = "1"

import click
import pandas as pd
import splits
from recipes import ROOT, Recipe

from captchanet.errors import UserError
from captchanet.evaluate.metrics import evaluate


@click.command()
@click.argument("folders", nargs=-1, required=True)
@click.option("--configfile", default=str(ROOT / "config/config.yaml"), show_default=True)
@click.option("--run", "name", default="cg", show_default=True)
@click.option("--captchas", multiple=True, type=int, default=(60, 500, -400), show_default=True)
@click.option("--splits", "repeats", default=5, show_default=True, help="How many, seeded from 1.")
def main(
    folders: tuple[str, ...], configfile: str, name: str, captchas: tuple[int, ...], repeats: int
) -> None:
    """Prints, for each number of training captchas, the mean and the range over the splits."""
    recipe = Recipe.of(configfile, name)
    try:
        pictures = splits.together(folders, recipe.segmentation)
    except UserError as error:
        raise click.ClickException(str(error)) from error
    total = len(pictures.pictures)
    click.echo(
        f"{total} captchas, {len(pictures.rejected)} rejected; run {name}: {recipe.run.optimiser.dump()}"
    )
    click.echo(
        "trained on  unseen  characters %  whole captchas % (lowest … highest)  ECE   training %  seconds"
    )
    for wanted in captchas:
        size = splits.size(wanted, total)
        rows = []
        for seed in range(1, repeats + 1):
            model, dataset, seconds = recipe.train(pictures, size, seed)
            metrics = evaluate(model, dataset.train, dataset.unseen).metrics
            found = {of: metrics["unseen"][of]["accuracy"] * 100 for of in ("characters", "captchas")}
            found |= {"ece": metrics["unseen"]["captchas"]["ece"], "seconds": seconds}
            rows.append(found | {"training": metrics["training"]["accuracy"] * 100})
        table = pd.DataFrame(rows)
        mean, whole, left = table.mean(), table["captchas"], len(dataset.unseen.captchas)
        click.echo(
            f"{size:10}  {left:6}  {mean['characters']:12.1f}  {mean['captchas']:7.1f}"
            f"  ({whole.min():.1f} … {whole.max():.1f}){'':10}{mean['ece']:.3f}"
            f"  {mean['training']:10.1f}  {mean['seconds']:7.1f}"
        )


if __name__ == "__main__":
    main()
