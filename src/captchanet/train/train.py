"""One run of training: from a data set and a run's settings to a theta, its history, and how it ended."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from captchanet.dataset.dataset import Part
from captchanet.nn import Array, Diverged, EarlyStopping, Objective, Result, one_hot
from captchanet.progress import tell
from captchanet.settings import Method
from captchanet.train.architecture import Architecture
from captchanet.train.augment import Affine, Augmenter, Crops
from captchanet.train.checkpoint import Checkpoint
from captchanet.train.methods import COSTS
from captchanet.train.settings import EarlyStoppingSettings, TrainSettings

HISTORY = ("step", "cost", "gradient_norm", "training_accuracy")


class Untrainable(ValueError):
    """These settings cannot train on these captchas; the message says which setting, and what to do."""


@dataclass(frozen=True)
class Trained:
    """What training leaves: the last good theta, the history, and how it ended.

    Attributes
    ----------
    theta
        Shape (size,).
    history
        Rows as HISTORY names them.
    status
        "finished", or "failed" if the cost stopped being a number or the training raised an error.
    reason
        Why it ended.
    evaluations
        How often the cost was computed.
    state
        What the network's layers keep but do not train; empty for most.
    """

    theta: Array
    history: list[tuple[int, float, float, float]]
    status: str
    reason: str
    evaluations: int
    state: Array = field(default_factory=lambda: np.empty(0))


class Recorder:
    """Stands between optimiser and objective and writes the history, without an evaluation of its own.

    The training accuracy comes from outputs that the steps left behind. After an epoch of mini-batches it is
    that of all batches, each at the theta of its step; else that of the evaluation whose cost the optimiser
    reports.
    """

    def __init__(
        self,
        objective: Objective,
        theta: Array,
        stopping: EarlyStopping | None = None,
        rngs: Sequence[np.random.Generator] = (),
        length: tuple[str, int | None] = ("step", None),
    ) -> None:
        self.objective, self.rows, self.stopping, self.rngs = objective, objective.rows, stopping, rngs
        self.unrepeatable, self.length = objective.unrepeatable, length
        self.history: list[tuple[int, float, float, float]] = []
        self.theta, self._next = theta.copy(), theta.copy()
        self.evaluations = 0
        self._seen: list[tuple[float, int, int]] = []

    def __call__(self, theta: Array, rows: NDArray[np.integer] | None = None) -> tuple[float, Array]:
        """Return the objective's own answer."""
        cost, gradient = self.objective(theta, rows)
        self.evaluations += 1
        self._seen.append((cost, self.objective.correct(), self.rows if rows is None else len(rows)))
        return cost, gradient

    def callback(self, step: int, theta: Array, cost: float, gradient_norm: float) -> bool:
        """Add one row to the history and tell how far the training is; ask whether to stop.

        It keeps theta in case a later step fails. It does so one callback late: then the cost there is known.
        """
        whole = [seen for seen in self._seen if seen[0] == cost and seen[2] == self.rows][-1:]
        meant = whole or self._seen
        accuracy = sum(correct for _, correct, _ in meant) / sum(rows for *_, rows in meant)
        self.history.append((step, cost, gradient_norm, accuracy))
        self.theta, self._next = self._next, self.theta
        self._next[:] = theta
        self._seen = whole
        unit, total = self.length
        tell(unit, step, total, f"cost {cost:.3g}, training accuracy {accuracy:.1%}")
        return self.stopping is not None and self.stopping(step, theta, cost, gradient_norm)

    def state(self) -> dict[str, Any]:
        """Return what it, early stopping and the generators hold: arrays, lent, and JSON-ready values."""
        stopping = self.stopping
        return {
            "state": self.objective.state,
            "history": self.history,
            "good": self.theta,
            "next": self._next,
            "seen": self._seen,
            "evaluations": self.evaluations,
            "rngs": [rng.bit_generator.state for rng in self.rngs],
            "best": stopping and stopping.theta,
            "best_state": stopping and stopping.best_state,
            "stopping": stopping and [stopping.cost, stopping.step],
        }

    def resume(self, state: Mapping[str, Any]) -> None:
        """Become what it was when `state` was taken, early stopping and the generators with it."""
        self.history = [tuple(row) for row in state["history"]]
        self.theta, self._next = state["good"], state["next"]
        self._seen, self.evaluations = state["seen"], state["evaluations"]
        self.objective.state[:] = state["state"]
        for rng, as_it_was in zip(self.rngs, state["rngs"], strict=True):
            rng.bit_generator.state = as_it_was
        if self.stopping:
            self.stopping.theta, self.stopping.best_state = state["best"], state["best_state"]
            self.stopping.cost, self.stopping.step = state["stopping"]


