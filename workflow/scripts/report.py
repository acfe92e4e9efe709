"""Writes the report page about all runs and sweeps of the configuration."""

import os
from pathlib import Path

from captchanet.evaluate.comparison import summarise, write_summaries
from captchanet.evaluate.sweep import Sweep
from captchanet.files import write_text
from captchanet.job import job
from captchanet.layout import Layout
from captchanet.report.report import report
from captchanet.track.place import SECRET, address, runs_page

params, page_file = snakemake.params, snakemake.output.page
results = Layout.of(params.set).results(**params.names)

with job(snakemake, results):
    sweeps = [Sweep(name, results, **plan) for name, plan in params.sweeps.items()]
    for sweep, file in zip(sweeps, snakemake.output.sweeps, strict=True):
        write_summaries(Path(file), sweep, summarise(sweep.sweep_runs()))
    pages = zip(params.domain_gaps, snakemake.input.domain_gaps, strict=True)
    links = {data: os.path.relpath(page, Path(page_file).parent) for data, page in pages}
    uri = address(os.environ[SECRET], Path())
    history = runs_page(uri, params.experiment, Layout.of(params.set).tracked)
    page = report(results, params.runs, params.headline, params.sources, sweeps, links, history)
    # a page is UTF-8: bytes of a file name that are not are shown as escapes
    write_text(page_file, page.encode("utf-8", "backslashreplace").decode())
