"""synthesize: makes captchas with their labels from a kind, its options and a seed."""


rule synthesize:
    message:
        "synthesize {wildcards.pictures}"
    input:
        faces=[
            os.path.relpath(file)
            for file in sorted((HOME / "src/captchanet/synthesize/faces").glob("*.json"))
        ],
    output:
        **LAYOUT.synthesize("{pictures}").by_name(),
    params:
        code=code("synthesize"),
        kind=lambda w: PICTURES[w.pictures]["synthesize"],
    # A core for each thousand captchas, so that a small job leaves the others free, and as many as `draw` in
    # captchanet.synthesize.blocks can use. Any number gives the same pixels.
    threads: lambda w: max(1, min(workflow.cores or 1, 8, PICTURES[w.pictures]["synthesize"].get("count", 0) // 1000))
    log:
        str(LAYOUT.log("synthesize", "{pictures}")),
    benchmark:
        str(LAYOUT.benchmark("synthesize", "{pictures}"))
    script:
        "../scripts/synthesize.py"
