"""train: a data set and a run's settings → a network, its history, and where it came from."""


rule train:
    message:
        "train {wildcards.run}"
    input:
        lambda w: expand(rules.dataset.output, data=config["train"][w.run]["data"]),
        code=code("train"),
    output:
        parameters="results/train/{run}/parameters.json",
        history="results/train/{run}/history.csv",
        theta="results/train/{run}/model.npz",
        model="results/train/{run}/model.json",
        provenance="results/train/{run}/provenance.json",
        configuration="results/train/{run}/configuration.json",
        status="results/train/{run}/status.json",
    params:
        run=lambda w: config["train"][w.run],
    # One thread: two give other rounding, and so another theta, than one.
    threads: 1
    script:
        "../scripts/train.py"
