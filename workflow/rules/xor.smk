"""xor: the tutorial's first example, four rows and sixteen numbers, as a separate run."""


rule xor:
    message:
        "solve XOR"
    output:
        **LAYOUT.xor.by_name(),
    params:
        code=code("xor"),
        xor=CONFIG.xor.dump(),
        # another format has other names in these files, so the job must run again
        format=layout.FORMAT,
    threads: 1
    log:
        str(LAYOUT.log("xor")),
    benchmark:
        str(LAYOUT.benchmark("xor"))
    script:
        "../scripts/xor.py"
