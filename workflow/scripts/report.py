"""Writes the report page about all runs and sweeps of the configuration."""

from pathlib import Path

from captchanet.experiment.report import report
from captchanet.files import write_text
from captchanet.job import job

with job("report"):
    params = snakemake.params
    page = report(
        Path("results"), params.runs, params.headline, params.pictures, params.sweeps, params.beside
    )
    # a page is UTF-8: bytes of a file name that are none are shown as escapes
    write_text(snakemake.output[0], page.encode("utf-8", "backslashreplace").decode())
