"""A method and its options, `{method: sgd, epochs: 200}`, held against the function that it names.

The function's own keyword arguments say which options there are, of which type, and with which default: a
new cleaning, cutting or optimiser is one function and one entry in its registry, nothing more.
"""

import inspect
import types
import typing
from collections.abc import Callable, Mapping
from typing import Any

from captchanet.errors import UserError

SIMPLE = (bool, int, float, str, list, tuple, type(None))


def resolve(
    section: Mapping[str, Any], registry: Mapping[str, Callable], key: str, given: tuple[str, ...] = ()
) -> dict[str, Any]:
    """`section` with every option of its method, defaults filled in and values of the right type.

    `key` is where it stands in the configuration, for the error; `given` are arguments that the program
    itself hands over and a configuration must not name. Raises UserError for a method that `registry` does
    not have, an option that the method does not have or needs, and a value that is not of its type.
    """
    method = section.get("method")
    if not isinstance(method, str) or method not in registry:
        raise UserError(f"{key}.method: found {method!r}; choose one of {', '.join(registry)}")
    allowed = {name: p for name, p in _options(registry[method]).items() if name not in given}
    for name in section:
        if name != "method" and name not in allowed:
            has = ", ".join(allowed) or "none"
            raise UserError(f"{key}.{name}: {method} has no such option; its options are: {has}")
    resolved: dict[str, Any] = {"method": method}
    for name, (kinds, default) in allowed.items():
        if name in section:
            resolved[name] = cast(section[name], kinds, f"{key}.{name}")
        elif default is inspect.Parameter.empty:
            raise UserError(f"{key}.{name}: {method} needs this option; give it a value")
        else:
            resolved[name] = default
    return resolved


def cast(value: Any, kinds: tuple[type, ...], key: str) -> Any:
    """`value` as one of `kinds`; a text such as "1e-3" (as YAML reads 1e-3) becomes the number it spells."""
    if value is None and type(None) in kinds:
        return None
    if isinstance(value, (list, tuple)) and (list in kinds or tuple in kinds):
        return [_number(item) for item in value]
    if isinstance(value, bool) and bool in kinds:
        return value
    text = value if isinstance(value, str) else None
    found = _number(value)
    if isinstance(found, bool):
        found = found if bool in kinds else None
    elif isinstance(found, int) and int in kinds:
        return found
    elif isinstance(found, (int, float)) and float in kinds:
        return float(found)
    elif isinstance(found, float) and int in kinds and found.is_integer():
        return int(found)
    if text is not None:
        if type(None) in kinds and text.lower() in ("null", "none", "~", ""):
            return None
        if bool in kinds and text.lower() in ("true", "false"):
            return text.lower() == "true"
        if str in kinds:
            return text
    names = " or ".join({"NoneType": "null"}.get(kind.__name__, kind.__name__) for kind in kinds)
    raise UserError(f"{key}: found {value!r}; expected {names}")


def _number(value: Any) -> Any:
    if isinstance(value, str):
        for kind in (int, float):
            try:
                return kind(value)
            except ValueError:
                pass
    return value


def _options(function: Callable) -> dict[str, tuple[tuple[type, ...], Any]]:
    hints = typing.get_type_hints(function)
    return {
        name: (_kinds(hints.get(name, str)), parameter.default)
        for name, parameter in inspect.signature(function).parameters.items()
        if parameter.kind is inspect.Parameter.KEYWORD_ONLY
    }


def _kinds(hint: Any) -> tuple[type, ...]:
    union = isinstance(hint, types.UnionType) or typing.get_origin(hint) is typing.Union
    members = typing.get_args(hint) if union else (hint,)
    plain = [typing.get_origin(member) or member for member in members]
    return tuple(kind for kind in plain if kind in SIMPLE)
