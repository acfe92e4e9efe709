"""A training as small as tests need it: what they change is a keyword, all else stays the same."""

from captchanet.train import train as module
from captchanet.train.settings import TrainSettings

SGD = {"method": "sgd", "learning_rate": 0.5, "epochs": 3, "batch_size": 7}


def training(**changes):
    """The settings of a run with six hidden units, eight steps of cg and otherwise every default."""
    return TrainSettings.of({"hidden": [6], "optimiser": {"method": "cg", "iterations": 8}} | changes)


def train(data, classes, settings, *others, **extra):
    """A training on characters that are no pictures, of an alphabet of so many."""
    return module.train(data, settings.architecture(data.X.shape[1], classes), settings, *others, **extra)
