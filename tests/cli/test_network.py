"""`captchanet read` takes the network that is named, says which that is, and takes no other in its place."""

import json
import shutil

import pytest
import yaml
from click.testing import CliRunner

from captchanet.cli import main
from captchanet.config.load import merged
from captchanet.config.made_from import MadeFrom
from captchanet.layout import Layout


@pytest.fixture
def folder(made_results, tmp_path, monkeypatch):
    """A project's folder with a configuration of its own, `mine.yaml`, and the results of another set."""
    monkeypatch.chdir(tmp_path)
    for name in ("config/config.yaml", "mine.yaml"):
        write(tmp_path / name, made_results)
    shutil.copytree(made_results.folder, tmp_path / "results/mine")
    return tmp_path


def write(file, made, of="", **train):
    """A configuration like that of the results, except for some settings of the run `good`."""
    content = made.config.dump()
    content["train"]["good"] |= train
    del content["set"]
    file.parent.mkdir(exist_ok=True)
    file.write_text(yaml.safe_dump(content | ({"set": of} if of else {}), sort_keys=False))


def read(made, *words):
    return CliRunner().invoke(main, ["read", str(made.pictures / "unseen"), *words])


def said(made, *words, status=0):
    """The first line on stderr: which network was taken, or why none."""
    done = read(made, *words)
    assert done.exit_code == status, done.output
    assert bool(done.stdout) == (status == 0)
    return done.stderr.splitlines()[0]


def test_read_says_which_network_it_took(made_results, folder):
    good = "reading with results/mine/train/good/model.npz (run good of the set mine)"
    assert said(made_results, "--configfile", "mine.yaml") == good
    assert said(made_results, "--model", "results/mine/train/good/model.npz") == good
    other = "reading with results/mine/train/other/model.npz (run other of the set mine)"
    assert said(made_results, "--configfile", "mine.yaml", "--run", "other") == other
    write(folder / "config/config.yaml", made_results, of="mine")
    assert said(made_results) == good
    assert said(made_results, "--run", "other") == other


def test_a_model_is_taken_before_a_run_and_a_run_before_what_is_configured(made_results, folder):
    file = "results/mine/train/other/model.npz"
    taken = said(made_results, "--model", file, "--run", "good", "--configfile", "nowhere.yaml")
    assert taken == f"reading with {file} (run other of the set mine)"


def test_the_network_of_another_set_is_named_and_not_taken(made_results, folder):
    refused = said(made_results, status=1)
    assert "results/config/train/good/model.npz is not there; run `snakemake --cores 4`" in refused
    assert refused.endswith("there is --set mine (good | other | wild)")
    assert "--set mine (good" in said(made_results, "--run", "other", status=1)
    unknown = said(made_results, "--configfile", "mine.yaml", "--run", "nobody", status=1)
    assert "(mine.yaml has the runs: good | other | wild); run `snakemake --cores 4 --config" in unknown
    assert "there is --run good | other | wild" in unknown
    assert said(made_results, "--set", "../mine", status=1).endswith(
        "results/ has no set '../mine'; there is --set mine (good | other | wild)"
    )


def test_a_set_that_is_named_is_read_with_the_run_of_the_configuration_that_made_it(made_results, folder):
    several = said(made_results, "--set", "mine", status=1)
    assert "3 runs, and its configuration is not known; there is --run good | other | wild" in several
    assert "run other of the set mine" in said(made_results, "--set", "mine", "--run", "other")
    MadeFrom.of([folder / "mine.yaml"]).write(Layout.of("mine"))
    assert "run good of the set mine" in said(made_results, "--set", "mine")
    # as after `snakemake --config set=yours`
    shutil.copytree("results/mine", "results/yours")
    assert "run good of the set yours" in said(made_results, "--set", "yours", "--configfile", "mine.yaml")


def test_a_network_that_was_trained_with_other_settings_is_refused_with_a_setting_and_both_values(
    made_results, folder
):
    write(folder / "mine.yaml", made_results, hidden=[7])
    refused = said(made_results, "--configfile", "mine.yaml", status=1)
    assert "train.good.hidden is [7] there, and it was trained with [6]" in refused
    assert "`snakemake --cores 4 --configfile mine.yaml`" in refused
    # a file is what it is, and no other run differs
    assert "run good" in said(made_results, "--model", "results/mine/train/good/model.npz")
    assert "run other" in said(made_results, "--configfile", "mine.yaml", "--run", "other")


@pytest.mark.parametrize(
    ("change", "difference"),
    [
        ("train: {good: {penalty: {weight: 1}}}", "train.good.penalty.weight is 1.0 there, and it was"),
        ("train: {good: {optimiser: {iterations: 5}}}", "train.good.optimiser.iterations is 5 there"),
        ("dataset: {main: {seed: 7}}", "dataset.main.seed is 7 there, and it was trained with 1"),
        ("dataset: {main: {synthetic: synthetic}}", "dataset.main.synthetic is synthetic there, and it was"),
        ("segment: {grid: {split: {pitch: 11}}}", "segment.grid.split.pitch is 11.0 there"),
        # other pictures make another network
        ("pictures: {raw: {folder: elsewhere}}", "pictures.raw.folder is elsewhere there"),
        # the captchas that measure it, and how many may be unusable, decide no network
        ("{pictures: {unseen: {folder: elsewhere}}, segment: {grid: {max_rejected: 0.5}}}", None),
    ],
)  # fmt: skip
def test_each_setting_that_decides_a_run_is_compared(made_results, folder, change, difference):
    changed = merged(yaml.safe_load((folder / "mine.yaml").read_text()), yaml.safe_load(change))
    (folder / "mine.yaml").write_text(yaml.safe_dump(changed))
    told = said(made_results, "--configfile", "mine.yaml", status=1 if difference else 0)
    assert (difference or "run good") in told


def test_what_stood_after_config_on_the_command_line_of_snakemake_counts(made_results, folder):
    write(folder / "mine.yaml", made_results, hidden=[7])
    files = [folder / "mine.yaml"]
    MadeFrom.of(files, {"train": {"good": {"hidden": "[6]"}}}).write(Layout.of("mine"))
    taken = said(made_results, "--configfile", "mine.yaml")
    assert taken.endswith("(run good of the set mine; with the --config of the last snakemake)")
    # other files are another configuration, to which it does not belong
    shutil.copy("mine.yaml", "yours.yaml")
    assert "train.good.hidden" in said(made_results, "--set", "mine", "--configfile", "yours.yaml", status=1)


def test_several_configurations_are_merged_and_the_last_wins(made_results, folder):
    (folder / "more.yaml").write_text("read: {run: other}\n")
    files = ("--configfile", "mine.yaml", "--configfile", "more.yaml")
    assert "run other of the set mine" in said(made_results, *files)


def test_a_run_that_failed_and_a_record_that_is_damaged_are_refused(made_results, folder):
    assert "failed" in said(made_results, "--configfile", "mine.yaml", "--run", "wild", status=1)
    (folder / "results/mine/train/good/parameters.json").write_text("{")
    assert "parameters.json" in said(made_results, "--configfile", "mine.yaml", status=1)


def test_an_unused_record_of_the_configuration_does_no_harm(made_results, folder):
    for text in ("{", "[]", json.dumps({"configfiles": ["gone.yaml"], "config": {}})):
        Layout.of("mine").made_from.write_text(text)
        assert "run good" in said(made_results, "--configfile", "mine.yaml")
        assert "3 runs" in said(made_results, "--set", "mine", status=1)
