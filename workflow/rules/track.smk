"""track: every run of the configuration into MLflow, by one job, since importing mlflow costs seconds."""

URI = CONFIG.track.tracking_uri
EXPERIMENT = CONFIG.track.experiment

# The database is not a result: it is never deleted, and lies outside results/. With a server there is none.
local_store = [] if URI else ["mlflow.db"]


rule store:
    message:
        "open the MLflow store"
    output:
        # without update() Snakemake would delete the history before it makes the store
        update(local_store),
        # one file for all sets, since they share the history
        id=str(layout.experiment_file(EXPERIMENT, URI)),
    params:
        uri=URI,
        experiment=EXPERIMENT,
    log:
        str(LAYOUT.log("store")),
    benchmark:
        str(LAYOUT.benchmark("store"))
    script:
        "../scripts/store.py"


rule track:
    message:
        "record the runs in MLflow"
    input:
        *FINISHED,
        experiment=rules.store.output.id,
        code=code("track"),
    output:
        str(LAYOUT.tracked),
    params:
        uri=URI,
        set=CONFIG.set,
        names=NAMES,
        sweeps={name: plan.dump() for name, plan in CONFIG.sweeps.items()},
    log:
        str(LAYOUT.log("track")),
    benchmark:
        str(LAYOUT.benchmark("track"))
    script:
        "../scripts/track.py"
