"""dataset: characters → the arrays of each part, and train_data.pkl for the tutorial's program."""


rule dataset:
    message:
        "make the data set {wildcards.data}"
    input:
        unpack(lambda w: segmented_files(w.data)),
        code=code("dataset"),
    output:
        **LAYOUT.dataset("{data}").by_name(),
    params:
        pictures=lambda w: {name: CONFIG.pictures[name].dump() for name in folders(w.data)},
        dataset=lambda w: CONFIG.dataset[w.data].dump(),
        segmentation=lambda w: CONFIG.segment[CONFIG.dataset[w.data].segment].dump(),
    log:
        str(LAYOUT.log("dataset", "{data}")),
    benchmark:
        str(LAYOUT.benchmark("dataset", "{data}"))
    script:
        "../scripts/dataset.py"


# all results of the runs of this configuration, for the stages that need all of them
NAMES = {
    "runs": list(CONFIG.train),
    "data": DATA,
    "segmented": list(dict.fromkeys(pair for data in DATA for pair in segmented(data))),
}
FINISHED = LAYOUT.results(**NAMES)
