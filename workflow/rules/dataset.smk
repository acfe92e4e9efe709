"""dataset: characters → the arrays of each part, and train_data.pkl for the tutorial's program."""


rule dataset:
    message:
        "make the data set {wildcards.data}"
    input:
        unpack(lambda w: segmented_files(w.data)),
    output:
        **LAYOUT.dataset("{data}").by_name(),
    params:
        code=code("dataset"),
        pictures=lambda w: {name: CONFIG.pictures[name].dump() for name in folders(w.data)},
        dataset=lambda w: CONFIG.dataset[w.data].dump(),
        segmentation=lambda w: CONFIG.segment[CONFIG.dataset[w.data].segment].dump(),
    log:
        str(LAYOUT.log("dataset", "{data}")),
    benchmark:
        str(LAYOUT.benchmark("dataset", "{data}"))
    script:
        "../scripts/dataset.py"


# What the stages about all runs wait for. They read all files of each run, too. Its metrics stand for them: `rule all`
# has all of them, and Snakemake looks at each input many times.
NAMES = {
    "runs": list(CONFIG.train),
    "data": DATA,
    "segmented": list(dict.fromkeys(pair for data in DATA for pair in segmented(data))),
}
RESULTS = LAYOUT.results(**NAMES)
FINISHED = [
    *(files.metrics for files in RESULTS.evaluate.values()),
    *(file for files in (*RESULTS.dataset.values(), *RESULTS.segment.values(), RESULTS.xor) for file in files),
]
