"""A wrong configuration is refused before anything runs, and the error names the key."""

import copy
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from captchanet.config.resolve import resolved
from captchanet.errors import UserError

ROOT = Path(__file__).resolve().parents[2]
DEFAULT = yaml.safe_load((ROOT / "config/config.yaml").read_text())


def settled(config, stem="main"):
    """The resolved configuration, with every default."""
    return resolved(config, stem).dump()


def changed(path, value):
    """The default configuration with one value changed, its key given as `train.cg.seed`."""
    config = copy.deepcopy(DEFAULT)
    *sections, last = path.split(".") if isinstance(path, str) else [path]
    section = config
    for name in sections:
        section = section.setdefault(name, {})
    section[last] = value
    return config


def test_the_default_configuration_is_the_tutorials_recipe():
    config = settled(DEFAULT)
    assert config["train"]["tutorial"] == {
        "data": "main",
        "convolutions": [],
        "hidden": [200, 200],
        "bias": True,
        "activation": "sigmoid",
        "output": "sigmoid",
        "cost": "cross_entropy",
        "penalty": {"method": "tutorial", "weight": 0.1},
        "initialisation": {"method": "uniform", "limit": 0.1},
        "optimiser": {"method": "scipy_cg", "iterations": 100},
        "schedule": {"method": "constant"},
        "augment": {"method": "none"},
        "synthetic_share": 0.9,
        "dropout": [],
        "label_smoothing": 0.0,
        "early_stopping": None,
        "dtype": "float64",
        "threads": 1,
        "seed": 1,
    }
    assert config["track"] == {"experiment": "captchanet", "tracking_uri": None}
    assert config["set"] == "main"


@settings(max_examples=10)
@given(st.randoms(use_true_random=False))
def test_the_order_of_keys_changes_nothing_not_even_what_snakemake_compares(random):
    def shuffled(value):
        if not isinstance(value, dict):
            return value
        names = list(value)
        random.shuffle(names)
        return {name: shuffled(value[name]) for name in names}

    config = settled(DEFAULT)
    other = settled(shuffled(DEFAULT))
    for section in ("pictures", "segment", "dataset", "train"):
        for name, entry in config[section].items():
            assert repr(other[section][name]) == repr(entry)


def test_every_configuration_that_ships_is_valid():
    files = sorted((ROOT / "config").glob("*.yaml"))
    assert len(files) >= 3
    for file in files:
        settled(yaml.safe_load(file.read_text()))


def test_no_two_configurations_that_ship_share_a_set():
    files = sorted((ROOT / "config").glob("*.yaml"))
    sets = {file.stem: settled(yaml.safe_load(file.read_text()), file.stem)["set"] for file in files}
    assert sets.pop("config") == "main"
    assert sets == {name: name for name in sets}


def test_a_set_that_the_configuration_names_comes_before_that_of_its_file():
    assert settled(changed("set", "mine"), "file")["set"] == "mine"
    assert settled(changed("set", None), "file")["set"] == "file"
    assert settled(changed("set", 5), "file")["set"] == "5"
    for wrong in ("a/b", "-x", "...", False, [], {"a": 1}):
        with pytest.raises(UserError, match=r"configuration: set: found .* cannot name a folder"):
            settled(changed("set", wrong), "file")
    with pytest.raises(UserError, match=r"the file is called 'my file', .* or rename the file"):
        settled(changed("set", None), "my file")


@pytest.mark.parametrize("number", [1, "1", 3, None])
def test_a_configuration_of_another_format_is_refused_and_told_where_the_new_names_are(number):
    with pytest.raises(UserError, match=r"format: found .*, but this version reads format 2; CHANGELOG\.md"):
        settled(changed("format", number))


@pytest.mark.parametrize(
    ("key", "value", "now"),
    [
        ("segment.ink-grid.cut", {"method": "grid"}, "split"),
        ("pictures.raw.draw", {"method": "turned"}, "synthesize"),
        ("dataset.main.drawn", "raw", "synthetic"),
        ("train.cg.start", {"method": "he"}, "initialisation"),
        ("train.cg.drawn_share", 0.5, "synthetic_share"),
        ("track.set", "mine", "outside `track`"),
    ],
)
def test_a_key_of_the_first_format_is_answered_with_what_it_is_called_now(key, value, now):
    with pytest.raises(UserError, match=rf"unknown key .*since format 2 it is called .*{now}"):
        settled(changed(key, value))


