"""Synthesizes the captchas of one entry under `pictures`."""

from captchanet.files import write_csv, write_npy
from captchanet.job import job
from captchanet.synthesize.kinds import KIND

with job(snakemake):
    kind = KIND.of(snakemake.params.kind)
    # a kind of somebody else's may know no processes
    pictures, labels = kind(processes=snakemake.threads) if kind.takes("processes") else kind()
    write_npy(snakemake.output.pictures, pictures)
    write_csv(snakemake.output.labels, ("label",), [(label,) for label in labels])