def train(
    data: Part,
    architecture: Architecture,
    settings: TrainSettings,
    checkpoint: Checkpoint | None = None,
    *,
    synthetic: Part | None = None,
    crops: Crops | None = None,
) -> Trained:
    """Train a network.

    A training that fails numerically does not raise: it comes back with status "failed", its reason and the
    last theta that was good. Initialisation, mini-batches, dropout, the rows held out for early stopping and
    augmentation have random streams of their own, all from the seed. An optimiser that can be resumed goes
    on from `checkpoint` and keeps it up to date; any other starts over.

    Parameters
    ----------
    data : Part
        The captchas to train on.
    architecture : Architecture
        The network that `settings` describe for these data.
    settings : TrainSettings
        How it is trained.
    checkpoint : Checkpoint, optional
        Where the training is kept while it lasts.
    synthetic : Part, optional
        Captchas to mix in: the others are repeated until these are `synthetic_share` of each epoch.
    crops : Crops, optional
        The characters of `data` in their pictures; augmentation needs them.

    Raises
    ------
    Untrainable
        If nothing is left to train on.
    """
    network, classes = architecture.network(settings.dropout), architecture.layers[-1]
    rngs = np.random.default_rng(settings.seed).spawn(5)
    initial_rng, batch_rng, dropout_rng, held_out_rng, augment_rng = rngs
    initial = settings.initialisation(network, initial_rng, dtype=settings.dtype)
    how: Affine | None = settings.augment.made()
    if how and not crops:
        raise ValueError("augmentation reads from pictures: it needs the crops")
    rows, held_out = _hold_out(data, settings.early_stopping, held_out_rng)
    characters = _mixture(rows, 0 if synthetic is None else len(synthetic.y), settings.synthetic_share)
    X, y = data.X.astype(settings.dtype, copy=False)[characters], data.y[characters]
    if synthetic is not None:
        X[characters < 0], y[characters < 0] = synthetic.X, synthetic.y
    objective = Objective(
        network,
        X,
        one_hot(y, classes, smoothing=settings.label_smoothing),
        cost=COSTS[settings.cost],
        penalty=settings.penalty(),
        augment=Augmenter(how, crops, characters, augment_rng) if how and crops else None,
        rng=dropout_rng,
        dtype=settings.dtype,
    )
    stopping = None
    if settings.early_stopping:
        watched = objective.reading(data.X[held_out], one_hot(data.y[held_out], classes))
        stopping = EarlyStopping(watched, settings.early_stopping.patience, objective.state)
    recorder = Recorder(objective, initial, stopping, (dropout_rng, augment_rng), _length(settings.optimiser))
    return _optimised(settings, recorder, initial, batch_rng, checkpoint)