def test_resolving_does_not_change_what_it_is_given_and_is_settled_after_once():
    before = copy.deepcopy(DEFAULT)
    once = settled(DEFAULT)
    assert before == DEFAULT
    assert settled(once) == once
    # also where its set is the one that it would have without
    unnamed = settled(changed("set", None))
    assert settled(unnamed) == unnamed


def test_a_run_left_empty_is_all_defaults():
    config = settled(changed("train.plain", None))
    assert config["train"]["plain"]["optimiser"] == {"method": "cg", "iterations": 100}


@pytest.mark.parametrize("nothing", [None, "null", ""])
def test_a_run_left_empty_on_the_command_line_is_all_defaults_too(nothing):
    assert settled(changed("train.plain", nothing))["train"]["plain"]["seed"] == 1


def test_texts_from_the_command_line_or_yaml_get_the_schemas_types():
    config = changed("train.cg", {"seed": "7", "bias": "false", "hidden": "[30, 20]", "dtype": "float32"})
    config["train"]["sgd"]["optimiser"] |= {"learning_rate": "1e-3", "batch_size": "null"}
    config["dataset"]["main"] |= {"captchas": "50", "unseen": "0.25"}
    found = settled(config)
    assert found["train"]["cg"]["seed"] == 7
    assert found["train"]["cg"]["bias"] is False
    assert found["train"]["cg"]["hidden"] == [30, 20]
    assert found["train"]["sgd"]["optimiser"]["learning_rate"] == 1e-3
    assert found["train"]["sgd"]["optimiser"]["batch_size"] is None
    assert found["dataset"]["main"] == {
        "segment": "ink-grid",
        "train": "raw",
        "unseen": 0.25,
        "synthetic": None,
        "captchas": 50,
        "calibration": 0,
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
        ("train.cg.hidden", [0], ["train.cg.hidden[0]", "at least 1"]),
        ("train.cg.hidden", ["wide"], ["train.cg.hidden[0]", "'wide'"]),
        ("train.cg.data", "other", ["train.cg.data", "'other'", "main"]),
        (
            "train.cg.optimiser",
            {"method": "adam"},
            ["train.cg.optimiser.method", "'adam'", "cg, scipy_cg, l_bfgs, sgd, adamw"],
        ),
        ("train.cg.optimiser", {"method": "cg", "epochs": 3}, ["train.cg.optimiser.epochs", "iterations"]),
        ("train.cg.optimiser", {"method": "cg", "iterations": 0}, ["optimiser.iterations", "at least 1"]),
        ("train.cg.optimiser", "cg", ["train.cg.optimiser", "'cg'", "keys and values"]),
        ("train.cg.optimiser", {"method": "sgd"}, ["train.cg.optimiser.learning_rate", "needs"]),
        ("train.cg.penalty", {"method": "l2", "weight": -1}, ["train.cg.penalty.weight", "at least 0"]),
        ("train.cg.dropout", [0.1], ["train.cg.dropout", "2 hidden layers"]),
        ("train.cg.dropout", [0.1, 0.1, 1], ["train.cg.dropout[2]", "less than 1"]),
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
        ("segment.ink-grid.split", {"method": "grid", "pich": 3}, ["segment.ink-grid.split.pich", "pitch"]),
        ("segment.ink-grid.max_rejected", 2, ["segment.ink-grid.max_rejected", "at most 1"]),
        ("segment.ink-grid.alphabet", "aab", ["segment.ink-grid.alphabet", "twice"]),
        ("segment.ink-grid", {"alphabet": "abC", "fold": "lower"}, ["segment.ink-grid.alphabet", "'abc'"]),
        ("dataset.main.segment", "fine", ["dataset.main.segment", "'fine'", "ink-grid"]),
        ("dataset.main.unseen", "seen", ["dataset.main.unseen", "'seen'", "raw, unseen"]),
        ("dataset.main.unseen", "rest", ["dataset.main.unseen", "captchas"]),
        ("dataset.main.unseen", 0, ["dataset.main.unseen", "more than 0"]),
        ("dataset.main.unseen", 1.5, ["dataset.main.unseen", "1.5", "below 1"]),
        ("dataset.main.calibration", 2.5, ["dataset.main.calibration", "2.5", "below 1"]),
        ("dataset.main.calibration", -1, ["dataset.main.calibration", "at least 0"]),
        ("dataset.main", {"segment": "ink-grid", "train": "raw"}, ["dataset.main", "'unseen' is missing"]),
        ("dataset.main", None, ["dataset.main: the key 'segment' is missing"]),
        ("train", {1: {}}, ["train: found the name 1; put names in quotes"]),
        ("sweeps", {"s": None}, ["sweeps.s: the key 'run' is missing"]),
        ("sweeps", {"s": {"run": "cg", "seeds": ["a"]}}, ["sweeps.s.seeds[0]: found 'a'", "whole number"]),
        ("sweeps", {"s": {"run": "cg", "seeds": 10**19}}, ["sweeps.s.seeds", "at most 10000"]),
        ("train.cg.convolutions", [None], ["train.cg.convolutions[0]: the key 'filters' is missing"]),
        ("train.sgd.optimiser.learning_rate", "x", ["found 'x'; expected a number"]),
        ("cut", {}, ["since format 2 it is called segment"]),
        # 1.0 would be a share of all, and not the number 1
        ("dataset.main.unseen", 1.0, ["dataset.main.unseen: found 1.0; expected a share below 1"]),
        ("dataset.main.calibration", "25.0", ["dataset.main.calibration: found 25.0", "a share below 1"]),
        ("dataset.main.unseen", None, ["dataset.main.unseen: found None", "a number or text"]),
        ("read.run", "best", ["read.run", "'best'", "tutorial, cg, sgd"]),
        ("set", "a b", ["configuration: set", "letters"]),
        ("pictures.raw", "data/raw", ["pictures.raw", "keys and values"]),
        ("xor.steps", 0, ["xor.steps", "at least 1"]),
        ("xor.seed", 2**32, ["xor.seed", "at most 4294967295"]),
        (7, {}, ["name 7", "in quotes"]),
        ("train.cg", {5: 1}, ["train.cg", "name 5", "in quotes"]),
        ("train.cg.optimiser", {"method": "cg", "iterations": 10**400}, ["iterations", "at most"]),
        ("train.cg.hidden", "[8, {", ["train.cg.hidden", "a list"]),
        ("train.cg.hidden", [10**9], ["train.cg.hidden[0]", "at most"]),
        ("train.xor", {}, ["train.xor", "choose another"]),
        ("train." + "x" * 300, {}, ["train", "a length of at most 100"]),
        ("train.abc\n", {}, ["train", "letters"]),
        ("pictures.rest", {"folder": "data/raw"}, ["pictures.rest", "choose another"]),
        ("pictures.raw.folder", "a\0b", ["pictures.raw.folder"]),
    ],
)
def test_what_is_wrong_is_named_with_what_is_allowed(key, value, words):
    with pytest.raises(UserError) as caught:
        settled(changed(key, value))
    assert str(caught.value).startswith("configuration: ")
    for word in words:
        assert word in str(caught.value)


