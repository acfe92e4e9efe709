"""On real captchas of the kind, which the project does not ship, the recipe is worth what it should be."""

import numpy as np
import pytest
import yaml

from captchanet.config.resolve import resolved
from captchanet.dataset import dataset
from captchanet.evaluate.metrics import evaluate
from captchanet.segment.segment import segment
from captchanet.segment.segment_synthetic import segment_synthetic
from captchanet.segment.segmentation import Segmentation
from captchanet.synthesize.turned import Turned
from captchanet.train.model import Model
from captchanet.train.train import train

pytestmark = pytest.mark.workflow


def test_every_real_picture_is_usable_and_60_labels_read_about_half_of_the_others(real, default_config):
    settings = default_config["segment"]["ink-grid"]
    segmentation = Segmentation.from_settings(settings)
    folders = [segment(real / name, segmentation) for name in ("sheared-old", "sheared-new")]
    assert [len(folder.pictures) for folder in folders] == [1266, 999]
    assert not [row for folder in folders for row in folder.rejected]
    for name, folder in zip(("old", "new"), folders, strict=True):
        split = {"train": name, "synthetic": None, "unseen": "rest", "captchas": 60, "seed": 1}
        made = dataset.build({name: folder}, split, settings["alphabet"])
        known, unseen = made.train, made.unseen
        trained = train(known, 36, default_config["train"]["cg"])
        model = Model(trained.network, trained.theta, "cg", settings)
        metrics = evaluate(model, known, unseen).metrics
        assert metrics["training"]["accuracy"] == 1
        # broken splitting reads a third; the recipe measured 57 to 68 % over splits of both folders together
        assert 0.45 < metrics["unseen"]["captchas"]["accuracy"] < 0.85
        assert np.isfinite(trained.theta).all()


def test_synthetic_captchas_alone_teach_to_read_the_real_ones(real, root):
    config = yaml.safe_load((root / "config/synthetic-only.yaml").read_text())
    # a tenth of the recipe's captchas: 97.1 to 97.6 % were measured
    config["pictures"]["synthetic"]["synthesize"]["count"] = 2000
    config = resolved(config)
    settings = config["segment"]["ink-grid"]
    segmentation, style = Segmentation.from_settings(settings), config["pictures"]["synthetic"]["synthesize"]
    pictures, labels = Turned(**{name: style[name] for name in style if name != "method"})()
    synthetic = segment_synthetic(pictures, labels, segmentation)
    for name in ("sheared-old", "sheared-new"):
        folders = {"synthetic": synthetic, "unseen": segment(real / name, segmentation)}
        made = dataset.make(folders, config["dataset"]["main"], settings["alphabet"])
        assert made.copies == 0
        if name == "sheared-old":
            trained = train(made.train, 36, config["train"]["synthetic-only"])
        model = Model(trained.network, trained.theta, "synthetic-only", settings)
        found = evaluate(model, made.train, made.unseen).metrics["unseen"]["captchas"]
        assert found["accuracy"] > 0.955
