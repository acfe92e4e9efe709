"""Our recipes and other readers on the same splits of real captchas: their accuracy and their time.

    python benchmarks/readers.py FOLDER … --captchas 60 --captchas 500 --captchas -400 --splits 5
    python benchmarks/readers.py FOLDER … --only svc --only ddddocr --out readers.csv

--captchas is the number of captchas that a split trains on, of all folders together (-400: on all but 400).
It reads the rest. If a peer is not installed, it is left out, and a line shows how to install it. Seconds are
those of the processor. The milliseconds of reading include decoding, cleaning and splitting, if the reader
needs them.
docs/readers.md has a table and explains each reader.
"""

import os

for _variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_variable] = "1"

import importlib.util
import shutil
import sys
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

import click
import pandas as pd
import splits
from recipes import ROOT, Recipe

from captchanet.dataset.dataset import Part
from captchanet.errors import UserError
from captchanet.files import write_csv
from captchanet.segment.segmentation import Segmentation

RECIPES = {
    "cg": ("config.yaml", sys.maxsize),
    "labels-only": ("labels-only.yaml", 100),
    "few-labels": ("few-labels.yaml", 100),
    "many-labels": ("many-labels.yaml", sys.maxsize),
}
"""Our recipes: the configuration, and the largest number of labels that it is made for."""

PEERS = {
    "1-nn": ("learners", "nearest", "sklearn"),
    "svc": ("learners", "svc", "sklearn"),
    "mlp": ("learners", "mlp", "sklearn"),
    "cnn-windows": ("convolutional", "windows", "torch"),
    "cnn-picture": ("convolutional", "picture", "torch"),
}
"""Peers that learn: a module of this folder, its function of a task and a seed, and the package it needs."""

OUTSIDE = ("ddddocr", "tesseract")
"""Readers that were trained elsewhere: a function in `outside`, and the package or program it needs."""

INSTALL = {
    "sklearn": "pip install scikit-learn",
    "torch": "pip install torch",
    "ddddocr": "pip install ddddocr",
    "tesseract": "apt-get install tesseract-ocr",
}
NAMES = (*RECIPES, *PEERS, *OUTSIDE)
COLUMNS = ("reader", "captchas", "unseen", "seed", "whole", "characters", "training_s", "reading_ms")
HEAD = (
    "| reader | trained on | unseen | splits | whole captchas % (lowest … highest) "
    "| characters % | training s | reading ms |\n" + 8 * "|---" + "|"
)


class Row(NamedTuple):
    """One split: shares of whole captchas and of characters in %, seconds, and milliseconds a picture."""

    whole: float
    characters: float
    seconds: float
    milliseconds: float


def cpu() -> float:
    """Seconds of the processor, of this process and of the processes that it started and that have ended."""
    ended = os.times()
    return time.process_time() + ended.children_user + ended.children_system


def shares(readings: Sequence[str], labels: Sequence[str]) -> tuple[float, float]:
    """Whole captchas and characters read right, in %. A character must be right in its own place."""
    pairs = list(zip(readings, labels, strict=True))
    right = sum(a == b for reading, label in pairs for a, b in zip(reading, label, strict=False))
    whole = sum(reading == label for reading, label in pairs)
    return 100 * whole / len(labels), 100 * right / sum(map(len, labels))


def needs(name: str) -> str | None:
    """The package or program that a reader needs; ours need none."""
    return PEERS[name][2] if name in PEERS else name if name in OUTSIDE else None


def installed(package: str) -> bool:
    """Whether a Python package, or the program tesseract, is there."""
    return (shutil.which if package == "tesseract" else importlib.util.find_spec)(package) is not None


