"""A recipe of a configuration, trained as the stages `synthesize`, `dataset` and `train` would."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import splits
import yaml

from captchanet.config.resolve import resolved
from captchanet.dataset.dataset import Dataset
from captchanet.segment.segment import Segmented
from captchanet.segment.segment_synthetic import segment_synthetic
from captchanet.segment.segmentation import Segmentation
from captchanet.synthesize.kinds import KINDS
from captchanet.train import methods
from captchanet.train.augment import crops
from captchanet.train.model import Model
from captchanet.train.train import train

ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Recipe:
    """A run's name and settings, those of its segmentation, its synthetic captchas, and what calibrates.

    `kind` is the method that makes synthetic captchas, with its options; {} where there are none.
    """

    name: str
    run: Mapping[str, Any]
    settings: Mapping[str, Any]
    kind: Mapping[str, Any]
    calibration: float

    @classmethod
    def of(cls, configfile: str | Path, name: str) -> "Recipe":
        """The run called `name` in a configuration file."""
        config = resolved(yaml.safe_load(Path(configfile).read_text()))
        run = config["train"][name]
        data = config["dataset"][run["data"]]
        kind = config["pictures"][data["synthetic"] or data["train"]].get("synthesize") or {}
        return cls(name, run, config["segment"][data["segment"]], kind, data["calibration"])

    @property
    def segmentation(self) -> Segmentation:
        """How its captchas are cleaned and split."""
        return Segmentation.from_settings(self.settings)

    def train(self, pictures: Segmented, captchas: int, seed: int) -> tuple[Model, Dataset, float]:
        """Trained on so many of the pictures; the data set; the processor's seconds, of synthesizing too."""
        started = time.process_time()
        synthetic = None
        if self.kind:
            options = {**self.kind, "seed": seed}
            synthetic = segment_synthetic(*KINDS[options.pop("method")](**options), self.segmentation)
        alphabet = self.settings["alphabet"]
        dataset = splits.split(pictures, captchas, seed, alphabet, synthetic, self.calibration)
        run, split = {**self.run, "seed": seed}, self.settings["split"]
        cropped = crops(dataset.train.X, dataset.cleaned, dataset.windows, split)
        window = methods.window(run, split)
        trained = train(
            dataset.train, len(alphabet), run, synthetic=dataset.synthetic, crops=cropped, window=window
        )
        model = Model(trained.network, trained.theta, self.name, self.settings, state=trained.state)
        if dataset.calibration.captchas:
            model = model.calibrated(dataset.calibration.X, dataset.calibration.y)
        return model, dataset, time.process_time() - started
