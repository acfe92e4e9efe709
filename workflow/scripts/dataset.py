"""Makes one data set: which captchas train, which stay unseen."""

import sys
from pathlib import Path

from captchanet.dataset.dataset import make, summary, write
from captchanet.job import job
from captchanet.segment.segment import read_segmented

with job("dataset"):
    settings, cut = snakemake.params.dataset, snakemake.params.cut
    place = Path("results/segment", settings["cut"])
    named = [Path(file).parent.name for file in snakemake.input if Path(file).name == "segment.json"]
    folders = {name: read_segmented(place / name) for name in named}
    made = make(folders, settings, cut["alphabet"])
    facts = summary(made, settings, cut, snakemake.params.pictures)
    missing = "".join(facts["classes_without_example"])
    if missing and not facts["problem"]:
        print(
            f"captchanet: dataset: warning: no captcha to train on shows any of: {missing}", file=sys.stderr
        )
    write(Path(snakemake.output.train).parent, made, facts, folders)
