"""dataset: characters → train_data.pkl, and the captchas that stay unseen in a pickle of their own."""


def folders(data):
    """The names of the pictures that a data set is made from: to train on, drawn and unseen ones, if any."""
    data = config["dataset"][data]
    return list(dict.fromkeys(data[use] for use in ("train", "drawn", "unseen") if data[use] in PICTURES))


def segmented(data):
    """What `segment` left of them."""
    cut = config["dataset"][data]["cut"]
    return [file.format(cut=cut, pictures=name) for name in folders(data) for file in rules.segment.output]


def raw(data):
    """Where the pictures of each of them are: a folder, or a file of drawn ones."""
    return {
        name: drawn(name)[0] if "draw" in PICTURES[name] else PICTURES[name]["folder"] for name in folders(data)
    }


def raw_drawn(data):
    """Those of them that the workflow drew."""
    return [file for name, file in raw(data).items() if "draw" in PICTURES[name]]


rule dataset:
    message:
        "make the data set {wildcards.data}"
    input:
        lambda w: segmented(w.data),
        code=code("dataset"),
    output:
        train="results/dataset/{data}/train_data.pkl",
        unseen="results/dataset/{data}/unseen_data.pkl",
        drawn="results/dataset/{data}/drawn_data.pkl",
        calibration="results/dataset/{data}/calibration_data.pkl",
        cropped="results/dataset/{data}/train_pictures.npz",
        captchas="results/dataset/{data}/captchas.csv",
        pictures="results/dataset/{data}/pictures.csv",
        facts="results/dataset/{data}/dataset.json",
    params:
        pictures=lambda w: {name: config["pictures"][name] for name in folders(w.data)},
        dataset=lambda w: config["dataset"][w.data],
        cut=lambda w: config["segment"][config["dataset"][w.data]["cut"]],
    script:
        "../scripts/dataset.py"
