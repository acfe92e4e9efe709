"""A sweep becomes runs that differ only in the varied keys, each named by its setting and repeat."""

import copy
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from captchanet.config.resolve import resolved
from captchanet.errors import UserError

ROOT = Path(__file__).resolve().parents[2]
BASE = yaml.safe_load((ROOT / "config/config.yaml").read_text())


def swept(text, **others):
    """The default configuration with the sweep `s` that the YAML text gives, resolved."""
    return resolved({**copy.deepcopy(BASE), "sweeps": {"s": yaml.safe_load(text)}, **others}).dump()


def runs(config):
    return config["sweeps"]["s"]["runs"]


def test_a_grid_is_every_combination_named_by_its_values():
    config = swept("{run: cg, grid: {train.penalty.weight: [0.1, 1], train.hidden: [[], [9, 8]]}}")
    assert list(runs(config)) == [
        "s,weight=0.1,hidden=none",
        "s,weight=0.1,hidden=9-8",
        "s,weight=1.0,hidden=none",
        "s,weight=1.0,hidden=9-8",
    ]
    assert config["train"]["s,weight=1.0,hidden=9-8"] == config["train"]["cg"] | {
        "hidden": [9, 8],
        "penalty": {"method": "l2", "weight": 1.0},
    }


def test_null_is_called_what_it_means():
    config = swept("{run: sgd, grid: {train.optimiser.batch_size: [null, 8], train.early_stopping: [null]}}")
    assert list(runs(config)) == [
        "s,batch_size=all,early_stopping=null",
        "s,batch_size=8,early_stopping=null",
    ]


def test_the_types_are_kept_and_null_stays_null():
    config = swept("{run: cg, grid: {train.penalty.weight: [1e-3], dataset.captchas: [null, 30]}}")
    first, second = runs(config).values()
    assert first["values"] == {"train.penalty.weight": 0.001, "dataset.captchas": None}
    assert type(first["values"]["train.penalty.weight"]) is float
    assert second["values"]["dataset.captchas"] == 30
    assert next(iter(runs(config))) == "s,weight=0.001,captchas=all"


def test_what_is_spelled_in_two_ways_is_one_run():
    assert list(runs(swept("{run: cg, grid: {train.penalty.weight: [1e-3, 0.001]}}"))) == ["s,weight=0.001"]


def test_a_data_set_or_segmentation_that_is_there_already_is_not_made_twice():
    config = swept(
        "{run: cg, grid: {dataset.captchas: [null, 30], segment.clean: [ink, threshold]}}".replace(
            "[ink, threshold]", "[{method: ink}, {method: threshold}]"
        )
    )
    assert list(config["segment"]) == ["ink-grid", "ink-grid,clean=threshold"]
    assert list(config["dataset"]) == [
        "main",
        "main,captchas=all,clean=threshold",
        "main,captchas=30,clean=ink",
        "main,captchas=30,clean=threshold",
    ]
    assert config["train"]["s,captchas=all,clean=ink"]["data"] == "main"
    assert config["dataset"]["main,captchas=30,clean=threshold"]["segment"] == "ink-grid,clean=threshold"


def test_a_whole_method_replaces_the_bases_and_an_option_changes_it():
    config = swept(
        "{run: sgd, grid: {train.optimiser: [{method: cg}, {method: adamw, epochs: 3, learning_rate: 1e-3}]}}"
    )
    assert config["train"]["s,optimiser=cg"]["optimiser"] == {"method": "cg", "iterations": 100}
    assert "s,optimiser=adamw-epochs=3-learning_rate=0.001" in config["train"]
    config = swept("{run: sgd, grid: {train.optimiser.epochs: [7]}}")
    assert config["train"]["s,epochs=7"]["optimiser"] == BASE["train"]["sgd"]["optimiser"] | {
        "epochs": 7,
        "momentum": 0.0,
    }


def test_a_list_gives_settings_one_by_one_and_may_name_them():
    config = swept(
        """
run: cg
list:
  - {name: small, train.hidden: [20]}
  - {train.hidden: [90], train.activation: tanh}
grid: {train.seed: [1, 2]}
"""
    )
    assert list(runs(config)) == [
        "s,small,seed=1",
        "s,small,seed=2",
        "s,hidden=90,activation=tanh,seed=1",
        "s,hidden=90,activation=tanh,seed=2",
    ]
    assert runs(config)["s,small,seed=1"]["setting"] == "small,seed=1"


