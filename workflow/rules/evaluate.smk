"""evaluate: how well a run reads its training captchas and, above all, those it never saw."""


rule evaluate:
    message:
        "evaluate {wildcards.run} on what it never saw"
    input:
        lambda w: expand(rules.dataset.output, data=config["train"][w.run]["data"]),
        rules.train.output.theta,
        rules.train.output.model,
        rules.train.output.status,
        code=code("evaluate"),
    output:
        metrics=report(
            "results/evaluate/{run}/metrics.json",
            caption="../report/metrics.rst",
            category="Runs",
            subcategory="{run}",
        ),
        classes=report(
            "results/evaluate/{run}/classes.csv",
            caption="../report/classes.rst",
            category="Runs",
            subcategory="{run}",
        ),
        confusion="results/evaluate/{run}/confusion.csv",
        misreads=report(
            "results/evaluate/{run}/misreads.csv",
            caption="../report/misreads.rst",
            category="Runs",
            subcategory="{run}",
        ),
        reliability="results/evaluate/{run}/reliability.csv",
        abstention=report(
            "results/evaluate/{run}/abstention.csv",
            caption="../report/abstention.rst",
            category="Runs",
            subcategory="{run}",
        ),
    params:
        data=lambda w: config["train"][w.run]["data"],
    threads: 1
    script:
        "../scripts/evaluate.py"
