"""Writes the page that shows the drawn characters of one data set beside its real ones."""

from pathlib import Path

from captchanet.files import write_text
from captchanet.job import job
from captchanet.report.domain_gap import beside

with job(f"beside: {snakemake.wildcards.data}"):
    page = beside(Path("results"), snakemake.wildcards.data, snakemake.params.pictures)
    # as in report: bytes of a file name that are no UTF-8 are shown as escapes
    write_text(snakemake.output[0], page.encode("utf-8", "backslashreplace").decode())
