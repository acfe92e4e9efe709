"""Ends the workflow with an error when a training failed, after everything else has been done."""

from pathlib import Path

from captchanet.files import write_text
from captchanet.job import job
from captchanet.train.run import check_finished

with job("verdict"):
    folders = [*(Path("results/train", run) for run in snakemake.params.runs), Path("results/xor")]
    check_finished(folders)
    write_text(snakemake.output[0], f"{len(folders)} runs finished\n")
