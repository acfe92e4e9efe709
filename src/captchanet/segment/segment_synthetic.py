"""The stage `segment` for captchas that were drawn: no file to be read, and all labels known."""

import hashlib
from collections.abc import Sequence

import numpy as np

from captchanet.errors import UserError
from captchanet.segment.labels import FOLDS, outside
from captchanet.segment.segment import BATCH, Character, Picture, Rejected, Segmented
from captchanet.segment.segmentation import Cut, clean_and_cut


def segment_drawn(pictures: np.ndarray, labels: Sequence[str], cut: Cut) -> Segmented:
    """Drawn pictures, uint8 (n, h, w, 3), through the same cleaning and cutting as real ones.

    Labels are brought to one case where the cut folds them. A picture is called by its number and what was
    drawn, 000012-2B8y. Of the same picture drawn twice the first is kept. Raises UserError where the cut
    reads captchas of another size, length or alphabet.
    """
    folded = [FOLDS[cut.fold](label) for label in labels]
    _check(pictures, folded, cut)
    seen: dict[str, str] = {}
    kept: list[int] = []
    rows: list[Picture] = []
    rejected: list[Rejected] = []
    for number, (pixels, text, label) in enumerate(zip(pictures, labels, folded, strict=True)):
        name, digest = f"{number:06}-{text}", hashlib.sha256(pixels).hexdigest()
        if digest in seen:
            rejected.append(Rejected(name, label, f"a copy of {seen[digest]}"))
            continue
        seen[digest] = name
        kept.append(number)
        rows.append(Picture(name, label, digest, digest))
    batches = [kept[start : start + BATCH] for start in range(0, max(1, len(kept)), BATCH)]
    parts = zip(*(clean_and_cut(pictures[batch], cut) for batch in batches), strict=True)
    cleaned, vectors, windows = (np.concatenate(part) for part in parts)
    characters = [
        Character(row.file, position, row.label[position], *window)
        for row, places in zip(rows, windows.tolist(), strict=True)
        for position, window in enumerate(places)
    ]
    return Segmented(vectors.reshape(-1, vectors.shape[-1]), characters, cleaned, rows, rejected)


def number_of(file: str) -> int:
    """The number of the drawn picture that `segment_drawn` called so."""
    return int(file.partition("-")[0])


def _check(pictures: np.ndarray, labels: Sequence[str], cut: Cut) -> None:
    height, width = pictures.shape[1:3]
    if (width, height) != (cut.width, cut.height):
        raise UserError(
            f"the captchas are drawn {width} × {height} pixels large and the cut is for "
            f"{cut.width} × {cut.height}; make width and height of both the same"
        )
    lengths = {len(label) for label in labels} - {cut.characters}
    if lengths:
        raise UserError(
            f"captchas are drawn with {min(lengths)} characters and the cut is for {cut.characters}; "
            "make `characters` of both the same"
        )
    foreign = outside("".join(labels), cut.alphabet)
    if foreign:
        raise UserError(
            f"captchas are drawn with {' '.join(foreign)}, which the alphabet of the cut does not have; "
            "draw others or add them to it"
        )
