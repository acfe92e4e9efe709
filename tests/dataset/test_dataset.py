"""A data set splits captchas, not characters, and codes its classes as the tutorial does."""

import pickle
from dataclasses import replace

import hypothesis
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from captchanet.dataset.dataset import (
    build,
    calibrated_on,
    check_pickle,
    make,
    read_part,
    read_train_pictures,
    summary,
    trained_on,
    write_dataset,
)
from captchanet.dataset.settings import DatasetSettings
from captchanet.dataset.split import split
from captchanet.errors import DamagedFile, UserError
from captchanet.layout import PARTS, DatasetFiles
from captchanet.segment.segment import Character, Segmented, UsablePicture

ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyz"
SEGMENTATION = {"alphabet": ALPHABET, "characters": 2}


def folder(labels, prefix=""):
    """A segmented folder. Every pixel has the number of its row, also in the cleaned pictures."""
    rows = 2 * len(labels)
    return Segmented(
        np.repeat(np.arange(rows, dtype=np.float32), 3).reshape(rows, 3) / 1000,
        [
            Character(f"{label}.png", i, label[i], i, n, 1, 3)
            for n, label in enumerate(labels)
            for i in (0, 1)
        ],
        np.arange(9 * len(labels), dtype=np.float32).reshape(-1, 3, 3),
        [UsablePicture(f"{label}.png", label, f"file-{prefix}{label}", f"shown-{label}") for label in labels],
        [],
    )


MANY = [a + b for a in ALPHABET[:10] for b in ALPHABET[:4]]


def settings(**changes):
    return DatasetSettings.of({"segment": "grid", "train": "raw", "unseen": "other"} | changes)


def without_unseen(**changes):
    """Settings in which another folder is unseen, so nothing of this one is held out."""
    return settings(**changes).model_copy(update={"unseen": 0})


def written(files, wanted, **folders):
    """The data set of these settings and folders, and its facts, in these files."""
    made = make(folders, wanted, ALPHABET)
    pictures = {"raw": {"folder": "data/raw", "labels": None}}
    pictures["synthetic"] = {"synthesize": {"method": "turned"}}
    facts = summary(
        made, wanted, SEGMENTATION, {name: pictures.get(name, {"folder": name}) for name in folders}
    )
    write_dataset(files, made, facts, folders)
    return made, facts


@pytest.fixture
def files(tmp_path):
    return DatasetFiles.within(tmp_path)


def test_classes_are_coded_from_1_for_0_to_36_for_z():
    train = build({"raw": folder(["0z", "9a"]), "other": folder(["b1"], "u")}, settings(), ALPHABET).train
    assert train.y.tolist() == [[1], [36], [10], [11]]
    assert train.y.dtype == np.int64
    assert train.X.dtype == np.float64


@hypothesis.settings(max_examples=40)
@given(
    n=st.integers(3, 60),
    unseen=st.one_of(st.just("rest"), st.integers(1, 2), st.floats(0.05, 0.5)),
    captchas=st.integers(1, 2),
    seed=st.integers(0, 9),
)
def test_a_split_takes_each_captcha_at_most_once_and_the_same_for_the_same_seed(n, unseen, captchas, seed):
    wanted = settings(unseen=unseen, captchas=captchas if unseen == "rest" else None, seed=seed)
    train, held_out, calibration = split(n, wanted)
    assert (train, held_out, calibration) == split(n, wanted)
    assert calibration == []
    assert sorted(train) == train
    assert len(train) + len(held_out) == n
    assert set(train) | set(held_out) == set(range(n))
    if unseen == "rest":
        assert len(train) == captchas


def test_another_seed_samples_other_captchas():
    first, second = (split(60, settings(unseen=0.5, seed=seed))[0] for seed in (1, 2))
    assert first != second


def test_the_characters_of_a_captcha_stay_together():
    made = build({"raw": folder(MANY)}, settings(unseen=0.25), ALPHABET)
    train, unseen = made.train, made.unseen
    assert made.copies == 0
    assert len(unseen.captchas) == 10
    for part in (train, unseen):
        firsts = [MANY.index(label) * 2 for _, _, label, _ in part.captchas]
        assert (part.X[:, 0] * 1000).round().tolist() == [
            row for first in firsts for row in (first, first + 1)
        ]
    assert not {row[1] for row in train.captchas} & {row[1] for row in unseen.captchas}


