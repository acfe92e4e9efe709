"""The keys and values that a configuration may have: the settings of all stages together.

`make schema` generates the JSON schema `config.schema.json` from these types. Editors check a configuration
with it.
"""

from typing import Annotated, Any, ClassVar

from annotated_types import Ge, Interval, Len, MinLen
from pydantic import Field, StringConstraints

from captchanet.config.names import LONGEST, NAME
from captchanet.dataset.settings import DatasetSettings
from captchanet.layout import FORMAT
from captchanet.segment.segmentation import Segmentation
from captchanet.settings import Settings
from captchanet.synthesize.settings import PictureSettings
from captchanet.train.settings import TrainSettings
from captchanet.train.xor import XorSettings
from captchanet.types import Json

Name = Annotated[str, StringConstraints(pattern=f"^{NAME.pattern}$", max_length=LONGEST)]
"""A name that a folder also gets."""


def _without_default(schema: Json) -> None:
    del schema["default"]


class RandomSearch(Settings):
    """Settings that are sampled."""

    number: Annotated[int, Interval(ge=1, le=10_000)]
    """How many settings are sampled."""
    seed: Annotated[int, Ge(0)] = 1
    """It decides which settings are sampled."""
    values: Annotated[dict[str, Any], MinLen(1)]
    """What each key is sampled from: {uniform: [low, high]}, log_uniform, integers, or {choice: […]}."""


Seeds = Annotated[tuple[Annotated[int, Ge(0)], ...], MinLen(1)]


class Sweep(Settings):
    """An entry of `sweeps`: many runs at once, each like one run of `train` except for the keys that vary."""

    run: str
    """The entry of `train` that all runs start from."""
    grid: dict[str, Any] = Field(default_factory=dict)
    """For each key a list of values; every combination is tried."""
    list: tuple[Annotated[dict[str, Any], MinLen(1)], ...] = ()
    """Settings one by one, each with values for some keys, and perhaps a `name`."""
    random: RandomSearch | None = None
    """Settings that are sampled."""
    seeds: (
        Annotated[int, Interval(ge=1, le=10_000)]
        | Annotated[tuple[Annotated[int, Ge(0)], ...], MinLen(1)]
        | None
    ) = None
    """Each setting is repeated with these seeds. A number n means the seeds 1 to n."""
    folds: Annotated[int, Ge(2)] | None = None
    """The number of folds: each setting is repeated once for each fold, which is then held out."""


class PlannedRun(Settings):
    """One run of a sweep."""

    setting: str
    """The label of its setting, which its repeats share."""
    values: Json
    """The value of each key that varies."""
    seed: int | None
    """The seed of the repeat."""
    fold: int | None
    """The fold of the repeat."""


class SweepPlan(Settings):
    """The runs of a sweep. They stand under `train` like all others."""

    run: str
    """The entry of `train` that all runs start from."""
    keys: tuple[str, ...]
    """The keys that vary."""
    runs: dict[str, PlannedRun]
    """The runs by name."""


class TrackSettings(Settings):
    """Where the runs are recorded, and under which name."""

    renamed: ClassVar = {"set": "set, at the top of the file, outside `track`"}

    experiment: Name = "captchanet"
    """The experiment in MLflow."""
    tracking_uri: str | None = None
    """A server or database of MLflow; without it, mlflow.db in the working folder."""


class ReadSettings(Settings):
    """What `captchanet read` reads with."""

    run: str | None = None
    """The entry of `train`; without it, the first."""


class Sections(Settings):
    """All sections of a configuration except the sweeps."""

    renamed: ClassVar = {"cut": "segment"}

    format: int = FORMAT
    """The number of this file's format."""
    set: Name = Field("", json_schema_extra=_without_default)
    """The name of this configuration's set of results and runs; without it, the name of its file."""
    pictures: Annotated[dict[Name, PictureSettings], Len(1)]
    """Captchas, in a folder with their labels, or synthetic."""
    segment: Annotated[dict[Name, Segmentation], Len(1)]
    """Segmentations: ways from pictures to characters."""
    dataset: Annotated[dict[Name, DatasetSettings], Len(1)]
    """Data sets: which captchas train, and which are held out."""
    train: Annotated[dict[Name, TrainSettings], Len(1)]
    """Runs, each one training."""
    xor: XorSettings = XorSettings()
    """The tutorial's first example."""
    track: TrackSettings = TrackSettings()
    """Where the runs are recorded, and under which name."""
    read: ReadSettings = ReadSettings()
    """What `captchanet read` reads with."""


class ConfigurationFile(Sections):
    """The content of a configuration file."""

    sweeps: dict[Name, Sweep] = Field(default_factory=dict)
    """Many runs at once, each like one run of `train` except for the keys that vary."""


class Configuration(Sections):
    """A configuration with all its runs. Runs of sweeps stand under `train` too; `sweeps` lists them."""

    sweeps: dict[str, SweepPlan] = Field(default_factory=dict)
    """The runs of each sweep."""
