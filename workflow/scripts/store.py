"""Makes the MLflow store and the experiment, once, before runs are recorded."""

from pathlib import Path

from captchanet.files import write_text
from captchanet.job import job
from captchanet.track.store import address, begun, prepare

with job(snakemake):
    uri = address(snakemake.params.uri, Path())
    experiment = prepare(uri, snakemake.params.experiment)
    # Snakemake compares small files by their content, so a new history must have another content
    write_text(snakemake.output.id, f"{experiment}\n{begun(uri, experiment)}\n")
