"""Names of settings and runs, short and readable: weight=0.1,hidden=200-200,seed=3."""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from captchanet.errors import UserError
from captchanet.settings import Json

LONGEST = 100
"""Characters in a name: it becomes a folder's."""

STAGES = ("segment", "dataset", "train")
"""The sections whose keys a sweep can vary, in the order that data flow through them."""

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._=,+-]*")


def set_of(config: Mapping[str, Any], stem: str) -> str:
    """The name of a configuration's set: the one that it says, or that of its file, without its ending.

    Raises UserError where it is no name that a folder of results can have.
    """
    said = config.get("set")
    given = said not in (None, "", "null")
    name = said if given else stem
    if isinstance(name, int) and not isinstance(name, bool):
        name = str(name)
    if not isinstance(name, str) or len(name) > LONGEST or not NAME.fullmatch(name):
        found = f"set: found {said!r}" if given else f"the file is called {stem!r}"
        remedy = "" if given else ", or rename the file"
        raise UserError(
            f"configuration: {found}, which cannot name a folder of results: give a `set` of letters, digits "
            f"and . _ = , + -, {LONGEST} at most, that begins with a letter or a digit{remedy}"
        )
    return name


class Names:
    """How the settings of one sweep are called, so that different ones are called differently.

    `settings` are the values of each by key, and `name` where the configuration gives one. `short` has each
    key by the shortest of its endings that no other key of the sweep shares.
    """

    def __init__(self, settings: Sequence[Json]) -> None:
        self.short = _short(key for values in settings for key in values if key != "name")
        unique = [values for i, values in enumerate(settings) if values not in settings[:i]]
        labels = [self._setting(values) for values in unique]
        self._alike = {label for label in labels if labels.count(label) > 1}

    def setting(self, values: Json) -> str:
        """The label of a setting, which its repeats share; "" where nothing is varied."""
        label = self._setting(values)
        return f"{label},{digest(values)}" if label in self._alike else label

    def label(self, values: Json, stages: Iterable[str]) -> str:
        """What these values say of the keys of `stages`."""
        of = {key: value for key, value in values.items() if key.split(".")[0] in stages}
        return ",".join(f"{self.short[key]}={_text(value)}" for key, value in of.items())

    def _setting(self, values: Json) -> str:
        named, keys = values.get("name", ("", ()))
        rest = {key: value for key, value in values.items() if key not in ("name", *keys)}
        return ",".join(filter(None, [named, self.label(rest, STAGES)]))


def _text(value: Any) -> str:
    """As it was given, so that one more value changes no name: ink, sgd-epochs=50, 200-200."""
    if isinstance(value, Mapping):
        options = (f"{name}={_text(option)}" for name, option in value.items() if name != "method")
        return "-".join([*([str(value["method"])] if "method" in value else []), *options])
    if isinstance(value, list | tuple):
        return "-".join(map(_text, value)) or "none"
    return "null" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def _short(keys: Iterable[str]) -> dict[str, str]:
    unique = list(dict.fromkeys(keys))
    short = {}
    for key in unique:
        parts = key.split(".")
        endings = [".".join(parts[i:]) for i in range(len(parts) - 1, -1, -1)]
        short[key] = next(
            end for end in endings if sum(other == end or other.endswith(f".{end}") for other in unique) == 1
        )
    return short


def fitting(*parts: str) -> str:
    """The parts as one name that a folder can have: of letters, digits and . _ = , + -, and not too long."""
    clean = [re.sub(r"[^A-Za-z0-9._=,+-]+", "-", part) for part in parts if part]
    excess = len(",".join(clean)) - LONGEST
    if excess > 0:
        # at the expense of the longest part; seed and fold stay to be read
        at = max(range(len(clean)), key=lambda i: len(clean[i]))
        kept = max(0, len(clean[at]) - excess - 9)
        clean[at] = f"{clean[at][:kept]}-{digest(parts)}"
    return ",".join(clean)[-LONGEST:]


def digest(value: Any) -> str:
    """Eight digits that tell one JSON-ready value from another."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:8]
