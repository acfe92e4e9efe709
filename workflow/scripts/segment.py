"""Segments captchas of a folder or synthetic ones: characters, cleaned pictures, and rejected pictures."""

from captchanet.files import read_csv, read_npy
from captchanet.job import job
from captchanet.layout import SegmentedFiles
from captchanet.segment.segment import check_rejected, segment, write_rejected, write_segmented
from captchanet.segment.segment_synthetic import segment_synthetic
from captchanet.segment.segmentation import Segmentation

with job(snakemake):
    segmentation = Segmentation.of(snakemake.params.segmentation).try_out()
    source = snakemake.params.source
    if "synthesize" in source:
        labels = [label for (label,) in read_csv(snakemake.input.labels, ("label",))]
        segmented = segment_synthetic(read_npy(snakemake.input.pictures), labels, segmentation)
    else:
        segmented = segment(source["folder"], segmentation, source["labels"])
    write_rejected(segmented, snakemake.log.rejected)
    folder = source.get("folder", snakemake.wildcards.pictures)
    check_rejected(segmented, segmentation, folder, snakemake.log.rejected, source.get("labels"))
    write_segmented(SegmentedFiles.named(snakemake.output), segmented)
