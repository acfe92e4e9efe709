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

CHUNK = 50_000
"""How much of theta AdamW updates at a time: so that it stays in the processor's cache through all passes."""


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

    def memory(self, theta: Array) -> tuple[Array, ...]:
        """Make what the optimiser keeps from step to step, as it is before the first.

        Parameters
        ----------
        theta
            Where the training starts, for its shape and dtype.

        Returns
        -------
        tuple of arrays
            Each shaped like theta.
        """
        raise NotImplementedError

    def move(self, step: int, theta: Array, gradient: Array, rate: float, memory: tuple[Array, ...]) -> None:
        """Take one step: change theta and memory in place. The gradient can be used up.

        Parameters
        ----------
        step
            The number of the step, from 1.
        theta, gradient
            Shape (size,).
        rate
            The learning rate of this step.
        memory
            As `memory` made it, after the steps so far.
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
        """Minimise the objective from theta.

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

        Returns
        -------
        Result
            The last theta; its steps are epochs.

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
        memory = self.memory(theta)
        size = self.batch_size or len(order)
        starts = range(0, len(order), size)
        done, step = _resumed(resume, (theta, order, *memory), rng)
        for epoch in range(done + 1, self.epochs + 1):
            if not whole and rng is not None:
                rng.shuffle(order)
            cost = norm = 0.0
            batches = [None] if whole else [order[start : start + size] for start in starts]
            for number, batch in enumerate(batches, 1):
                part, gradient = objective(theta, batch)
                weight = 1.0 if batch is None else len(batch)
                cost += finite(part, step + 1) * weight
                if callback and number == len(batches):
                    norm = float(np.linalg.norm(gradient))
                self.move(step + 1, theta, gradient, rate(step), memory)
                step += 1
            if callback and callback(epoch, theta, cost if whole else cost / objective.rows, norm):
                return Result(theta, epoch, step, "stopped by the callback")
            if checkpoint and epoch < self.epochs:
                random = None if rng is None else rng.bit_generator.state
                checkpoint(OptimiserState(epoch, step, theta, order, memory, random))
        return Result(theta, self.epochs, step, "all epochs done")


def _resumed(
    resume: OptimiserState | None, arrays: Sequence[NDArray[Any]], rng: np.random.Generator | None
) -> tuple[int, int]:
    """Set theta, order, memory and the rng back to `resume`; tell how many epochs and steps are done."""
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
    """Gradient descent with momentum, one mini-batch after another.

        v ← momentum · v - learning_rate · gradient            theta ← theta + v

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

    def memory(self, theta: Array) -> tuple[Array, ...]:
        """Make the velocity v, if there is momentum."""
        return (np.zeros_like(theta),) if self.momentum else ()

    def move(self, step: int, theta: Array, gradient: Array, rate: float, memory: tuple[Array, ...]) -> None:
        """Take one step, see above."""
        np.multiply(gradient, rate, out=gradient)
        for velocity in memory:
            np.multiply(velocity, self.momentum, out=velocity)
            np.subtract(velocity, gradient, out=velocity)
            np.add(theta, velocity, out=theta)
        if not memory:
            np.subtract(theta, gradient, out=theta)


@dataclass(frozen=True, kw_only=True)
class AdamW(MiniBatch):
    """Steps scaled by running means of the gradient and of its square; weight decay apart from them.

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

    def memory(self, theta: Array) -> tuple[Array, ...]:
        """Make m / (1 - β₁) and v / (1 - β₂), which saves two passes; `move` multiplies by the factors."""
        return np.zeros_like(theta), np.zeros_like(theta)

    def move(self, step: int, theta: Array, gradient: Array, rate: float, memory: tuple[Array, ...]) -> None:
        """Take one step, see above."""
        # √(v / (1 - β₂ᵗ)) = scale · √square: numerator and denominator of the step are divided by `scale`
        scale = ((1 - self.beta2) / (1 - self.beta2**step)) ** 0.5
        size = -rate * (1 - self.beta1) / (1 - self.beta1**step) / scale
        for start in range(0, theta.size, CHUNK):
            t, g, mean, square = (each[start : start + CHUNK] for each in (theta, gradient, *memory))
            mean *= self.beta1
            mean += g
            square *= self.beta2
            g *= g
            square += g
            # the gradient is no longer needed: its memory takes the step
            np.sqrt(square, out=g)
            g += self.epsilon / scale
            np.divide(mean, g, out=g)
            g *= size
            t *= 1 - rate * self.weight_decay
            t += g
