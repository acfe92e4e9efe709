"""The stage `segment` for synthetic captchas: no picture file is read, and all labels are known."""

import hashlib
from collections.abc import Sequence

import numpy as np

from captchanet.errors import DamagedFile, UserError
from captchanet.files import read_csv, read_npy
from captchanet.layout import SyntheticFiles
from captchanet.progress import counted
from captchanet.segment.labels import FOLDS, nfc, outside
from captchanet.segment.segment import Segmented, UsablePicture, segment_pictures
from captchanet.segment.segmentation import Segmentation


def segment_synthetic(pictures: np.ndarray, labels: Sequence[str], segmentation: Segmentation) -> Segmented:
    """Clean and split synthetic pictures in the same way as real ones.

    The name of a picture is its number and its label as given, 000012-2B8y. Of equal pictures with
    the same label the first is kept, of those with different labels none.

    Parameters
    ----------
    pictures : ndarray of uint8, shape (n, h, w, 3)
        RGB.
    labels : sequence of str
        What stands on each picture. The segmentation's `fold` may change their case.
    segmentation : Segmentation
        How to clean and split.

    Returns
    -------
    Segmented
        The characters.

    Raises
    ------
    UserError
        Where the segmentation is for captchas of another size, length or alphabet.
    """
    folded = [nfc(FOLDS[segmentation.fold](label)) for label in labels]
    _check(pictures, folded, segmentation)
    digests = (hashlib.sha256(pixels).hexdigest() for pixels in pictures)
    named = (
        UsablePicture(f"{number:06}-{text}", label, digest, digest)
        for number, (text, label, digest) in enumerate(zip(labels, folded, digests, strict=True))
    )
    return segment_pictures(
        zip(named, counted(pictures, "picture"), strict=True), len(pictures), segmentation, []
    )


def read_synthetic(files: SyntheticFiles) -> tuple[np.ndarray, list[str]]:
    """Read synthetic captchas: their pictures, uint8 (n, h, w, 3), and their labels.

    Raises
    ------
    UserError
        Where a file is missing or damaged, or they are not of the same captchas.
    """
    pictures = read_npy(files.pictures, ((None, None, None, 3), ("uint8",)))
    labels = [label for (label,) in read_csv(files.labels, ("label",))]
    if len(pictures) != len(labels):
        raise DamagedFile(files.labels, f"has {len(labels)} labels for {len(pictures)} pictures")
    return pictures, labels


def number_of(file: str) -> int:
    """Return the number of the picture to which `segment_synthetic` gave this name."""
    return int(file.partition("-")[0])


def _check(pictures: np.ndarray, labels: Sequence[str], segmentation: Segmentation) -> None:
    (height, width), size = pictures.shape[1:3], segmentation.picture
    if (width, height) != (size.width, size.height):
        raise UserError(
            f"the synthetic captchas have {width} × {height} pixels and the segmentation is for "
            f"{size.width} × {size.height}; make width and height of both the same"
        )
    lengths = {len(label) for label in labels} - {segmentation.characters}
    if lengths:
        raise UserError(
            f"the synthetic captchas have {min(lengths)} characters and the segmentation is for "
            f"{segmentation.characters}; make `characters` of both the same"
        )
    foreign = outside("".join(labels), segmentation.alphabet)
    if foreign:
        raise UserError(
            f"the synthetic captchas have {' '.join(foreign)}, which the alphabet of the segmentation lacks; "
            "synthesize others or add them to it"
        )
