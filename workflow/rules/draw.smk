"""draw: captchas that nobody had to label, from a style."""


rule draw:
    message:
        "draw {wildcards.pictures}"
    input:
        code=code("draw"),
    output:
        pictures="results/draw/{pictures}/pictures.npy",
        labels="results/draw/{pictures}/labels.csv",
    params:
        draw=lambda w: PICTURES[w.pictures]["draw"],
    script:
        "../scripts/draw.py"
