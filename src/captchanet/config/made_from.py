"""Which configuration a set was last made from: its files, and what `--config` changed in them.

The workflow writes it down when it starts. Two files in different folders may have one name and so one set.
Commands find in it what stood on Snakemake's command line.
"""

import os
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Self

from captchanet.errors import UserError
from captchanet.files import read_json, write_json
from captchanet.layout import Layout
from captchanet.types import Json


@dataclass(frozen=True)
class MadeFrom:
    """Configuration files, as paths from the working folder, and the values that `--config` gave."""

    configfiles: list[str]
    config: Json = field(default_factory=dict)

    @classmethod
    def of(cls, files: Iterable[Path], config: Mapping[str, Any] | None = None) -> Self:
        """The same of any paths, without what decides no result: `track` may hold a password."""
        kept = {key: value for key, value in (config or {}).items() if key not in ("track", "set")}
        return cls([os.path.relpath(file) for file in files], kept)

    @classmethod
    def read(cls, layout: Layout) -> Self | None:
        """What a set was last made from; None where nothing was written down, or it cannot be read."""
        try:
            return cls(**read_json(layout.made_from))
        except (UserError, TypeError):
            return None

    def write(self, layout: Layout) -> str:
        """Write it down. The sentence that it returns warns of results of other files, which are replaced."""
        before = MadeFrom.read(layout)
        write_json(layout.made_from, asdict(self))
        if before is None or before.configfiles == self.configfiles:
            return ""
        if not all(map(os.path.isfile, before.configfiles)):
            return ""  # it was moved or given another name
        old, new = ", ".join(before.configfiles), ", ".join(self.configfiles)
        return (
            f"{layout.root}/ was made from {old}, and {new} now takes its place there, since both are the "
            f"set {layout.root.name}; to keep both, give one a `set` of its own"
        )
