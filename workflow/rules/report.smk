"""report: one page that says what the runs are worth; verdict: did every training end well?"""

rule report:
    message:
        "write the report"
    input:
        expand(rules.train.output, run=config["train"]),
        expand(rules.evaluate.output, run=config["train"]),
        expand(rules.dataset.output, data=DATA),
        [file for data in DATA for file in segmented(data)],
        [drawn(name)[0] for data in DATA for name in folders(data) if "draw" in PICTURES[name]],
        rules.xor.output,
        str(HOME / "src/captchanet/experiment/report.html.j2"),
        code=code("report"),
    output:
        page=report("results/report.html", caption="../report/page.rst", category="Report"),
        sweeps=[f"results/sweeps/{name}.csv" for name in config["sweeps"]],
    params:
        # the runs that are written by hand; those of a sweep share its section
        runs=[
            run
            for run in config["train"]
            if not any(run in sweep["runs"] for sweep in config["sweeps"].values())
        ],
        sweeps=config["sweeps"],
        headline=config["read"]["run"],
        pictures={
            name: drawn(name)[0] if "draw" in place else place["folder"]
            for name, place in PICTURES.items()
        },
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
