"""All readers get the same captchas: those of the data set's own split."""

import numpy as np
import pytest
import splits
from recipes import Recipe
from small import training

from captchanet.dataset.settings import DatasetSettings
from captchanet.dataset.split import split
from captchanet.segment.segment import Character, Segmented, UsablePicture
from captchanet.segment.segmentation import Segmentation

ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyz"
SEGMENTATION = Segmentation()


@pytest.fixture
def pictures():
    """Thirty captchas of noise, split by the grid."""
    rng = np.random.default_rng(1)
    cleaned = rng.random((30, 27, 72), dtype=np.float32)
    rows, characters, X = [], [], []
    for number, picture in enumerate(cleaned):
        label = "".join(rng.choice(list(ALPHABET), 4))
        rows.append(UsablePicture(f"{number:02}-{label}.png", label, str(number), str(number)))
        for index, left in enumerate((4, 16, 28, 40)):
            characters.append(Character(rows[-1].file, index, label[index], left, 1, left + 13, 21))
            X.append(picture[1:21, left : left + 13].ravel())
    return Segmented(np.array(X), characters, cleaned, rows, [])


def test_a_peer_meets_the_captchas_that_a_recipe_meets_and_the_stage_dataset_samples(pictures):
    run = training(hidden=[2], penalty={"method": "none"}, optimiser={"method": "cg", "iterations": 1})
    recipe = Recipe("one-step", run, SEGMENTATION, None, 0)
    sampled = set()
    for seed in (1, 2):
        for captchas in (5, 20):
            _, dataset, _ = recipe.train(pictures, captchas, seed)
            task = splits.task(pictures, captchas, seed, SEGMENTATION)
            wanted = {"segment": "any", "train": "all", "unseen": "rest", "captchas": captchas}
            known, unseen, _ = split(30, DatasetSettings.of(wanted | {"seed": seed}))
            for part, shown, rows in (
                (dataset.train, task.known, known),
                (dataset.unseen, task.unseen, unseen),
            ):
                files = [pictures.pictures[row].file for row in rows]
                assert [file for _, file, _, _ in part.captchas] == shown.files == files
                np.testing.assert_array_equal(part.X, shown.X.reshape(len(part.X), -1))
            sampled.add(tuple(known))
    assert len(sampled) == 4


def test_a_task_says_what_stands_on_its_captchas(pictures):
    task = splits.task(pictures, 7, 3, SEGMENTATION)
    assert task.known.X.shape == (7, 4, 260)
    assert task.unseen.cleaned.shape == (23, 27, 72)
    known = ["".join(ALPHABET[number] for number in row) for row in task.y]
    for shown, labels in ((task.known, known), (task.unseen, task.labels)):
        assert [file[3:7] for file in shown.files] == labels
        for file, cleaned, X in zip(shown.files, shown.cleaned, shown.X, strict=True):
            np.testing.assert_array_equal(cleaned, pictures.cleaned[int(file[:2])])
            np.testing.assert_array_equal(cleaned[1:21, 16:29].ravel(), X[1])


def test_a_negative_number_trains_on_all_but_so_many():
    assert [splits.size(wanted, 100) for wanted in (60, 0, -40)] == [60, 0, 60]
