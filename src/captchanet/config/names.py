"""Names of settings and runs, short and readable: weight=0.1,hidden=200-200,seed=3."""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from captchanet.errors import UserError
from captchanet.types import Json

LONGEST = 100
"""The most characters of a name, since a folder gets it."""

STAGES = ("segment", "dataset", "train")
"""The sections whose keys a sweep can vary, in the order that data flow through them."""

ALL = dict.fromkeys(("dataset.captchas", "train.optimiser.batch_size"), "all")
"""What null is called in the name of a setting, where it means all there are."""

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._=,+-]*")


def set_of(config: Mapping[str, Any], stem: str) -> str:
    """The name of a configuration's set: its key `set`, or the name of its file without the ending.

    Raises UserError where a folder of results cannot have this name.
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
    """The labels of the settings of one sweep. Different settings get different labels.

    `settings` are the values of each by key, and `name` where the configuration gives one. `short` has the
    short form of each key: its shortest ending that no other key of the sweep has.
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
        """The label of those values whose keys belong to `stages`."""
        of = {key: value for key, value in values.items() if key.split(".")[0] in stages}
        texts = {key: ALL.get(key, "null") if value is None else _text(value) for key, value in of.items()}
        return ",".join(f"{self.short[key]}={text}" for key, text in texts.items())

    def _setting(self, values: Json) -> str:
        named, keys = values.get("name", ("", ()))
        rest = {key: value for key, value in values.items() if key not in ("name", *keys)}
        return ",".join(filter(None, [named, self.label(rest, STAGES)]))


def _text(value: Any) -> str:
    """The value as it was given: ink, sgd-epochs=50, 200-200. A further value in a sweep changes no name."""
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
    """The parts as one name for a folder: only letters, digits and . _ = , + -, and not too long."""
    clean = [re.sub(r"[^A-Za-z0-9._=,+-]+", "-", part) for part in parts if part]
    excess = len(",".join(clean)) - LONGEST
    if excess > 0:
        # only the longest part is shortened; seed and fold stay readable
        at = max(range(len(clean)), key=lambda i: len(clean[i]))
        kept = max(0, len(clean[at]) - excess - 9)
        clean[at] = f"{clean[at][:kept]}-{digest(parts)}"
    return ",".join(clean)[-LONGEST:]


def digest(value: Any) -> str:
    """Eight digits of the SHA-256 of a JSON-ready value: different values have different ones."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:8]
