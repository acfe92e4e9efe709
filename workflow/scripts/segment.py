"""Segments one folder of captchas: characters, cleaned pictures, and a list of what was rejected."""

from pathlib import Path

from captchanet.images.cut import Cut
from captchanet.images.segment import check_rejected, segment, write_rejected, write_segmented
from captchanet.job import job

with job("segment"):
    cut = Cut.from_settings(snakemake.params.cut)
    source = snakemake.params.source
    segmented = segment(source["folder"], cut, source["labels"])
    write_rejected(segmented, snakemake.log[0])
    check_rejected(segmented, cut, source["folder"], snakemake.log[0])
    write_segmented(segmented, Path(snakemake.output.characters).parent)
