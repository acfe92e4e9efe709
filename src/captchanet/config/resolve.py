"""The configuration, checked as a whole before any job starts: every key known, every value of its type."""

import copy
from collections.abc import Mapping
from typing import Any

from captchanet.config.schema import filled, read_schema, validate
from captchanet.config.sweeps import Stages, expand
from captchanet.errors import UserError
from captchanet.options import resolve
from captchanet.segment.clean import CLEANERS
from captchanet.segment.labels import FOLDS, outside
from captchanet.segment.segmentation import CUTTERS
from captchanet.synthesize.kinds import DRAWERS
from captchanet.train.augment import AUGMENTERS
from captchanet.train.methods import LINE_SEARCHES, OPTIMISERS, PENALTIES, SCHEDULES, STARTS, network

GIVEN = ("rng", "callback", "checkpoint", "resume")
"""What the program itself hands to an optimiser, and a configuration does not."""


def resolved(config: Mapping[str, Any]) -> dict[str, Any]:
    """`config` with every default filled in and every value of its schema's type.

    The runs of its sweeps stand under `train` like any others, their data sets and cuts in their sections;
    `sweeps` tells which they are (see `captchanet.config.sweeps`).
    Raises UserError that names the key, what was found and what is allowed.
    """
    schema = read_schema()
    whole: dict[str, Any] = filled(_without_nulls(copy.deepcopy(dict(config))), schema, schema, "")
    validate(whole, schema)
    for name, place in whole["pictures"].items():
        _resolve_pictures(place, f"configuration: pictures.{name}")
    raw = copy.deepcopy(whole)
    for name, cut in whole["segment"].items():
        _resolve_cut(cut, f"configuration: segment.{name}")
    for name, run in whole["train"].items():
        _resolve_run(run, f"configuration: train.{name}")
    plans = {name: _add_sweep(whole, raw, name, sweep, schema) for name, sweep in whole["sweeps"].items()}
    # again, now that the options of each method are known: their ranges stand in the schema too
    validate(whole, schema)
    _refer(whole)
    return {**whole, "sweeps": plans}


def _without_nulls(config: dict[str, Any]) -> dict[str, Any]:
    """`folder: null` and `draw: null` are none: the command line can put one in the other's place."""
    pictures = config.get("pictures")
    for place in pictures.values() if isinstance(pictures, dict) else ():
        for key in ("folder", "draw"):
            if isinstance(place, dict) and place.get(key, "") in (None, "null"):
                del place[key]
    return config


def _resolve_pictures(place: dict[str, Any], key: str) -> None:
    if ("folder" in place) == ("draw" in place):
        found = "both" if "draw" in place else "neither"
        raise UserError(
            f"{key}: found {found} of `folder` and `draw`; give it a folder, or a style to draw in "
            "(`draw: null` takes a style away that stands in the file)"
        )
    if "draw" in place:
        place["draw"] = resolve(place["draw"], DRAWERS, f"{key}.draw")
        if "labels" in place:
            raise UserError(f"{key}.labels: captchas that are drawn come with their labels; leave it out")
    else:
        place.setdefault("labels", None)


def _resolve_cut(cut: dict[str, Any], key: str) -> None:
    cut["clean"] = resolve(cut["clean"], CLEANERS, f"{key}.clean")
    cut["cut"] = resolve(cut["cut"], CUTTERS, f"{key}.cut", given=("characters",))
    if len(set(cut["alphabet"])) < len(cut["alphabet"]):
        raise UserError(f"{key}.alphabet: a character stands in it twice; name each once")
    folded = FOLDS[cut["fold"]](cut["alphabet"])
    if folded != cut["alphabet"]:
        raise UserError(
            f"{key}.alphabet: found {cut['alphabet']!r}, of which `fold: {cut['fold']}` leaves {folded!r}; "
            "write it as labels are folded"
        )


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
            stages[stage] = filled(entry, form, schema, key.removeprefix("configuration: ") + f": {stage}")
            # here, where the sweep can be named; the run that it makes is nothing that the user wrote
            validate(stages[stage], {**form, "$defs": schema["$defs"]}, f"{key}: {stage}")
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


