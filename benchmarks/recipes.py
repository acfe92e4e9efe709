"""A recipe of a configuration, trained as the stages `synthesize`, `dataset` and `train` would."""

import time
from dataclasses import dataclass
from pathlib import Path

import splits

from captchanet.config.load import load
from captchanet.config.resolve import resolved
from captchanet.dataset.dataset import Dataset
from captchanet.segment.segment import Segmented
from captchanet.segment.segment_synthetic import segment_synthetic
from captchanet.segment.segmentation import Segmentation
from captchanet.settings import Method
from captchanet.train.augment import crops
from captchanet.train.model import Model
from captchanet.train.settings import TrainSettings
from captchanet.train.train import train

ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Recipe:
    """A run's name and settings, its segmentation, its synthetic captchas, and how many of them calibrate.

    `kind` is the method that makes synthetic captchas, with its options, None where there are none.
    """

    name: str
    run: TrainSettings
    segmentation: Segmentation
    kind: Method | None
    calibration: float

    @classmethod
    def of(cls, configfile: str | Path, name: str) -> "Recipe":
        """The run called `name` in a configuration file."""
        config = resolved(load([Path(configfile)]))
        run = config.train[name]
        data = config.dataset[run.data]
        kind = config.pictures[data.synthetic or data.train].synthesize
        return cls(name, run, config.segment[data.segment].try_out(), kind, data.calibration)

    def train(self, pictures: Segmented, captchas: int, seed: int) -> tuple[Model, Dataset, float]:
        """The trained model, the data set, and the processor's seconds, also for synthesizing."""
        started = time.process_time()
        synthetic = None
        if self.kind:
            drawn, labels = self.kind(seed=seed)
            synthetic = segment_synthetic(drawn, labels, self.segmentation)
        alphabet, segmentation = self.segmentation.alphabet, self.segmentation.dump()
        dataset = splits.split(pictures, captchas, seed, alphabet, synthetic, self.calibration)
        run = self.run.model_copy(update={"seed": seed})
        cropped = crops(dataset.train.X, dataset.cleaned, dataset.windows, segmentation["split"])
        architecture = run.architecture(dataset.train.X.shape[1], len(alphabet), self.segmentation.window)
        trained = train(dataset.train, architecture, run, synthetic=dataset.synthetic, crops=cropped)
        model = Model(architecture, trained.theta, self.name, segmentation, state=trained.state)
        if dataset.calibration.captchas:
            model = model.calibrated(dataset.calibration.X, dataset.calibration.y)
        return model, dataset, time.process_time() - started