def synthetic(path=None, value=None):
    """The default configuration with synthetic captchas mixed into its data set, and one value changed."""
    config = changed("pictures.synthetic", {"synthesize": {"method": "turned"}})
    config["dataset"]["main"]["synthetic"] = "synthetic"
    if path:
        *sections, last = path.split(".")
        place = config
        for name in sections:
            place = place[name]
        place[last] = value
    return config


def test_the_options_of_a_kind_are_filled_in_and_a_folder_needs_none():
    found = settled(
        synthetic("pictures.synthetic.synthesize", {"method": "turned", "pitch": "11.5", "frame": "null"})
    )
    style = found["pictures"]["synthetic"]["synthesize"]
    assert (style["count"], style["seed"], style["pitch"], style["frame"]) == (5000, 1, 11.5, None)
    assert style["ink"] == [0, 0, 153]
    assert set(found["pictures"]["synthetic"]) == {"synthesize"}
    assert found["pictures"]["raw"] == {"folder": "data/raw", "labels": None}
    assert found["dataset"]["main"]["synthetic"] == "synthetic"
    assert settled(synthetic("dataset.main.synthetic", "null"))["dataset"]["main"]["synthetic"] is None
    assert settled(found) == found


def test_synthetic_captchas_may_train_alone_or_be_unseen_and_have_fewer_characters():
    for train, unseen in (("synthetic", "unseen"), ("raw", "synthetic"), ("synthetic", 0.25)):
        config = synthetic("dataset.main", {"segment": "ink-grid", "train": train, "unseen": unseen})
        assert settled(config)["dataset"]["main"]["unseen"] == unseen
    settled(synthetic("pictures.synthetic.synthesize.alphabet", "abc"))


