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
from captchanet.images.augment import AUGMENTERS
from captchanet.images.clean import CLEANERS
from captchanet.images.cut import CUTTERS
from captchanet.images.drawn import DRAWERS
from captchanet.options import cast, resolve
from captchanet.sweeps.expand import Stages, expand

KINDS = {
    "string": str,
    "integer": int,
    "number": float,
    "boolean": bool,
    "null": type(None),
    "array": list,
}


GIVEN = ("rng", "callback", "checkpoint", "resume")
"""What the program itself hands to an optimiser, and a configuration does not."""


def resolved(config: Mapping[str, Any], schema_file: Path) -> dict[str, Any]:
    """`config` with every default filled in and every value of its schema's type.

    The runs of its sweeps stand under `train` like any others, their data sets and cuts in their sections;
    `sweeps` tells which they are (see `captchanet.sweeps.expand`).
    Raises UserError that names the key, what was found and what is allowed.
    """
    schema = yaml.safe_load(schema_file.read_text(encoding="utf-8"))
    filled: dict[str, Any] = _filled(copy.deepcopy(dict(config)), schema, schema, "")
    _validate(filled, schema)
    for name, place in filled["pictures"].items():
        _resolve_pictures(place, f"configuration: pictures.{name}")
    raw = copy.deepcopy(filled)
    for name, cut in filled["segment"].items():
        _resolve_cut(cut, f"configuration: segment.{name}")
    for name, run in filled["train"].items():
        _resolve_run(run, f"configuration: train.{name}")
    plans = {name: _add_sweep(filled, raw, name, sweep, schema) for name, sweep in filled["sweeps"].items()}
    # again, now that the options of each method are known: their ranges stand in the schema too
    _validate(filled, schema)
    _refer(filled)
    return {**filled, "sweeps": plans}


def _resolve_pictures(place: dict[str, Any], key: str) -> None:
    if ("folder" in place) == ("draw" in place):
        raise UserError(f"{key}: give it either a `folder` with pictures or `draw`, a style to draw them in")
    if "draw" in place:
        place["draw"] = resolve(place["draw"], DRAWERS, f"{key}.draw")
        if "labels" in place:
            raise UserError(f"{key}.labels: drawn captchas come with their labels; leave it out")
    else:
        place.setdefault("labels", None)


def _resolve_cut(cut: dict[str, Any], key: str) -> None:
    cut["clean"] = resolve(cut["clean"], CLEANERS, f"{key}.clean")
    cut["cut"] = resolve(cut["cut"], CUTTERS, f"{key}.cut", given=("characters",))
    if len(set(cut["alphabet"])) < len(cut["alphabet"]):
        raise UserError(f"{key}.alphabet: a character stands in it twice; name each once")


def _resolve_run(run: dict[str, Any], key: str) -> None:
    run["penalty"] = resolve(run["penalty"], PENALTIES, f"{key}.penalty")
    run["start"] = resolve(run["start"], STARTS, f"{key}.start", given=("dtype",))
    run["optimiser"] = resolve(run["optimiser"], OPTIMISERS, f"{key}.optimiser", GIVEN)
    run["schedule"] = resolve(run["schedule"], SCHEDULES, f"{key}.schedule", given=("total",))
    run["augment"] = resolve(run["augment"], AUGMENTERS, f"{key}.augment")
    _fitting(run, key)


def _add_sweep(
    config: dict[str, Any],
    raw: Mapping[str, Any],
    name: str,
    sweep: Mapping[str, Any],
    schema: Mapping[str, Any],
) -> dict[str, Any]:
    """Puts the runs that a sweep means into the configuration; returns what `expand` tells of them."""

    def complete(stages: Stages, key: str) -> None:
        for stage, entry in stages.items():
            form = schema["properties"][stage]["additionalProperties"]
            stages[stage] = _filled(entry, form, schema, key.removeprefix("configuration: ") + f": {stage}")
            # here, where the sweep can be named; the run that it makes is nothing that the user wrote
            _validate(stages[stage], {**form, "$defs": schema["$defs"]}, f"{key}: {stage}")
        _resolve_cut(stages["segment"], f"{key}: segment")
        _resolve_run(stages["train"], f"{key}: train")

    plan, added = expand(name, sweep, raw, config, complete)
    for stage, entries in added.items():
        for entry in entries:
            if entry in config[stage]:
                raise UserError(
                    f"configuration: sweeps.{name}: it makes {stage}.{entry}, which is there already; rename"
                )
        config[stage] |= entries
    return plan


def _validate(config: dict[str, Any], schema: Mapping[str, Any], at: str = "configuration") -> None:
    error = jsonschema.exceptions.best_match(jsonschema.Draft202012Validator(schema).iter_errors(config))
    if error:
        raise UserError(f"{at}: {_explained(error)}")


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
    noisy = any(run["dropout"]) or run["augment"]["method"] != "none"
    if method in LINE_SEARCHES and (noisy or run["schedule"]["method"] != "constant"):
        raise UserError(
            f"{key}.optimiser: {method} searches along lines and needs a cost that stays the same: it has no "
            "use for `dropout`, `augment` or `schedule`; take sgd or adamw, or leave these out"
        )


def _refer(config: dict[str, Any]) -> None:
    """Every name that points to another section points to something there."""

    def known(key: str, name: str, section: str) -> None:
        if name not in config[section]:
            has = ", ".join(config[section])
            raise UserError(f"configuration: {key}: found {name!r}; `{section}` has: {has}")

    for name in config["pictures"]:
        if name in ("rest", "fold") or name.replace(".", "").isdigit():
            raise UserError(
                f"configuration: pictures.{name}: `dataset` takes it for a number, 'rest' or 'fold'; "
                "choose another"
            )
    if "xor" in config["train"]:
        raise UserError(
            "configuration: train.xor: the tutorial's first example has this name; choose another"
        )
    for name, data in config["dataset"].items():
        known(f"dataset.{name}.cut", data["cut"], "segment")
        known(f"dataset.{name}.train", data["train"], "pictures")
        if data["drawn"] is not None:
            known(f"dataset.{name}.drawn", data["drawn"], "pictures")
            if "draw" not in config["pictures"][data["drawn"]]:
                raise UserError(
                    f"configuration: dataset.{name}.drawn: {data['drawn']} is a folder, not drawn"
                )
        unseen = data["unseen"]
        if isinstance(unseen, float) and unseen >= 1 and not unseen.is_integer():
            raise UserError(f"configuration: dataset.{name}.unseen: found {unseen}; expected a share below 1")
        if (unseen == "fold") != ("fold" in data and "folds" in data):
            raise UserError(f"configuration: dataset.{name}: `unseen: fold` goes with `folds` and `fold`")
        if unseen == "fold" and data["fold"] > data["folds"]:
            raise UserError(
                f"configuration: dataset.{name}.fold: found {data['fold']}; there are {data['folds']} folds"
            )
        if unseen == "rest" and data["captchas"] is None:
            raise UserError(
                f"configuration: dataset.{name}.unseen: 'rest' is what training leaves; set `captchas` too"
            )
        if isinstance(unseen, str) and unseen not in ("rest", "fold"):
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
