"""Solves XOR and writes the files of that run."""

from pathlib import Path

from captchanet.job import job
from captchanet.layout import XorFiles
from captchanet.train.xor import XorSettings, perform

with job(snakemake):
    code = [Path(file) for file in snakemake.params.code]
    perform(XorSettings.of(snakemake.params.xor), XorFiles.named(snakemake.output), code)
