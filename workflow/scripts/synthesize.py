"""Synthesizes the captchas of one entry under `pictures`."""

from captchanet.files import write_csv, write_npy
from captchanet.job import job
from captchanet.synthesize.kinds import KINDS

with job(f"synthesize: {snakemake.wildcards.pictures}"):
    options = dict(snakemake.params.kind)
    pictures, labels = KINDS[options.pop("method")](**options)()
    write_npy(snakemake.output.pictures, pictures)
    write_csv(snakemake.output.labels, ("label",), [(label,) for label in labels])
