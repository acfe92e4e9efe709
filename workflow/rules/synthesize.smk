"""synthesize: makes captchas with their labels from a kind, its options and a seed."""


rule synthesize:
    message:
        "synthesize {wildcards.pictures}"
    input:
        code=code("synthesize"),
        faces=[
            os.path.relpath(file)
            for file in sorted((HOME / "src/captchanet/synthesize/faces").glob("*.json"))
        ],
    output:
        **LAYOUT.synthesize("{pictures}").by_name(),
    params:
        kind=lambda w: PICTURES[w.pictures]["synthesize"],
    log:
        str(LAYOUT.log("synthesize", "{pictures}")),
    benchmark:
        str(LAYOUT.benchmark("synthesize", "{pictures}"))
    script:
        "../scripts/synthesize.py"
