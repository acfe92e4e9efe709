"""Results that the configuration no longer names, because a run or a value was taken out of it."""

from pathlib import Path

from captchanet.config.configuration import Sections
from captchanet.layout import Layout


def orphans(layout: Layout, config: Sections) -> list[Path]:
    """The folders among a set's results that the resolved `config` does not name.

    They have synthetic captchas, segmentations, data sets, pages about them, and runs. The results of other
    sets do not count.
    """
    data, runs = config.dataset, config.train
    named = {
        layout.synthesize("*").pictures: [
            name for name, entry in config.pictures.items() if entry.synthesize
        ],
        layout.segment("*", "*").pictures.parent: config.segment,
        layout.dataset("*").facts: data,
        layout.domain_gap("*"): data,
        layout.train("*").status: runs,
        layout.evaluate("*").metrics: runs,
    }
    return sorted(
        folder
        for file, names in named.items()
        if (stage := file.parents[1]).is_dir()
        for folder in stage.iterdir()
        if folder.is_dir() and folder.name not in names
    )
