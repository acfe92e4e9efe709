"""What the tests of layers need: a layer that the product does not have, and an objective without chance."""

from dataclasses import dataclass

import numpy as np

from captchanet.nn import Layer, Worker


@dataclass(frozen=True)
class RunningMean(Layer):
    """Subtracts from each number its running mean. Training updates the mean; reading does not change it."""

    in_place = True

    def initial_state(self, shape):
        return np.full(int(np.prod(shape)), 0.5)

    def work(self, place):
        return RunningMeanAtWork(place)


class RunningMeanAtWork(Worker):
    def __init__(self, place):
        self.input, self.output = place.input, place.output
        self.state, self.training = place.state, place.training

    def forward(self, theta):
        flat = self.input.a.reshape(-1, self.input.a.shape[-1])
        if self.training:
            self.state *= 0.9
            self.state += 0.1 * flat.mean(axis=1)
        np.subtract(flat, self.state[:, np.newaxis], out=self.output.a.reshape(flat.shape))

    def backward(self, theta, gradient):
        if self.training:
            # the mean of the rows is in the state by a tenth
            delta = self.output.delta
            delta -= 0.1 * delta.mean(axis=-1, keepdims=True)


class Repeatable:
    """An objective with noise or state that has the same cost at every call with the same theta.

    Each call begins with the random numbers and the state that the objective had when this was made.

    Parameters
    ----------
    objective
        The objective.
    batch
        The rows that every call works on; None for all.
    """

    unrepeatable = ()

    def __init__(self, objective, batch=None):
        self.objective, self.batch = objective, batch
        self.rows = objective.rows if batch is None else len(batch)
        self._state = objective.state.copy()
        self._random = None if objective.rng is None else objective.rng.bit_generator.state

    def __call__(self, theta, rows=None):
        """As the objective; `rows` are ignored for the batch."""
        self.objective.state[:] = self._state
        if self.objective.rng is not None and self._random is not None:
            self.objective.rng.bit_generator.state = self._random
        return self.objective(theta, self.batch)
