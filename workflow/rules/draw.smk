"""draw: captchas with their labels, as many as are wanted, from a style and a seed."""


def drawn(pictures):
    """The files of an entry that is drawn."""
    return [file.format(pictures=pictures) for file in rules.draw.output]


rule draw:
    message:
        "draw {wildcards.pictures}"
    input:
        code=code("draw"),
        faces=[os.path.relpath(file) for file in sorted((HOME / "src/captchanet/synthesize/faces").glob("*.json"))],
    output:
        pictures="results/draw/{pictures}/pictures.npy",
        labels="results/draw/{pictures}/labels.csv",
    params:
        draw=lambda w: PICTURES[w.pictures]["draw"],
    script:
        "../scripts/draw.py"
