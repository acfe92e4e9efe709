"""dataset: characters → train_data.pkl, and the captchas that stay unseen in a pickle of their own."""


def segmented(data):
    """The segmented folders that a data set is made from: the one to train on, and the unseen one, if any."""
    data = config["dataset"][data]
    names = [data["train"], *([data["unseen"]] if data["unseen"] in PICTURES else [])]
    return [
        file.format(cut=data["cut"], pictures=name) for name in dict.fromkeys(names) for file in rules.segment.output
    ]


rule dataset:
    message:
        "make the data set {wildcards.data}"
    input:
        lambda w: segmented(w.data),
        code=code("dataset"),
    output:
        train="results/dataset/{data}/train_data.pkl",
        unseen="results/dataset/{data}/unseen_data.pkl",
        captchas="results/dataset/{data}/captchas.csv",
        facts="results/dataset/{data}/dataset.json",
    params:
        dataset=lambda w: config["dataset"][w.data],
        cut=lambda w: config["segment"][config["dataset"][w.data]["cut"]],
    script:
        "../scripts/dataset.py"
