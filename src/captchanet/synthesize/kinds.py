"""The kinds of captchas to synthesize.

To add a kind, write a frozen dataclass whose fields are its options, `count` and `seed` among them, and whose
`__call__` returns pictures and labels; or a function of these options that returns such a callable. Name it
in `KINDS`: then a configuration can synthesize it. A `__call__` that takes `processes` is told how many may
work at the same time; `captchanet.synthesize.blocks.draw` does what is needed for that.
"""

from collections.abc import Callable

from captchanet.settings import OneOf
from captchanet.synthesize.lined import Lined
from captchanet.synthesize.style import Captchas
from captchanet.synthesize.turned import Turned

KINDS: dict[str, Callable[..., Callable[..., Captchas]]] = {"turned": Turned, "lined": Lined}
"""The kinds by name: `KINDS[name](**options)()` synthesizes captchas of a kind."""

KIND = OneOf(KINDS)
"""What the key `synthesize` of a configuration may say."""
