"""track: every run of the configuration into MLflow, by one job, since importing mlflow costs seconds."""

URI = config["track"]["tracking_uri"]
SET = config["track"]["set"]

# The database is nobody's result: it is never deleted, and lives outside results/. With a server there is none.
local_store = [] if URI else ["mlflow.db"]


rule store:
    message:
        "open the MLflow store"
    output:
        # update(): without it Snakemake would delete the history before making the store
        update(local_store),
        id=f"results/track/{config['track']['experiment']}.experiment",
    params:
        uri=URI,
        experiment=config["track"]["experiment"],
    script:
        "../scripts/store.py"


rule track:
    message:
        "record the runs in MLflow"
    input:
        expand(rules.train.output, run=config["train"]),
        expand(rules.evaluate.output, run=config["train"]),
        expand(rules.dataset.output, data=DATA),
        rules.xor.output,
        experiment=rules.store.output.id,
        code=code("track"),
    output:
        f"results/track/{SET}.json",
    params:
        uri=URI,
        set=SET,
        runs=list(config["train"]),
        sweeps=config["sweeps"],
    script:
        "../scripts/track.py"
