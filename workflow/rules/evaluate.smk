"""evaluate: how well a run reads its training captchas and, above all, the unseen ones."""


def shown(file, caption):
    """A file of an evaluation that `snakemake --report` shows below its run."""
    return report(file, caption=f"../report/{caption}.rst", category="Runs", subcategory="{run}")


rule evaluate:
    message:
        "evaluate {wildcards.run} on unseen captchas"
    input:
        unpack(lambda w: data_files(CONFIG.train[w.run].data, "unseen")),
        status=rules.train.output.status,
        theta=rules.train.output.theta,
        model=rules.train.output.model,
    output:
        **{
            name: shown(file, name) if name in ("metrics", "classes", "misreads", "coverage") else file
            for name, file in LAYOUT.evaluate("{run}").by_name().items()
        },
    threads: 1
    params:
        code=code("evaluate"),
    log:
        str(LAYOUT.log("evaluate", "{run}")),
    benchmark:
        str(LAYOUT.benchmark("evaluate", "{run}"))
    script:
        "../scripts/evaluate.py"
