"""The page about the domain gap: synthetic and real characters next to each other, class by class.

A network knows only the shapes in its training data. If a synthetic character has another shape than the real
one, such as a "1" without its foot, the accuracy on synthetic captchas does not show it. A person who looks
at both sees it.
"""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from captchanet.dataset.dataset import DatasetFacts, Part, read_facts, read_part
from captchanet.errors import UserError
from captchanet.evaluate.domain_gap import Characters, ClassComparison, compare_classes
from captchanet.files import read_csv
from captchanet.layout import DatasetFiles, Layout, SegmentedFiles
from captchanet.report import page
from captchanet.segment.read import spread
from captchanet.segment.segment import UsablePicture

CAPTCHAS = 6
"""Whole captchas that are shown, of the real and of the synthetic ones."""
FULL = 0.5
"""The difference of two means, as a share of full ink, that has the full colour."""
RED, BLUE = (178, 24, 43), (33, 102, 172)


def domain_gap_page(
    name: str, dataset: DatasetFiles, segmented: Mapping[str, SegmentedFiles], sources: Mapping[str, str]
) -> str:
    """The page about the data set `name`, as HTML; the same results give the same text.

    `segmented` has the segmented files of each of its entries of `pictures`. `sources` has the folder of each
    entry or, where it was synthesized, its file of synthetic pictures. The real characters are those that
    train; if none of them trains, they are the unseen ones. Raises UserError where no synthetic captcha
    trains.
    """
    facts = read_facts(dataset)
    real_use, synthetic_uses = _uses(facts)
    if not synthetic_uses:
        raise UserError(f"the data set {name} trains on no synthetic captchas; name one that does")
    synthetic_parts = [read_part(dataset, use) for use in synthetic_uses]
    nothing = Part(synthetic_parts[0].X[:0], synthetic_parts[0].y[:0], [])
    real_part = read_part(dataset, real_use) if real_use else nothing
    real, synthetic = _characters([real_part], facts), _characters(synthetic_parts, facts)
    of_characters = [row[1] for row in real_part.captchas for _ in range(facts["segment"]["characters"])]
    entries = [facts["dataset"][use] for use in synthetic_uses]
    pictured = {
        "real": [row[:3] for row in real_part.captchas],
        # the data set has no list of the captchas that are mixed in
        "synthetic": [
            (entry, *row[:2])
            for entry in dict.fromkeys(entries)
            for row in read_csv(segmented[entry].pictures, UsablePicture._fields)
        ],
    }
    return page.render(
        "domain_gap.html.j2",
        {"fit": lambda value: f"{value:.3f}", "margin": lambda value: f"{value:+.3f}".replace("-", "−")},
        name=name,
        facts=facts,
        unseen=real_use == "unseen",
        styles={entry: facts["pictures"][entry]["synthesize"] for entry in entries},
        captchas={of: _pictured(rows, facts, segmented, sources) for of, rows in pictured.items()},
        classes=[
            _shown(one, real, synthetic, of_characters)
            for one in compare_classes(real, synthetic, facts["segment"]["alphabet"])
        ],
        legend=page.data_uri(signed(np.linspace(-FULL, FULL, 101)[np.newaxis])),
        full=FULL,
        channels=synthetic_parts[0].X.shape[1] // (synthetic.ink.shape[1] * synthetic.ink.shape[2]),
        report=_link_to_report(name),
    )


def _pictured(
    rows: Sequence[Sequence[str]],
    facts: DatasetFacts,
    segmented: Mapping[str, SegmentedFiles],
    sources: Mapping[str, str],
) -> list[tuple[str, str]]:
    """A few captchas of `rows` (entry, file, label), as (label, picture)."""
    chosen = (rows[i] for i in spread(len(rows), CAPTCHAS))
    return [
        (label, page.captcha(facts, segmented[of], of, file, sources.get(of))) for of, file, label in chosen
    ]


def _link_to_report(name: str) -> str:
    """The link to the report from the page about the data set `name`."""
    layout = Layout(Path())
    return os.path.relpath(layout.report, layout.domain_gap(name).parent)


def _uses(facts: DatasetFacts) -> tuple[str | None, list[str]]:
    """The part of a data set with the real characters, if there is one, and those with synthetic ones."""
    settings, pictures = facts["dataset"], facts["pictures"]
    # a share, a number or a fold is held out of the captchas to train on
    unseen = settings["unseen"] if settings["unseen"] in pictures else settings["train"]
    entries = {"train": settings["train"], "synthetic": settings["synthetic"], "unseen": unseen}
    synthetic = {use: "synthesize" in pictures.get(entry, {}) for use, entry in entries.items()}
    real = next((use for use in ("train", "unseen") if not synthetic[use]), None)
    return real, [use for use in ("train", "synthetic") if synthetic[use]]


def _characters(parts: Sequence[Part], facts: DatasetFacts) -> Characters:
    """The characters of some parts, as pictures of their ink. Of several channels only the first is shown."""
    X = np.concatenate([part.X for part in parts])
    split = facts["segment"]["split"]
    height, width = split.get("height", 0), split.get("width", 0)
    if not height * width or X.shape[1] % (height * width):
        # the shape of this splitting method's vectors is not known: show each as a line
        height, width = 1, X.shape[1]
    ink = X[:, : height * width].reshape(-1, height, width)
    return Characters(ink, np.concatenate([part.y[:, 0] for part in parts]))


def _shown(
    one: ClassComparison, real: Characters, synthetic: Characters, files: Sequence[str]
) -> dict[str, Any]:
    """A class in the form that the template needs; `files` are the files of the real characters."""
    return {
        "about": one,
        "real": [(page.data_uri(page.black(real.ink[row])), files[row]) for row in one.real],
        "synthetic": [(page.data_uri(page.black(synthetic.ink[row])), "") for row in one.synthetic],
        "mean_real": page.data_uri(page.black(one.mean_real)),
        "mean_synthetic": page.data_uri(page.black(one.mean_synthetic)),
        "difference": page.data_uri(signed(one.mean_real - one.mean_synthetic)),
    }


def signed(difference: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Differences (h, w) as colours, uint8 (h, w, 3): red above 0, blue below, white at 0, full at ± FULL."""
    share = np.clip(difference / FULL, -1, 1)[..., np.newaxis]
    colour = np.where(share > 0, np.array(RED), np.array(BLUE))
    return np.rint(255 + np.abs(share) * (colour - 255.0)).astype(np.uint8)
