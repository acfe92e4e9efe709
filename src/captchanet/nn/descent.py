"""Gradient descent, our own: with mini-batches it is SGD, on all rows the plain method; with momentum."""

from collections.abc import Callable

import numpy as np

from captchanet.nn.network import Array
from captchanet.nn.optimisation import Callback, Minimised, Result, finite


def gradient_descent(
    objective: Minimised,
    theta: Array,
    *,
    learning_rate: float | Callable[[int], float],
    epochs: int,
    batch_size: int | None = None,
    momentum: float = 0.0,
    rng: np.random.Generator | None = None,
    callback: Callback | None = None,
) -> Result:
    """theta ← theta + v, with v ← momentum · v - learning_rate · gradient, one mini-batch after another.

    Each epoch goes once through all rows in batches of `batch_size`, drawn without replacement by `rng`
    (the last one may be smaller). None, or as many as there are rows, is plain gradient descent: every step
    takes all rows in their order and nothing is drawn. `learning_rate` is a number, or a function of the
    step from 0. The callback comes after each epoch, with the mean cost of its batches, each at the theta
    it was taken at, and the gradient norm of the last. Raises Diverged when a cost is no finite number.
    """
    theta = theta.copy()
    rate = learning_rate if callable(learning_rate) else (lambda step: learning_rate)
    move = np.zeros_like(theta)
    scaled = np.empty_like(theta)
    order = np.arange(objective.rows)
    whole = batch_size is None or batch_size >= objective.rows
    if not whole and rng is None:
        raise ValueError("mini-batches are drawn: gradient_descent needs an rng")
    size = objective.rows if batch_size is None else batch_size
    step = 0
    for epoch in range(1, epochs + 1):
        if not whole and rng is not None:
            rng.shuffle(order)
        total = 0.0
        for start in range(0, objective.rows, size):
            batch = None if whole else order[start : start + size]
            cost, gradient = objective(theta, batch)
            total += finite(cost, step + 1) * (objective.rows if batch is None else len(batch))
            np.multiply(gradient, rate(step), out=scaled)
            if momentum:
                move *= momentum
                move -= scaled
                theta += move
            else:
                theta -= scaled
            step += 1
        if callback and callback(epoch, theta, total / objective.rows, float(np.linalg.norm(gradient))):
            return Result(theta, epoch, step, "stopped by the callback")
    return Result(theta, epochs, step, "all epochs done")
