"""Optimisers by mini-batch, our own: gradient descent, plain or stochastic, with momentum; and AdamW."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from captchanet.nn.activations import Array
from captchanet.nn.optimisation import Callback, Minimised, Result, finite
from captchanet.nn.schedules import Schedule, constant

CHUNK = 32_768
"""How much of theta AdamW updates at a time: so that it stays in the processor's cache through all passes."""

Move = Callable[[int, Array, Array, float], None]
"""move(step, theta, gradient, rate) changes theta in place and may use the gradient up; steps from 1."""


@dataclass(frozen=True)
class OptimiserState:
    """What an optimiser needs to go on after an epoch as if it had never stopped.

    `order`, integers (rows,), is the order of the rows that the shuffles so far have left; `memory` are the
    optimiser's own arrays, shaped like theta; `rng` is the state of the generator that shuffles the rows. The
    arrays are only lent, as theta is to a callback: copy or store them to keep them.
    """

    epoch: int
    step: int
    theta: Array
    order: NDArray[np.integer]
    memory: tuple[Array, ...]
    rng: Mapping[str, Any] | None


Keep = Callable[[OptimiserState], None]
"""checkpoint(state) keeps, if it likes, what `resume` takes later."""


def gradient_descent(
    objective: Minimised,
    theta: Array,
    *,
    learning_rate: float | Schedule,
    epochs: int,
    batch_size: int | None = None,
    momentum: float = 0.0,
    rng: np.random.Generator | None = None,
    callback: Callback | None = None,
    resume: OptimiserState | None = None,
    checkpoint: Keep | None = None,
) -> Result:
    """theta ← theta + v, with v ← momentum · v - learning_rate · gradient, one mini-batch after another.

    Each epoch goes once through all rows in batches of `batch_size`, sampled without replacement by `rng`
    (the last one may be smaller). None, or as many as there are rows, is plain gradient descent: every step
    takes all rows in their order and nothing is sampled. `learning_rate` is a number, or a function of the
    step from 0. The callback comes after each epoch, with the mean cost of its batches, each at the theta
    it was taken at, and the gradient norm of the last. Raises Diverged when a cost is no finite number.

    `checkpoint` is handed an OptimiserState after each epoch that another one follows. With it as `resume`,
    and all else the same, training goes on from there to the bits of an unbroken one. Raises ValueError for
    the OptimiserState of another optimiser or of another number of rows.
    """
    velocity = np.zeros_like(theta) if momentum else None
    memory = () if velocity is None else (velocity,)

    def move(step: int, theta: Array, gradient: Array, rate: float) -> None:
        # one multiply and one subtract, in place: the gradient has served its turn
        np.multiply(gradient, rate, out=gradient)
        if velocity is None:
            np.subtract(theta, gradient, out=theta)
        else:
            np.multiply(velocity, momentum, out=velocity)
            np.subtract(velocity, gradient, out=velocity)
            np.add(theta, velocity, out=theta)

    return _minimise(
        move, objective, theta, learning_rate, epochs, batch_size, rng, callback, memory, resume, checkpoint
    )


def adamw(
    objective: Minimised,
    theta: Array,
    *,
    learning_rate: float | Schedule,
    epochs: int,
    batch_size: int | None = None,
    beta1: float = 0.9,
    beta2: float = 0.999,
    epsilon: float = 1e-8,
    weight_decay: float = 0.01,
    rng: np.random.Generator | None = None,
    callback: Callback | None = None,
    resume: OptimiserState | None = None,
    checkpoint: Keep | None = None,
) -> Result:
    """AdamW: steps scaled by running means of the gradient and its square, and weight decay apart from them.

    I. Loshchilov and F. Hutter, "Decoupled weight decay regularization", https://arxiv.org/abs/1711.05101,
    algorithm 2, with the decay times the learning rate, as PyTorch has it:

        m ← β₁ m + (1 - β₁) g            v ← β₂ v + (1 - β₂) g²
        θ ← θ - η λ θ - η m / (1 - β₁ᵗ) / (√(v / (1 - β₂ᵗ)) + ε)

    Batches, callback, Diverged, `resume` and `checkpoint` as in `gradient_descent`.
    """
    # kept as m / (1 - β₁) and v / (1 - β₂), which saves two passes; the factors come in with the step's size
    m, v = np.zeros_like(theta), np.zeros_like(theta)
    chunks = [slice(start, start + CHUNK) for start in range(0, theta.size, CHUNK)]
    scratch = np.empty(min(CHUNK, theta.size), theta.dtype)

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

    return _minimise(
        move, objective, theta, learning_rate, epochs, batch_size, rng, callback, (m, v), resume, checkpoint
    )


def _minimise(
    move: Move,
    objective: Minimised,
    theta: Array,
    learning_rate: float | Schedule,
    epochs: int,
    batch_size: int | None,
    rng: np.random.Generator | None,
    callback: Callback | None,
    memory: tuple[Array, ...],
    resume: OptimiserState | None,
    checkpoint: Keep | None,
) -> Result:
    """The epochs and mini-batches that both share; `memory` is what `move` keeps between steps."""
    theta = theta.copy()
    rate = learning_rate if callable(learning_rate) else constant(learning_rate)
    whole = batch_size is None or batch_size >= objective.rows
    if not whole and rng is None:
        raise ValueError("mini-batches are sampled: give an rng")
    size = objective.rows if batch_size is None else batch_size
    order = np.arange(objective.rows)
    done = step = 0
    if resume is not None:
        done, step = resume.epoch, resume.step
        kept = (resume.theta, resume.order, *resume.memory)
        for mine, as_it_was in zip((theta, order, *memory), kept, strict=True):
            mine[:] = as_it_was
        if rng is not None and resume.rng is not None:
            rng.bit_generator.state = resume.rng
    for epoch in range(done + 1, epochs + 1):
        if not whole and rng is not None:
            rng.shuffle(order)
        total = norm = 0.0
        for start in range(0, objective.rows, size):
            batch = None if whole else order[start : start + size]
            cost, gradient = objective(theta, batch)
            total += finite(cost, step + 1) * (objective.rows if batch is None else len(batch))
            if callback and start + size >= objective.rows:
                norm = float(np.linalg.norm(gradient))
            move(step + 1, theta, gradient, rate(step))
            step += 1
        mean = cost if whole else total / objective.rows
        if callback and callback(epoch, theta, mean, norm):
            return Result(theta, epoch, step, "stopped by the callback")
        if checkpoint and epoch < epochs:
            rng_state = None if rng is None else rng.bit_generator.state
            checkpoint(OptimiserState(epoch, step, theta, order, memory, rng_state))
    return Result(theta, epochs, step, "all epochs done")
