"""Optimisers by mini-batch: gradient descent, plain or stochastic, with momentum; and AdamW.

An optimiser is a frozen dataclass: its fields are the options, and calling it minimises an objective. Both
share the loop over epochs and batches, `MiniBatch`; each adds what one step does.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
from annotated_types import Ge, Gt, Le, Lt
from numpy.typing import NDArray

from captchanet.nn.layer import Array
from captchanet.nn.optimisation import Callback, Minimised, Result, finite
from captchanet.nn.schedules import Schedule, constant

CHUNK = 32_768
"""How much of theta AdamW updates at a time: so that it stays in the processor's cache through all passes."""

Move = Callable[[int, Array, Array, float], None]
"""move(step, theta, gradient, rate) changes theta in place and may use the gradient up; steps from 1."""


@dataclass(frozen=True)
class OptimiserState:
    """What an optimiser needs to go on after an epoch as if it had never stopped.

    The arrays are only lent, as theta is to a callback: copy or store them to keep them.

    Attributes
    ----------
    epoch
        How many epochs are done.
    step
        How many steps are done.
    theta
        Shape (size,).
    order
        Integers (rows,): the order of the rows that the shuffles so far have left.
    memory
        The optimiser's own arrays, each shaped like theta.
    rng
        The state of the generator that shuffles the rows; None without one.
    """

    epoch: int
    step: int
    theta: Array
    order: NDArray[np.integer]
    memory: tuple[Array, ...]
    rng: Mapping[str, Any] | None


Keep = Callable[[OptimiserState], None]
"""checkpoint(state) keeps, if it likes, what `resume` takes later."""


@dataclass(frozen=True, kw_only=True)
class MiniBatch:
    """What optimisers by mini-batch share: three options, and the loop over epochs and batches."""

    learning_rate: Annotated[float, Gt(0)] | Schedule
    epochs: Annotated[int, Ge(1), Le(1_000_000_000)]
    batch_size: Annotated[int, Ge(1)] | None = None

    def start(self, theta: Array) -> tuple[tuple[Array, ...], Move]:
        """What one kind of optimiser adds to the loop.

        Parameters
        ----------
        theta
            Where the training starts, for its shape and dtype.

        Returns
        -------
        memory : tuple of arrays
            What the optimiser keeps from step to step, as it is before the first.
        move : callable
            What a step does, see `Move`.
        """
        raise NotImplementedError

    def __call__(
        self,
        objective: Minimised,
        theta: Array,
        *,
        rng: np.random.Generator | None = None,
        callback: Callback | None = None,
        resume: OptimiserState | None = None,
        checkpoint: Keep | None = None,
    ) -> Result:
        """Minimises the objective from theta.

        Each epoch goes once through all rows in batches, sampled without replacement (the last one may be
        smaller). A batch of all rows takes them in their order, and nothing is sampled.

        Parameters
        ----------
        objective
            What to minimise.
        theta
            Where to start, shape (size,); it stays as it is.
        rng
            Samples the batches; needed if there is more than one in an epoch.
        callback
            Called after each epoch with the mean cost of its batches, each at the theta that it was taken at,
            and the norm of the last batch's gradient.
        resume
            Where another training of the same kind stopped. With all else the same, training goes on from
            there and ends in the bits of an unbroken one.
        checkpoint
            Called after each epoch but the last, with the state that `resume` takes.

        Raises
        ------
        Diverged
            If a cost is no finite number.
        ValueError
            If the rng is missing, or if `resume` is the state of another optimiser or of another number of
            rows.
        """
        whole = self.batch_size is None or self.batch_size >= objective.rows
        if not whole and rng is None:
            raise ValueError("mini-batches are sampled: give an rng")
        rate = self.learning_rate if callable(self.learning_rate) else constant(self.learning_rate)
        theta, order = theta.copy(), np.arange(objective.rows)
        memory, move = self.start(theta)
        done, step = _resumed(resume, (theta, order, *memory), rng)
        for epoch in range(done + 1, self.epochs + 1):
            if not whole and rng is not None:
                rng.shuffle(order)
            cost = norm = 0.0
            batches = [None] if whole else self._batches(order)
            for number, batch in enumerate(batches, 1):
                part, gradient = objective(theta, batch)
                share = 1.0 if batch is None else len(batch)
                cost += finite(part, step + 1) * share
                if callback and number == len(batches):
                    norm = float(np.linalg.norm(gradient))
                move(step + 1, theta, gradient, rate(step))
                step += 1
            if callback and callback(epoch, theta, cost if whole else cost / objective.rows, norm):
                return Result(theta, epoch, step, "stopped by the callback")
            if checkpoint and epoch < self.epochs:
                random = None if rng is None else rng.bit_generator.state
                checkpoint(OptimiserState(epoch, step, theta, order, memory, random))
        return Result(theta, self.epochs, step, "all epochs done")

    def _batches(self, order: NDArray[np.integer]) -> list[NDArray[np.integer]]:
        size = self.batch_size or len(order)
        return [order[start : start + size] for start in range(0, len(order), size)]


