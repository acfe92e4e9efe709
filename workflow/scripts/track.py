"""Records the runs of one set in MLflow."""

from pathlib import Path

from captchanet.files import write_json
from captchanet.job import job
from captchanet.tracking.collect import collect
from captchanet.tracking.record import record
from captchanet.tracking.store import address

with job("track"):
    uri = address(snakemake.params.uri, Path())
    experiment = Path(snakemake.input.experiment).read_text().strip()
    with collect(Path("results"), snakemake.params.runs) as records:
        ids = record(records, uri, experiment, snakemake.params.set)
    write_json(snakemake.output[0], {"uri": uri, "experiment": experiment, "runs": ids})