def test_more_random_settings_keep_those_that_were_sampled():
    text = (
        "{run: cg, random: {number: %d, seed: 4, values: {train.penalty.weight: {log_uniform: [1e-3, 1]}%s}}}"
    )
    few, more = runs(swept(text % (3, ""))), runs(swept(text % (5, "")))
    assert len(more) == 5
    assert list(more)[:3] == list(few)
    with_another_key = runs(swept(text % (3, ", train.activation: {choice: [tanh, relu]}")))
    assert [one["values"]["train.penalty.weight"] for one in with_another_key.values()] == [
        one["values"]["train.penalty.weight"] for one in few.values()
    ]
    other_seed = runs(swept((text % (3, "")).replace("seed: 4", "seed: 5")))
    assert not set(other_seed) & set(few)


def test_random_values_lie_in_their_ranges():
    config = swept(
        """
run: sgd
random:
  number: 60
  values:
    train.optimiser.learning_rate: {log_uniform: [1e-3, 1]}
    train.optimiser.epochs: {integers: [1, 3]}
    train.label_smoothing: {uniform: [0, 0.2]}
    train.hidden: {choice: [[5], [6, 6]]}
"""
    )
    values = [one["values"] for one in runs(config).values()]
    rates = [one["train.optimiser.learning_rate"] for one in values]
    assert all(1e-3 <= rate <= 1 for rate in rates)
    # as many below as above the geometric middle, within three standard deviations of 60 throws
    assert 18 <= sum(rate < 10**-1.5 for rate in rates) <= 42
    assert {one["train.optimiser.epochs"] for one in values} == {1, 2, 3}
    assert all(0 <= one["train.label_smoothing"] <= 0.2 for one in values)
    assert {tuple(one["train.hidden"]) for one in values} == {(5,), (6, 6)}


def test_a_seed_is_the_trainings_and_where_captchas_are_sampled_the_data_sets_too():
    config = swept("{run: cg, grid: {dataset.captchas: [null, 30]}, seeds: [3, 5]}")
    assert [(one["setting"], one["seed"]) for one in runs(config).values()] == [
        ("captchas=all", 3),
        ("captchas=all", 5),
        ("captchas=30", 3),
        ("captchas=30", 5),
    ]
    assert config["train"]["s,captchas=all,seed=5"] == config["train"]["cg"] | {"seed": 5}
    data = config["train"]["s,captchas=30,seed=5"]["data"]
    assert (data, config["dataset"][data]["seed"]) == ("main,captchas=30,seed=5", 5)
    assert len(runs(swept("{run: cg, seeds: 3}"))) == 3


@pytest.mark.parametrize(
    ("data", "seed"), [({}, 5), ({"synthetic": "synthetic"}, 1), ({"train": "synthetic"}, 1)]
)
def test_a_seed_samples_labelled_captchas_to_calibrate_on_and_leaves_synthetic_ones(data, seed):
    pictures = BASE["pictures"] | {"synthetic": {"synthesize": {"method": "turned", "count": 9}}}
    main = BASE["dataset"]["main"] | {"calibration": 2} | data
    config = swept("{run: cg, seeds: [5]}", pictures=pictures, dataset={"main": main})
    assert config["dataset"][config["train"]["s,seed=5"]["data"]]["seed"] == seed


def test_folds_hold_out_each_part_of_the_training_folder_once():
    config = swept("{run: cg, folds: 3}")
    assert list(runs(config)) == ["s,fold=1", "s,fold=2", "s,fold=3"]
    second = config["dataset"][config["train"]["s,fold=2"]["data"]]
    assert (second["unseen"], second["folds"], second["fold"]) == ("fold", 3, 2)
    assert {one["setting"] for one in runs(config).values()} == {"cg"}