class Bench:
    """Captchas of some folders, segmented by an entry of a configuration, and their readers."""

    def __init__(self, folders: tuple[str, ...], segmentation: Segmentation) -> None:
        self.segmentation = segmentation
        started = cpu()
        self.pictures = splits.together(folders, segmentation)
        self.total = len(self.pictures.pictures)
        self.preparing = (cpu() - started) / max(1, self.total) * 1000

    def reader(self, name: str) -> Callable[[int, int], Row]:
        """The function that makes a row from a number of captchas and a seed."""
        if name in RECIPES:
            return self.recipe(name)
        return self.peer(name) if name in PEERS else self.outside(name)

    def recipe(self, name: str) -> Callable[[int, int], Row]:
        """One of our recipes."""
        recipe = Recipe.of(ROOT / "config" / RECIPES[name][0], name)
        if recipe.segmentation != self.segmentation:
            raise UserError(
                f"{name} segments captchas in another way than the other readers; give it their `segment`"
            )

        def row(captchas: int, seed: int) -> Row:
            model, dataset, seconds = recipe.train(self.pictures, captchas, seed)
            started = cpu()
            readings = model.predict(dataset.unseen.X)[0]
            reading = (cpu() - started) / len(readings) * 1000
            return Row(*shares(readings, labels(dataset.unseen)), seconds, self.preparing + reading)

        return row

    def peer(self, name: str) -> Callable[[int, int], Row]:
        """A peer that learns."""
        module, function, _ = PEERS[name]
        learn = getattr(importlib.import_module(module), function)

        def row(captchas: int, seed: int) -> Row:
            task = splits.task(self.pictures, captchas, seed, self.segmentation)
            started = cpu()
            read = learn(task, seed)
            learnt = cpu()
            readings = read(task.unseen)
            reading = (cpu() - learnt) / len(readings) * 1000
            return Row(*shares(readings, task.labels), learnt - started, self.preparing + reading)

        return row

    def outside(self, name: str) -> Callable[[int, int], Row]:
        """A reader that learns nothing here: it reads all captchas once, and those of a split are counted."""
        read = getattr(importlib.import_module("outside"), name)(self.segmentation.alphabet)
        shown = splits.shown(self.pictures, range(self.total))
        started = cpu()
        readings = dict(zip(shown.files, read(shown), strict=True))
        reading = (cpu() - started) / self.total * 1000
        # ddddocr takes the files as they are
        reading += 0 if name == "ddddocr" else self.preparing

        def row(captchas: int, seed: int) -> Row:
            unseen = splits.split(self.pictures, captchas, seed, self.segmentation.alphabet).unseen
            found = [readings[file] for _, file, _, _ in unseen.captchas]
            return Row(*shares(found, labels(unseen)), 0, reading)

        return row


def labels(part: Part) -> list[str]:
    """The labels of the captchas of a part of a data set."""
    return [label for _, _, label, _ in part.captchas]


def line(name: str, trained_on: int, unseen: int, rows: Sequence[Row]) -> str:
    """A line of the table."""
    table = pd.DataFrame(rows)
    mean, whole = table.mean(), table["whole"]
    return (
        f"| {name} | {trained_on:,} | {unseen:,} | {len(rows)} "
        f"| {mean['whole']:.1f} ({whole.min():.1f} … {whole.max():.1f}) | {mean['characters']:.1f} "
        f"| {mean['seconds']:.1f} | {mean['milliseconds']:.2f} |"
    )


@click.command()
@click.argument("folders", nargs=-1, required=True)
@click.option("--captchas", multiple=True, type=int, default=(60, 500, -400), show_default=True)
@click.option("--splits", "repeats", default=5, show_default=True, help="How many, seeded from 1.")
@click.option(
    "--only", multiple=True, type=click.Choice(NAMES), help="Only this reader; may be given more than once."
)
@click.option("--out", help="A CSV to write, with a row for each split.")
def main(
    folders: tuple[str, ...], captchas: tuple[int, ...], repeats: int, only: tuple[str, ...], out: str | None
) -> None:
    """Prints a line for each reader and number of training captchas: mean and range over the splits."""
    try:
        bench = Bench(folders, Recipe.of(ROOT / "config/config.yaml", "cg").segmentation)
        sizes = [splits.size(wanted, bench.total) for wanted in captchas]
        if not all(0 < size < bench.total for size in sizes):
            raise UserError(f"--captchas: {bench.total} captchas cannot be split into {captchas} and a rest")
        click.echo(f"{bench.total} captchas, {len(bench.pictures.rejected)} rejected\n\n{HEAD}")
        table = []
        for name in only or NAMES:
            package = needs(name)
            if package and not installed(package):
                click.echo(f"{name} is left out: {INSTALL[package]}", err=True)
                continue
            measure = bench.reader(name)
            for size in sizes:
                if name in RECIPES and size > RECIPES[name][1]:
                    continue
                rows = [measure(size, seed) for seed in range(1, repeats + 1)]
                trained_on = 0 if name in OUTSIDE else size
                click.echo(line(name, trained_on, bench.total - size, rows))
                unseen = bench.total - size
                table += [(name, trained_on, unseen, seed, *row) for seed, row in enumerate(rows, 1)]
                if out:  # after each line, so a long job that is stopped leaves its results so far
                    write_csv(out, COLUMNS, table)
    except UserError as error:
        raise click.ClickException(str(error)) from error


if __name__ == "__main__":
    main()
