"""Makes one data set: which captchas train, which stay unseen."""

import sys

from captchanet.dataset.dataset import make, summary, write_dataset
from captchanet.dataset.settings import DatasetSettings
from captchanet.job import job
from captchanet.layout import DatasetFiles, SegmentedFiles
from captchanet.progress import counted
from captchanet.segment.segment import read_segmented

with job(snakemake):
    params = snakemake.params
    files = SegmentedFiles.rows(snakemake.input)
    settings = DatasetSettings.of(params.dataset)
    folders = {
        name: read_segmented(each)
        for name, each in zip(params.pictures, counted(files, "folder"), strict=True)
    }
    made = make(folders, settings, params.segmentation["alphabet"])
    facts = summary(made, settings, params.segmentation, params.pictures)
    missing = "".join(facts["classes_without_example"])
    if missing and not facts["problem"]:
        warning = f"warning: no captcha to train on shows any of: {missing}"
        print(f"captchanet: dataset {snakemake.wildcards.data}: {warning}", file=sys.stderr)
    write_dataset(DatasetFiles.named(snakemake.output), made, facts, folders)
