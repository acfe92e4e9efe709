"""Dropout: at every step each unit is left out with some probability, so that none can be relied upon.

G. E. Hinton et al., "Improving neural networks by preventing co-adaptation of feature detectors", 2012,
https://arxiv.org/abs/1207.0580, in its inverted form: what is kept is scaled up, so that prediction needs no
change.
"""

from dataclasses import dataclass

import numpy as np

from captchanet.nn.activations import Array


@dataclass
class Dropout:
    """`rates` are the shares left out, of the input and of each hidden layer; `rng` samples the units."""

    rates: tuple[float, ...]
    rng: np.random.Generator

    def __post_init__(self) -> None:
        if any(not 0 <= rate < 1 for rate in self.rates):
            raise ValueError(f"dropout rates are shares of at least 0 and below 1, not {self.rates}")
        if isinstance(self.rng.bit_generator, np.random.MT19937):
            raise ValueError(
                "dropout takes its bits from 64-bit words, which MT19937 has not; take default_rng"
            )

    def sample(self, layer: int, mask: Array, kept: np.ndarray) -> None:
        """Fills `mask` with 0 for a unit left out, 1 / (1 - rate) for one kept; `kept` is bool scratch."""
        rate = self.rates[layer]
        # 16 random bits decide, a quarter of the work of a random float; rates are met to 1 in 65,536
        bits = self.rng.bit_generator.random_raw(-(-mask.size // 4)).view(np.uint16)[: mask.size]
        np.greater_equal(bits.reshape(mask.shape), min(round(rate * 65_536), 65_535), out=kept)
        np.multiply(kept, mask.dtype.type(1 / (1 - rate)), out=mask)
