"""Evaluates one run on its training captchas and on the unseen ones."""

from pathlib import Path

from captchanet.dataset.dataset import read_part
from captchanet.evaluate.metrics import evaluate_run, write_evaluation
from captchanet.job import job
from captchanet.layout import DatasetFiles, EvaluateFiles, TrainFiles

with job(snakemake):
    data = DatasetFiles.within(Path(snakemake.input.facts).parent)
    run = TrainFiles.within(Path(snakemake.input.status).parent)
    parts = (read_part(data, part) for part in ("train", "unseen", "synthetic"))
    write_evaluation(EvaluateFiles.named(snakemake.output), evaluate_run(run, *parts))