def test_the_command_line_can_put_a_folder_in_place_of_a_style():
    config = synthetic("pictures.synthetic", {"synthesize": None, "folder": "mine"})
    config["dataset"]["main"]["synthetic"] = None
    assert settled(config)["pictures"]["synthetic"] == {"folder": "mine", "labels": None}


def test_a_part_of_the_names_is_for_labels_in_names_alone():
    config = synthetic("pictures.raw", {"folder": "mine", "label_part": "last"})
    assert settled(config)["pictures"]["raw"]["label_part"] == "last"
    config["pictures"]["raw"]["labels"] = "labels.csv"
    with pytest.raises(UserError, match=r"pictures\.raw\.label_part: goes with labels in file names alone"):
        settled(config)
    with pytest.raises(UserError, match=r"label_part: found 'middle'"):
        settled(synthetic("pictures.raw", {"folder": "mine", "label_part": "middle"}))


@pytest.mark.parametrize("section", ["pictures", "segment", "dataset", "train"])
def test_names_that_differ_in_case_alone_are_refused_since_they_name_folders(section):
    config = synthetic()
    (name, *_) = config[section]
    config[section][name.upper()] = config[section][name]
    with pytest.raises(
        UserError, match=f"configuration: {section}: '{name}' and '{name.upper()}' differ in case"
    ):
        settled(config)


def test_a_tilde_is_the_home_folder_in_the_paths_of_pictures(monkeypatch):
    monkeypatch.setenv("HOME", "/home/me")
    config = synthetic("pictures.raw", {"folder": "~/mine", "labels": "~/mine/labels.csv"})
    assert settled(config)["pictures"]["raw"] == {
        "folder": "/home/me/mine",
        "labels": "/home/me/mine/labels.csv",
    }


def test_another_kind_is_synthesized_in_mixed_case_for_a_segmentation_that_folds_its_labels():
    config = synthetic("pictures.synthetic.synthesize", {"method": "lined", "line_count": ["3", 3]})
    config["segment"]["ink-grid"] = {"picture": {"width": 90, "height": 32}, "fold": "lower"}
    found = settled(config)
    style = found["pictures"]["synthetic"]["synthesize"]
    assert (style["line_count"], style["size"], style["ink"]) == ([3, 3], [19.0, 27.0], None)
    assert settled(found) == found
    config["segment"]["ink-grid"]["fold"] = "none"
    with pytest.raises(
        UserError, match=r"'synthetic' is synthesized with A B C .*, which the `alphabet` of 'ink-grid'"
    ):
        settled(config)