def _fitting(run: dict[str, Any], key: str) -> None:
    """The parts of a run go together."""
    try:
        # of the input only the size of its windows matters, which `_refer` looks at
        network(1, 2, {**run, "convolutions": []})
    except ValueError as error:
        raise UserError(f"{key}.output: {error}; choose another output or cost") from error
    convolved = bool(run["convolutions"])
    if len(run["dropout"]) not in (0, len(run["hidden"]) + 1 + convolved):
        raise UserError(
            f"{key}.dropout: found {run['dropout']}; expected one rate for the input, "
            f"{'one for what the convolutions hand on, ' if convolved else ''}and one for each of the "
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
        if isinstance(data["unseen"], str) and data["unseen"] not in ("rest", "fold"):
            known(f"dataset.{name}.unseen", data["unseen"], "pictures")
        _held_out(data, f"configuration: dataset.{name}")
        _drawn(data, config, f"configuration: dataset.{name}")
    for name, run in config["train"].items():
        known(f"train.{name}.data", run["data"], "dataset")
        cut = config["segment"][config["dataset"][run["data"]]["cut"]]["cut"]
        _convolutions(run, cut, f"configuration: train.{name}.convolutions")
        if run["augment"]["method"] != "none" and not {"width", "height"} <= set(cut):
            raise UserError(
                f"configuration: train.{name}.augment: {cut['method']} does not cut windows of one width and "
                "height, which versions of a character are read in; take another way of cutting, or none"
            )
    config["read"]["run"] = config["read"]["run"] or next(iter(config["train"]))
    known("read.run", config["read"]["run"], "train")


def _convolutions(run: Mapping[str, Any], cut: Mapping[str, Any], key: str) -> None:
    """What is cut out are pictures, and large enough to be convolved."""
    if not run["convolutions"]:
        return
    if not {"width", "height"} <= set(cut):
        raise UserError(
            f"{key}: {cut['method']} does not cut windows of one width and height, which convolutions look "
            "at; take another way of cutting, or none"
        )
    window = cut["height"], cut["width"]
    try:
        network(window[0] * window[1], 2, run, window)
    except ValueError as error:
        raise UserError(f"{key}: {error}") from error


def _held_out(data: Mapping[str, Any], key: str) -> None:
    """`unseen` and `calibration` make sense, and what goes with them is there."""
    unseen = data["unseen"]
    for of in ("unseen", "calibration"):
        if isinstance(data[of], float) and data[of] >= 1 and not data[of].is_integer():
            raise UserError(f"{key}.{of}: found {data[of]}; expected a share below 1")
    if (unseen == "fold") != ("fold" in data and "folds" in data):
        raise UserError(f"{key}: `unseen: fold` goes with `folds` and `fold`")
    if unseen == "fold" and data["fold"] > data["folds"]:
        raise UserError(f"{key}.fold: found {data['fold']}; there are {data['folds']} folds")
    if unseen == "rest" and data["captchas"] is None:
        raise UserError(f"{key}.unseen: 'rest' is what training leaves; set `captchas` too")


def _drawn(data: Mapping[str, Any], config: Mapping[str, Any], key: str) -> None:
    """What is mixed in was drawn and is not unseen, and what was drawn fits the cut."""
    pictures, cut = config["pictures"], config["segment"][data["cut"]]
    mixed_in = data["drawn"]
    if mixed_in is not None and "draw" not in pictures[mixed_in]:
        raise UserError(f"{key}.drawn: {mixed_in!r} is a folder; name an entry of `pictures` with `draw`")
    if mixed_in is not None and mixed_in in (data["train"], data["unseen"]):
        use = "train" if mixed_in == data["train"] else "unseen"
        raise UserError(f"{key}.drawn: {mixed_in!r} is `{use}` already; name another, or none")
    source = mixed_in or data["train"]
    count = pictures[source].get("draw", {}).get("count")
    if count is not None and data["calibration"] >= count:
        raise UserError(
            f"{key}.calibration: found {data['calibration']}; pictures.{source}.draw.count is {count}, and "
            "some have to train; keep fewer, or draw more"
        )
    fitting = {**cut["picture"], "characters": cut["characters"]}
    for use in ("train", "drawn", "unseen"):
        style = pictures.get(data[use], {}).get("draw", {})
        for option, wanted in fitting.items():
            if style.get(option, wanted) != wanted:
                raise UserError(
                    f"{key}.{use}: {data[use]!r} is drawn with `{option}` {style[option]} and cut with "
                    f"{wanted}; make both the same"
                )
        foreign = outside(FOLDS[cut["fold"]](style.get("alphabet", "")), cut["alphabet"])
        if foreign:
            raise UserError(
                f"{key}.{use}: {data[use]!r} is drawn with {' '.join(foreign)}, which the `alphabet` of "
                f"{data['cut']!r} does not have; add them there, or draw others"
            )