def test_a_run_may_take_another_data_set_or_segmentation():
    other = {"few": BASE["dataset"]["main"] | {"captchas": 20}}
    config = swept("{run: cg, grid: {train.data: [main, few]}}", dataset=BASE["dataset"] | other)
    assert config["train"]["s,data=few"]["data"] == "few"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{run: cgg}", r"sweeps\.s: found 'cgg'; `train` has: tutorial, cg, sgd"),
        ("{run: cg, grid: {weight: [1]}}", r"found the key 'weight'; a key begins with its stage"),
        (
            "{run: cg, grid: {train.penalty.weight: 3}}",
            r"grid\.train\.penalty\.weight: found 3; expected a list",
        ),
        ("{run: cg, grid: {train.penalty.weight: [x]}}", r"sweeps\.s: train\.penalty\.weight: found 'x'"),
        ("{run: cg, grid: {train.penalty.weight: [-1]}}", r"found -1(\.0)?; expected at least 0"),
        ("{run: cg, grid: {train.hiden: [[3]]}}", r"unknown key 'hiden'.*did you mean 'hidden'"),
        ("{run: cg, grid: {train.penalty.wait: [1]}}", r"wait"),
        ("{run: cg, grid: {train.seed.x: [1]}}", r"train\.seed\.x: there is nothing at train\.seed to vary"),
        ("{run: cg, grid: {train.data: [nope]}}", r"found 'nope'; `dataset` has: main"),
        ("{run: cg, list: [{train.seed: 1}], grid: {train.seed: [2]}}", r"train\.seed is varied twice"),
        (
            "{run: cg, random: {number: 1, values: {train.seed: {normal: [0, 1]}}}}",
            r"found 'normal'; choose one of",
        ),
        (
            "{run: cg, random: {number: 1, values: {train.seed: {integers: [5, 1]}}}}",
            r"expected \[low, high\]",
        ),
        ("{run: cg, random: {number: 1, values: {train.penalty.weight: {log_uniform: [0, 1]}}}}", r"above 0"),
        ("{run: cg, seeds: 0}", r"sweeps\.s\.seeds"),
        ("{run: cg, folds: 1}", r"sweeps\.s\.folds: found 1; expected at least 2"),
        ("{grid: {}}", r"sweeps\.s: the key 'run' is missing"),
        ("{run: cg, seed: [1]}", r"unknown key 'seed'.*did you mean 'seeds'"),
    ],
)
def test_a_wrong_sweep_is_refused_by_name(text, said):
    with pytest.raises(UserError, match=said):
        swept(text)


def test_a_name_that_would_be_too_long_keeps_its_seed_and_stays_its_own():
    wide = "[" + ", ".join(["[" + ", ".join(["200"] * 40) + f", {last}]" for last in (1, 2)]) + "]"
    names = list(runs(swept(f"{{run: cg, grid: {{train.hidden: {wide}}}, seeds: 2}}")))
    assert len(set(names)) == 4
    assert all(len(name) <= 100 for name in names)
    assert all(name.endswith(("seed=1", "seed=2")) for name in names)


@settings(max_examples=25)
@given(
    weights=st.lists(st.floats(0, 100), min_size=1, max_size=4),
    layers=st.lists(st.lists(st.integers(1, 9), max_size=3), min_size=1, max_size=4),
    seeds=st.integers(1, 3),
)
def test_every_combination_of_different_values_is_one_run_with_a_name_of_its_own(weights, layers, seeds):
    sweep = {"run": "cg", "seeds": seeds, "grid": {"train.penalty.weight": weights, "train.hidden": layers}}
    config = resolved({**copy.deepcopy(BASE), "sweeps": {"s": sweep}}).dump()
    expected = {
        (float(weight), tuple(hidden), seed)
        for weight in weights
        for hidden in layers
        for seed in range(1, seeds + 1)
    }
    trained = [config["train"][run] for run in runs(config)]
    found = [(run["penalty"]["weight"], tuple(run["hidden"]), run["seed"]) for run in trained]
    assert sorted(found) == sorted(expected)
    # repeats of one setting, and only these, share its label
    labels = {}
    for about, run in zip(runs(config).values(), trained, strict=True):
        labels.setdefault(about["setting"], set()).add((run["penalty"]["weight"], tuple(run["hidden"])))
    assert all(len(settings) == 1 for settings in labels.values())
    assert len(labels) == len(expected) / seeds


@pytest.mark.parametrize(
    ("seeds", "expected"), [("2", [1, 2]), ("2.0", [1, 2]), ("[3, 5]", [3, 5]), ([4], [4])]
)
def test_seeds_may_come_as_a_text_from_the_command_line(seeds, expected):
    sweep = {"run": "cg", "seeds": seeds}
    found = resolved({**copy.deepcopy(BASE), "sweeps": {"s": sweep}}).sweeps["s"].runs
    assert [run.seed for run in found.values()] == expected


def test_an_empty_name_of_the_run_to_read_with_is_none():
    assert resolved({**copy.deepcopy(BASE), "read": {"run": ""}}).read.run == "tutorial"
