"""Trains one run and writes its folder."""

from pathlib import Path

from captchanet.job import job
from captchanet.train.run import perform

with job("train"):
    perform(
        name=snakemake.wildcards.run,
        settings=snakemake.params.run,
        data=Path("results/dataset", snakemake.params.run["data"]),
        folder=Path(snakemake.output.status).parent,
        code=[Path(file) for file in snakemake.input.code],
        checkpoints=Path("results/checkpoints"),
    )
