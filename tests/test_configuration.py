"""A wrong configuration is refused by name before anything runs; defaults and types are the schema's."""

import copy
from pathlib import Path

import pytest
import yaml

from captchanet.configuration import resolved
from captchanet.errors import UserError

ROOT = Path(__file__).resolve().parents[1]
SCHEMA = ROOT / "workflow/schemas/config.schema.yaml"
DEFAULT = yaml.safe_load((ROOT / "config/config.yaml").read_text())


def changed(path, value):
    """The default configuration with one value changed, its place given as `train.cg.seed`."""
    config = copy.deepcopy(DEFAULT)
    *sections, last = path.split(".") if isinstance(path, str) else [path]
    place = config
    for name in sections:
        place = place.setdefault(name, {})
    place[last] = value
    return config


def test_the_default_configuration_is_the_tutorials_recipe():
    config = resolved(DEFAULT, SCHEMA)
    assert config["train"]["tutorial"] == {
        "data": "main",
        "hidden": [200, 200],
        "bias": True,
        "activation": "sigmoid",
        "output": "sigmoid",
        "cost": "cross_entropy",
        "penalty": {"method": "tutorial", "weight": 0.1},
        "start": {"method": "uniform", "limit": 0.1},
        "optimiser": {"method": "cg", "iterations": 100},
        "schedule": {"method": "constant"},
        "dropout": [],
        "label_smoothing": 0.0,
        "early_stopping": None,
        "dtype": "float64",
        "seed": 1,
    }
    assert config["track"] == {"experiment": "captchanet", "set": "default", "tracking_uri": None}


def test_every_configuration_that_ships_is_valid():
    files = sorted((ROOT / "config").glob("*.yaml"))
    assert len(files) >= 3
    for file in files:
        resolved(yaml.safe_load(file.read_text()), SCHEMA)


def test_resolving_does_not_change_what_it_is_given_and_is_settled_after_once():
    before = copy.deepcopy(DEFAULT)
    once = resolved(DEFAULT, SCHEMA)
    assert before == DEFAULT
    assert resolved(once, SCHEMA) == once


def test_a_run_left_empty_is_all_defaults():
    config = resolved(changed("train.plain", None), SCHEMA)
    assert config["train"]["plain"]["optimiser"] == {"method": "cg", "iterations": 100}


@pytest.mark.parametrize("nothing", [None, "null", ""])
def test_a_run_left_empty_on_the_command_line_is_all_defaults_too(nothing):
    assert resolved(changed("train.plain", nothing), SCHEMA)["train"]["plain"]["seed"] == 1


