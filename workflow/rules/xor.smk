"""xor: the tutorial's first example, four rows and sixteen numbers, as a run of its own."""


rule xor:
    message:
        "solve XOR"
    input:
        code=code("xor"),
    output:
        **LAYOUT.xor.by_name(),
    params:
        xor=CONFIG.xor.dump(),
        # what is written is called otherwise in another format
        format=layout.FORMAT,
    threads: 1
    script:
        "../scripts/xor.py"
