"""The kinds of captchas to synthesize, as many as are wanted: each is a method, its options a style.

To add a kind, write a function `f(*, count: int, seed: int, option: type = default, …)` that returns pictures
and labels, and name it in `KINDS`; a configuration can then synthesize it.
"""

from collections.abc import Callable

import numpy as np

from captchanet.settings import OneOf
from captchanet.synthesize.lined import lined
from captchanet.synthesize.turned import turned

Captchas = tuple[np.ndarray, list[str]]
"""pictures, uint8 (n, h, w, 3), and what stands on them."""

KINDS: dict[str, Callable[..., Captchas]] = {"turned": turned, "lined": lined}

KIND = OneOf(KINDS)
"""What the key `synthesize` of a configuration may say."""
