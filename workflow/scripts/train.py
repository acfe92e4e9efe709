"""Trains one run and writes its files."""

from pathlib import Path

from captchanet.job import job
from captchanet.layout import DatasetFiles, TrainFiles
from captchanet.train.run import perform
from captchanet.train.settings import TrainSettings

with job(snakemake):
    perform(
        name=snakemake.wildcards.run,
        settings=TrainSettings.of(snakemake.params.run),
        data=DatasetFiles.within(Path(snakemake.input.facts).parent),
        files=TrainFiles.named(snakemake.output),
        code=[Path(file) for file in snakemake.params.code],
        checkpoints=Path(snakemake.params.checkpoints),
        cores=snakemake.threads,
    )
