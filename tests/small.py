"""A small training for tests. A test gives the settings that it changes by keyword."""

from captchanet.train import train as module
from captchanet.train.settings import TrainSettings

SGD = {"method": "sgd", "learning_rate": 0.5, "epochs": 3, "batch_size": 7}


def training(**changes):
    """The settings of a run with six hidden units, eight steps of cg and otherwise every default."""
    return TrainSettings.of({"hidden": [6], "optimiser": {"method": "cg", "iterations": 8}} | changes)


def train(data, classes, settings, *others, **extra):
    """A training on characters that are not pictures, for an alphabet of a given size."""
    return module.train(data, settings.architecture(data.X.shape[1], classes), settings, *others, **extra)
