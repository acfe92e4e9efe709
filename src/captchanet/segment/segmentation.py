"""The settings of cleaning and splitting, and the one way from pictures to vectors that all share."""

from string import ascii_lowercase, digits
from typing import Annotated, ClassVar, Self

import numpy as np
from annotated_types import Interval, MinLen
from numpy.typing import NDArray
from pydantic import AfterValidator, model_validator

from captchanet.errors import UserError
from captchanet.segment.clean import CLEANERS
from captchanet.segment.labels import FOLDS, nfc
from captchanet.segment.split import SPLITTERS
from captchanet.settings import Method, Name, OneOf, Settings, wrong

CLEAN = OneOf(CLEANERS, renamed={"smallest_piece": "smallest_component"})
SPLIT = OneOf(
    SPLITTERS, given=("characters",), renamed={"smallest": "smallest_component", "pieces": "components"}
)

ALPHABET = digits + ascii_lowercase
"""What stands on captchas where nothing else is said."""

Size = Annotated[int, Interval(ge=1, le=4096)]


class PictureSize(Settings):
    """The size of the pictures, in pixels."""

    width: Size = 72
    """Columns."""
    height: Size = 27
    """Rows."""


class Segmentation(Settings):
    """An entry of `segment`: what the pictures are like, and how they become characters."""

    renamed: ClassVar = {"cut": "split"}

    picture: PictureSize = PictureSize()
    """The size of the pictures, in pixels."""
    characters: Annotated[int, Interval(ge=1, le=64)] = 4
    """How many characters stand on a picture."""
    alphabet: Annotated[str, MinLen(2), AfterValidator(nfc)] = ALPHABET
    """The characters that can stand on a picture, each once. The order gives the numbers of the classes."""
    clean: Annotated[Method, CLEAN] = CLEAN("ink")
    """The cleaning: from a picture to a map of its ink."""
    split: Annotated[Method, SPLIT] = SPLIT("grid")
    """The splitting: from a map of ink to a vector for each character."""
    fold: Annotated[str, Name(FOLDS)] = "none"
    """What becomes of the case of labels, before they are compared with the alphabet."""
    max_rejected: Annotated[float, Interval(ge=0, le=1)] = 0.05
    """The share of a folder's pictures that may be unusable."""

    @model_validator(mode="after")
    def _alphabet_fits(self) -> Self:
        if len(set(self.alphabet)) < len(self.alphabet):
            raise wrong(
                "alphabet", f"found {self.alphabet!r}: a character stands in it twice; name each once"
            )
        folded = nfc(FOLDS[self.fold](self.alphabet))
        if folded != self.alphabet:
            raise wrong(
                "alphabet",
                f"found {self.alphabet!r}, but `fold: {self.fold}` makes {folded!r} of it; write it as "
                "labels are folded",
            )
        return self

    @property
    def window(self) -> tuple[int, int] | None:
        """The height and width of the windows that the splitting makes; None where they have no one size."""
        size = self.split.options
        return (size["height"], size["width"]) if {"width", "height"} <= set(size) else None

    def try_out(self) -> Self:
        """Return the settings themselves, once they are known to work: raise as `inputs`."""
        self.inputs()
        return self

    def inputs(self) -> int:
        """Tell how many numbers the vector of a character has.

        Raises
        ------
        UserError
            Where the options do not work on a picture of this size: tried on a blank one.
        """
        width, height = self.picture.width, self.picture.height
        cleaned = self._cleaned(np.full((1, height, width, 3), 255, np.uint8))
        try:
            vectors, windows = self.split(cleaned, characters=self.characters)
        except Exception as error:
            raise UserError(f"split: {self.split.method} cannot work with these options: {error}") from error
        for what, made, last in (("vectors", vectors, "pixels"), ("windows", windows, 4)):
            if made.ndim != 3 or made.shape[:2] != (1, self.characters):
                raise UserError(
                    f"split: {self.split.method} made {what} of the shape {made.shape} of a picture; "
                    f"a splitting method returns (1, {self.characters}, {last})"
                )
        for number, (left, top, right, bottom) in enumerate(windows[0].tolist(), 1):
            if right <= 0 or bottom <= 0 or left >= width or top >= height:
                raise UserError(
                    f"The options of split put character {number} at columns {left} to {right} and rows "
                    f"{top} to {bottom}, outside a picture of {width} × {height} pixels; correct them, or "
                    "picture.width and picture.height."
                )
        return int(vectors.shape[2])

    def _cleaned(self, blank: np.ndarray) -> np.ndarray:
        try:
            cleaned: np.ndarray = self.clean(blank)
        except Exception as error:
            raise UserError(f"clean: {self.clean.method} cannot work with these options: {error}") from error
        kind, shape, expected = cleaned.dtype, cleaned.shape, blank.shape[:3]
        if kind != np.float32 or shape[:3] != expected or len(shape) not in (3, 4):
            raise UserError(
                f"clean: {self.clean.method} made {kind} {shape} of one picture; a cleaning method returns "
                f"float32 {expected}, or these and channels"
            )
        return cleaned


def clean_and_split(
    pictures: np.ndarray, segmentation: Segmentation
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Clean and split pictures, in the one way that training and reading share.

    Parameters
    ----------
    pictures : ndarray of uint8, shape (n, h, w, 3)
        RGB.
    segmentation : Segmentation
        The settings.

    Returns
    -------
    cleaned : ndarray of float32, shape (n, h, w) or (n, h, w, channels)
        Maps of ink.
    vectors : ndarray of float32, shape (n, characters, channels * pixels of a window)
        The characters.
    windows : ndarray of int, shape (n, characters, 4)
        Left, top, right and bottom of each, in pixels.
    """
    cleaned = segmentation.clean(pictures)
    vectors, windows = segmentation.split(cleaned, characters=segmentation.characters)
    return cleaned, vectors, windows


DARK = "is on dark paper, and the cleaning `ink` needs white; `captchanet look` finds one that fits"
"""Why a picture that `on_dark_paper` finds cannot be used."""


def on_dark_paper(cleaned: np.ndarray, segmentation: Segmentation) -> NDArray[np.bool_]:
    """Return which pictures the cleaning `ink` cannot clean, since they are not on white paper.

    Parameters
    ----------
    cleaned : ndarray of float32, shape (n, h, w) or (n, h, w, channels)
        Maps of ink.
    segmentation : Segmentation
        How they were made.

    Returns
    -------
    ndarray of bool, shape (n,)
        True where more than half of a picture is ink, and the cleaning is `ink`.
    """
    if segmentation.clean.method != "ink":
        return np.zeros(len(cleaned), bool)
    return (cleaned > 0.5).mean(axis=(1, 2)) > 0.5
