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
        # no output: Snakemake would delete it before the job that goes on from it
        checkpoints=str(LAYOUT.checkpoints),
        # what is written is called otherwise in another format
        format=layout.FORMAT,
    # One thread: two give other rounding, and so another theta, than one.
    threads: 1
    script:
        "../scripts/train.py"
