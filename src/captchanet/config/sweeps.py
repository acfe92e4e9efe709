"""Makes the runs of a sweep from its few lines of configuration, each named by its setting, seed and fold.

A sweep starts from one run under `train` and varies any key of its segmentation, data set or training. The
results are ordinary entries of the configuration, so the workflow has to know only runs.
"""

import copy
import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from captchanet.config.configuration import PlannedRun, Sections, Sweep, SweepPlan
from captchanet.config.names import STAGES, Names, digest, fitting
from captchanet.config.random_search import sampled_settings
from captchanet.dataset.settings import DatasetSettings
from captchanet.errors import UserError
from captchanet.segment.segmentation import Segmentation
from captchanet.settings import Method, Settings
from captchanet.train.settings import TrainSettings
from captchanet.types import Json

SETTINGS: dict[str, type[Settings]] = {
    "segment": Segmentation,
    "dataset": DatasetSettings,
    "train": TrainSettings,
}

Added = dict[str, dict[str, Settings]]
"""Entries by name, for each of the stages."""


@dataclass(frozen=True)
class Entries:
    """The entry of each stage that a run goes through."""

    segment: Segmentation
    dataset: DatasetSettings
    train: TrainSettings


def expand(name: str, sweep: Sweep, given: Mapping[str, Any], known: Sections) -> tuple[SweepPlan, Added]:
    """The runs of a sweep, and the entries that they need.

    Parameters
    ----------
    name : str
        The name of the sweep.
    sweep : Sweep
        Its entry in the configuration.
    given : mapping of str to Any
        The configuration as it stands in the file, without defaults.
    known : Sections
        The same configuration, checked, with the entries of other sweeps.

    Returns
    -------
    plan : SweepPlan
        Its runs.
    added : dict
        The entries that they need in `segment`, `dataset` and `train`, without those that exist already.

    Raises
    ------
    UserError
        It names the key, what was found and what is allowed.
    """
    at = f"configuration: sweeps.{name}"
    added: Added = {stage: {} for stage in STAGES}
    completed: list[tuple[Json, Entries]] = []
    for values in _settings(sweep, at):
        sections = _varied(sweep.run, values, given, at)
        checked = {stage: kind.of(sections[stage], f"{at}: {stage}.") for stage, kind in SETTINGS.items()}
        understood = {
            key: value if key == "name" else _get(checked, key, value) for key, value in values.items()
        }
        completed.append((understood, Entries(**checked)))  # type: ignore[arg-type]  # by name
    names = Names([values for values, _ in completed])
    equal = {
        (stage, entry.model_dump_json()): called
        for stage in ("segment", "dataset")
        for called, entry in getattr(known, stage).items()
    }
    runs: dict[str, PlannedRun] = {}
    for values, varied in completed:
        setting = names.setting(values) or sweep.run
        for seed, fold in itertools.product(_seeds(sweep), _folds(sweep)):
            entries = _repeated(varied, seed, fold, sweep.folds, known)
            repeat = [
                f"{key}={value}" for key, value in (("seed", seed), ("fold", fold)) if value is not None
            ]
            of_segment, of_data = (names.label(values, of) for of in (("segment",), ("segment", "dataset")))
            data, train = entries.dataset, entries.train
            segment = _entry(added, known, equal, "segment", entries.segment, data.segment, of_segment)
            data = data.model_copy(update={"segment": segment})
            called = _entry(added, known, equal, "dataset", data, train.data, of_data, *repeat)
            train = train.model_copy(update={"data": called})
            about_run = () if setting == sweep.run else (setting,)
            # each run of a sweep is a new entry, even if the configuration has an equal one
            run = _entry(added, None, equal, "train", train, name, *about_run, *repeat)
            told = {key: value for key, value in values.items() if key != "name"}
            runs[run] = PlannedRun(setting=setting, values=told, seed=seed, fold=fold)
    return SweepPlan(run=sweep.run, keys=tuple(names.short), runs=runs), added


def _settings(sweep: Sweep, at: str) -> Iterator[Json]:
    """The settings that a sweep tries.

    Each item of the list is combined with each point of the grid and each sampled setting.
    """
    sampled = sampled_settings(sweep.random, at)
    for key in [
        *sweep.grid,
        *(key for item in [*sweep.list, *sampled] for key in item if key != "name"),
    ]:
        _check_key(key, at)
    for key, values in sweep.grid.items():
        if not isinstance(values, list) or not values:
            raise UserError(f"{at}.grid.{key}: found {values!r}; expected a list of values to try")
    grid = [dict(zip(sweep.grid, point, strict=True)) for point in itertools.product(*sweep.grid.values())]
    for parts in itertools.product(sweep.list or [{}], grid, sampled):
        merged: Json = {}
        item = {key: value for key, value in parts[0].items() if key != "name"}
        if "name" in parts[0]:
            # in the label the name replaces the keys of its item
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


