"""A run folder tells of everything that made the run, also where captchas were drawn for it."""

import json
from dataclasses import replace

import numpy as np
import pytest
import yaml

from captchanet.config.resolve import resolved
from captchanet.dataset import dataset
from captchanet.errors import UserError
from captchanet.segment.segment import segment
from captchanet.segment.segment_synthetic import segment_drawn
from captchanet.segment.segmentation import Cut
from captchanet.synthesize.kinds import turned
from captchanet.train import run
from captchanet.train.augment import crops
from captchanet.train.model import load
from captchanet.train.train import train

AUGMENT = {"method": "affine", "rotation": 5}
OPTIMISER = {"method": "adamw", "epochs": 2, "batch_size": 32, "learning_rate": 1e-3}


class Made:
    """A data set in files, of 12 labelled captchas and 20 drawn ones, and how to train on it."""

    def __init__(self, root, folder, pictures, **data):
        config = {
            "pictures": {
                "raw": {"folder": str(pictures / "raw")},
                "drawn": {"draw": {"method": "turned", "count": 20, "seed": 7}},
            },
            "segment": {"grid": {"max_rejected": 1}},
            "dataset": {"main": {"cut": "grid", "train": "raw", "unseen": 3} | data},
            "train": {"few": {"hidden": [6], "optimiser": OPTIMISER, "augment": AUGMENT}},
        }
        self.config = resolved(config)
        self.settings, self.folder = self.config["train"]["few"], folder
        self.cut, chosen = self.config["segment"]["grid"], self.config["dataset"]["main"]
        style = {
            name: value
            for name, value in self.config["pictures"]["drawn"]["draw"].items()
            if name != "method"
        }
        cut = Cut.from_settings(self.cut)
        folders = {"raw": segment(pictures / "raw", cut), "drawn": segment_drawn(*turned(**style), cut)}
        self.made = dataset.make(folders, chosen, self.cut["alphabet"])
        facts = dataset.summary(self.made, chosen, self.cut, self.config["pictures"])
        dataset.write(folder / "dataset", self.made, facts, folders)

    def perform(self):
        """The run folder, file by file."""
        data, place = self.folder / "dataset", self.folder / "train"
        run.perform("few", self.settings, data, place, [], self.folder / "checkpoints")
        return {file.stem: json.loads(file.read_text()) for file in place.glob("*.json")} | {
            "theta": np.load(place / "model.npz")["theta"]
        }


@pytest.fixture
def made(root, tmp_path, made_results):
    return lambda **data: Made(root, tmp_path, made_results.pictures, **data)


def test_drawn_captchas_are_mixed_in_and_labelled_ones_augmented(made):
    one = made(drawn="drawn")
    found, part = one.perform(), one.made
    cropped = crops(part.train.X, part.cleaned, part.windows, one.cut["cut"])
    for dropped in ({"drawn": None}, {"crops": None}, {}):
        settings = one.settings | ({"augment": {"method": "none"}} if "crops" in dropped else {})
        beside = {"drawn": part.drawn, "crops": cropped} | dropped
        same = train(part.train, 36, settings, **beside).theta.tobytes() == found["theta"].tobytes()
        assert same == (not dropped)


def test_the_style_of_drawing_is_a_parameter_and_where_pictures_lie_is_none(made):
    found = made(drawn="drawn").perform()
    assert set(found["parameters"]["pictures"]) == {"drawn"}
    assert found["parameters"]["pictures"]["drawn"]["draw"]["rotation"] == 31
    assert found["parameters"]["dataset"]["drawn"] == "drawn"
    assert set(found["configuration"]["pictures"]) == {"raw", "drawn"}


@pytest.mark.parametrize(
    ("data", "pictures", "parts"),
    [
        ({"drawn": "drawn"}, 9, {"train", "unseen", "drawn"}),
        ({"train": "drawn"}, 0, {"train", "unseen"}),
        ({"unseen": "drawn"}, 12, {"train", "unseen"}),
        ({"calibration": 2}, 7, {"train", "unseen", "calibration"}),
    ],
)
def test_provenance_has_a_digest_of_each_picture_but_for_those_drawn(made, data, pictures, parts):
    one = made(**data)
    found = one.perform()["provenance"]
    assert len(found["pictures"]) == pictures
    assert set(found["data_sha256"]) == parts
    assert found["data_sha256"]["train"] == one.made.train.digest


def test_a_configuration_of_the_run_alone_is_valid_and_draws_the_same(made, root):
    found = made(drawn="drawn").perform()
    again = resolved(yaml.safe_load(yaml.safe_dump(found["configuration"])))
    assert json.loads(json.dumps(again["pictures"])) == found["configuration"]["pictures"]
    assert json.loads(json.dumps(again["train"])) == found["configuration"]["train"]


@pytest.mark.parametrize("data", [{"drawn": "drawn"}, {}])
def test_a_run_is_calibrated_on_captchas_that_trained_nothing(made, data):
    one = made(calibration=4, **data)
    found, held_out = one.perform(), one.made.calibration
    assert found["model"]["temperature"] != 1
    model = load(one.folder / "train/model.npz")
    again = replace(model, temperature=1.0).calibrated(held_out.X, held_out.y)
    assert again.temperature == model.temperature
    cropped = crops(one.made.train.X, one.made.cleaned, one.made.windows, one.cut["cut"])
    drawn = one.made.drawn if data else None
    alone = train(one.made.train, 36, one.settings, drawn=drawn, crops=cropped)
    assert alone.theta.tobytes() == found["theta"].tobytes()


def test_a_failed_run_and_one_without_such_captchas_have_no_temperature(made):
    assert made().perform()["model"]["temperature"] == 1
    one = made(calibration=4)
    wild = {"method": "sgd", "epochs": 99, "batch_size": None, "learning_rate": 1e6, "momentum": 0.0}
    costly = {"cost": "quadratic", "penalty": {"method": "l2", "weight": 1e9}, "optimiser": wild}
    one.settings = one.settings | costly
    found = one.perform()
    assert (found["status"]["status"], found["model"]["temperature"]) == ("failed", 1)


@pytest.mark.parametrize(
    ("reasons", "remedy"),
    [
        (["the cost became inf"], "; change its settings (a smaller learning rate, say) and run again"),
        ([f"{run.IMPOSSIBLE}2 are not enough; add captchas"], "add captchas); mend that and run again"),
        ([f"{run.IMPOSSIBLE}2 are not enough", "the cost became inf"], "smaller learning rate"),
    ],
)
def test_what_failed_is_named_with_its_reason_and_with_advice_that_fits_it(tmp_path, reasons, remedy):
    for number, reason in enumerate([None, *reasons]):
        status = {"status": "failed" if reason else "finished", "reason": reason or "ended"}
        (tmp_path / f"run-{number}").mkdir()
        (tmp_path / f"run-{number}/status.json").write_text(json.dumps(status))
    with pytest.raises(UserError) as error:
        run.check_finished(sorted(tmp_path.iterdir()))
    assert str(error.value).startswith(f"training failed: run-1 ({reasons[0]})")
    assert "run-0" not in str(error.value)
    assert remedy in str(error.value)
