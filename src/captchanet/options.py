"""A method and its options, `{method: sgd, epochs: 200}`, checked against the function or class of its name.

The keyword-only arguments of the function, or the keyword-only fields of the dataclass, say which options
there are, of which type, and with which default: a new cleaning, splitting method or optimiser is one
function and one entry in its registry, nothing more.
"""

import inspect
import math
import types
import typing
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from captchanet.errors import UserError

NAMES = {bool: "true or false", int: "a whole number", float: "a number", str: "text", types.NoneType: "null"}


def resolve(
    section: Any, registry: Mapping[str, Callable], key: str, given: tuple[str, ...] = ()
) -> dict[str, Any]:
    """`section` with every option of its method, defaults filled in and values of the right type.

    `key` is where it stands in the configuration, for the error; `given` are arguments that the program
    itself hands over and a configuration must not name. Raises UserError for a method that `registry` does
    not have, an option that the method does not have or needs, and a value that is not of its type.
    """
    if not isinstance(section, Mapping):
        raise UserError(f"{key}: found {section!r}; expected `method: NAME` with its options")
    method = section.get("method")
    if not isinstance(method, str) or method not in registry:
        raise UserError(f"{key}.method: found {method!r}; choose one of {', '.join(registry)}")
    hints = typing.get_type_hints(registry[method])
    allowed = {
        name: parameter.default
        for name, parameter in inspect.signature(registry[method]).parameters.items()
        if parameter.kind is parameter.KEYWORD_ONLY and name not in given
    }
    known(section, ("method", *allowed), key, f"options of {method}")
    for name, default in allowed.items():
        if name not in hints:
            raise UserError(f"{key}: the option {name!r} of {method} has no type annotation; give it one")
        if default is inspect.Parameter.empty and name not in section:
            raise UserError(f"{key}.{name}: {method} needs this option; give it a value")
    resolved = {
        name: cast(section.get(name, default), hints[name], f"{key}.{name}")
        for name, default in allowed.items()
    }
    return {"method": method, **resolved}


def known(section: Mapping[str, Any], allowed: Iterable[str], key: str, what: str = "keys") -> None:
    """Raises UserError for the first key of `section` that is not among the allowed ones."""
    allowed = tuple(allowed)
    for name in section:
        if name not in allowed:
            at = f"{key}.{name}".lstrip(".")
            raise UserError(f"{at}: not known here; the {what} are: {', '.join(allowed)}")


def cast(value: Any, hint: Any, key: str) -> Any:
    """`value` as the annotation `hint` wants it: a simple type, a list or tuple of one, or a union of those.

    A text that spells a number is that number where one is wanted: YAML takes 1e-3 for a text, and nested
    values on Snakemake's command line all arrive as texts. Raises UserError that names `key`.
    """
    if typing.get_origin(hint) is typing.Literal:
        choices = typing.get_args(hint)
        if value not in choices:
            raise UserError(f"{key}: found {value!r}; choose one of {', '.join(map(str, choices))}")
        return value
    union = isinstance(hint, types.UnionType) or typing.get_origin(hint) is typing.Union
    members = typing.get_args(hint) if union else (hint,)
    lists = [member for member in members if (typing.get_origin(member) or member) in (list, tuple)]
    if lists and isinstance(value, list | tuple):
        return _sequence(value, lists[0], key)
    plain = [member for member in members if member in NAMES]
    if types.NoneType in plain and (value is None or value == "null"):
        return None
    # a text is a text only when nothing else fits
    for kind in sorted(plain, key=list(NAMES).index):
        found = _one(value, kind)
        if found is not None:
            return found
    if lists and not plain:
        return _sequence(value, lists[0], key)
    names = [*(["a list"] if lists else []), *(NAMES[kind] for kind in plain)]
    raise UserError(f"{key}: found {value!r}; expected {' or '.join(names)}")


def _sequence(value: Any, hint: Any, key: str) -> Any:
    kinds = typing.get_args(hint)
    if not isinstance(value, list | tuple):
        raise UserError(f"{key}: found {value!r}; expected a list")
    if (typing.get_origin(hint) or hint) is list:
        return [cast(part, kinds[0], f"{key}[{i}]") for i, part in enumerate(value)] if kinds else list(value)
    if len(value) != len(kinds):
        raise UserError(f"{key}: found {value!r}; expected a list of {len(kinds)} values")
    return tuple(
        cast(part, kind, f"{key}[{i}]") for i, (part, kind) in enumerate(zip(value, kinds, strict=True))
    )


def _one(value: Any, kind: type) -> Any:
    """`value` as one of the simple types, or None where it is no such thing."""
    if kind is bool:
        return {"true": True, "false": False}.get(str(value).lower())
    if kind is str:
        return value if isinstance(value, str) else None
    if kind in (int, float) and isinstance(value, int | float | str) and not isinstance(value, bool):
        try:
            exact = int(value) if isinstance(value, int | str) else float(value)
        except (ValueError, OverflowError):
            try:
                exact = float(value)
            except (ValueError, OverflowError):
                return None
        try:
            if kind is int and isinstance(exact, int):
                return exact
            if math.isfinite(exact) and (kind is float or float(exact).is_integer()):
                return kind(exact)
        except OverflowError:
            return None
    return None
