"""Makes the MLflow store and the experiment, once, before anybody writes to it."""

from pathlib import Path

from captchanet.files import write_text
from captchanet.job import job
from captchanet.track.store import address, begun, prepare

with job("store"):
    uri = address(snakemake.params.uri, Path())
    experiment = prepare(uri, snakemake.params.experiment)
    # Snakemake compares small files by what is in them: a history that is begun anew has to look new
    write_text(snakemake.output.id, f"{experiment}\n{begun(uri, experiment)}\n")
