"""evaluate: how well a run reads its training captchas and, above all, those it never saw."""


rule evaluate:
    input:
        lambda w: expand(rules.dataset.output, data=config["train"][w.run]["data"]),
        rules.train.output.theta,
        rules.train.output.model,
        rules.train.output.status,
        code=code("evaluate"),
    output:
        metrics="results/evaluate/{run}/metrics.json",
        classes="results/evaluate/{run}/classes.csv",
        confusion="results/evaluate/{run}/confusion.csv",
        misreads="results/evaluate/{run}/misreads.csv",
    params:
        data=lambda w: config["train"][w.run]["data"],
    threads: 1
    script:
        "../scripts/evaluate.py"
