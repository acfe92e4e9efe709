"""One run of training: from a data set and a run's settings to a theta, its history, and how it ended."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from captchanet.experiment.dataset import Part
from captchanet.experiment.methods import OPTIMISERS, PENALTIES, STARTS
from captchanet.nn import COSTS, Diverged, Network, Objective
from captchanet.nn.network import Array

HISTORY = ("step", "cost", "gradient_norm", "training_accuracy")


@dataclass(frozen=True)
class Trained:
    """What training leaves: the last good theta, the history (rows as HISTORY names them), the outcome.

    `status` is "finished", or "failed" when the cost stopped being a number; `reason` says why it ended.
    """

    network: Network
    theta: Array
    history: list[tuple[int, float, float, float]]
    status: str
    reason: str
    evaluations: int


class Recorder:
    """Stands between optimiser and objective and writes the history, without one evaluation of its own.

    The training accuracy is read from outputs that the step left behind: after a mini-batch epoch, over all
    its batches, each at the theta of its turn; else at the evaluation whose cost the optimiser reports.
    """

    def __init__(self, objective: Objective, theta: Array) -> None:
        self.objective, self.rows = objective, objective.rows
        self.history: list[tuple[int, float, float, float]] = []
        self.theta = theta.copy()
        self.evaluations = 0
        self._seen: list[tuple[float, int, int]] = []

    def __call__(self, theta: Array, rows: NDArray[np.integer] | None = None) -> tuple[float, Array]:
        """The objective's own answer."""
        cost, gradient = self.objective(theta, rows)
        self.evaluations += 1
        self._seen.append((cost, self.objective.correct(), self.rows if rows is None else len(rows)))
        return cost, gradient

    def callback(self, step: int, theta: Array, cost: float, gradient_norm: float) -> None:
        """One row of the history; keeps theta, in case the next step fails."""
        meant = [seen for seen in self._seen if seen[0] == cost][-1:] or self._seen
        accuracy = sum(correct for _, correct, _ in meant) / sum(rows for *_, rows in meant)
        self.history.append((step, cost, gradient_norm, accuracy))
        if math.isfinite(gradient_norm):
            self.theta[:] = theta
        self._seen = meant if len(meant) == 1 else []


def one_hot(y: NDArray[np.integer], classes: int) -> NDArray[np.float64]:
    """Targets (n, classes): 1 in the column of each row's class, 0 elsewhere; y is (n, 1), from 1."""
    targets = np.zeros((len(y), classes))
    targets[np.arange(len(y)), y[:, 0] - 1] = 1
    return targets


def train(data: Part, classes: int, settings: Mapping[str, Any]) -> Trained:
    """Trains the network that `settings` (a resolved entry of the configuration's `train`) describes.

    A training that fails numerically does not raise: it comes back with status "failed", its reason and the
    last theta that was good. Start and mini-batches have random streams of their own, both from the seed.
    """
    network = Network((data.X.shape[1], *settings["hidden"], classes), settings["bias"])
    start_rng, batch_rng = np.random.default_rng(settings["seed"]).spawn(2)
    dtype = settings["dtype"]
    objective = Objective(
        network,
        data.X,
        one_hot(data.y, classes),
        cost=COSTS[settings["cost"]],
        penalty=PENALTIES[settings["penalty"]["method"]](**_options(settings["penalty"])),
        dtype=dtype,
    )
    start = STARTS[settings["start"]["method"]](
        network, start_rng, dtype=dtype, **_options(settings["start"])
    )
    recorder = Recorder(objective, start)
    method, options = settings["optimiser"]["method"], _options(settings["optimiser"])
    if method == "sgd":
        options["rng"] = batch_rng
    try:
        # overflow on the way to a cost that is no number is reported as that, not as a warning before it
        with np.errstate(all="ignore"):
            result = OPTIMISERS[method](recorder, start, callback=recorder.callback, **options)
    except Diverged as error:
        return Trained(network, recorder.theta, recorder.history, "failed", str(error), recorder.evaluations)
    return Trained(network, result.theta, recorder.history, "finished", result.reason, recorder.evaluations)


def _options(section: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in section.items() if name != "method"}