def test_an_augmentation_is_filled_in_where_the_optimiser_expects_noise():
    config = changed("train.sgd.augment", {"method": "affine", "rotation": "5", "pivot": [0.35, -1]})
    augment = settled(config)["train"]["sgd"]["augment"]
    assert (augment["rotation"], augment["shift"], augment["pivot"]) == (5.0, 0.6, [0.35, -1.0])


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("pictures.raw", {}, ["pictures.raw", "neither", "`folder`", "`synthesize`"]),
        ("pictures.raw", {"folder": "a", "synthesize": {"method": "turned"}}, ["pictures.raw", "found both"]),
        ("pictures.synthetic.labels", "a.csv", ["pictures.synthetic.labels", "come with their labels"]),
        (
            "pictures.synthetic.synthesize.method",
            "twisted",
            ["pictures.synthetic.synthesize.method", "'twisted'", "turned"],
        ),
        (
            "pictures.synthetic.synthesize.colour",
            3,
            ["pictures.synthetic.synthesize.colour", "count, seed, width"],
        ),
        (
            "pictures.synthetic.synthesize.count",
            0,
            ["pictures.synthetic.synthesize.count", "0", "at least 1"],
        ),
        ("pictures.synthetic.synthesize.seed", -1, ["pictures.synthetic.synthesize.seed", "at least 0"]),
        (
            "pictures.synthetic.synthesize.rotation",
            "far",
            ["pictures.synthetic.synthesize.rotation", "'far'", "a number"],
        ),
        (
            "pictures.synthetic.synthesize",
            {"method": "lined", "shift": -1},
            ["synthetic.synthesize.shift", "at least 0"],
        ),
        (
            "pictures.synthetic.synthesize",
            {"method": "lined", "size": 20},
            ["synthetic.synthesize.size", "20", "a list"],
        ),
        ("pictures.synthetic.synthesize.one_bit_share", 2, ["synthesize.one_bit_share", "at most 1"]),
        (
            "dataset.main.synthetic",
            "painted",
            ["dataset.main.synthetic", "'painted'", "raw, unseen, synthetic"],
        ),
        (
            "dataset.main.synthetic",
            "raw",
            ["dataset.main.synthetic", "'raw' is a folder", "with `synthesize`"],
        ),
        ("dataset.main.unseen", "synthetic", ["dataset.main.synthetic", "'synthetic' is `unseen` already"]),
        ("dataset.main.train", "synthetic", ["dataset.main.synthetic", "'synthetic' is `train` already"]),
        (
            "dataset.main.calibration",
            5000,
            ["dataset.main.calibration", "5000", "pictures.synthetic.synthesize.count"],
        ),
        (
            "pictures.synthetic.synthesize.width",
            80,
            ["dataset.main.synthetic", "`width` 80", "segmented with 72"],
        ),
        ("segment.ink-grid.characters", 5, ["dataset.main.synthetic", "`characters` 4", "segmented with 5"]),
        ("segment.ink-grid.alphabet", "0123456789", ["dataset.main.synthetic", "a b c", "'ink-grid'"]),
        ("train.cg.augment", {"method": "affine"}, ["train.cg.optimiser", "cg searches", "`augment`"]),
        ("train.sgd.augment", {"method": "mirror"}, ["train.sgd.augment.method", "none, affine"]),
        ("train.sgd.augment", {"method": "affine", "shift": -1}, ["sgd.augment.shift", "at least 0"]),
        ("train.sgd.augment", {"method": "affine", "pivot": [1]}, ["train.sgd.augment.pivot", "2 values"]),
        ("train.sgd.synthetic_share", 1, ["train.sgd.synthetic_share", "less than 1"]),
        ("train.sgd.synthetic_share", 0, ["train.sgd.synthetic_share", "more than 0"]),
    ],
)
def test_what_is_wrong_with_synthetic_captchas_and_augmentation_is_named(key, value, words):
    with pytest.raises(UserError) as caught:
        settled(synthetic(key, value))
    assert str(caught.value).startswith("configuration: ")
    for word in words:
        assert word in str(caught.value)


@pytest.mark.parametrize("optimiser", ["cg", "scipy_cg", "l_bfgs"])
def test_a_line_search_is_not_given_augmented_rows(optimiser):
    config = changed("train.new", {"optimiser": {"method": optimiser}, "augment": {"method": "affine"}})
    with pytest.raises(UserError, match=f"{optimiser} searches along lines"):
        settled(config)


def test_a_segmentation_without_one_size_of_windows_is_not_augmented(monkeypatch):
    from captchanet.segment.split import SPLITTERS

    def slices(cleaned, *, characters: int = 4, wide: int = 9):
        """A splitting method that a user has written."""

    monkeypatch.setitem(SPLITTERS, "slices", slices)
    config = changed("segment.ink-grid.split", {"method": "slices"})
    settled(config)
    config["train"]["sgd"]["augment"] = {"method": "affine"}
    with pytest.raises(UserError, match=r"train\.sgd\.augment: slices does not make windows of one width"):
        settled(config)
