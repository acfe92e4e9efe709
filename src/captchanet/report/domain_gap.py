"""Drawn beside real characters, class by class: a page on which a person sees what does not fit.

A network knows of a character what it was shown. Where the style of drawing has another shape than the real
captchas, a "1" without its foot, no accuracy on drawn ones tells; a look at both does.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from captchanet.dataset import dataset
from captchanet.errors import UserError
from captchanet.evaluate.domain_gap import Compared, Kind, compare, spread
from captchanet.files import read_csv, read_json
from captchanet.report import page
from captchanet.segment.segment import Picture

CAPTCHAS = 6
"""Whole captchas that are shown of each kind."""
FULL = 0.5
"""The difference of two means, as a share of full ink, that has the full colour."""
RED, BLUE = (178, 24, 43), (33, 102, 172)


def beside(results: Path, name: str, sources: Mapping[str, str]) -> str:
    """The page about the data set `name`, as HTML; the same results give the same text.

    `results` is the results folder; `sources` gives for each entry of captchas its folder or, where it was
    drawn, its file of drawn pictures. The real characters are those that train or, where none does, the
    unseen ones. Raises UserError where no drawn captcha trains.
    """
    folder = results / "dataset" / name
    facts = read_json(folder / "dataset.json")
    real_use, drawn_uses = _uses(facts)
    if not drawn_uses:
        raise UserError(f"the data set {name} trains on no drawn captchas; name one that does")
    cut = results / "segment" / facts["dataset"]["cut"]
    drawn_parts = [dataset.read(folder, use) for use in drawn_uses]
    nothing = dataset.Part(drawn_parts[0].X[:0], drawn_parts[0].y[:0], [])
    real_part = dataset.read(folder, real_use) if real_use else nothing
    real, drawn = _kind([real_part], facts), _kind(drawn_parts, facts)
    of_characters = [row[1] for row in real_part.captchas for _ in range(facts["segment"]["characters"])]
    styles = {facts["dataset"][use]: facts["pictures"][facts["dataset"][use]]["draw"] for use in drawn_uses}

    def pictured(rows: Sequence[Sequence[str]]) -> list[tuple[str, str]]:
        chosen = (rows[i] for i in spread(len(rows), CAPTCHAS))
        return [(label, page.captcha(facts, cut, of, file, sources.get(of))) for of, file, label in chosen]

    return page.render(
        "domain_gap.html.j2",
        {"fit": lambda value: f"{value:.3f}", "margin": lambda value: f"{value:+.3f}".replace("-", "−")},
        name=name,
        facts=facts,
        trained_on=dataset.trained_on(facts),
        unseen=real_use == "unseen",
        styles=styles,
        captchas={
            "real": pictured([row[:3] for row in real_part.captchas]),
            # of those that are mixed in the data set keeps no list
            "drawn": pictured([row for entry in styles for row in _usable(cut, entry)]),
        },
        classes=[
            _shown(one, real, drawn, of_characters)
            for one in compare(real, drawn, facts["segment"]["alphabet"])
        ],
        legend=page.data_uri(signed(np.linspace(-FULL, FULL, 101)[np.newaxis])),
        full=FULL,
        channels=drawn_parts[0].X.shape[1] // (drawn.ink.shape[1] * drawn.ink.shape[2]),
    )


def _uses(facts: Mapping[str, Any]) -> tuple[str | None, list[str]]:
    """The part of a data set that holds the real characters, if one does, and those that hold drawn ones."""
    settings, pictures = facts["dataset"], facts["pictures"]
    # a share, a number or a fold is held out of the captchas to train on
    unseen = settings["unseen"] if settings["unseen"] in pictures else settings["train"]
    entries = {"train": settings["train"], "drawn": settings["drawn"], "unseen": unseen}
    drawn = {use: "draw" in pictures.get(entry, {}) for use, entry in entries.items()}
    real = next((use for use in ("train", "unseen") if not drawn[use]), None)
    return real, [use for use in ("train", "drawn") if drawn[use]]


def _kind(parts: Sequence[dataset.Part], facts: Mapping[str, Any]) -> Kind:
    """The characters of some parts, as pictures of their ink: of several channels the first."""
    X = np.concatenate([part.X for part in parts])
    cut = facts["segment"]["cut"]
    height, width = cut.get("height", 0), cut.get("width", 0)
    if not height * width or X.shape[1] % (height * width):
        # a way of cutting that does not say what its numbers are a picture of: a line of them
        height, width = 1, X.shape[1]
    ink = X[:, : height * width].reshape(-1, height, width)
    return Kind(ink, np.concatenate([part.y[:, 0] for part in parts]))


def _usable(cut: Path, entry: str) -> list[tuple[str, str, str]]:
    """What `segment` left of an entry of captchas, as rows (entry, file, label)."""
    rows = [Picture(*row) for row in read_csv(cut / entry / "pictures.csv", Picture._fields)]
    return [(entry, row.file, row.label) for row in rows]


def _shown(one: Compared, real: Kind, drawn: Kind, files: Sequence[str]) -> dict[str, Any]:
    """A class as the template wants it; `files` are those of the real characters."""
    return {
        "about": one,
        "real": [(page.data_uri(page.black(real.ink[row])), files[row]) for row in one.real],
        "drawn": [(page.data_uri(page.black(drawn.ink[row])), "") for row in one.drawn],
        "mean_real": page.data_uri(page.black(one.mean_real)),
        "mean_drawn": page.data_uri(page.black(one.mean_drawn)),
        "difference": page.data_uri(signed(one.mean_real - one.mean_drawn)),
    }


def signed(difference: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Differences (h, w) as colours, uint8 (h, w, 3): red above 0, blue below, white at 0, full at ± FULL."""
    share = np.clip(difference / FULL, -1, 1)[..., np.newaxis]
    colour = np.where(share > 0, np.array(RED), np.array(BLUE))
    return np.rint(255 + np.abs(share) * (colour - 255.0)).astype(np.uint8)
