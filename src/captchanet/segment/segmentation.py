"""The settings of cleaning and splitting, and the one way from pictures to vectors that all share."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from captchanet.errors import UserError
from captchanet.options import cast, known, resolve
from captchanet.segment.clean import CLEANERS
from captchanet.segment.labels import FOLDS
from captchanet.segment.split import SPLITTERS


@dataclass(frozen=True)
class Segmentation:
    """What the pictures are like and how they become characters: the settings of the stage `segment`.

    `clean` and `split` name a function in `CLEANERS` and `SPLITTERS`; the options are its keyword arguments,
    all of them, so that a Segmentation stays the same when a default changes. `fold` says what becomes of
    the case of labels, see `captchanet.segment.labels.FOLDS`.
    """

    width: int
    height: int
    characters: int
    alphabet: str
    clean: str
    clean_options: dict[str, Any]
    split: str
    split_options: dict[str, Any]
    max_rejected: float
    fold: str = "none"

    @classmethod
    def from_settings(cls, settings: Mapping[str, Any]) -> "Segmentation":
        """Checks a configuration's section and builds a Segmentation from it.

        Keys: picture {width, height}, characters, alphabet, clean {method, options…}, split {method,
        options…}, max_rejected, a share, and optionally fold. Numbers may come as text. Raises UserError,
        naming the key, for a missing or unknown key, an unknown method or option, a value of another type,
        and values that cannot work.
        """
        needed = ("picture", "characters", "alphabet", "clean", "split", "max_rejected")
        known(settings, (*needed, "fold"), "")
        for name in needed:
            if name not in settings:
                raise UserError(f"{name} is missing; all of {', '.join(needed)} are needed")
        size, alphabet = settings["picture"], settings["alphabet"]
        if not isinstance(size, Mapping) or set(size) != {"width", "height"}:
            raise UserError(f"picture: found {size!r}; expected width, height and nothing else")
        width, height = (_positive(size[side], f"picture.{side}") for side in ("width", "height"))
        characters = _positive(settings["characters"], "characters")
        if not isinstance(alphabet, str) or not alphabet or len(set(alphabet)) < len(alphabet):
            raise UserError(
                f"alphabet: found {alphabet!r}; expected the characters as text in quotes, each once"
            )
        share = cast(settings["max_rejected"], float, "max_rejected")
        if not 0 <= share <= 1:
            raise UserError(f"max_rejected: found {share}; expected a share between 0 and 1, such as 0.05")
        fold = settings.get("fold", "none")
        if fold not in FOLDS:
            raise UserError(f"fold: found {fold!r}; choose one of {', '.join(FOLDS)}")
        foldable = FOLDS[fold](alphabet)
        if foldable != alphabet:
            raise UserError(
                f"alphabet: found {alphabet!r}, of which `fold: {fold}` leaves {foldable!r}; write it "
                "as labels are folded"
            )
        clean_options = resolve(settings["clean"], CLEANERS, "clean")
        split_options = resolve(settings["split"], SPLITTERS, "split", given=("characters",))
        clean, split = clean_options.pop("method"), split_options.pop("method")
        made = cls(
            width, height, characters, alphabet, clean, clean_options, split, split_options, share, fold
        )
        made._try_out()
        return made

    def _try_out(self) -> None:
        """Raises UserError where the options do not work on a picture of this size: tried on a blank one."""
        blank = np.full((1, self.height, self.width, 3), 255, np.uint8)
        try:
            cleaned = CLEANERS[self.clean](blank, **self.clean_options)
        except Exception as error:
            raise UserError(f"clean: {self.clean} cannot work with these options: {error}") from error
        kind, shape, expected = cleaned.dtype, cleaned.shape, (1, self.height, self.width)
        if kind != np.float32 or shape[:3] != expected or len(shape) not in (3, 4):
            raise UserError(
                f"clean: {self.clean} made {kind} {shape} of one picture; a cleaning method returns "
                f"float32 {expected}, or these and channels"
            )
        try:
            vectors, windows = SPLITTERS[self.split](
                cleaned, characters=self.characters, **self.split_options
            )
        except Exception as error:
            raise UserError(f"split: {self.split} cannot work with these options: {error}") from error
        for what, made, last in (("vectors", vectors, "pixels"), ("windows", windows, 4)):
            if made.ndim != 3 or made.shape[:2] != (1, self.characters):
                raise UserError(
                    f"split: {self.split} made {what} of the shape {made.shape} of a picture; "
                    f"a splitting method returns (1, {self.characters}, {last})"
                )
        for number, (left, top, right, bottom) in enumerate(windows[0].tolist(), 1):
            if right <= 0 or bottom <= 0 or left >= self.width or top >= self.height:
                raise UserError(
                    f"The options of split put character {number} at columns {left} to {right} and rows "
                    f"{top} to {bottom}, outside a picture of {self.width} × {self.height} pixels; "
                    "mend them, or picture.width and picture.height."
                )


def clean_and_split(
    pictures: np.ndarray, segmentation: Segmentation
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Cleans and splits pictures, uint8 (n, h, w, 3), the one way that training and reading share.

    Returns cleaned, float32 (n, h, w) or (n, h, w, channels); vectors, float32 (n, characters, channels
    times pixels of a window); and windows, int (n, characters, 4): left, top, right, bottom.
    """
    cleaned = CLEANERS[segmentation.clean](pictures, **segmentation.clean_options)
    splitter = SPLITTERS[segmentation.split]
    vectors, windows = splitter(cleaned, characters=segmentation.characters, **segmentation.split_options)
    return cleaned, vectors, windows


def _positive(value: Any, key: str) -> int:
    number: int = cast(value, int, key)
    if number < 1:
        raise UserError(f"{key}: found {number}; expected a whole number of at least 1")
    return number
