"""train: a data set and a run's settings → a network, its history, and where it came from."""


@functools.cache  # a sweep has hundreds of runs on one data set
def data_files(data, *names):
    """The files of a data set that a run reads, by name."""
    files = LAYOUT.dataset(data)
    return {name: str(getattr(files, name)) for name in ("facts", "captchas", "train", "synthetic", *names)}


rule train:
    message:
        "train {wildcards.run}"
    input:
        unpack(lambda w: data_files(CONFIG.train[w.run].data, "calibration", "pickled", "train_pictures")),
    output:
        **LAYOUT.train("{run}").by_name(),
    params:
        code=code("train"),
        run=lambda w: CONFIG.train[w.run].dump(),
        # no output: Snakemake would delete the checkpoint before the job that goes on from it
        checkpoints=str(LAYOUT.checkpoints),
        # another format has other names in these files, so the job must run again
        format=layout.FORMAT,
    # With fewer cores Snakemake lowers this; BLAS then has as many threads all the same.
    threads: lambda w: CONFIG.train[w.run].threads
    log:
        str(LAYOUT.log("train", "{run}")),
    benchmark:
        str(LAYOUT.benchmark("train", "{run}"))
    script:
        "../scripts/train.py"
