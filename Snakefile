"""captchanet: captcha pictures in; a trained network, an honest report and MLflow runs out.

The stages stand here in the order of the data. `snakemake --cores 4` runs them all.
"""

include: "workflow/rules/common.smk"
include: "workflow/rules/synthesize.smk"
include: "workflow/rules/segment.smk"
include: "workflow/rules/dataset.smk"
include: "workflow/rules/train.smk"
include: "workflow/rules/xor.smk"
include: "workflow/rules/evaluate.smk"
include: "workflow/rules/track.smk"
include: "workflow/rules/domain_gap.smk"
include: "workflow/rules/report.smk"


rule all:
    default_target: True
    message:
        "all done"
    input:
        # every file of every run, so that a deleted folder of a run is made again
        expand(rules.train.output, run=CONFIG.train),
        expand(rules.evaluate.output, run=CONFIG.train),
        rules.xor.output,
        expand(rules.domain_gap.output, data=DOMAIN_GAPS),
        rules.report.output,
        rules.track.output,
        rules.verdict.output,
