"""Results that the configuration no longer names: what is left when a run or a value is taken out."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any


def orphans(results: Path, config: Mapping[str, Any]) -> list[Path]:
    """The folders below `results` of what the resolved `config` does not name: drawn captchas, cuts, data
    sets, pages about them and runs.

    A folder of another configuration in the same place is an orphan to this one.
    """
    named = {
        "draw": [name for name, place in config["pictures"].items() if "draw" in place],
        "segment": config["segment"],
        "dataset": config["dataset"],
        "beside": config["dataset"],
        "train": config["train"],
        "evaluate": config["train"],
    }
    return sorted(
        folder
        for stage, names in named.items()
        if (results / stage).is_dir()
        for folder in (results / stage).iterdir()
        if folder.is_dir() and folder.name not in names
    )
