"""Solves XOR and writes its run folder."""

from pathlib import Path

from captchanet.experiment.xor import perform
from captchanet.job import job

with job("xor"):
    code = [Path(file) for file in snakemake.input.code]
    perform(snakemake.params.xor, Path(snakemake.output.status).parent, code)
