"""Writes the report page about all runs and sweeps of the configuration."""

from pathlib import Path

from captchanet.files import write_text
from captchanet.job import job
from captchanet.report.report import report
from captchanet.report.sweeps import write_table

with job("report"):
    params = snakemake.params
    for plan, file in zip(params.sweeps.values(), snakemake.output.sweeps, strict=True):
        write_table(Path("results"), plan, Path(file))
    page = report(
        Path("results"), params.runs, params.headline, params.pictures, params.sweeps, params.beside
    )
    # a page is UTF-8: bytes of a file name that are none are shown as escapes
    write_text(snakemake.output.page, page.encode("utf-8", "backslashreplace").decode())