def _resumed(
    resume: OptimiserState | None, arrays: Sequence[NDArray[Any]], rng: np.random.Generator | None
) -> tuple[int, int]:
    """How many epochs and steps are done; sets theta, order and memory, and the rng, back to `resume`."""
    if resume is None:
        return 0, 0
    kept = (resume.theta, resume.order, *resume.memory)
    if [one.shape for one in kept] != [one.shape for one in arrays]:
        found, expected = (", ".join(str(one.shape) for one in each) for each in (kept, arrays))
        raise ValueError(
            f"resume: found arrays of shape {found}; expected {expected}, "
            "the state of the same optimiser on the same number of rows"
        )
    for mine, as_it_was in zip(arrays, kept, strict=True):
        mine[:] = as_it_was
    if rng is not None and resume.rng is not None:
        rng.bit_generator.state = resume.rng
    return resume.epoch, resume.step


@dataclass(frozen=True, kw_only=True)
class GradientDescent(MiniBatch):
    """theta ← theta + v, with v ← momentum · v - learning_rate · gradient, one mini-batch after another.

    Parameters
    ----------
    learning_rate
        A number, or a function of the step, counted from 0 (see `schedules`).
    epochs
        How often to go through all rows.
    batch_size
        How many rows a step takes; null, or as many as there are, takes all (plain gradient descent).
    momentum
        The share of the last move that the next one keeps.
    """

    momentum: Annotated[float, Ge(0), Lt(1)] = 0.0

    def start(self, theta: Array) -> tuple[tuple[Array, ...], Move]:
        """Keeps the velocity v, if there is momentum."""
        velocity = np.zeros_like(theta) if self.momentum else None

        def move(step: int, theta: Array, gradient: Array, rate: float) -> None:
            # in place: the gradient is no longer needed
            np.multiply(gradient, rate, out=gradient)
            if velocity is None:
                np.subtract(theta, gradient, out=theta)
            else:
                np.multiply(velocity, self.momentum, out=velocity)
                np.subtract(velocity, gradient, out=velocity)
                np.add(theta, velocity, out=theta)

        return (() if velocity is None else (velocity,)), move


@dataclass(frozen=True, kw_only=True)
class AdamW(MiniBatch):
    """Steps scaled by running means of the gradient and its square, and weight decay apart from them.

        m ← β₁ m + (1 - β₁) g            v ← β₂ v + (1 - β₂) g²
        θ ← θ - η λ θ - η m / (1 - β₁ᵗ) / (√(v / (1 - β₂ᵗ)) + ε)

    Parameters
    ----------
    learning_rate
        η: a number, or a function of the step, counted from 0 (see `schedules`).
    epochs
        How often to go through all rows.
    batch_size
        How many rows a step takes; null, or as many as there are, takes all.
    beta1
        β₁: how much of the mean of the gradient stays at each step.
    beta2
        β₂: the same for the mean of its square.
    epsilon
        ε: what keeps the division from one by 0.
    weight_decay
        λ: how much of theta is taken away at each step, times the learning rate (as PyTorch has it).

    References
    ----------
    I. Loshchilov and F. Hutter, "Decoupled weight decay regularization", https://arxiv.org/abs/1711.05101,
    algorithm 2.
    """

    beta1: Annotated[float, Ge(0), Lt(1)] = 0.9
    beta2: Annotated[float, Ge(0), Lt(1)] = 0.999
    epsilon: Annotated[float, Gt(0)] = 1e-8
    weight_decay: Annotated[float, Ge(0)] = 0.01

    def start(self, theta: Array) -> tuple[tuple[Array, ...], Move]:
        """Keeps m / (1 - β₁) and v / (1 - β₂), which saves two passes; the factors come in with the step."""
        m, v = np.zeros_like(theta), np.zeros_like(theta)
        chunks = [slice(start, start + CHUNK) for start in range(0, theta.size, CHUNK)]
        scratch = np.empty(min(CHUNK, theta.size), theta.dtype)
        beta1, beta2, epsilon, weight_decay = self.beta1, self.beta2, self.epsilon, self.weight_decay

        def move(step: int, theta: Array, gradient: Array, rate: float) -> None:
            scale = ((1 - beta2) / (1 - beta2**step)) ** 0.5
            size = -rate * (1 - beta1) / (1 - beta1**step) / scale
            for chunk in chunks:
                g, mean, square, t = gradient[chunk], m[chunk], v[chunk], theta[chunk]
                s = scratch[: len(g)]
                mean *= beta1
                mean += g
                square *= beta2
                np.multiply(g, g, out=s)
                square += s
                np.sqrt(square, out=s)
                s += epsilon / scale
                np.divide(mean, s, out=s)
                s *= size
                t *= 1 - rate * weight_decay
                t += s

        return (m, v), move
