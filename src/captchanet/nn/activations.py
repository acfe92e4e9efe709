"""Activations: layers that put every number of a signal through a function.

`apply(z, out)` writes a = f(z) into `out`, which may be z itself. `times_slope(delta, a)` multiplies delta
by f'(z) in place. It takes the slope from a = f(z), which is cheaper than from z, and may overwrite a, which
nothing reads after that.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from captchanet.nn.layer import Array, Layer, Place, Shape, Worker

ONE = {np.dtype(name): np.ones((), name) for name in ("float32", "float64")}
"""The number 1 in each dtype. NumPy converts a plain 1 at every call, which small batches notice."""


@dataclass(frozen=True)
class Activation(Layer):
    """A function of z and its slope, as a layer or as the output of a network.

    Attributes
    ----------
    name
        What configurations and errors call it.
    apply
        The function, see above.
    times_slope
        Its slope, see above; None for a function that only an output can use.
    """

    in_place: ClassVar[bool] = True

    name: str
    apply: Callable[[Array, Array], Array]
    times_slope: Callable[[Array, Array], None] | None

    def output_shape(self, shape: Shape) -> Shape:
        """Tell the shape of the input; raises ValueError if the function is none for hidden layers."""
        if self.times_slope is None:
            raise ValueError(f"{self.name} is no activation for hidden layers, only for the output")
        return shape

    def work(self, place: Place) -> Worker:
        """See `Layer`."""
        return _ActivationWorker(self, place)


class _ActivationWorker(Worker):
    def __init__(self, layer: Activation, place: Place) -> None:
        self._apply, self._times_slope = layer.apply, layer.times_slope
        self._input, self._output = place.input, place.output

    def forward(self, theta: Array) -> None:
        self._apply(self._input.a, self._output.a)

    def backward(self, theta: Array, gradient: Array) -> None:
        if self._times_slope is not None:
            self._times_slope(self._output.delta, self._output.a)


def _sigmoid(z: Array, out: Array) -> Array:
    """Compute 1 / (1 + exp(-z)).

    exp overflows to infinity for z below about -709 (float64) or -88 (float32). Its reciprocal is the right
    answer, 0, so callers silence that one warning around the whole pass (`np.errstate(over="ignore")`).
    """
    one = ONE[out.dtype]
    np.negative(z, out=out)
    np.exp(out, out=out)
    out += one
    return np.divide(one, out, out=out)  # the same number as np.reciprocal, in two thirds of the time


def _sigmoid_slope(delta: Array, a: Array) -> None:
    """Multiply by a (1 - a)."""
    delta *= a
    np.subtract(ONE[a.dtype], a, out=a)
    delta *= a


def _tanh(z: Array, out: Array) -> Array:
    return np.tanh(z, out=out)


def _tanh_slope(delta: Array, a: Array) -> None:
    """Multiply by 1 - a²."""
    np.multiply(a, a, out=a)
    np.subtract(1, a, out=a)
    delta *= a


def _relu(z: Array, out: Array) -> Array:
    """Compute max(z, 0); np.clip with two numbers takes half as long as np.maximum with one."""
    return z.clip(0, np.inf, out=out)


def _relu_slope(delta: Array, a: Array) -> None:
    """Multiply by 1 where z > 0, else by 0 (at the kink itself, too)."""
    np.greater(a, 0, out=a)
    delta *= a


def _softmax(z: Array, out: Array) -> Array:
    """Compute exp(z_k) / Σ_j exp(z_j) over the first axis, without the largest z, so that none overflows."""
    np.subtract(z, z.max(axis=0), out=out)
    np.exp(out, out=out)
    out /= out.sum(axis=0)
    return out


sigmoid = Activation("sigmoid", _sigmoid, _sigmoid_slope)
tanh = Activation("tanh", _tanh, _tanh_slope)
relu = Activation("relu", _relu, _relu_slope)
softmax = Activation("softmax", _softmax, None)
