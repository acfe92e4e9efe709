"""Records the runs of one set in MLflow, and the sweeps that they belong to."""

import gc
import os
from pathlib import Path

from captchanet.addresses import masked
from captchanet.evaluate.sweep import Sweep
from captchanet.files import write_json
from captchanet.job import job
from captchanet.layout import Layout
from captchanet.track.from_results import run_records
from captchanet.track.log_runs import log_runs
from captchanet.track.place import SECRET, address
from captchanet.track.store import alone, identified, prepare

# imported modules are no garbage: without this, Python spends a tenth of the time on a search through them
gc.freeze()

params = snakemake.params
results = Layout.of(params.set).results(**params.names)

with job(snakemake, results):
    uri = address(os.environ[SECRET], Path())
    sweeps = [Sweep(name, results, **plan) for name, plan in params.sweeps.items()]
    with alone(uri), run_records(results, params.names["runs"], sweeps) as records:
        experiment = prepare(uri, params.experiment)
        ids = log_runs(records, uri, experiment, params.set, sweeps)
        identity = identified(uri, params.experiment)
    recorded = {"uri": masked(uri), "experiment": experiment, "identity": identity, "runs": ids}
    write_json(snakemake.output[0], recorded)
