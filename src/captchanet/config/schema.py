"""The configuration held against its schema: defaults filled in, types made right, errors in words."""

import copy
import difflib
from collections.abc import Mapping
from importlib import resources
from typing import Any, Union

import jsonschema
import yaml

from captchanet.errors import UserError
from captchanet.options import cast

KINDS = {
    "string": str,
    "integer": int,
    "number": float,
    "boolean": bool,
    "null": type(None),
    "array": list,
}


RENAMED = {
    "cut": "split, and that of a data set segment",
    "draw": "synthesize",
    "drawn": "synthetic",
    "drawn_share": "synthetic_share",
    "start": "initialisation",
    "set": "set, at the top of the file, outside `track`",
}
"""What keys of format 1 are called now, for those who still use them."""


def read_schema() -> dict[str, Any]:
    """The schema of a configuration, as it is shipped with the package."""
    file = resources.files("captchanet.config") / "config.schema.yaml"
    found: dict[str, Any] = yaml.safe_load(file.read_text(encoding="utf-8"))
    return found


def filled(value: Any, schema: Mapping[str, Any], root: Mapping[str, Any], key: str) -> Any:
    """`value` with the schema's defaults, texts cast to the types that the schema wants, keys in its order.

    `root` is the whole schema, whose $defs it may point to; `key`, for the error, where the value stands.
    """
    if "$ref" in schema:
        schema = {**root["$defs"][schema["$ref"].rsplit("/", 1)[1]], **schema}
    may_be_null = isinstance(schema.get("type"), list) and "object" in schema["type"]
    if may_be_null and value in (None, "null"):
        return None
    if schema.get("type") == "object" or may_be_null:
        # a section left empty, `sgd:` and nothing below it, is all defaults
        value = {} if value in (None, "null", "") else value
        if not isinstance(value, dict):
            raise UserError(f"configuration: {key}: found {value!r}; expected keys and values below it")
        for name in value:
            if not isinstance(name, str):
                at = f"{key}: " if key else ""
                raise UserError(f"configuration: {at}found the name {name!r}; put names in quotes")
        known = schema.get("properties", {})
        for name, inner in known.items():
            if name not in value and "default" in inner:
                value[name] = copy.deepcopy(inner["default"])
        rest = schema.get("additionalProperties")
        for name in list(value):
            inner = known.get(name, rest)
            if isinstance(inner, dict):
                value[name] = filled(value[name], inner, root, f"{key}.{name}".lstrip("."))
        # in the schema's order: Snakemake takes the same settings in another order for others
        return {name: value[name] for name in (*known, *value) if name in value}
    names = schema.get("type")
    if names is None:
        return value
    kinds = [KINDS[name] for name in ([names] if isinstance(names, str) else names)]
    if list in kinds and isinstance(value, str):
        try:
            value = yaml.safe_load(value)
        except yaml.YAMLError as error:
            raise UserError(f"configuration: {key}: found {value!r}; expected a list") from error
    value = cast(value, Union[tuple(kinds)], f"configuration: {key}")  # noqa: UP007 (made at run time)
    if isinstance(value, list) and "items" in schema:
        return [filled(item, schema["items"], root, f"{key}[{i}]") for i, item in enumerate(value)]
    return value


def validate(config: dict[str, Any], schema: Mapping[str, Any], at: str = "configuration") -> None:
    """Raises UserError for what `schema` does not allow, with `at`, where it is, in front."""
    error = jsonschema.exceptions.best_match(jsonschema.Draft202012Validator(schema).iter_errors(config))
    if error:
        raise UserError(f"{at}: {_explained(error)}")


def _explained(error: Any) -> str:
    key = ".".join(str(part) for part in error.absolute_path)
    at = f"{key}: " if key else ""
    if error.validator == "additionalProperties":
        known = list(error.schema["properties"])
        unknown = [name for name in error.instance if name not in known]
        near = difflib.get_close_matches(unknown[0], known, 1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        if unknown[0] in RENAMED:
            hint = f"; since format 2 it is called {RENAMED[unknown[0]]}"
        return f"{at}unknown key {unknown[0]!r}; allowed: {', '.join(known)}{hint}"
    if error.validator == "required":
        missing = [name for name in error.validator_value if name not in error.instance]
        return f"{at}the key {missing[0]!r} is missing"
    if error.validator == "enum":
        return f"{at}found {error.instance!r}; choose one of {', '.join(error.validator_value)}"
    if error.validator == "pattern":
        allowed = "letters, digits and . _ = , + - only, a letter or digit first"
        return f"{at}found the name {error.instance!r}; use {allowed}"
    limits = {
        "minimum": "at least",
        "maximum": "at most",
        "exclusiveMinimum": "more than",
        "exclusiveMaximum": "less than",
        "minLength": "a length of at least",
        "maxLength": "a length of at most",
        "minProperties": "entries: at least",
    }
    if error.validator in limits:
        return f"{at}found {error.instance!r}; expected {limits[error.validator]} {error.validator_value}"
    return f"{at}{error.message}"
