"""The parts of the speed benchmark about pictures: reading and segmenting a folder, and drawing captchas."""

import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from harness import ROOT, Row, environment, median, race, ratio, spent
from PIL import Image

from captchanet.segment.segment import segment
from captchanet.segment.segmentation import Segmentation
from captchanet.synthesize.folder import synthesize_folder

FILES, CAPTCHAS = 10_000, 20_000
DRAW = """
import sys
from captchanet.synthesize.settings import PictureSettings
PictureSettings.of({"synthesize": {"method": sys.argv[1], "count": int(sys.argv[2]), "seed": 1}}).synthesize()
"""


def segmenting(rounds: int, before: Path | None = None) -> Iterator[Row]:
    """Segmenting a folder, beside nothing but decoding the same files with Pillow."""
    with tempfile.TemporaryDirectory() as folder:
        files = synthesize_folder(folder, FILES, 1)

        def decode() -> None:
            for file in files:
                with Image.open(file) as picture:
                    np.asarray(picture.convert("RGB"))

        segmentation = Segmentation.of({})
        found = race({"decode": decode, "ours": lambda: segment(folder, segmentation)}, min(rounds, 5))
    work = f"segmenting {FILES:,} files"
    yield Row(work, "ours ÷ the bare decode of the same files", ratio(found["ours"], found["decode"]))
    yield Row(work, "ours, CPU seconds", median(found["ours"]))


def drawing(rounds: int, before: Path | None = None) -> Iterator[Row]:
    """Drawing captchas in a process of its own, and the same with the code of `before`, in turn.

    The CPU time of the imports is that of a process that draws one captcha.
    """
    checkouts = {"ours": ROOT} | ({"before": before} if before else {})
    for method in ("turned", "lined"):
        spans: dict[str, list[float]] = {name: [] for name in checkouts}
        for _ in range(min(rounds, 3)):
            for name, home in checkouts.items():
                all_of_them, one = (
                    spent([[sys.executable, "-c", DRAW, method, str(count)]], home, environment(home / "src"))
                    for count in (CAPTCHAS, 72)
                )
                spans[name].append((all_of_them.cpu - one.cpu) / (CAPTCHAS - 72))
        times = {name: np.array(each) for name, each in spans.items()}
        work = f"drawing {CAPTCHAS:,} captchas, {method}"
        yield Row(work, "ours, CPU milliseconds for each", median(times["ours"], 1e-3))
        if before:
            yield Row(work, "ours ÷ the commit before", ratio(times["ours"], times["before"]))


PARTS: dict[str, Callable[[int, Path | None], Iterator[Row]]] = {"segmenting": segmenting, "drawing": drawing}
