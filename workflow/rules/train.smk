"""train: a data set and a run's settings → a network, its history, and where it came from."""


def data_files(run):
    """The files of the data set that a run trains on, by name."""
    return LAYOUT.dataset(CONFIG.train[run].data).by_name()


rule train:
    message:
        "train {wildcards.run}"
    input:
        unpack(lambda w: data_files(w.run)),
        code=code("train"),
    output:
        **LAYOUT.train("{run}").by_name(),
    params:
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
