"""An activation is a function of z and its slope, which is cheapest told from what the function gave.

`apply(z, out)` writes a = f(z) into `out`, which may be z itself. `times_slope(delta, a)` multiplies delta
by f'(z) in place, reading it off a; it may use a as scratch, since by then a has served its purpose.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating]


class Activation(NamedTuple):
    """A function of z and its slope; `times_slope` is None where only an output layer can use it."""

    name: str
    apply: Callable[[Array, Array], Array]
    times_slope: Callable[[Array, Array], None] | None


def _sigmoid(z: Array, out: Array) -> Array:
    """1 / (1 + exp(-z)).

    exp overflows to infinity for z below about -709 (float64) or -88 (float32), whose reciprocal is the right
    answer, 0; callers silence that one warning (`np.errstate(over="ignore")`) around the whole pass.
    """
    np.negative(z, out=out)
    np.exp(out, out=out)
    out += 1
    return np.reciprocal(out, out=out)


def _sigmoid_slope(delta: Array, a: Array) -> None:
    """a (1 - a)."""
    delta *= a
    np.subtract(1, a, out=a)
    delta *= a


def _tanh(z: Array, out: Array) -> Array:
    return np.tanh(z, out=out)


def _tanh_slope(delta: Array, a: Array) -> None:
    """1 - a²."""
    np.multiply(a, a, out=a)
    np.subtract(1, a, out=a)
    delta *= a


def _relu(z: Array, out: Array) -> Array:
    """max(z, 0)."""
    return np.maximum(z, 0, out=out)


def _relu_slope(delta: Array, a: Array) -> None:
    """1 where z > 0, else 0 (at the kink itself, too)."""
    np.greater(a, 0, out=a)
    delta *= a


def _softmax(z: Array, out: Array) -> Array:
    """exp(z_k) / Σ_j exp(z_j) for each column; the largest z is taken off first, so that no exp overflows."""
    np.subtract(z, z.max(axis=0), out=out)
    np.exp(out, out=out)
    out /= out.sum(axis=0)
    return out


sigmoid = Activation("sigmoid", _sigmoid, _sigmoid_slope)
tanh = Activation("tanh", _tanh, _tanh_slope)
relu = Activation("relu", _relu, _relu_slope)
softmax = Activation("softmax", _softmax, None)
