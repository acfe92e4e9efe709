"""Segments captchas of a folder or synthetic ones: characters, cleaned pictures, and rejected pictures."""

from captchanet.job import job
from captchanet.layout import SegmentedFiles, SyntheticFiles
from captchanet.segment.segment import check_rejected, segment, write_rejected, write_segmented
from captchanet.segment.segment_synthetic import read_synthetic, segment_synthetic
from captchanet.segment.segmentation import Segmentation

with job(snakemake):
    segmentation = Segmentation.of(snakemake.params.segmentation).try_out()
    source = snakemake.params.source
    if "synthesize" in source:
        pictures, labels = read_synthetic(SyntheticFiles.named(snakemake.input))
        segmented = segment_synthetic(pictures, labels, segmentation)
    else:
        segmented = segment(source["folder"], segmentation, source["labels"], source.get("label_part"))
    write_rejected(segmented, snakemake.log.rejected)
    folder = source.get("folder", snakemake.wildcards.pictures)
    check_rejected(segmented, segmentation, folder, snakemake.log.rejected, source.get("labels"))
    write_segmented(SegmentedFiles.named(snakemake.output), segmented)
