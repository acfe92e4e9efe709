"""beside: drawn characters beside real ones, for a person to see what the drawn ones lack."""

# Of the data sets that the report describes, those with drawn captchas to train on. A sweep may have hundreds of
# data sets: the page of one of them is made when its file is asked for.
BESIDE = [
    data
    for data in dict.fromkeys(config["train"][run]["data"] for run in [config["read"]["run"], *BY_HAND])
    if any("draw" in PICTURES.get(config["dataset"][data][use], {}) for use in ("train", "drawn"))
]


rule beside:
    message:
        "show drawn beside real characters of {wildcards.data}"
    input:
        lambda w: expand(rules.dataset.output, data=w.data),
        lambda w: segmented(w.data),
        lambda w: raw_drawn(w.data),
        [str(TEMPLATES / file) for file in ("domain_gap.html.j2", "page.css.j2")],
        code=code("beside"),
    output:
        report("results/beside/{data}/beside.html", caption="../report/beside.rst", category="Report"),
    params:
        pictures=lambda w: raw(w.data),
    script:
        "../scripts/beside.py"