def test_a_training_picture_is_taken_out_of_the_unseen_folder():
    seen, other = folder(["0z", "9a"]), folder(["0z", "b1"], "other format ")
    made = build({"raw": seen, "other": other}, settings(), ALPHABET)
    assert [row[2] for row in made.unseen.captchas] == ["b1"]
    assert made.copies == 1
    with pytest.raises(UserError, match="every picture of `other` is also in `raw`"):
        build({"raw": seen, "other": seen}, settings(), ALPHABET)


@pytest.mark.parametrize(
    "changes", [{"unseen": 4}, {"unseen": "rest", "captchas": 4}, {"unseen": 2, "captchas": 3}]
)
def test_too_few_captchas_are_said_with_the_numbers(changes):
    with pytest.raises(UserError, match="4 usable captchas are not enough"):
        build({"raw": folder(MANY[:4])}, settings(**changes), ALPHABET)


def test_the_pickle_holds_x_and_y_and_nothing_else_and_pandas_reads_it(files):
    made, _ = written(files, settings(unseen=0.25), raw=folder(MANY))
    # the fourth protocol: also older programs read it
    assert files.pickled.read_bytes()[:2] == b"\x80\x04"
    data = pd.read_pickle(files.pickled)
    assert list(data) == ["X", "y"]
    np.testing.assert_array_equal(data["X"], made.train.X)
    assert data["y"].shape == (60, 1)
    back = read_part(files, "unseen")
    assert back.captchas == made.unseen.captchas
    assert back.digest == made.unseen.digest != made.train.digest


def test_our_own_code_never_reads_the_pickle_and_says_when_it_is_another(files, monkeypatch):
    made, _ = written(files, settings(unseen=0.25), raw=folder(MANY))
    check_pickle(files)
    monkeypatch.setattr(pickle, "loads", lambda *_: pytest.fail("a pickle was read"))
    for data in (b"", b"cos\nsystem\n(S'exit 1'\ntR."):
        files.pickled.write_bytes(data)
        assert read_part(files, "train").digest == made.train.digest
        with pytest.raises(
            DamagedFile, match=r"train_data\.pkl: is not the one whose digest dataset\.json has"
        ):
            check_pickle(files)


@pytest.mark.parametrize("name", PARTS)
def test_arrays_of_another_data_set_are_refused_by_their_digest(files, tmp_path, name):
    wanted = settings(unseen=0.25, synthetic="synthetic", calibration=2)
    synthetic = [a + a for a in ALPHABET]
    written(files, wanted, raw=folder(MANY), synthetic=folder(synthetic))
    other = DatasetFiles.within(tmp_path / "other")
    written(other, wanted, raw=folder(MANY[4:]), synthetic=folder(synthetic[::-1]))
    for of in PARTS:
        assert len(read_part(files, of).X)
    files.part(name).write_bytes(other.part(name).read_bytes())
    with pytest.raises(
        DamagedFile, match=rf"{name}_data\.npz: is not the one whose digest dataset\.json has"
    ):
        read_part(files, name)
    files.train_pictures.write_bytes(other.train_pictures.read_bytes())
    with pytest.raises(DamagedFile, match=r"train_pictures\.npz: is not the one"):
        read_train_pictures(files)


def test_a_list_of_captchas_that_lost_a_line_is_damaged(files):
    written(files, settings(unseen=0.25), raw=folder(MANY))
    lines = files.captchas.read_bytes().splitlines(keepends=True)
    files.captchas.write_bytes(b"".join(lines[:-1]))
    assert read_part(files, "train").captchas
    with pytest.raises(DamagedFile, match=r"captchas\.csv: lists 9 of the 10 captchas of the part unseen"):
        read_part(files, "unseen")


def test_the_same_data_are_the_same_bytes(tmp_path):
    both = [DatasetFiles.within(tmp_path / name) for name in ("a", "b")]
    for files in both:
        wanted = settings(unseen=0.25, synthetic="synthetic")
        written(files, wanted, raw=folder(MANY), synthetic=folder(["zz", "99"]))
    assert sorted((tmp_path / "a").iterdir()) == sorted(both[0])
    for one, other in zip(*both, strict=True):
        assert one.read_bytes() == other.read_bytes()


