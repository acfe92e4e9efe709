"""From a sweep, a few lines of configuration, to the runs that it means, each named by what it is.

A sweep starts from one run under `train` and varies any key of its segmentation, data set or training. What
comes out are ordinary entries of the configuration, so that the workflow knows no sweeps, only runs.
"""

import copy
import itertools
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from captchanet.config.names import Names, digest, fitting
from captchanet.config.random_search import sampled_settings
from captchanet.errors import UserError

STAGES = ("segment", "dataset", "train")

Stages = dict[str, dict[str, Any]]
"""The entry of each stage that a run goes through."""


def expand(
    name: str,
    sweep: Mapping[str, Any],
    raw: Mapping[str, Any],
    known: Mapping[str, Any],
    resolve: Callable[[Stages, str], None],
) -> tuple[dict[str, Any], Stages]:
    """What the sweep `name` is, and the entries that it adds to `segment`, `dataset` and `train`.

    `raw` is the configuration before its methods were resolved, `known` after; `resolve(stages, key)` does
    that for the entries of one run. The first result has the base `run`, the varied `keys`, and `runs`: by
    name the `setting` (a label that its repeats share), its `values`, and the `seed` and `fold` of the
    repeat, or None. Raises UserError.
    """
    at = f"configuration: sweeps.{name}"
    added: Stages = {stage: {} for stage in STAGES}
    completed: list[tuple[dict[str, Any], Stages]] = []
    for values in _settings(sweep, at):
        stages = _varied(sweep["run"], values, raw, at)
        resolve(stages, at)
        understood = {
            key: value if key == "name" else _get(stages, key, value) for key, value in values.items()
        }
        completed.append((understood, stages))
    names = Names([values for values, _ in completed])
    runs: dict[str, Any] = {}
    for values, stages in completed:
        setting = names.setting(values) or sweep["run"]
        for seed, fold in itertools.product(_seeds(sweep), _folds(sweep)):
            entries = _repeated(stages, seed, fold, sweep["folds"], raw["pictures"])
            repeat = [
                f"{key}={value}" for key, value in (("seed", seed), ("fold", fold)) if value is not None
            ]
            data, segmentation = entries["dataset"], entries["segment"]
            of_segment, of_data = (names.label(values, of) for of in (("segment",), ("segment", "dataset")))
            data["segment"] = _entry(added, known, "segment", segmentation, data["segment"], of_segment)
            base = entries["train"]["data"]
            entries["train"]["data"] = _entry(added, known, "dataset", data, base, of_data, *repeat)
            about_run = () if setting == sweep["run"] else (setting,)
            run = _entry(added, {"train": {}}, "train", entries["train"], name, *about_run, *repeat)
            told = {key: value for key, value in values.items() if key != "name"}
            runs[run] = {"setting": setting, "values": told, "seed": seed, "fold": fold}
    return {"run": sweep["run"], "keys": list(names.short), "runs": runs}, added


def _settings(sweep: Mapping[str, Any], at: str) -> Iterator[dict[str, Any]]:
    """The settings that a sweep tries: every one of the list with every point of the grid and every
    sampled one."""
    sampled = sampled_settings(sweep["random"], at)
    for key in [
        *sweep["grid"],
        *(key for item in [*sweep["list"], *sampled] for key in item if key != "name"),
    ]:
        _check_key(key, at)
    for key, values in sweep["grid"].items():
        if not isinstance(values, list) or not values:
            raise UserError(f"{at}.grid.{key}: found {values!r}; expected a list of values to try")
    grid = [
        dict(zip(sweep["grid"], point, strict=True)) for point in itertools.product(*sweep["grid"].values())
    ]
    for parts in itertools.product(sweep["list"] or [{}], grid, sampled):
        merged: dict[str, Any] = {}
        item = {key: value for key, value in parts[0].items() if key != "name"}
        if "name" in parts[0]:
            # it stands for the keys of its item
            merged["name"] = (str(parts[0]["name"]), tuple(item))
        for part in (item, *parts[1:]):
            twice = set(merged) & set(part)
            if twice:
                raise UserError(f"{at}: {min(twice)} is varied twice; name it once")
            merged |= part
        yield merged


