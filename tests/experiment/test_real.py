"""On real captchas of the kind, which the project does not ship, the recipe is worth what it should be."""

import numpy as np
import pytest

from captchanet.experiment import dataset
from captchanet.experiment.evaluate import evaluate
from captchanet.experiment.model import Model
from captchanet.experiment.train import train
from captchanet.images.cut import Cut
from captchanet.images.segment import segment

pytestmark = pytest.mark.workflow


def test_every_real_picture_is_usable_and_60_labels_read_about_half_of_the_others(real, default_config):
    settings = default_config["segment"]["ink-grid"]
    folders = [segment(real / name, Cut.from_settings(settings)) for name in ("sheared-old", "sheared-new")]
    assert [len(folder.pictures) for folder in folders] == [1266, 999]
    assert not [row for folder in folders for row in folder.rejected]
    for name, folder in zip(("old", "new"), folders, strict=True):
        split = {"train": name, "unseen": "rest", "captchas": 60, "seed": 1}
        known, unseen, _ = dataset.build(folder, None, split, settings["alphabet"])
        trained = train(known, 36, default_config["train"]["cg"])
        model = Model(trained.network, trained.theta, "cg", settings)
        metrics = evaluate(model, known, unseen).metrics
        assert metrics["training"]["accuracy"] == 1
        # a broken cutter reads a third; the recipe measured 57 to 68 % over draws from both kinds together
        assert 0.45 < metrics["unseen"]["captchas"]["accuracy"] < 0.85
        assert np.isfinite(trained.theta).all()
