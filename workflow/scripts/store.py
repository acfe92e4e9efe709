"""Makes the MLflow store and the experiment, once, before anybody writes to it."""

from pathlib import Path

from captchanet.files import write_text
from captchanet.job import job
from captchanet.track.store import address, prepare

with job("store"):
    uri = address(snakemake.params.uri, Path())
    write_text(snakemake.output.id, prepare(uri, snakemake.params.experiment) + "\n")
