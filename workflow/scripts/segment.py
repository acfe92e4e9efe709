"""Segments captchas, of a folder or drawn: characters, cleaned pictures, and a list of what was rejected."""

from pathlib import Path

from captchanet.files import read_csv, read_npy
from captchanet.job import job
from captchanet.segment.segment import check_rejected, segment, write_rejected, write_segmented
from captchanet.segment.segment_synthetic import segment_drawn
from captchanet.segment.segmentation import Cut

with job("segment"):
    cut = Cut.from_settings(snakemake.params.cut)
    source = snakemake.params.source
    if "draw" in source:
        pictures, table = snakemake.input[:2]
        labels = [label for (label,) in read_csv(table, ("label",))]
        segmented = segment_drawn(read_npy(pictures), labels, cut)
    else:
        segmented = segment(source["folder"], cut, source["labels"])
    write_rejected(segmented, snakemake.log[0])
    folder = source.get("folder", snakemake.wildcards.pictures)
    check_rejected(segmented, cut, folder, snakemake.log[0], source.get("labels"))
    write_segmented(segmented, Path(snakemake.output.characters).parent)