def test_another_label_or_another_pixel_is_another_digest():
    one = build({"raw": folder(MANY)}, settings(unseen=0.25), ALPHABET).train
    assert replace(one, X=one.X.copy(), y=one.y.copy()).digest == one.digest
    labels, pixels = one.y.copy(), one.X.copy()
    labels[7], pixels[7, 1] = labels[7] % 36 + 1, 0.5
    assert len({one.digest, replace(one, y=labels).digest, replace(one, X=pixels).digest}) == 3


def test_a_class_without_an_example_is_listed():
    made = make({"raw": folder(["0z", "9a"]), "other": folder(["b1"], "u")}, settings(), ALPHABET)
    facts = summary(made, settings(), SEGMENTATION, {})
    assert facts["classes_without_example"] == [c for c in ALPHABET if c not in "0z9a"]
    assert facts["examples"]["unseen"]["b"] == 1
    assert pickle.loads(pickle.dumps(facts)) == facts


@given(n=st.integers(5, 60), folds=st.integers(2, 5), seed=st.integers(0, 9))
def test_every_captcha_is_unseen_in_exactly_one_fold_and_trains_in_all_others(n, folds, seed):
    unseen = []
    for fold in range(1, folds + 1):
        train, held_out, _ = split(n, settings(unseen="fold", folds=folds, fold=fold, seed=seed))
        assert sorted(train + held_out) == list(range(n))
        assert n // folds <= len(held_out) <= -(-n // folds)
        unseen += held_out
    assert sorted(unseen) == list(range(n))


def test_a_fold_trains_on_so_many_captchas_as_are_asked_for():
    train, held_out, _ = split(20, settings(unseen="fold", folds=4, fold=4, captchas=6))
    assert (len(train), len(held_out)) == (6, 5)
    assert not set(train) & set(held_out)


@pytest.mark.parametrize(
    ("fold", "said"), [(5, "fold: found 5; there are 4 folds"), (0, "expected at least 1")]
)
def test_a_fold_that_there_is_none_of_is_refused(fold, said):
    assert settings(unseen="fold", folds=4, fold=4).fold == 4
    with pytest.raises(UserError, match=said):
        settings(unseen="fold", folds=4, fold=fold)


def test_every_usable_picture_is_listed_whether_it_was_chosen_or_not(files):
    _, facts = written(files, settings(captchas=3), raw=folder(MANY), other=folder(["z1"]))
    rows = files.pictures.read_text().splitlines()
    assert rows[0] == "pictures,file,label,sha256"
    assert len(rows) == 1 + 40 + 1
    assert rows[-1] == "other,z1.png,z1,file-z1"
    header, *captchas = files.captchas.read_text().splitlines()
    assert header == "part,pictures,file,label,sha256"
    assert [row.split(",")[0] for row in captchas] == ["train"] * 3 + ["unseen"]
    assert captchas[-1] == "unseen,other,z1.png,z1,file-z1"
    assert facts["pictures"]["raw"]["folder"] == "data/raw"


def test_what_cannot_be_made_is_empty_and_says_why(files):
    folders = {"raw": folder(MANY), "other": folder(["z1"]), "synthetic": folder(["zz"])}
    made, facts = written(files, settings(captchas=99, synthetic="synthetic"), **folders)
    assert "40 usable captchas are not enough to train on 99" in facts["problem"] == made.problem
    assert facts["captchas"] == {"train": 0, "unseen": 0, "synthetic": 0, "calibration": 0}
    for part in PARTS:
        back = read_part(files, part)
        assert (back.X.shape, back.y.shape, back.captchas) == ((0, 3), (0, 1), [])
    cleaned, windows = read_train_pictures(files)
    assert (cleaned.shape, windows.shape) == ((0, 3, 3), (0, 4))
    assert make(folders, settings(captchas=9), ALPHABET).problem is None


# synthetic captchas


def test_synthetic_captchas_are_a_part_of_their_own_and_no_list_of_them_is_kept(files):
    folders = {"raw": folder(MANY[:8]), "synthetic": folder(["zz", "xy"]), "other": folder(["z1"])}
    made, facts = written(files, settings(synthetic="synthetic"), **folders)
    assert facts["captchas"] == {"train": 8, "unseen": 1, "synthetic": 2, "calibration": 0}
    assert facts["digest"]["synthetic"] == made.synthetic.digest
    back = read_part(files, "synthetic")
    np.testing.assert_array_equal(back.X, folders["synthetic"].X)
    assert back.y[:, 0].tolist() == [36, 36, 34, 35]
    assert back.captchas == []
    assert "z" not in facts["classes_without_example"]
    for table in (files.captchas, files.pictures):
        assert "zz" not in table.read_text()
    assert trained_on(facts) == "8 captchas and 2 synthetic ones"