def _varied(run: str, values: Json, given: Mapping[str, Any], at: str) -> Json:
    """The sections of the base run, as they stand in the file, with `values` in them."""

    def section(stage: str, name: str) -> Json:
        if name not in given[stage]:
            raise UserError(f"{at}: found {name!r}; `{stage}` has: {', '.join(given[stage])}")
        return _filled(SETTINGS[stage], given[stage][name])

    sections = {"train": section("train", run)}
    sections["train"]["data"] = values.get("train.data", sections["train"]["data"])
    sections["dataset"] = section("dataset", sections["train"]["data"])
    sections["dataset"]["segment"] = values.get("dataset.segment", sections["dataset"]["segment"])
    sections["segment"] = section("segment", sections["dataset"]["segment"])
    for key, value in values.items():
        if key == "name":
            continue
        *path, last = key.split(".")
        here: Any = sections
        for step in path:
            here = here.setdefault(step, {}) if isinstance(here, dict) else None
        if not isinstance(here, dict):
            raise UserError(f"{at}: {key}: there is nothing at {'.'.join(path)} to vary; give that a value")
        here[last] = copy.deepcopy(value)
    return sections


def _filled(kind: type[Settings], given: Any) -> Json:
    """A section with the defaults of its keys, without options of methods: these depend on the method."""
    section: Json = copy.deepcopy(dict(given)) if isinstance(given, Mapping) else {}
    for name, field in kind.model_fields.items():
        default = field.default
        if name not in section and not field.is_required():
            if isinstance(default, Method):
                default = {"method": default.method}
            section[name] = default.dump() if isinstance(default, Settings) else default
    return section


def _get(checked: Mapping[str, Settings], key: str, given: Any) -> Any:
    """The value of `key` after the check. YAML takes 1e-3 for a text; here it is a number."""
    stage, *path = key.split(".")
    found: Any = checked[stage].dump()
    for step in path:
        found = found.get(step) if isinstance(found, dict) else None
    if isinstance(given, Mapping) and isinstance(found, Mapping):
        return {name: found[name] for name in given if name in found}
    return found


def _seeds(sweep: Sweep) -> list[int | None]:
    if isinstance(sweep.seeds, int):
        return list(range(1, sweep.seeds + 1))
    return [None] if sweep.seeds is None else list(sweep.seeds)


def _folds(sweep: Sweep) -> list[int | None]:
    return [None] if sweep.folds is None else list(range(1, sweep.folds + 1))


def _repeated(
    entries: Entries, seed: int | None, fold: int | None, folds: int | None, known: Sections
) -> Entries:
    """The entries of one repeat.

    The training gets the seed. Where captchas are sampled, the data set gets it too.
    """
    data, train = entries.dataset, entries.train
    if fold is not None:
        data = data.model_copy(update={"unseen": "fold", "folds": folds, "fold": fold})
    if seed is not None:
        train = train.model_copy(update={"seed": seed})
        # a data set with synthetic captchas is large, and it matters little which of them calibrate:
        # all seeds share one
        source = known.pictures.get(data.synthetic or data.train)
        calibrating = data.calibration and not (source and source.synthesize)
        if data.captchas is not None or data.unseen not in known.pictures or calibrating:
            data = data.model_copy(update={"seed": seed})
    return replace(entries, dataset=data, train=train)


def _entry(
    added: Added,
    known: Sections | None,
    equal: dict[tuple[str, str], str],
    stage: str,
    entry: Settings,
    base: str,
    *about: str,
) -> str:
    """The name of `entry` in its stage. It is added there unless the stage has an equal one.

    `equal` finds that one by the stage and the text of the entry: a sweep may have thousands of runs.
    """
    text = entry.model_dump_json()
    if (stage, text) in equal:
        return equal[stage, text]
    name = fitting(base, *about)
    if name in added[stage] or (known and name in getattr(known, stage)):
        # the same name, but another entry, for example a list that is nested in another way
        name = fitting(name, digest(entry.dump()))
    added[stage][name] = entry
    equal[stage, text] = name
    return name
