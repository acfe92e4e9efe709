"""A run folder tells of everything that made the run, also where captchas were drawn for it."""

import json

import numpy as np
import pytest
import yaml

from captchanet.configuration import resolved
from captchanet.experiment import dataset, run
from captchanet.experiment.train import train
from captchanet.images.augment import crops
from captchanet.images.cut import Cut
from captchanet.images.drawn import turned
from captchanet.images.segment import segment
from captchanet.images.segment_drawn import segment_drawn

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
        self.config = resolved(config, root / "workflow/schemas/config.schema.yaml")
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
    schema = root / "workflow/schemas/config.schema.yaml"
    again = resolved(yaml.safe_load(yaml.safe_dump(found["configuration"])), schema)
    assert json.loads(json.dumps(again["pictures"])) == found["configuration"]["pictures"]
    assert json.loads(json.dumps(again["train"])) == found["configuration"]["train"]
