"""report: one page that says what the runs are worth; verdict: did every training end well?"""


rule verdict:
    input:
        expand(rules.train.output.status, run=config["train"]),
        rules.xor.output.status,
        # last, so that a failed run is reported and recorded before it fails the workflow
        rules.track.output,
    output:
        "results/verdict.txt",
    params:
        runs=list(config["train"]),
    script:
        "../scripts/verdict.py"
