"""The files of a run have everything that decided it, also if some of its captchas are synthetic."""

import json
from dataclasses import replace

import numpy as np
import pytest
import yaml
from layers import RunningMean
from small import train

from captchanet.config.resolve import resolved
from captchanet.dataset import dataset
from captchanet.errors import UserError
from captchanet.layout import FORMAT, Layout
from captchanet.nn import Dense, Network
from captchanet.segment.segment import segment
from captchanet.segment.segment_synthetic import segment_synthetic
from captchanet.train import run
from captchanet.train.architecture import Architecture
from captchanet.train.augment import crops
from captchanet.train.model import load_model
from captchanet.train.settings import TrainSettings

AUGMENT = {"method": "affine", "rotation": 5}
OPTIMISER = {"method": "adamw", "epochs": 2, "batch_size": 32, "learning_rate": 1e-3}


class Made:
    """A data set in files, of 12 labelled captchas and 20 synthetic ones, and how to train on it."""

    def __init__(self, root, folder, pictures, **data):
        config = {
            "pictures": {
                "raw": {"folder": str(pictures / "raw")},
                "synthetic": {"synthesize": {"method": "turned", "count": 20, "seed": 7}},
            },
            "segment": {"grid": {"max_rejected": 1}},
            "dataset": {"main": {"segment": "grid", "train": "raw", "unseen": 3} | data},
            "train": {"few": {"hidden": [6], "optimiser": OPTIMISER, "augment": AUGMENT}},
        }
        self.config = resolved(config)
        self.settings, self.layout = self.config.train["few"], Layout(folder)
        segmentation, chosen = self.config.segment["grid"], self.config.dataset["main"]
        self.segment = segmentation.dump()
        rendered = self.config.pictures["synthetic"].synthesize()
        folders = {
            "raw": segment(pictures / "raw", segmentation),
            "synthetic": segment_synthetic(*rendered, segmentation),
        }
        self.dataset = dataset.make(folders, chosen, segmentation.alphabet)
        entries = {name: entry.dump() for name, entry in self.config.pictures.items()}
        facts = dataset.summary(self.dataset, chosen, self.segment, entries)
        dataset.write_dataset(self.layout.dataset("main"), self.dataset, facts, folders)

    def changed(self, **settings):
        """The settings of the run, with some changes."""
        return TrainSettings.of(self.settings.dump() | settings)

    def perform(self):
        """The content of the files of the run, by their fields in the layout; theta as an array."""
        data, files = self.layout.dataset("main"), self.layout.train("few")
        run.perform("few", self.settings, data, files, [], self.layout.checkpoints)
        names = ("parameters", "provenance", "configuration", "status", "model")
        found = {name: json.loads(getattr(files, name).read_text()) for name in names}
        return found | {"theta": np.load(files.theta)["theta"]}


@pytest.fixture
def made(root, tmp_path, made_results):
    return lambda **data: Made(root, tmp_path, made_results.pictures, **data)


def test_synthetic_captchas_are_mixed_in_and_labelled_ones_augmented(made):
    one = made(synthetic="synthetic")
    found, data = one.perform(), one.dataset
    cropped = crops(data.train.X, data.cleaned, data.windows, one.segment["split"])
    for dropped in ({"synthetic": None}, {"crops": None}, {}):
        settings = one.changed(**({"augment": {"method": "none"}} if "crops" in dropped else {}))
        extra = {"synthetic": data.synthetic, "crops": cropped} | dropped
        same = train(data.train, 36, settings, **extra).theta.tobytes() == found["theta"].tobytes()
        assert same == (not dropped)


def test_the_style_of_synthetic_captchas_is_a_parameter_and_where_pictures_lie_is_none(made):
    found = made(synthetic="synthetic").perform()
    assert set(found["parameters"]["pictures"]) == {"synthetic"}
    assert found["parameters"]["pictures"]["synthetic"]["synthesize"]["rotation"] == 31
    assert found["parameters"]["dataset"]["synthetic"] == "synthetic"
    assert set(found["configuration"]["pictures"]) == {"raw", "synthetic"}


@pytest.mark.parametrize(
    ("data", "pictures", "parts"),
    [
        ({"synthetic": "synthetic"}, 9, {"train", "unseen", "synthetic"}),
        ({"train": "synthetic"}, 0, {"train", "unseen"}),
        ({"unseen": "synthetic"}, 12, {"train", "unseen"}),
        ({"calibration": 2}, 7, {"train", "unseen", "calibration"}),
    ],
)
def test_provenance_has_a_digest_of_each_picture_but_for_the_synthetic_ones(made, data, pictures, parts):
    one = made(**data)
    found = one.perform()["provenance"]
    assert len(found["pictures"]) == pictures
    assert set(found["data_sha256"]) == parts
    assert found["data_sha256"]["train"] == one.dataset.train.digest


def test_a_configuration_of_the_run_alone_is_valid_and_synthesizes_the_same(made):
    found = made(synthetic="synthetic").perform()
    assert next(iter(found["configuration"].items())) == ("format", FORMAT)
    again = resolved(yaml.safe_load(yaml.safe_dump(found["configuration"]))).dump()
    assert again["pictures"] == found["configuration"]["pictures"]
    assert again["train"] == found["configuration"]["train"]


def test_the_threads_that_a_run_asks_for_train_it_and_are_recorded_and_repeated(made):
    one = made()
    one.settings = one.changed(threads=2)
    found = one.perform()
    assert found["parameters"]["threads"] == 2
    assert found["configuration"]["train"]["few"]["threads"] == 2
    assert {pool["threads"] for pool in found["provenance"]["blas"]} == {2}


