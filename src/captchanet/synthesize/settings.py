"""The settings of captchas: a folder that holds them, or the kind that is synthesized."""

import os
from typing import Annotated, Any, ClassVar, Literal, Self

from annotated_types import MinLen
from pydantic import AfterValidator, Field, StringConstraints, model_serializer, model_validator
from pydantic.functional_serializers import SerializerFunctionWrapHandler

from captchanet.settings import Method, Settings, wrong
from captchanet.synthesize.kinds import KIND
from captchanet.types import Json

Path = Annotated[str, MinLen(1), StringConstraints(pattern=r"^[^\x00]+$"), AfterValidator(os.path.expanduser)]
"""The path of a file or folder; a first `~` is the home folder."""


class PictureSettings(Settings):
    """An entry of `pictures`: captchas in a folder with their labels, or synthetic ones."""

    renamed: ClassVar = {"draw": "synthesize"}

    folder: Path | None = None
    """The folder that holds the captchas."""
    labels: Path | None = None
    """A CSV with the columns file,label; without it, the labels are in the names of the files."""
    label_part: Literal["first", "last"] | None = Field(None, exclude_if=lambda part: part is None)
    """The part of a file's name that is its label: up to the first _ or behind the last one. Without it, up
    to the first _, unless these are running numbers, dates, digests or always one word, or both may be
    labels."""
    synthesize: Annotated[Method, KIND] | None = None
    """In place of a folder: a kind of captchas to synthesize, and its options."""

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.folder is None) == (self.synthesize is None):
            found = "both" if self.synthesize else "neither"
            raise wrong(
                "",
                f"found {found} of `folder` and `synthesize`; give it a folder, or a kind to synthesize "
                "(`synthesize: null` takes away the kind that stands in the file)",
            )
        if self.synthesize and self.labels is not None:
            raise wrong("labels", "synthetic captchas come with their labels; leave it out")
        if self.label_part and (self.labels or self.synthesize):
            raise wrong("label_part", "goes with labels in file names alone; leave it out")
        return self

    @model_serializer(mode="wrap")
    def _without_the_other(self, dump: SerializerFunctionWrapHandler) -> Json:
        found: dict[str, Any] = dump(self)
        other = ("folder", "labels", "label_part") if self.synthesize else ("synthesize",)
        return {name: value for name, value in found.items() if name not in other}
