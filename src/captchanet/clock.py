"""Whether this machine's clock can be trusted: no file that Snakemake compares is from the future."""

import os
import time
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from captchanet.errors import UserError

TOLERANCE = 2.0
"""Seconds that a file may be ahead: those that a file server and this machine differ by, say."""


def check_clock(places: Iterable[Path], now: float | None = None) -> None:
    """Check that no file in these folders, and none of these files, is dated later than now.

    Snakemake compares dates. If an input is from the future, it takes each result that is made now for an
    old one, and deletes it after all the work.

    Raises
    ------
    UserError
        It names the latest file, and how far it is ahead.
    """
    now = time.time() if now is None else now
    changed, file = max(((one.lstat().st_mtime, one) for one in _files(places)), default=(0.0, Path()))
    if changed > now + TOLERANCE:
        dated, told = (f"{datetime.fromtimestamp(at):%Y-%m-%d %H:%M:%S}" for at in (changed, now))
        raise UserError(
            f"{file} was changed at {dated}, and this machine's clock says {told}: it seems to have been set "
            "back. Snakemake would take what it makes now for older than that file, and delete it. Set the "
            "clock right, or give such files today's date with "
            f"`find {' '.join(map(str, places))} -newermt now -exec touch {{}} +`"
        )


def _files(places: Iterable[Path]) -> Iterable[Path]:
    for place in places:
        if place.is_dir():
            yield from (Path(folder, name) for folder, _, names in os.walk(place) for name in names)
        elif place.exists():
            yield place
