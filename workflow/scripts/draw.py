"""Draws the captchas of one entry under `pictures`."""

from pathlib import Path

from captchanet.files import write_csv, write_npy
from captchanet.job import job
from captchanet.synthesize.kinds import DRAWERS

with job(f"draw: {snakemake.wildcards.pictures}"):
    options = dict(snakemake.params.draw)
    pictures, labels = DRAWERS[options.pop("method")](**options)
    write_npy(snakemake.output.pictures, pictures)
    write_csv(Path(snakemake.output.labels), ("label",), [(label,) for label in labels])
