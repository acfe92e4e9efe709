"""A training as small as tests need it: what they change is a keyword, all else stays the same."""

from captchanet.train.settings import TrainSettings

SGD = {"method": "sgd", "learning_rate": 0.5, "epochs": 3, "batch_size": 7}


def training(**changes):
    """The settings of a run with six hidden units, eight steps of cg and otherwise every default."""
    return TrainSettings.of({"hidden": [6], "optimiser": {"method": "cg", "iterations": 8}} | changes)