def test_a_data_set_without_synthetic_captchas_has_no_digest_of_them(files):
    _, facts = written(files, settings(), raw=folder(MANY), other=folder(["z1"]))
    assert set(facts["digest"]) == {"train", "unseen"}
    assert read_part(files, "synthetic").X.shape == (0, 3)
    assert trained_on(facts) == "40 captchas"


def test_synthetic_captchas_alone_may_train_and_may_be_unseen(files):
    folders = {"synthetic": folder(MANY), "other": folder(["z1"])}
    made, facts = written(files, settings(train="synthetic"), **folders)
    assert (len(made.train.captchas), facts["captchas"]["synthetic"]) == (40, 0)
    assert trained_on(facts) == "40 synthetic captchas"
    assert files.pictures.read_text() == "pictures,file,label,sha256\nother,z1.png,z1,file-z1\n"
    # they can be read, so an evaluation can find the misreads
    assert len(read_part(files, "train").captchas) == 40
    folders = {"raw": folder(MANY), "synthetic": folder(["z1"])}
    made, _ = written(files, settings(unseen="synthetic"), **folders)
    assert [row[:3] for row in made.unseen.captchas] == [("synthetic", "z1.png", "z1")]


@pytest.mark.parametrize("unseen", ["other", 0.25])
def test_a_synthetic_picture_that_trains_is_never_unseen(unseen):
    folders = {"raw": folder(MANY), "synthetic": folder(["z1", *MANY[:3]]), "other": folder(["z1", "z2"])}
    made = make(folders, settings(unseen=unseen, synthetic="synthetic"), ALPHABET)
    assert not {row[2] for row in made.unseen.captchas} & {"z1", *MANY[:3]}
    wanted = {"z1"} if unseen == "other" else set(MANY[:3]) - {row[2] for row in made.train.captchas}
    assert made.copies == len(wanted)
    folders["synthetic"] = folder(["z1", "z2", *MANY])
    problem = make(folders, settings(unseen=unseen, synthetic="synthetic"), ALPHABET).problem
    assert (
        "every picture of `other` is" if unseen == "other" else "the unseen part is also in `synthetic`"
    ) in problem
    assert "`synthetic`; unseen pictures must be others" in problem


def test_pictures_and_windows_are_those_of_the_training_captchas_in_their_order(files):
    raw = folder(MANY)
    made, facts = written(files, settings(unseen=0.25, captchas=7, seed=3), raw=raw)
    cleaned, windows = read_train_pictures(files)
    rows = [MANY.index(row[2]) for row in made.train.captchas]
    assert len(rows) == 7
    np.testing.assert_array_equal(cleaned, raw.cleaned[rows])
    np.testing.assert_array_equal(windows, [[i, row, 1, 3] for row in rows for i in (0, 1)])
    raw.cleaned[rows[2], 0, 0] += 1
    other = written(files, settings(unseen=0.25, captchas=7, seed=3), raw=raw)[1]
    assert other["cleaned"] != facts["cleaned"]
    assert other["digest"] == facts["digest"]
    moved = made.windows + np.array([1, 0, 1, 0])
    again = summary(replace(made, windows=moved), settings(), SEGMENTATION, {})
    assert again["cleaned"] != facts["cleaned"]
    assert again["digest"] == facts["digest"]


# captchas to calibrate on


@pytest.mark.parametrize(
    ("changes", "train", "unseen"),
    [
        ({"unseen": 0.25}, [0, 1, 2, 3, 5, 6, 7, 9], [4, 8]),
        ({"unseen": 3}, [0, 1, 2, 3, 5, 6, 9], [4, 7, 8]),
        ({"unseen": "rest", "captchas": 4}, [3, 5, 6, 9], [0, 1, 2, 4, 7, 8]),
        ({"unseen": "fold", "folds": 3, "fold": 2}, [3, 4, 5, 6, 7, 8, 9], [0, 1, 2]),
        ({"unseen": "other", "captchas": 5}, [0, 1, 4, 7, 8], []),
        ({"unseen": "other"}, list(range(10)), []),
    ],
)
def test_without_calibration_the_split_is_what_it_was_before_there_was_any(changes, train, unseen):
    made = settings if unseen else without_unseen
    assert split(10, made(**changes)) == (train, unseen, [])
    assert split(10, made(calibration=0, **changes)) == (train, unseen, [])


