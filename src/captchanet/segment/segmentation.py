"""The settings of cleaning and cutting, and the one way from pictures to vectors that every reader shares."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from captchanet.errors import UserError
from captchanet.options import cast, known, resolve
from captchanet.segment.clean import CLEANERS
from captchanet.segment.labels import FOLDS
from captchanet.segment.split import CUTTERS


@dataclass(frozen=True)
class Cut:
    """What the pictures are like and how they become characters: the settings of the stage `segment`.

    `clean` and `cut` name a function in `CLEANERS` and `CUTTERS`; the options are its keyword arguments, all
    of them, so that a Cut stays the same when a default changes. `fold` says what becomes of the case of
    labels, see `captchanet.segment.labels.FOLDS`.
    """

    width: int
    height: int
    characters: int
    alphabet: str
    clean: str
    clean_options: dict[str, Any]
    cut: str
    cut_options: dict[str, Any]
    max_rejected: float
    fold: str = "none"

    @classmethod
    def from_settings(cls, settings: Mapping[str, Any]) -> "Cut":
        """Checks a configuration's section and builds a Cut from it.

        Keys: picture {width, height}, characters, alphabet, clean {method, options…}, cut {method, options…},
        max_rejected, a share, and if wanted fold. Numbers may come as text. Raises UserError, naming the key,
        for a missing or unknown key, an unknown method or option, a value of another type, and values that
        cannot work.
        """
        needed = ("picture", "characters", "alphabet", "clean", "cut", "max_rejected")
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
        cut_options = resolve(settings["cut"], CUTTERS, "cut", given=("characters",))
        clean, cut = clean_options.pop("method"), cut_options.pop("method")
        made = cls(width, height, characters, alphabet, clean, clean_options, cut, cut_options, share, fold)
        made._try_out()
        return made

    def _try_out(self) -> None:
        """Raises UserError where the options do not work on a picture of this size: tried on a blank one."""
        blank = np.full((1, self.height, self.width, 3), 255, np.uint8)
        try:
            cleaned = CLEANERS[self.clean](blank, **self.clean_options)
        except Exception as error:
            raise UserError(f"clean: {self.clean} cannot work with these options: {error}") from error
        kind, shape, wanted = cleaned.dtype, cleaned.shape, (1, self.height, self.width)
        if kind != np.float32 or shape[:3] != wanted or len(shape) not in (3, 4):
            raise UserError(
                f"clean: {self.clean} made {kind} {shape} of one picture; a cleaner returns "
                f"float32 {wanted}, or these and channels"
            )
        try:
            vectors, windows = CUTTERS[self.cut](cleaned, characters=self.characters, **self.cut_options)
        except Exception as error:
            raise UserError(f"cut: {self.cut} cannot work with these options: {error}") from error
        for what, made, last in (("vectors", vectors, "pixels"), ("windows", windows, 4)):
            if made.ndim != 3 or made.shape[:2] != (1, self.characters):
                raise UserError(
                    f"cut: {self.cut} made {what} of the shape {made.shape} of a picture; "
                    f"a cutter returns (1, {self.characters}, {last})"
                )
        for number, (left, top, right, bottom) in enumerate(windows[0].tolist(), 1):
            if right <= 0 or bottom <= 0 or left >= self.width or top >= self.height:
                raise UserError(
                    f"The options of cut put character {number} at columns {left} to {right} and rows {top} "
                    f"to {bottom}, outside a picture of {self.width} × {self.height} pixels; "
                    "mend them, or picture.width and picture.height."
                )


def clean_and_cut(pictures: np.ndarray, cut: Cut) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Cleans and cuts pictures, uint8 (n, h, w, 3), the one way that training and reading share.

    Returns cleaned, float32 (n, h, w) or (n, h, w, channels); vectors, float32 (n, characters, channels
    times pixels of a window); and windows, int (n, characters, 4): left, top, right, bottom.
    """
    cleaned = CLEANERS[cut.clean](pictures, **cut.clean_options)
    vectors, windows = CUTTERS[cut.cut](cleaned, characters=cut.characters, **cut.cut_options)
    return cleaned, vectors, windows


def _positive(value: Any, key: str) -> int:
    number: int = cast(value, int, key)
    if number < 1:
        raise UserError(f"{key}: found {number}; expected a whole number of at least 1")
    return number
