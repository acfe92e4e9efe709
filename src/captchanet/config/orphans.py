"""Names that a configuration does not have: among results that are left, and in targets for Snakemake."""

import os
from collections.abc import Collection, Iterable
from pathlib import Path

from captchanet.config.configuration import Sections
from captchanet.errors import UserError, in_short
from captchanet.layout import Layout

MOST = 20
"""How many names an error lists."""


def orphans(layout: Layout, config: Sections) -> list[Path]:
    """The folders and logs among a set's results that the resolved `config` does not name.

    They have synthetic captchas, segmentations, data sets, pages about them, and runs. The results of other
    sets do not count.
    """
    found = []
    for stage, names in _named(layout, config, config.pictures).items():
        found += [one for one in _within(stage) if one.is_dir() and one.name not in names]
        for other in (layout.log(stage.name, "*").parent, layout.benchmark(stage.name, "*").parent):
            # a segmentation has a folder of logs, all else a file
            found += [one for one in _within(other) if (one.name if one.is_dir() else one.stem) not in names]
    return sorted(found)


def _within(folder: Path) -> list[Path]:
    return list(folder.iterdir()) if folder.is_dir() else []


def check_targets(words: Iterable[str], layout: Layout, config: Sections, used: Collection[str]) -> None:
    """Check that the results that Snakemake is asked for are some of the resolved `config`.

    `words` are those of its command line, of which others than paths of results do not count. `used` are the
    entries of `pictures` that a data set uses; nothing is made of the others.

    Raises
    ------
    UserError
        It names the path, what is not known in it, and what there is.
    """
    stages = _named(layout, config, used)
    stages |= {layout.segment(name, "*").pictures.parents[1]: used for name in config.segment}
    for word in words:
        path = Path(os.path.normpath(word))
        for stage, names in stages.items():
            inner = path.relative_to(stage).parts if path.is_relative_to(stage) else ()
            # two parts at least: next to the folders of a stage lie other files, such as a log
            if len(inner) > 1 and inner[0] not in names:
                known = in_short(names, MOST) or "none"
                raise UserError(f"{word}: there is no {inner[0]!r} for {stage}/; there are: {known}")


def _named(layout: Layout, config: Sections, pictures: Collection[str]) -> dict[Path, Collection[str]]:
    """The names that the folders of each stage can have, by the folder of the stage."""
    names: dict[Path, Collection[str]] = {
        layout.synthesize("*").pictures: [name for name in pictures if config.pictures[name].synthesize],
        layout.segment("*", "*").pictures.parent: config.segment,
        layout.dataset("*").facts: config.dataset,
        layout.domain_gap("*"): config.dataset,
        layout.train("*").status: config.train,
        layout.evaluate("*").metrics: config.train,
    }
    return {file.parents[1]: found for file, found in names.items()}
