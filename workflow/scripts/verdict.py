"""Ends the workflow with an error if a training failed, after everything else was done."""

from pathlib import Path

from captchanet.files import write_text
from captchanet.job import job
from captchanet.train.run import check_finished

with job(snakemake):
    statuses = dict(zip(snakemake.params.runs, map(Path, snakemake.input.statuses), strict=True))
    statuses["xor"] = Path(snakemake.input.xor)
    check_finished(statuses)
    write_text(snakemake.output[0], f"{len(statuses)} runs finished\n")
