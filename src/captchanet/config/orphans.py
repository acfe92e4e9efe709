"""Results that the configuration no longer names, because a run or a value was taken out of it."""

from pathlib import Path

from captchanet.config.configuration import Sections
from captchanet.layout import Layout


def orphans(layout: Layout, config: Sections) -> list[Path]:
    """The folders and logs among a set's results that the resolved `config` does not name.

    They have synthetic captchas, segmentations, data sets, pages about them, and runs. The results of other
    sets do not count.
    """
    synthetic = [name for name, entry in config.pictures.items() if entry.synthesize]
    data, runs = config.dataset, config.train
    named = {
        layout.synthesize("*").pictures.parent: synthetic,
        layout.segment("*", "*").pictures.parents[1]: config.segment,
        layout.dataset("*").facts.parent: data,
        layout.domain_gap("*").parent: data,
        layout.train("*").status.parent: runs,
        layout.evaluate("*").metrics.parent: runs,
    }
    found = []
    for entry, names in named.items():
        stage = entry.parent
        found += [one for one in _within(stage) if one.is_dir() and one.name not in names]
        for other in (layout.log(stage.name, "*").parent, layout.benchmark(stage.name, "*").parent):
            # a segmentation has a folder of logs, all else a file
            found += [one for one in _within(other) if (one.name if one.is_dir() else one.stem) not in names]
    return sorted(found)


def _within(folder: Path) -> list[Path]:
    return list(folder.iterdir()) if folder.is_dir() else []
