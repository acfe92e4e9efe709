"""From ink maps to character vectors, and the settings of cleaning and cutting that every reader shares.

To add a cutter, write a function `f(cleaned, *, characters: int = 4, option: type = default, …)` and name it
in `CUTTERS`; its options can then be set by those names.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from captchanet.errors import UserError
from captchanet.images.clean import CLEANERS
from captchanet.options import cast, known, resolve


def grid(
    cleaned: np.ndarray,
    *,
    characters: int = 4,
    left: float = 4.0,
    top: int = 1,
    pitch: int = 12,
    width: int = 13,
    height: int = 20,
) -> tuple[np.ndarray, np.ndarray]:
    """One window per character, at equal distances; what sticks out of the picture is paper.

    Args:
        cleaned: float32 (n, h, w), ink maps.
        characters: windows per picture.
        left: column where the first window starts; a fraction blends the two neighbouring whole columns.
        top: row where all windows start.
        pitch: columns from one window's start to the next one's.
        width: columns of a window.
        height: rows of a window.

    Returns:
        vectors, float32 (n, characters, height * width), row after row, and windows, int (n, characters, 4):
        left, top, right and bottom of the pixels they were made from, right and bottom one past the last.
    """
    for name, size in (("characters", characters), ("width", width), ("height", height)):
        if size < 1:
            raise ValueError(f"{name} is {size}, but at least 1 is needed")
    first = math.floor(left)
    fraction = left - first
    extra = 1 if fraction else 0
    vectors = np.zeros((len(cleaned), characters, height, width), np.float32)
    windows = np.empty((len(cleaned), characters, 4), np.int64)
    for i in range(characters):
        start = first + pitch * i
        _paste(cleaned, vectors[:, i], start, top)
        if fraction:
            shifted = np.zeros_like(vectors[:, i])
            _paste(cleaned, shifted, start + 1, top)
            vectors[:, i] += np.float32(fraction) * (shifted - vectors[:, i])
        windows[:, i] = start, top, start + width + extra, top + height
    return vectors.reshape(len(cleaned), characters, height * width), windows


def _paste(cleaned: np.ndarray, window: np.ndarray, left: int, top: int) -> None:
    """Copies the part of `cleaned` (n, h, w) under a window (n, height, width) at (left, top) into it."""
    bottom = min(top + window.shape[1], cleaned.shape[1])
    right = min(left + window.shape[2], cleaned.shape[2])
    y, x = max(top, 0), max(left, 0)
    if y < bottom and x < right:
        window[:, y - top : bottom - top, x - left : right - left] = cleaned[:, y:bottom, x:right]


CUTTERS: dict[str, Callable[..., tuple[np.ndarray, np.ndarray]]] = {"grid": grid}


@dataclass(frozen=True)
class Cut:
    """What the pictures are like and how they become characters: the settings of the stage `segment`.

    `clean` and `cut` name a function in `CLEANERS` and `CUTTERS`; the options are its keyword arguments, all
    of them, so that a Cut stays the same when a default changes.
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

    @classmethod
    def from_settings(cls, settings: Mapping[str, Any]) -> "Cut":
        """Checks a configuration's section and builds a Cut from it.

        Keys: picture {width, height}, characters, alphabet, clean {method, options…}, cut {method, options…}
        and max_rejected, a share. Numbers may come as text. Raises UserError, naming the key, for a missing
        or unknown key, an unknown method or option, a value of another type, and values that cannot work.
        """
        needed = ("picture", "characters", "alphabet", "clean", "cut", "max_rejected")
        known(settings, needed, "")
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
        clean_options = resolve(settings["clean"], CLEANERS, "clean")
        cut_options = resolve(settings["cut"], CUTTERS, "cut", given=("characters",))
        clean, cut = clean_options.pop("method"), cut_options.pop("method")
        made = cls(width, height, characters, alphabet, clean, clean_options, cut, cut_options, share)
        made._try_out()
        return made

    def _try_out(self) -> None:
        """Raises UserError where the options do not work on a picture of this size: tried on a blank one."""
        blank = np.full((1, self.height, self.width, 3), 255, np.uint8)
        try:
            cleaned = CLEANERS[self.clean](blank, **self.clean_options)
        except Exception as error:
            raise UserError(f"clean: {self.clean} cannot work with these options: {error}") from error
        try:
            _, windows = CUTTERS[self.cut](cleaned, characters=self.characters, **self.cut_options)
        except Exception as error:
            raise UserError(f"cut: {self.cut} cannot work with these options: {error}") from error
        for number, (left, top, right, bottom) in enumerate(windows[0].tolist(), 1):
            if right <= 0 or bottom <= 0 or left >= self.width or top >= self.height:
                raise UserError(
                    f"The options of cut put character {number} at columns {left} to {right} and rows {top} "
                    f"to {bottom}, outside a picture of {self.width} × {self.height} pixels; "
                    "mend them, or picture.width and picture.height."
                )


def clean_and_cut(pictures: np.ndarray, cut: Cut) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Cleans and cuts pictures, uint8 (n, h, w, 3), the one way that training and reading share.

    Returns cleaned, float32 (n, h, w); vectors, float32 (n, characters, pixels of a window); and windows, int
    (n, characters, 4): left, top, right, bottom.
    """
    cleaned = CLEANERS[cut.clean](pictures, **cut.clean_options)
    vectors, windows = CUTTERS[cut.cut](cleaned, characters=cut.characters, **cut.cut_options)
    return cleaned, vectors, windows


def _positive(value: Any, key: str) -> int:
    number: int = cast(value, int, key)
    if number < 1:
        raise UserError(f"{key}: found {number}; expected a whole number of at least 1")
    return number
