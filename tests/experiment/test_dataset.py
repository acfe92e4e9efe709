"""A data set splits captchas, not characters, and codes its classes as the tutorial does."""

import pickle

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from captchanet.errors import UserError
from captchanet.experiment import dataset
from captchanet.experiment.dataset import build, split, summary
from captchanet.images.segment import Character, Picture, Segmented

ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyz"
CUT = {"alphabet": ALPHABET, "characters": 2}


def folder(labels, prefix=""):
    """A segmented folder whose every pixel is the number of its row."""
    rows = 2 * len(labels)
    return Segmented(
        np.repeat(np.arange(rows, dtype=np.float32), 3).reshape(rows, 3) / 1000,
        [Character(f"{label}.png", i, label[i], 0, 0, 1, 3) for label in labels for i in (0, 1)],
        np.zeros((len(labels), 3, 3), np.float32),
        [Picture(f"{label}.png", label, f"file-{prefix}{label}", f"shown-{label}") for label in labels],
        [],
    )


MANY = [a + b for a in ALPHABET[:10] for b in ALPHABET[:4]]


def settings(**changes):
    return {"cut": "c", "train": "raw", "unseen": "other", "captchas": None, "seed": 1} | changes


def test_classes_are_coded_from_1_for_0_to_36_for_z():
    train, _, _ = build(folder(["0z", "9a"]), folder(["b1"], "u"), settings(), ALPHABET)
    assert train.y.tolist() == [[1], [36], [10], [11]]
    assert train.y.dtype == np.int64
    assert train.X.dtype == np.float64


@given(
    n=st.integers(3, 60),
    unseen=st.one_of(st.just("rest"), st.integers(1, 2), st.floats(0.05, 0.5)),
    captchas=st.integers(1, 2),
    seed=st.integers(0, 9),
)
def test_a_split_takes_each_captcha_at_most_once_and_the_same_for_the_same_seed(n, unseen, captchas, seed):
    wanted = settings(unseen=unseen, captchas=captchas if unseen == "rest" else None, seed=seed)
    train, held_out = split(n, wanted)
    assert (train, held_out) == split(n, wanted)
    assert sorted(train) == train
    assert len(train) + len(held_out) == n
    assert set(train) | set(held_out) == set(range(n))
    if unseen == "rest":
        assert len(train) == captchas


def test_another_seed_draws_other_captchas():
    first, second = (split(60, settings(unseen=0.5, seed=seed))[0] for seed in (1, 2))
    assert first != second


def test_the_characters_of_a_captcha_stay_together():
    train, unseen, copies = build(folder(MANY), None, settings(unseen=0.25), ALPHABET)
    assert copies == 0
    assert len(unseen.captchas) == 10
    for part in (train, unseen):
        firsts = [MANY.index(label) * 2 for _, _, label, _ in part.captchas]
        assert (part.X[:, 0] * 1000).round().tolist() == [
            row for first in firsts for row in (first, first + 1)
        ]
    assert not {row[1] for row in train.captchas} & {row[1] for row in unseen.captchas}


def test_a_training_picture_is_taken_out_of_the_unseen_folder():
    seen, other = folder(["0z", "9a"]), folder(["0z", "b1"], "other format ")
    _, unseen, copies = build(seen, other, settings(), ALPHABET)
    assert [row[2] for row in unseen.captchas] == ["b1"]
    assert copies == 1
    with pytest.raises(UserError, match="every picture of `other` is also in `raw`"):
        build(seen, seen, settings(), ALPHABET)


@pytest.mark.parametrize(
    "changes", [{"unseen": 4}, {"unseen": "rest", "captchas": 4}, {"unseen": 2, "captchas": 3}]
)
def test_too_few_captchas_are_said_with_the_numbers(changes):
    with pytest.raises(UserError, match="4 usable captchas are not enough"):
        build(folder(MANY[:4]), None, settings(**changes), ALPHABET)


