"""The configuration, checked as a whole before any job starts: every key known, every value of its type."""

import copy
import difflib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Union

import jsonschema
import yaml

from captchanet.errors import UserError
from captchanet.experiment.methods import LINE_SEARCHES, OPTIMISERS, PENALTIES, SCHEDULES, STARTS, network
from captchanet.images.clean import CLEANERS
from captchanet.images.cut import CUTTERS
from captchanet.options import cast, resolve

KINDS = {
    "string": str,
    "integer": int,
    "number": float,
    "boolean": bool,
    "null": type(None),
    "array": list,
}


def resolved(config: Mapping[str, Any], schema_file: Path) -> dict[str, Any]:
    """`config` with every default filled in and every value of its schema's type.

    Raises UserError that names the key, what was found and what is allowed.
    """
    schema = yaml.safe_load(schema_file.read_text(encoding="utf-8"))
    filled: dict[str, Any] = _filled(copy.deepcopy(dict(config)), schema, schema, "")
    _validate(filled, schema)
    for name, cut in filled["segment"].items():
        key = f"segment.{name}"
        cut["clean"] = resolve(cut["clean"], CLEANERS, f"configuration: {key}.clean")
        cut["cut"] = resolve(cut["cut"], CUTTERS, f"configuration: {key}.cut", given=("characters",))
        if len(set(cut["alphabet"])) < len(cut["alphabet"]):
            raise UserError(f"configuration: {key}.alphabet: a character stands in it twice; name each once")
    for name, run in filled["train"].items():
        key = f"configuration: train.{name}"
        run["penalty"] = resolve(run["penalty"], PENALTIES, f"{key}.penalty")
        run["start"] = resolve(run["start"], STARTS, f"{key}.start", given=("dtype",))
        given = ("rng", "callback")
        run["optimiser"] = resolve(run["optimiser"], OPTIMISERS, f"{key}.optimiser", given)
        run["schedule"] = resolve(run["schedule"], SCHEDULES, f"{key}.schedule", given=("total",))
        _fitting(run, key)
    # again, now that the options of each method are known: their ranges stand in the schema too
    _validate(filled, schema)
    _refer(filled)
    return filled


def _validate(config: dict[str, Any], schema: Mapping[str, Any]) -> None:
    error = jsonschema.exceptions.best_match(jsonschema.Draft202012Validator(schema).iter_errors(config))
    if error:
        raise UserError(f"configuration: {_explained(error)}")


def _fitting(run: dict[str, Any], key: str) -> None:
    """The parts of a run go together."""
    try:
        network(1, 2, run)
    except ValueError as error:
        raise UserError(f"{key}.output: {error}; choose another output or cost") from error
    if len(run["dropout"]) not in (0, len(run["hidden"]) + 1):
        raise UserError(
            f"{key}.dropout: found {run['dropout']}; expected one rate for the input and one for each of the "
            f"{len(run['hidden'])} hidden layers, or none at all"
        )
    method = run["optimiser"]["method"]
    if method in LINE_SEARCHES and (any(run["dropout"]) or run["schedule"]["method"] != "constant"):
        raise UserError(
            f"{key}.optimiser: {method} searches along lines and needs a cost that stays the same: it has no "
            "use for `dropout` or `schedule`; take sgd or adamw, or leave these out"
        )


def _refer(config: dict[str, Any]) -> None:
    """Every name that points to another section points to something there."""

    def known(key: str, name: str, section: str) -> None:
        if name not in config[section]:
            has = ", ".join(config[section])
            raise UserError(f"configuration: {key}: found {name!r}; `{section}` has: {has}")

    for name in config["pictures"]:
        if name == "rest" or name.replace(".", "").isdigit():
            raise UserError(
                f"configuration: pictures.{name}: `dataset` takes it for a number or 'rest'; choose another"
            )
    if "xor" in config["train"]:
        raise UserError(
            "configuration: train.xor: the tutorial's first example has this name; choose another"
        )
    for name, data in config["dataset"].items():
        known(f"dataset.{name}.cut", data["cut"], "segment")
        known(f"dataset.{name}.train", data["train"], "pictures")
        unseen = data["unseen"]
        if isinstance(unseen, float) and unseen >= 1 and not unseen.is_integer():
            raise UserError(f"configuration: dataset.{name}.unseen: found {unseen}; expected a share below 1")
        if unseen == "rest" and data["captchas"] is None:
            raise UserError(
                f"configuration: dataset.{name}.unseen: 'rest' is what training leaves; set `captchas` too"
            )
        if isinstance(unseen, str) and unseen != "rest":
            known(f"dataset.{name}.unseen", unseen, "pictures")
    for name, run in config["train"].items():
        known(f"train.{name}.data", run["data"], "dataset")
    config["read"]["run"] = config["read"]["run"] or next(iter(config["train"]))
    known("read.run", config["read"]["run"], "train")


def _filled(value: Any, schema: Mapping[str, Any], root: Mapping[str, Any], key: str) -> Any:
    """`value` with the schema's defaults, and texts cast to the types that the schema wants."""
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
                value[name] = _filled(value[name], inner, root, f"{key}.{name}".lstrip("."))
        return value
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
        return [_filled(item, schema["items"], root, f"{key}[{i}]") for i, item in enumerate(value)]
    return value


def _explained(error: Any) -> str:
    key = ".".join(str(part) for part in error.absolute_path)
    at = f"{key}: " if key else ""
    if error.validator == "additionalProperties":
        known = list(error.schema["properties"])
        unknown = [name for name in error.instance if name not in known]
        near = difflib.get_close_matches(unknown[0], known, 1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        return f"{at}unknown key {unknown[0]!r}; allowed: {', '.join(known)}{hint}"
    if error.validator == "required":
        missing = [name for name in error.validator_value if name not in error.instance]
        return f"{at}the key {missing[0]!r} is missing"
    if error.validator == "enum":
        return f"{at}found {error.instance!r}; choose one of {', '.join(error.validator_value)}"
    if error.validator == "pattern":
        return f"{at}found the name {error.instance!r}; use letters, digits and . _ = , + - only"
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