@pytest.mark.parametrize("data", [{"synthetic": "synthetic"}, {}])
def test_a_run_is_calibrated_on_captchas_that_trained_nothing(made, data):
    one = made(calibration=4, **data)
    found, held_out = one.perform(), one.dataset.calibration
    assert found["model"]["temperature"] != 1
    model = load_model(one.layout.train("few").theta)
    again = replace(model, temperature=1.0).calibrated(held_out.X, held_out.y)
    assert again.temperature == model.temperature
    cropped = crops(one.dataset.train.X, one.dataset.cleaned, one.dataset.windows, one.segment["split"])
    synthetic = one.dataset.synthetic if data else None
    alone = train(one.dataset.train, 36, one.settings, synthetic=synthetic, crops=cropped)
    assert alone.theta.tobytes() == found["theta"].tobytes()


def test_a_failed_run_and_one_without_such_captchas_have_no_temperature(made):
    assert made().perform()["model"]["temperature"] == 1
    one = made(calibration=4)
    wild = {"method": "sgd", "epochs": 99, "batch_size": None, "learning_rate": 1e6, "momentum": 0.0}
    costly = {"cost": "quadratic", "penalty": {"method": "l2", "weight": 1e9}, "optimiser": wild}
    one.settings = one.changed(**costly)
    found = one.perform()
    assert (found["status"]["status"], found["model"]["temperature"]) == ("failed", 1)
    assert found["model"]["status"] == "failed"
    with pytest.raises(UserError, match="the training of the run few failed"):
        load_model(one.layout.train("few").theta)


def test_what_layers_keep_comes_with_the_model_of_a_run(made, monkeypatch):
    # no configuration asks for such a layer yet
    network = Network((260,), (Dense(3), RunningMean(), Dense(36)))
    monkeypatch.setattr(Architecture, "network", lambda facts, dropout=(): network)
    one = made()
    found = one.perform()
    model = load_model(one.layout.train("few").theta)
    assert model.state.shape == (3,)
    assert not np.array_equal(model.state, network.initial_state())
    assert found["provenance"]["theta_sha256"] == model.digest


def test_a_run_whose_data_set_cannot_be_made_is_failed_and_says_why(made):
    one = made(captchas=99)
    found = one.perform()
    assert found["status"]["status"] == found["model"]["status"] == "failed"
    assert found["status"]["reason"].startswith(
        "its data set cannot be made: 12 usable captchas are not enough"
    )
    assert found["status"]["evaluations"] == 0
    assert found["parameters"]["parameters"] == 260 * 6 + 6 + 6 * 36 + 36
    assert found["provenance"]["pictures"] == {}


def raises(error):
    """A training that ends with this error."""

    def training(*_, **__):
        raise error

    return training


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (TypeError("found a text\nand more"), "its training raised TypeError: found a text"),
        (KeyError(), "its training raised KeyError: without a message"),
        (MemoryError("no 9 TiB"), "there is not enough memory for it (no 9 TiB)"),
    ],
)
def test_whatever_a_training_raises_makes_a_failed_run_with_all_its_files(made, monkeypatch, error, reason):
    one = made(calibration=4)
    monkeypatch.setattr(run, "train", raises(error))
    found = one.perform()
    assert found["status"] == {"status": "failed", "reason": reason, "evaluations": 0}
    assert all(file.is_file() for file in one.layout.train("few"))
    assert found["parameters"]["parameters"] == 260 * 6 + 6 + 6 * 36 + 36
    with pytest.raises(UserError, match="the training of the run few failed"):
        load_model(one.layout.train("few").theta)


def test_early_stopping_that_leaves_nothing_to_train_on_says_which_key_and_what_to_do(made):
    one = made()
    one.settings = one.changed(early_stopping={"share": 0.95, "patience": 3})
    reason = one.perform()["status"]["reason"]
    said = (
        "early_stopping.share: 0.95 of 9 captchas holds out 9, which leaves none to train on; take a smaller"
    )
    assert reason.startswith(said)


def test_a_file_that_cannot_be_read_is_no_failed_run_so_that_the_next_one_trains_it(made, monkeypatch):
    one = made()
    monkeypatch.setattr(run, "read_train_pictures", raises(UserError("it is damaged")))
    with pytest.raises(UserError, match="it is damaged"):
        one.perform()
    assert not one.layout.train("few").status.exists()


@pytest.mark.parametrize(
    ("reasons", "remedy"),
    [
        (["the cost became inf"], "; change its settings (a smaller learning rate, say) and run again"),
        ([f"{run.IMPOSSIBLE}2 are not enough; add captchas"], "add captchas); correct that and run again"),
        ([f"{run.IMPOSSIBLE}2 are not enough", "the cost became inf"], "smaller learning rate"),
    ],
)
def test_what_failed_is_named_with_its_reason_and_with_advice_that_fits_it(tmp_path, reasons, remedy):
    statuses = {}
    for number, reason in enumerate([None, *reasons]):
        status = {"status": "failed" if reason else "finished", "reason": reason or "ended"}
        statuses[f"run-{number}"] = tmp_path / f"{number}.json"
        statuses[f"run-{number}"].write_text(json.dumps(status))
    with pytest.raises(UserError) as error:
        run.check_finished(statuses)
    assert str(error.value).startswith(f"training failed: run-1 ({reasons[0]})")
    assert "run-0" not in str(error.value)
    assert remedy in str(error.value)
