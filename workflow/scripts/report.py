"""Writes the report page about all runs of the configuration."""

from pathlib import Path

from captchanet.experiment.report import report
from captchanet.files import write_text
from captchanet.job import job

with job("report"):
    params = snakemake.params
    write_text(snakemake.output[0], report(Path("results"), params.runs, params.headline, params.pictures))
