"""xor: the tutorial's first example, four rows and sixteen numbers, as a run of its own."""


rule xor:
    message:
        "solve XOR"
    input:
        code=code("xor"),
    output:
        parameters="results/xor/parameters.json",
        history="results/xor/history.csv",
        solution="results/xor/xor.json",
        provenance="results/xor/provenance.json",
        configuration="results/xor/configuration.json",
        status="results/xor/status.json",
    params:
        xor=config["xor"],
    threads: 1
    script:
        "../scripts/xor.py"
