"""Evaluates one run on its training captchas and on the unseen ones."""

from pathlib import Path

from captchanet.dataset import dataset
from captchanet.evaluate.metrics import evaluate_run, write
from captchanet.job import job

with job("evaluate"):
    data = Path("results/dataset", snakemake.params.data)
    run = Path("results/train", snakemake.wildcards.run)
    parts = (dataset.read(data, part) for part in ("train", "unseen", "drawn"))
    evaluation = evaluate_run(run, *parts)
    write(evaluation, Path(snakemake.output.metrics).parent)
