"""A recipe of a configuration, trained on a drawn split as the stages `draw`, `dataset` and `train` would."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import splits
import yaml

from captchanet.config.resolve import resolved
from captchanet.dataset.dataset import Made
from captchanet.segment.segment import Segmented
from captchanet.segment.segment_synthetic import segment_drawn
from captchanet.segment.segmentation import Cut
from captchanet.synthesize.kinds import DRAWERS
from captchanet.train import methods
from captchanet.train.augment import crops
from captchanet.train.model import Model
from captchanet.train.train import train

ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Recipe:
    """A run's name and settings, those of its cut, the style of its drawn captchas, and what calibrates."""

    name: str
    run: Mapping[str, Any]
    settings: Mapping[str, Any]
    style: Mapping[str, Any]
    calibration: float

    @classmethod
    def of(cls, configfile: str | Path, name: str) -> "Recipe":
        """The run called `name` in a configuration file."""
        config = yaml.safe_load(Path(configfile).read_text())
        config = resolved(config)
        run = config["train"][name]
        data = config["dataset"][run["data"]]
        style = config["pictures"][data["drawn"] or data["train"]].get("draw") or {}
        return cls(name, run, config["segment"][data["cut"]], style, data["calibration"])

    @property
    def cut(self) -> Cut:
        """How its captchas are cleaned and cut."""
        return Cut.from_settings(self.settings)

    def train(self, pictures: Segmented, captchas: int, seed: int) -> tuple[Model, Made, float]:
        """Trained on so many of the pictures; the split; the processor's seconds for drawing and training."""
        started = time.process_time()
        drawn = None
        if self.style:
            style = {**self.style, "seed": seed}
            drawn = segment_drawn(*DRAWERS[style.pop("method")](**style), self.cut)
        alphabet = self.settings["alphabet"]
        made = splits.split(pictures, captchas, seed, alphabet, drawn, self.calibration)
        run, cut = {**self.run, "seed": seed}, self.settings["cut"]
        cropped = crops(made.train.X, made.cleaned, made.windows, cut)
        window = methods.window(run, cut)
        trained = train(made.train, len(alphabet), run, drawn=made.drawn, crops=cropped, window=window)
        model = Model(trained.network, trained.theta, self.name, self.settings)
        if made.calibration.captchas:
            model = model.calibrated(made.calibration.X, made.calibration.y)
        return model, made, time.process_time() - started
