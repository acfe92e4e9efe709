"""A layer that the product does not have, for the tests of what a network of any layers does."""

from dataclasses import dataclass

import numpy as np

from captchanet.nn import Layer, Worker


@dataclass(frozen=True)
class RunningMean(Layer):
    """Takes off each number its running mean, which training brings up to date and reading leaves alone."""

    in_place = True

    def initial_state(self, shape):
        return np.full(int(np.prod(shape)), 0.5)

    def work(self, place):
        return RunningMeanAtWork(place)


class RunningMeanAtWork(Worker):
    def __init__(self, place):
        self.input, self.output = place.in_place(), place.output
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
