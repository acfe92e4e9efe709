"""report: one page that says what the runs are worth; verdict: did every training end well?"""

rule report:
    message:
        "write the report"
    input:
        expand(rules.train.output, run=config["train"]),
        expand(rules.evaluate.output, run=config["train"]),
        expand(rules.dataset.output, data=DATA),
        [file for data in DATA for file in segmented(data)],
        [file for data in DATA for file in raw_drawn(data)],
        rules.xor.output,
        # linked to, so there before it
        expand(rules.beside.output, data=BESIDE),
        [str(TEMPLATES / file) for file in ("report.html.j2", "page.css.j2")],
        code=code("report"),
    output:
        page=report("results/report.html", caption="../report/page.rst", category="Report"),
        sweeps=[f"results/sweeps/{name}.csv" for name in config["sweeps"]],
    params:
        runs=BY_HAND,
        sweeps=config["sweeps"],
        headline=config["read"]["run"],
        pictures={name: place for data in DATA for name, place in raw(data).items()},
        beside={data: rules.beside.output[0].format(data=data).removeprefix("results/") for data in BESIDE},
    script:
        "../scripts/report.py"


rule verdict:
    message:
        "did every training end well?"
    input:
        expand(rules.train.output.status, run=config["train"]),
        rules.xor.output.status,
        # last, so that a failed run is reported and recorded before it fails the workflow
        rules.report.output.page,
        rules.track.output,
    output:
        "results/verdict.txt",
    params:
        runs=list(config["train"]),
    script:
        "../scripts/verdict.py"
