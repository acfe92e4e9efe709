"""report: one page that shows how well the runs read; verdict: did every training end well?"""


rule report:
    message:
        "write the report"
    input:
        *FINISHED,
        synthetic_pictures=[file for data in DATA for file in synthetic_pictures(data)],
        # the report has links to them, so they are made first
        domain_gaps=expand(rules.domain_gap.output, data=DOMAIN_GAPS),
        templates=[str(TEMPLATES / file) for file in ("report.html.j2", "page.css.j2")],
    output:
        page=report(str(LAYOUT.report), caption="../report/page.rst", category="Report"),
        sweeps=[str(LAYOUT.sweep(name)) for name in CONFIG.sweeps],
    params:
        code=code("report"),
        set=CONFIG.set,
        experiment=EXPERIMENT,
        names=NAMES,
        runs=BY_HAND,
        sweeps={name: plan.dump() for name, plan in CONFIG.sweeps.items()},
        headline=CONFIG.read.run,
        sources={name: source for data in DATA for name, source in sources_of(data).items()},
        domain_gaps=DOMAIN_GAPS,
    log:
        str(LAYOUT.log("report")),
    benchmark:
        str(LAYOUT.benchmark("report"))
    script:
        "../scripts/report.py"


rule verdict:
    message:
        "did every training end well?"
    input:
        statuses=expand(rules.train.output.status, run=CONFIG.train),
        xor=rules.xor.output.status,
        # last, so that a failed run is reported and recorded before it fails the workflow
        page=rules.report.output.page,
        tracked=rules.track.output,
    output:
        str(LAYOUT.verdict),
    params:
        runs=list(CONFIG.train),
    log:
        str(LAYOUT.log("verdict")),
    benchmark:
        str(LAYOUT.benchmark("verdict"))
    script:
        "../scripts/verdict.py"
