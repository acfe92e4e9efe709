"""segment: a folder of captchas → character vectors, cleaned pictures, and what had to be rejected."""


rule segment:
    message:
        "segment {wildcards.pictures} by {wildcards.cut}"
    input:
        lambda w: drawn(w.pictures) if "draw" in PICTURES[w.pictures] else [],
        code=code("segment"),
    output:
        characters="results/segment/{cut}/{pictures}/characters.npy",
        places="results/segment/{cut}/{pictures}/characters.csv",
        cleaned="results/segment/{cut}/{pictures}/cleaned.npy",
        pictures="results/segment/{cut}/{pictures}/pictures.csv",
        rejected="results/segment/{cut}/{pictures}/rejected.csv",
        counts="results/segment/{cut}/{pictures}/segment.json",
    params:
        cut=lambda w: config["segment"][w.cut],
        source=lambda w: PICTURES[w.pictures],
    log:
        # stays when the job fails, as its outputs do not
        "results/segment/{cut}/{pictures}.rejected.csv",
    script:
        "../scripts/segment.py"