def test_the_pickles_hold_x_and_y_and_nothing_else_and_pandas_reads_them(tmp_path):
    train, unseen, copies = build(folder(MANY), None, settings(unseen=0.25), ALPHABET)
    facts = summary(train, unseen, copies, None, settings(), CUT, {})
    dataset.write(tmp_path, train, unseen, facts, {"raw": folder(MANY)})
    data = pd.read_pickle(tmp_path / "train_data.pkl")
    assert list(data) == ["X", "y"]
    np.testing.assert_array_equal(data["X"], train.X)
    assert data["y"].shape == (60, 1)
    back = dataset.read(tmp_path, "unseen")
    assert back.captchas == unseen.captchas
    assert back.digest == unseen.digest != train.digest


def test_the_same_data_are_the_same_bytes(tmp_path):
    for name in ("a", "b"):
        train, unseen, copies = build(folder(MANY), None, settings(unseen=0.25), ALPHABET)
        facts = summary(train, unseen, copies, None, settings(), CUT, {})
        dataset.write(tmp_path / name, train, unseen, facts, {"raw": folder(MANY)})
    for file in ("train_data.pkl", "unseen_data.pkl", "captchas.csv", "pictures.csv", "dataset.json"):
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()


def test_a_class_without_an_example_is_listed():
    train, unseen, copies = build(folder(["0z", "9a"]), folder(["b1"], "u"), settings(), ALPHABET)
    facts = summary(train, unseen, copies, None, settings(), CUT, {})
    assert facts["classes_without_example"] == [c for c in ALPHABET if c not in "0z9a"]
    assert facts["examples"]["unseen"]["b"] == 1
    assert pickle.loads(pickle.dumps(facts)) == facts


@given(n=st.integers(5, 60), folds=st.integers(2, 5), seed=st.integers(0, 9))
def test_every_captcha_is_unseen_in_exactly_one_fold_and_trains_in_all_others(n, folds, seed):
    unseen = []
    for fold in range(1, folds + 1):
        train, held_out = split(n, settings(unseen="fold", folds=folds, fold=fold, seed=seed))
        assert sorted(train + held_out) == list(range(n))
        assert n // folds <= len(held_out) <= -(-n // folds)
        unseen += held_out
    assert sorted(unseen) == list(range(n))


def test_a_fold_trains_on_so_many_captchas_as_are_asked_for():
    train, held_out = split(20, settings(unseen="fold", folds=4, fold=4, captchas=6))
    assert (len(train), len(held_out)) == (6, 5)
    assert not set(train) & set(held_out)


def test_every_usable_picture_is_listed_whether_it_was_drawn_or_not(tmp_path):
    train, unseen, copies = build(folder(MANY), folder(["z1"]), settings(captchas=3), ALPHABET)
    facts = summary(
        train, unseen, copies, None, settings(), CUT, {"raw": {"folder": "data/raw", "labels": None}}
    )
    dataset.write(tmp_path, train, unseen, facts, {"raw": folder(MANY), "other": folder(["z1"])})
    rows = (tmp_path / "pictures.csv").read_text().splitlines()
    assert rows[0] == "pictures,file,label,sha256"
    assert len(rows) == 1 + 40 + 1
    assert rows[-1] == "other,z1.png,z1,file-z1"
    assert facts["pictures"]["raw"]["folder"] == "data/raw"


def test_what_cannot_be_made_is_empty_and_says_why(tmp_path):
    *parts, problem = dataset.attempt(folder(MANY), folder(["z1"]), settings(captchas=99), ALPHABET)
    assert "40 usable captchas are not enough to train on 99" in problem
    facts = summary(*parts, problem, settings(), CUT, {})
    dataset.write(tmp_path, *parts[:2], facts, {"raw": folder(MANY)})
    back = dataset.read(tmp_path, "train")
    assert (back.X.shape, back.y.shape, back.captchas) == ((0, 3), (0, 1), [])
    assert dataset.attempt(folder(MANY), folder(["z1"]), settings(captchas=9), ALPHABET)[3] is None
