"""Writes the page with the synthetic characters of one data set next to its real ones."""

from captchanet.files import write_text
from captchanet.job import job
from captchanet.layout import DatasetFiles, SegmentedFiles
from captchanet.report.domain_gap import domain_gap_page

with job(snakemake):
    sources = snakemake.params.sources
    segmented = dict(zip(sources, SegmentedFiles.rows(snakemake.input, "segment_"), strict=True))
    data = DatasetFiles.named(snakemake.input)
    page = domain_gap_page(snakemake.wildcards.data, data, segmented, sources)
    # as in report: bytes of a file name that are not UTF-8 are shown as escapes
    write_text(snakemake.output[0], page.encode("utf-8", "backslashreplace").decode())
