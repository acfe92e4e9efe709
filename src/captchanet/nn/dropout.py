"""Dropout: at every step each unit is left out with some probability, so that no unit relies on another.

G. E. Hinton et al., "Improving neural networks by preventing co-adaptation of feature detectors", 2012,
https://arxiv.org/abs/1207.0580, in its inverted form: what is kept is scaled up, so that reading needs no
change.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from captchanet.nn.layer import Array, Layer, Place, Worker


@dataclass(frozen=True)
class Dropout(Layer):
    """Leaves out the share `rate` of its input in training; does nothing when the network reads.

    Attributes
    ----------
    rate
        The probability that a unit is left out, 0 ≤ rate < 1. It is met to 1 in 65,536.
    """

    in_place: ClassVar[bool] = True
    noise: ClassVar[bool] = True

    rate: float

    def __post_init__(self) -> None:
        if not 0 <= self.rate < 1:
            raise ValueError(f"a dropout rate is a share of at least 0 and below 1, not {self.rate}")

    def work(self, place: Place) -> Worker:
        """See `Layer`; raises ValueError without a generator of random 64-bit words."""
        rng = place.rng
        if rng is None:
            raise ValueError("dropout samples the units that it leaves out: give the objective an rng")
        if isinstance(rng.bit_generator, np.random.MT19937):
            raise ValueError("dropout needs random words of 64 bits, MT19937 has 32; take default_rng")
        return _DropoutWorker(self.rate, rng, place)


class _DropoutWorker(Worker):
    """`_mask` holds 0 for a unit left out and 1 / (1 - rate) for one kept; it lies in memory as the units."""

    def __init__(self, rate: float, rng: np.random.Generator, place: Place) -> None:
        self._input, self._output = place.input, place.output
        self._rng = rng
        self._mask = np.empty_like(self._output.a)
        self._flat = self._mask.ravel(order="K")
        self._kept = np.empty(self._flat.size, bool)
        self._threshold = min(round(rate * 65_536), 65_535)
        self._scale = self._mask.dtype.type(1 / (1 - rate))

    def forward(self, theta: Array) -> None:
        # 16 random bits decide, a quarter of the work of a random float
        words = self._rng.bit_generator.random_raw(-(-self._flat.size // 4))
        np.greater_equal(words.view(np.uint16)[: self._flat.size], self._threshold, out=self._kept)
        # in two steps, which take less than a product of bool and float
        np.copyto(self._flat, self._kept)
        self._flat *= self._scale
        np.multiply(self._input.a, self._mask, out=self._output.a)

    def backward(self, theta: Array, gradient: Array) -> None:
        np.multiply(self._output.delta, self._mask, out=self._output.delta)