def test_texts_from_the_command_line_or_yaml_get_the_schemas_types():
    config = changed("train.cg", {"seed": "7", "bias": "false", "hidden": "[30, 20]", "dtype": "float32"})
    config["train"]["sgd"]["optimiser"] |= {"learning_rate": "1e-3", "batch_size": "null"}
    config["dataset"]["main"] |= {"captchas": "50", "unseen": "0.25"}
    found = resolved(config, SCHEMA)
    assert found["train"]["cg"]["seed"] == 7
    assert found["train"]["cg"]["bias"] is False
    assert found["train"]["cg"]["hidden"] == [30, 20]
    assert found["train"]["sgd"]["optimiser"]["learning_rate"] == 1e-3
    assert found["train"]["sgd"]["optimiser"]["batch_size"] is None
    assert found["dataset"]["main"] == {
        "cut": "ink-grid",
        "train": "raw",
        "unseen": 0.25,
        "captchas": 50,
        "seed": 1,
    }


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("trian", {}, ["'trian'", "train", "did you mean 'train'"]),
        ("train.cg.sede", 3, ["train.cg", "'sede'", "did you mean 'seed'"]),
        ("train.cg.seed", "x", ["train.cg.seed", "'x'", "a whole number"]),
        ("train.cg.seed", -1, ["train.cg.seed", "-1", "at least 0"]),
        ("train.cg.dtype", "float16", ["train.cg.dtype", "'float16'", "float64, float32"]),
        ("train.cg.cost", "mse", ["train.cg.cost", "cross_entropy, quadratic"]),
        ("train.cg.hidden", [0], ["train.cg.hidden.0", "at least 1"]),
        ("train.cg.hidden", ["wide"], ["train.cg.hidden[0]", "'wide'"]),
        ("train.cg.data", "other", ["train.cg.data", "'other'", "main"]),
        (
            "train.cg.optimiser",
            {"method": "adam"},
            ["train.cg.optimiser.method", "'adam'", "cg, l_bfgs, sgd, adamw"],
        ),
        ("train.cg.optimiser", {"method": "cg", "epochs": 3}, ["train.cg.optimiser.epochs", "iterations"]),
        ("train.cg.optimiser", {"method": "cg", "iterations": 0}, ["optimiser.iterations", "at least 1"]),
        ("train.cg.optimiser", "cg", ["train.cg.optimiser", "'cg'", "keys and values"]),
        ("train.cg.optimiser", {"method": "sgd"}, ["train.cg.optimiser.learning_rate", "needs"]),
        ("train.cg.penalty", {"method": "l2", "weight": -1}, ["train.cg.penalty.weight", "at least 0"]),
        ("train.cg.dropout", [0.1], ["train.cg.dropout", "2 hidden layers"]),
        ("train.cg.dropout", [0.1, 0.1, 1], ["train.cg.dropout.2", "less than 1"]),
        (
            "train.cg.dropout",
            [0.1, 0.1, 0.1],
            ["train.cg.optimiser", "cg searches along lines", "sgd or adamw"],
        ),
        ("train.cg.schedule", {"method": "cosine"}, ["train.cg.optimiser", "`schedule`"]),
        ("train.cg.schedule", {"method": "cosine", "total": 3}, ["train.cg.schedule.total"]),
        ("train.cg.early_stopping", {"patience": 0}, ["train.cg.early_stopping.patience", "at least 1"]),
        ("train.cg.early_stopping", 5, ["train.cg.early_stopping", "keys and values"]),
        (
            "train.cg",
            {"output": "softmax", "cost": "quadratic"},
            ["train.cg.output", "the quadratic cost does not go with softmax outputs"],
        ),
        ("train.a/b", {}, ["train", "'a/b'", "letters"]),
        ("train", {}, ["train", "at least 1"]),
        ("segment.ink-grid.cut", {"method": "grid", "pich": 3}, ["segment.ink-grid.cut.pich", "pitch"]),
        ("segment.ink-grid.max_rejected", 2, ["segment.ink-grid.max_rejected", "at most 1"]),
        ("segment.ink-grid.alphabet", "aab", ["segment.ink-grid.alphabet", "twice"]),
        ("dataset.main.cut", "fine", ["dataset.main.cut", "'fine'", "ink-grid"]),
        ("dataset.main.unseen", "seen", ["dataset.main.unseen", "'seen'", "raw, unseen"]),
        ("dataset.main.unseen", "rest", ["dataset.main.unseen", "captchas"]),
        ("dataset.main.unseen", 0, ["dataset.main.unseen", "more than 0"]),
        ("dataset.main.unseen", 1.5, ["dataset.main.unseen", "1.5", "below 1"]),
        ("dataset.main", {"cut": "ink-grid", "train": "raw"}, ["dataset.main", "'unseen' is missing"]),
        ("read.run", "best", ["read.run", "'best'", "tutorial, cg, sgd"]),
        ("track.set", "", ["track.set", "letters"]),
        ("pictures.raw", "data/raw", ["pictures.raw", "keys and values"]),
        ("xor.steps", 0, ["xor.steps", "at least 1"]),
        ("xor.seed", 2**32, ["xor.seed", "at most 4294967295"]),
        (7, {}, ["name 7", "in quotes"]),
        ("train.cg", {5: 1}, ["train.cg", "name 5", "in quotes"]),
        ("train.cg.optimiser", {"method": "cg", "iterations": 10**400}, ["iterations", "at most"]),
        ("train.cg.hidden", "[8, {", ["train.cg.hidden", "a list"]),
        ("train.cg.hidden", [10**9], ["train.cg.hidden.0", "at most"]),
        ("train.xor", {}, ["train.xor", "choose another"]),
        ("train." + "x" * 300, {}, ["train", "a length of at most 100"]),
        ("train.abc\n", {}, ["train", "letters"]),
        ("pictures.rest", {"folder": "data/raw"}, ["pictures.rest", "choose another"]),
        ("pictures.raw.folder", "a\0b", ["pictures.raw.folder"]),
    ],
)
def test_what_is_wrong_is_named_with_what_is_allowed(key, value, words):
    with pytest.raises(UserError) as caught:
        resolved(changed(key, value), SCHEMA)
    assert str(caught.value).startswith("configuration: ")
    for word in words:
        assert word in str(caught.value)
