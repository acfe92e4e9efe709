"""Solves XOR and writes its run folder."""

from pathlib import Path

from captchanet.job import job
from captchanet.train.xor import perform

with job("xor"):
    code = [Path(file) for file in snakemake.input.code]
    perform(snakemake.params.xor, Path(snakemake.output.status).parent, code)
