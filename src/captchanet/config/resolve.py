"""The configuration, checked as a whole before any job starts: every key known, every value of its type."""

import copy
from collections.abc import Mapping
from typing import Any

from captchanet.config.names import set_of
from captchanet.config.references import check_references
from captchanet.config.schema import filled, read_schema, validate
from captchanet.config.sweeps import Stages, expand
from captchanet.errors import UserError
from captchanet.layout import FORMAT
from captchanet.options import resolve
from captchanet.segment.clean import CLEANERS
from captchanet.segment.labels import FOLDS
from captchanet.segment.split import SPLITTERS
from captchanet.synthesize.kinds import KINDS
from captchanet.train.augment import AUGMENTERS
from captchanet.train.methods import FULL_BATCH, INITIALISATIONS, OPTIMISERS, PENALTIES, SCHEDULES, network

GIVEN = ("rng", "callback", "checkpoint", "resume")
"""What the program itself hands to an optimiser, and a configuration does not."""


def resolved(config: Mapping[str, Any], stem: str = "main") -> dict[str, Any]:
    """`config` with every default filled in and every value of its schema's type.

    Where it says no set, that is `stem`, the name of its file without the ending. The runs of its sweeps
    stand under `train` like any others, their data sets and segmentations in their sections; `sweeps` tells
    which they are (see `captchanet.config.sweeps`).
    Raises UserError that names the key, what was found and what is allowed.
    """
    schema = read_schema()
    _check_format(config)
    given = copy.deepcopy(dict(config))
    given |= {"format": FORMAT, "set": set_of(given, stem)}
    whole: dict[str, Any] = filled(_without_nulls(given), schema, schema, "")
    validate(whole, schema)
    for name, entry in whole["pictures"].items():
        _resolve_pictures(entry, f"configuration: pictures.{name}")
    raw = copy.deepcopy(whole)
    for name, segmentation in whole["segment"].items():
        _resolve_segmentation(segmentation, f"configuration: segment.{name}")
    for name, run in whole["train"].items():
        _resolve_run(run, f"configuration: train.{name}")
    plans = {name: _add_sweep(whole, raw, name, sweep, schema) for name, sweep in whole["sweeps"].items()}
    # again, now that the options of each method are known: their ranges stand in the schema too
    validate(whole, schema)
    check_references(whole)
    return {**whole, "sweeps": plans}


def _check_format(config: Mapping[str, Any]) -> None:
    """Raises UserError where the configuration is of another format than this program reads."""
    found = config.get("format", FORMAT)
    if str(found) != str(FORMAT):
        raise UserError(
            f"configuration: format: found {found!r}, but this version reads format {FORMAT}; CHANGELOG.md "
            "lists what is called otherwise since then: rename it, and the format too"
        )


def _without_nulls(config: dict[str, Any]) -> dict[str, Any]:
    """`folder: null` and `synthesize: null` are none: the command line can put one in the other's place."""
    pictures = config.get("pictures")
    for entry in pictures.values() if isinstance(pictures, dict) else ():
        for key in ("folder", "synthesize"):
            if isinstance(entry, dict) and entry.get(key, "") in (None, "null"):
                del entry[key]
    return config


def _resolve_pictures(entry: dict[str, Any], key: str) -> None:
    if ("folder" in entry) == ("synthesize" in entry):
        found = "both" if "synthesize" in entry else "neither"
        raise UserError(
            f"{key}: found {found} of `folder` and `synthesize`; give it a folder, or a kind to synthesize "
            "(`synthesize: null` takes away the kind that stands in the file)"
        )
    if "synthesize" in entry:
        entry["synthesize"] = resolve(entry["synthesize"], KINDS, f"{key}.synthesize")
        if "labels" in entry:
            raise UserError(f"{key}.labels: synthetic captchas come with their labels; leave it out")
    else:
        entry.setdefault("labels", None)


def _resolve_segmentation(segmentation: dict[str, Any], key: str) -> None:
    segmentation["clean"] = resolve(segmentation["clean"], CLEANERS, f"{key}.clean")
    segmentation["split"] = resolve(segmentation["split"], SPLITTERS, f"{key}.split", ("characters",))
    alphabet, fold = segmentation["alphabet"], segmentation["fold"]
    if len(set(alphabet)) < len(alphabet):
        raise UserError(f"{key}.alphabet: a character stands in it twice; name each once")
    folded = FOLDS[fold](alphabet)
    if folded != alphabet:
        raise UserError(
            f"{key}.alphabet: found {alphabet!r}, of which `fold: {fold}` leaves {folded!r}; write it as "
            "labels are folded"
        )


def _resolve_run(run: dict[str, Any], key: str) -> None:
    run["penalty"] = resolve(run["penalty"], PENALTIES, f"{key}.penalty")
    run["initialisation"] = resolve(
        run["initialisation"], INITIALISATIONS, f"{key}.initialisation", given=("dtype",)
    )
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
        _resolve_segmentation(stages["segment"], f"{key}: segment")
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
        # of the input only the size of its windows matters, which `check_references` looks at
        network(1, 2, {**run, "convolutions": [], "dropout": []})
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
    if method in FULL_BATCH and (noisy or run["schedule"]["method"] != "constant"):
        raise UserError(
            f"{key}.optimiser: {method} searches along lines and needs a cost that stays the same: it has no "
            "use for `dropout`, `augment` or `schedule`; take sgd or adamw, or leave these out"
        )
