"""The settings of a run: its network, and how it is trained."""

from typing import Annotated, ClassVar, Literal, Self

from annotated_types import Ge, Interval
from pydantic import model_validator

from captchanet.settings import Method, Name, OneOf, Settings, wrong
from captchanet.train import methods
from captchanet.train.architecture import Architecture, ConvolutionSettings
from captchanet.train.augment import AUGMENTERS
from captchanet.types import Json

PENALTY = OneOf(methods.PENALTIES)
INITIALISATION = OneOf(methods.INITIALISATIONS, given=("dtype",))
OPTIMISER = OneOf(methods.OPTIMISERS, given=("rng", "callback", "checkpoint", "resume"))
SCHEDULE = OneOf(methods.SCHEDULES, given=("total",))
AUGMENT = OneOf(AUGMENTERS)

Share = Annotated[float, Interval(ge=0, lt=1)]
Layer = Annotated[int, Interval(ge=1, le=100_000)]


class EarlyStoppingSettings(Settings):
    """When training stops early."""

    share: Annotated[float, Interval(gt=0, lt=1)] = 0.2
    """The share of the training captchas that is held out to be watched."""
    patience: Annotated[int, Ge(1)] = 20
    """How many steps may pass without a lower cost of the held-out captchas."""


class TrainSettings(Settings):
    """An entry of `train`: a network, and how it is trained."""

    renamed: ClassVar = {"start": "initialisation", "drawn_share": "synthetic_share"}

    data: str = "main"
    """The entry of `dataset` that it is trained on."""
    convolutions: tuple[ConvolutionSettings, ...] = ()
    """Convolutions in front of the fully connected layers."""
    hidden: tuple[Layer, ...] = (200, 200)
    """The units of each hidden layer."""
    bias: bool = True
    """Whether the layers have a bias."""
    activation: Annotated[str, Name(methods.ACTIVATIONS)] = "sigmoid"
    """The activation of the hidden layers."""
    output: Annotated[str, Name(methods.OUTPUTS)] = "sigmoid"
    """The activation of the last layer."""
    cost: Annotated[str, Name(methods.COSTS)] = "cross_entropy"
    """What training makes small."""
    penalty: Annotated[Method, PENALTY] = PENALTY("l2")
    """What is added to the cost for large weights."""
    initialisation: Annotated[Method, INITIALISATION] = INITIALISATION("uniform")
    """The random weights that training starts from."""
    optimiser: Annotated[Method, OPTIMISER] = OPTIMISER("cg")
    """How the weights are changed."""
    schedule: Annotated[Method, SCHEDULE] = SCHEDULE("constant")
    """How the learning rate changes from step to step."""
    augment: Annotated[Method, AUGMENT] = AUGMENT("none")
    """Other versions of the training characters, sampled anew at each step."""
    synthetic_share: Annotated[float, Interval(gt=0, lt=1)] = 0.9
    """Where synthetic captchas are mixed in: their share of the characters in training."""
    dropout: tuple[Share, ...] = ()
    """The share of units that is left out: of the input, of what convolutions give (if there are any), and of
    each hidden layer."""
    label_smoothing: Share = 0.0
    """The share of each target that is spread over all classes."""
    early_stopping: EarlyStoppingSettings | None = None
    """When training stops early; null: never."""
    dtype: Literal["float64", "float32"] = "float64"
    """The numbers that the network works with."""
    threads: Annotated[int, Interval(ge=1, le=64)] = 1
    """The threads of each matrix product, on any number of cores: another number rounds in another way."""
    seed: Annotated[int, Ge(0)] = 1
    """It decides everything random in the training."""

    @model_validator(mode="after")
    def _parts_go_together(self) -> Self:
        try:
            methods.COSTS[self.cost].for_output(methods.OUTPUTS[self.output])
        except ValueError as error:
            raise wrong("output", f"{error}; choose another output or cost") from error
        convolved = bool(self.convolutions)
        if len(self.dropout) not in (0, len(self.hidden) + 1 + convolved):
            raise wrong(
                "dropout",
                f"found {list(self.dropout)}; expected one rate for the input, "
                f"{'one for what the convolutions give, ' if convolved else ''}and one for each of the "
                f"{len(self.hidden)} hidden layers, or none at all",
            )
        noisy = any(self.dropout) or self.augment.method != "none"
        if self.optimiser.method in methods.FULL_BATCH and (noisy or self.schedule.method != "constant"):
            raise wrong(
                "optimiser",
                f"{self.optimiser.method} searches along lines and needs a cost that stays the same: it has "
                "no use for `dropout`, `augment` or `schedule`; take "
                f"{' or '.join(methods.MINI_BATCH)}, or leave these out",
            )
        return self

    def architecture(self, inputs: int, classes: int, window: tuple[int, int] | None = None) -> Architecture:
        """Describe the network for such data.

        Parameters
        ----------
        inputs : int
            How many numbers a character is.
        classes : int
            How many characters there are in the alphabet.
        window : tuple of int, optional
            Height and width of the pictures that the characters are, in pixels; only convolutions need it.
        """
        shape = (inputs // (window[0] * window[1]), *window) if window and self.convolutions else None
        return Architecture(
            layers=(inputs, *self.hidden, classes),
            bias=self.bias,
            activation=self.activation,
            output=self.output,
            input_shape=shape,
            convolutions=self.convolutions,
        )


def run_parameters(run: str, asked: Json, dataset: Json, pictures: Json, segment: Json) -> Json:
    """Collect all settings that decide a run, as they are recorded of it.

    Parameters
    ----------
    run : str
        Its name.
    asked : dict
        Its own settings, and what follows from them.
    dataset, segment : dict
        The settings of its data set and of the segmentation of that.
    pictures : dict of dict
        The settings of the pictures of its data set, by the name of their entry.
    """
    return {
        "run": run,
        **asked,
        "dataset": dataset,
        # how pictures are synthesized decides the run; where others lie does not
        "pictures": {of: source for of, source in pictures.items() if "synthesize" in source},
        # how many pictures can be unusable does not decide the network
        "segment": {key: value for key, value in segment.items() if key != "max_rejected"},
    }
