"""The settings of a data set: which captchas train, and which are held out."""

from typing import Annotated, ClassVar, Self

from annotated_types import Ge, Gt
from pydantic import Field, model_validator

from captchanet.settings import Settings, wrong


class DatasetSettings(Settings):
    """An entry of `dataset`: which captchas train, and which are held out."""

    renamed: ClassVar = {"cut": "segment", "drawn": "synthetic"}

    segment: str
    """The entry of `segment` that the pictures are segmented by."""
    train: str
    """The entry of `pictures` to train on."""
    unseen: Annotated[int, Gt(0)] | Annotated[float, Gt(0)] | str
    """What is held out: an entry of `pictures`, a share below 1 or a number of the captchas of `train`,
    `rest` (all that `captchas` leaves), or `fold`."""
    synthetic: str | None = None
    """An entry of `pictures` that is synthesized, to mix into the training."""
    captchas: Annotated[int, Ge(1)] | None = None
    """How many captchas train; without it, all that are left."""
    calibration: Annotated[int, Ge(0)] | Annotated[float, Ge(0)] = 0
    """A share below 1, or a number of captchas, that confidences are calibrated on: synthetic ones where
    there are any."""
    seed: Annotated[int, Ge(0)] = 1
    """It decides which captchas are sampled."""
    folds: Annotated[int, Ge(2)] | None = Field(None, exclude_if=lambda folds: folds is None)
    """With `unseen: fold`: how many parts of nearly equal size there are."""
    fold: Annotated[int, Ge(1)] | None = Field(None, exclude_if=lambda fold: fold is None)
    """With `unseen: fold`: the number of the part that is held out, from 1."""

    @model_validator(mode="after")
    def _held_out(self) -> Self:
        for of, share in (("unseen", self.unseen), ("calibration", self.calibration)):
            if isinstance(share, float) and share >= 1:
                raise wrong(of, f"found {share}; expected a share below 1")
        if (self.unseen == "fold") != (self.fold is not None and self.folds is not None):
            raise wrong("", "`unseen: fold` goes with `folds` and `fold`")
        if self.fold and self.folds and self.fold > self.folds:
            raise wrong("fold", f"found {self.fold}; there are {self.folds} folds")
        if self.unseen == "rest" and self.captchas is None:
            raise wrong("unseen", "'rest' is what training leaves; set `captchas` too")
        return self