def _check_key(key: str, at: str) -> None:
    if key.split(".")[0] not in STAGES or "." not in key:
        raise UserError(
            f"{at}: found the key {key!r}; a key begins with its stage (segment, dataset or train), such as "
            "train.penalty.weight"
        )


def _varied(run: str, values: Mapping[str, Any], raw: Mapping[str, Any], at: str) -> Stages:
    """The entries of the base run with `values` in them."""

    def entry(stage: str, name: str) -> dict[str, Any]:
        if name not in raw[stage]:
            raise UserError(f"{at}: found {name!r}; `{stage}` has: {', '.join(raw[stage])}")
        return copy.deepcopy(raw[stage][name])

    stages: Stages = {"train": entry("train", run)}
    stages["train"]["data"] = values.get("train.data", stages["train"]["data"])
    stages["dataset"] = entry("dataset", stages["train"]["data"])
    stages["dataset"]["segment"] = values.get("dataset.segment", stages["dataset"]["segment"])
    stages["segment"] = entry("segment", stages["dataset"]["segment"])
    for key, value in values.items():
        if key == "name":
            continue
        *path, last = key.split(".")
        section: Any = stages
        for step in path:
            section = section.setdefault(step, {}) if isinstance(section, dict) else None
        if not isinstance(section, dict):
            raise UserError(f"{at}: {key}: there is nothing at {'.'.join(path)} to vary; give that a value")
        section[last] = copy.deepcopy(value)
    return stages


def _get(stages: Stages, key: str, given: Any) -> Any:
    """The value `given` for `key` as it was understood: 1e-3 is a text to YAML, and a number from here on."""
    section: Any = stages
    for step in key.split("."):
        section = section.get(step) if isinstance(section, dict) else None
    if isinstance(given, Mapping) and isinstance(section, Mapping):
        return {name: section[name] for name in given if name in section}
    return section


def _seeds(sweep: Mapping[str, Any]) -> list[int | None]:
    seeds = sweep["seeds"]
    return [None] if seeds is None else list(range(1, seeds + 1)) if isinstance(seeds, int) else list(seeds)


def _folds(sweep: Mapping[str, Any]) -> list[int | None]:
    return [None] if sweep["folds"] is None else list(range(1, sweep["folds"] + 1))


def _repeated(
    stages: Stages, seed: int | None, fold: int | None, folds: int | None, pictures: Mapping[str, Any]
) -> Stages:
    """The entries of one repeat.

    A seed is that of the training and, where captchas are sampled, of the data set too.
    """
    entries = copy.deepcopy(stages)
    data = entries["dataset"]
    if fold is not None:
        data |= {"unseen": "fold", "folds": folds, "fold": fold}
    if seed is not None:
        entries["train"]["seed"] = seed
        # of synthetic captchas it matters little which are calibrated on, and a data set of them is large
        synthetic = "synthesize" in pictures.get(data["synthetic"] or data["train"], {})
        calibrating = data["calibration"] and not synthetic
        if data["captchas"] is not None or data["unseen"] not in pictures or calibrating:
            data["seed"] = seed
    return entries


def _entry(
    added: Stages, known: Mapping[str, Any], stage: str, entry: dict[str, Any], base: str, *about: str
) -> str:
    """The name of `entry` in its stage, to which it is added unless one like it is there already."""
    for name, other in {**known[stage], **added[stage]}.items():
        if other == entry:
            return str(name)
    name = fitting(base, *about)
    if name in added[stage] or name in known[stage]:
        # spelled alike, but not the same: lists of other nesting, say
        name = fitting(name, digest(entry))
    added[stage][name] = entry
    return name