def _optimised(
    settings: TrainSettings,
    recorder: Recorder,
    initial: Array,
    rng: np.random.Generator,
    checkpoint: Checkpoint | None,
) -> Trained:
    """Train from the theta `initial` on; `rng` samples the mini-batches."""
    objective, given = recorder.objective, _given(settings, recorder, rng, checkpoint)
    try:
        # an overflow ends in a cost that is no number, and that is reported; no warning is needed before it
        with np.errstate(all="ignore"):
            result: Result = settings.optimiser(recorder, initial, callback=recorder.callback, **given)
            state = objective.state.copy()  # the next evaluation may change it
            # nothing has been computed yet at the last theta
            cost, gradient = objective(result.theta, np.arange(min(256, recorder.rows)))
            if not (np.isfinite(cost) and np.isfinite(gradient).all()):
                raise Diverged(f"the cost or its gradient is no number after step {result.steps}")
    except Diverged as error:
        return Trained(
            recorder.theta, recorder.history, "failed", str(error), recorder.evaluations, objective.state
        )
    theta, reason, stopping = result.theta, result.reason, recorder.stopping
    if stopping and stopping.theta is not None:
        theta, state = stopping.theta, stopping.best_state
        reason = f"{reason}; lowest held-out cost {stopping.cost:.6g} in step {stopping.step}"
    return Trained(theta, recorder.history, "finished", reason, recorder.evaluations, state)


def _given(
    settings: TrainSettings, recorder: Recorder, rng: np.random.Generator, checkpoint: Checkpoint | None
) -> dict[str, Any]:
    """Collect what the optimiser is given besides its own options, as far as it takes it.

    The recorder is set back to the checkpoint, if there is one.
    """
    optimiser = settings.optimiser
    given: dict[str, Any] = {}
    if optimiser.takes("learning_rate") and optimiser.takes("epochs"):
        batches = -(-recorder.rows // (optimiser.options.get("batch_size") or recorder.rows))
        total = {"total": optimiser.options["epochs"] * batches} if settings.schedule.takes("total") else {}
        given["learning_rate"] = settings.schedule(optimiser.options["learning_rate"], **total)
    if optimiser.takes("rng"):
        given["rng"] = rng
    if checkpoint and optimiser.takes("resume") and optimiser.takes("checkpoint"):
        state, extra = checkpoint.load() or (None, None)
        if extra is not None:
            recorder.resume(extra)
        given |= {"resume": state, "checkpoint": partial(checkpoint.offer, extra=recorder.state)}
    return given


def _length(optimiser: Method) -> tuple[str, int | None]:
    """Tell what a step of the optimiser is, and how many there will be at most."""
    for unit in ("epoch", "iteration"):
        if f"{unit}s" in optimiser.options:
            return unit, optimiser.options[f"{unit}s"]
    return "step", None


def _mixture(rows: NDArray[np.integer], synthetic: int, share: float) -> NDArray[np.integer]:
    """Tell which character each row of the training is: the `rows`, repeated, then -1 for each synthetic one.

    The number of repeats, at least one, brings the synthetic ones as near to their `share` of all as it can.
    """
    times = max(1, round(synthetic * (1 - share) / share / len(rows))) if synthetic else 1
    return np.concatenate([np.tile(rows, times), np.full(synthetic, -1)])


def _hold_out(
    data: Part, early_stopping: EarlyStoppingSettings | None, rng: np.random.Generator
) -> tuple[NDArray[np.integer], NDArray[np.integer]]:
    """Sample whole captchas: rows to train on, rows to watch. Without early stopping all train.

    Raises Untrainable where early stopping leaves none to train on.
    """
    rows = np.arange(len(data.y))
    if early_stopping is None:
        return rows, rows[:0]
    captchas = rows.reshape(len(data.captchas), -1)
    order = rng.permutation(len(captchas))
    watched = max(1, round(early_stopping.share * len(captchas)))
    if watched >= len(captchas):
        raise Untrainable(
            f"early_stopping.share: {early_stopping.share} of {len(captchas)} captchas holds out {watched}, "
            "which leaves none to train on; take a smaller share, or more captchas"
        )
    return np.sort(captchas[order[watched:]].ravel()), np.sort(captchas[order[:watched]].ravel())