@hypothesis.settings(max_examples=40)
@given(
    n=st.integers(8, 60),
    how=st.sampled_from([("rest", 2), (0.25, None), (3, 2), ("fold", None), ("other", 3)]),
    calibration=st.integers(1, 2) | st.floats(0.05, 0.25),
    seed=st.integers(0, 9),
)
def test_what_is_calibrated_on_neither_trains_nor_is_unseen_and_stays_the_same(n, how, calibration, seed):
    folds = {"folds": 4, "fold": 2} if how[0] == "fold" else {}
    wanted = {"unseen": how[0], "captchas": how[1], "seed": seed, **folds}
    made = without_unseen if how[0] == "other" else settings
    train, unseen, _ = split(n, made(**wanted))
    found = split(n, made(**wanted, calibration=calibration))
    assert len(set().union(*found)) == sum(map(len, found))
    assert len(found[2]) == (calibration if calibration >= 1 else max(1, round(calibration * n)))
    if how[0] != "rest":
        assert found[1] == unseen
    if how[1] is not None:
        # not those that train, and the same ones for every number that trains
        assert len(found[0]) == len(train)
        assert found[2] == split(n, made(**wanted | {"calibration": calibration, "captchas": 1}))[2]
    if how in ((3, 2), ("other", 3)):
        assert found[0] == train


@pytest.mark.parametrize("data", [{"synthetic": "synthetic"}, {"train": "synthetic"}, {}])
def test_they_are_taken_from_the_synthetic_ones_where_there_are_any_and_kept_in_files(data, files):
    folders = {"raw": folder(MANY[:20]), "synthetic": folder(MANY[20:]), "other": folder(["z1"])}
    wanted = settings(calibration=0.25, **data)
    used = {name: folders[name] for name in folders if name in wanted.dump().values()}
    made, facts = written(files, wanted, **used)
    assert {row[0] for row in made.calibration.captchas} == {"synthetic" if data else "raw"}
    assert len(made.calibration.captchas) == facts["captchas"]["calibration"] == 5
    assert calibrated_on(facts) == ("5 synthetic captchas" if data else "5 captchas")
    trained = len(made.train.captchas), len(made.synthetic.captchas)
    assert trained == ((20, 15) if "synthetic" in data else (15, 0))
    labels = [{row[2] for row in part.captchas} for part in made.parts.values()]
    assert sum(map(len, labels)) == len(set().union(*labels)) == (41 if "synthetic" in data else 21)
    back = read_part(files, "calibration")
    assert back.captchas == made.calibration.captchas
    assert back.digest == made.calibration.digest == facts["digest"]["calibration"]
    _, facts = written(files, settings(**data), **used)
    assert calibrated_on(facts) == ""
    assert "calibration" not in facts["digest"]


def test_a_picture_that_is_calibrated_on_is_not_unseen_and_one_that_trains_is_not_calibrated_on():
    folders = {
        "raw": folder(MANY[:4]),
        "synthetic": folder(["z1", "z2"]),
        "other": folder(["z1", "z2", "z3"]),
    }
    made = make(folders, settings(synthetic="synthetic", calibration=1), ALPHABET)
    assert [row[2] for row in made.unseen.captchas] == ["z3"]
    folders["raw"] = folder(["z1", "z2"])
    problem = make(folders, settings(synthetic="synthetic", calibration=1), ALPHABET).problem
    assert "every captcha of `synthetic` to calibrate on also trains" in problem


def test_too_few_to_calibrate_on_are_said_with_the_numbers():
    folders = {"raw": folder(MANY[:4]), "synthetic": folder(MANY[4:8]), "other": folder(["z1"])}
    problem = make(folders, settings(calibration=4), ALPHABET).problem
    assert "4 usable captchas are not enough to train on 1 and calibrate on 4; add captchas, or" in problem
    problem = make(folders, settings(synthetic="synthetic", calibration=5), ALPHABET).problem
    assert "4 synthetic captchas are not enough to train on 1 and calibrate on 5" in problem
