"""Records the runs of one set in MLflow, and the sweeps that they belong to."""

import gc
from pathlib import Path

from captchanet.evaluate.sweep import Sweep
from captchanet.files import write_json
from captchanet.job import job
from captchanet.layout import Layout
from captchanet.track.from_results import run_records
from captchanet.track.log_runs import log_runs
from captchanet.track.store import address

# imported modules are no garbage: without this, Python spends a tenth of the time on a search through them
gc.freeze()

with job(snakemake):
    params = snakemake.params
    results = Layout.of(params.set).results(**params.names)
    uri = address(params.uri, Path())
    experiment = Path(snakemake.input.experiment).read_text().split()[0]
    sweeps = [Sweep(name, results, **plan) for name, plan in params.sweeps.items()]
    with run_records(results, params.names["runs"], sweeps) as records:
        ids = log_runs(records, uri, experiment, params.set, sweeps)
    write_json(snakemake.output[0], {"uri": uri, "experiment": experiment, "runs": ids})
