"""domain_gap: a page with synthetic characters next to real ones, to see what the synthetic ones lack."""

# The data sets in the report that have synthetic captchas to train on. A sweep may have hundreds of data sets: the
# page of one of those is made only if its file is asked for.
DOMAIN_GAPS = [
    data
    for data in dict.fromkeys(CONFIG.train[run].data for run in [CONFIG.read.run, *BY_HAND])
    if any("synthesize" in PICTURES.get(name, {}) for name in (CONFIG.dataset[data].train, CONFIG.dataset[data].synthetic))
]


rule domain_gap:
    message:
        "compare synthetic and real characters of {wildcards.data}"
    input:
        unpack(lambda w: LAYOUT.dataset(w.data).by_name()),
        unpack(lambda w: segmented_files(w.data, "segment_")),
        synthetic_pictures=lambda w: synthetic_pictures(w.data),
        templates=[str(TEMPLATES / file) for file in ("domain_gap.html.j2", "page.css.j2")],
    output:
        report(str(LAYOUT.domain_gap("{data}")), caption="../report/domain_gap.rst", category="Report"),
    params:
        code=code("domain_gap"),
        sources=lambda w: sources_of(w.data),
    log:
        str(LAYOUT.log("domain_gap", "{data}")),
    benchmark:
        str(LAYOUT.benchmark("domain_gap", "{data}"))
    script:
        "../scripts/domain_gap.py"
