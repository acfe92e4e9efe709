"""track: every run of the configuration into MLflow, by one job, since importing mlflow costs seconds."""

from captchanet.track.place import SECRET, address, holds

URI = CONFIG.track.tracking_uri
EXPERIMENT = CONFIG.track.experiment

# Snakemake records parameters and the configuration of a job: the address may have a password in it
os.environ[SECRET] = URI or ""
if URI:
    config["track"]["tracking_uri"] = masked(URI)

# The history is nobody's output, so that Snakemake never deletes it. It may be lost all the same: then the list of
# the runs that it held is no longer true, and without it Snakemake records them again.
if workflow.is_main_process and LAYOUT.tracked.exists():
    if not holds(address(URI, Path()), EXPERIMENT, LAYOUT.tracked):
        LAYOUT.tracked.unlink()


rule track:
    message:
        "record the runs in MLflow"
    input:
        *FINISHED,
    output:
        str(LAYOUT.tracked),
    params:
        code=code("track"),
        uri=URI and masked(URI),
        experiment=EXPERIMENT,
        set=CONFIG.set,
        names=NAMES,
        sweeps={name: plan.dump() for name, plan in CONFIG.sweeps.items()},
    log:
        str(LAYOUT.log("track")),
    benchmark:
        str(LAYOUT.benchmark("track"))
    script:
        "../scripts/track.py"
