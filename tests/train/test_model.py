"""A model is two files without code in them, and what is no model is refused with a sentence."""

import hashlib
import json
from dataclasses import replace

import numpy as np
import pytest

from captchanet.errors import UserError
from captchanet.evaluate import predict as reading
from captchanet.nn import Network, uniform
from captchanet.synthesize.folder import draw_folder
from captchanet.train.model import Model, load

SEGMENT = {
    "picture": {"width": 72, "height": 27},
    "characters": 4,
    "alphabet": "0123456789abcdefghijklmnopqrstuvwxyz",
    "clean": {"method": "ink"},
    "cut": {"method": "grid"},
    "max_rejected": 0.05,
}
NETWORK = Network((260, 5, 36))


@pytest.fixture
def model():
    return Model(NETWORK, uniform(NETWORK, np.random.default_rng(0)), "small", SEGMENT)


def test_a_model_comes_back_bit_by_bit_with_all_that_reading_needs(model, tmp_path):
    model.write(tmp_path)
    back = load(tmp_path / "model.npz")
    assert back.theta.tobytes() == model.theta.tobytes()
    assert (back.network, back.run, back.segment) == (model.network, "small", SEGMENT)
    with np.load(tmp_path / "model.npz", allow_pickle=False) as arrays:
        assert list(arrays) == ["theta"]


def test_the_same_model_is_the_same_bytes(model, tmp_path):
    for name in ("a", "b"):
        model.write(tmp_path / name)
    for file in ("model.npz", "model.json"):
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()


def test_a_missing_model_says_what_to_do(tmp_path):
    with pytest.raises(UserError, match=r"no such file.*snakemake --cores 4"):
        load(tmp_path / "model.npz")
    with pytest.raises(UserError, match=r"name the \.npz file"):
        load(tmp_path / "model.json")


def test_a_damaged_a_foreign_and_an_exchanged_model_are_refused(model, tmp_path):
    model.write(tmp_path)
    file = tmp_path / "model.npz"
    whole = file.read_bytes()
    file.write_bytes(whole[:500])
    with pytest.raises(UserError, match="is damaged"):
        load(file)
    np.savez(file, theta=np.array([object()], dtype=object))
    with pytest.raises(UserError, match="is damaged") as caught:
        load(file)
    assert "allow_pickle" not in str(caught.value)
    np.savez(file, theta=model.theta + 1)
    with pytest.raises(UserError, match=r"not the one that model\.json describes"):
        load(file)


@pytest.mark.parametrize(
    "change",
    [
        {"network": {"layers": [2, 2], "bias": True}},
        {"segment": SEGMENT | {"characters": 3}},
        {"segment": None},
        {"format": 2},
        {"theta_sha256": None},
        {"facts_sha256": None},
        "[]",
        "{",
    ],
)
def test_a_description_that_was_changed_is_refused(model, tmp_path, change):
    model.write(tmp_path)
    facts = tmp_path / "model.json"
    text = change if isinstance(change, str) else json.dumps(json.loads(facts.read_text()) | change)
    facts.write_text(text)
    with pytest.raises(UserError, match="train the run again"):
        load(tmp_path / "model.npz")


def test_the_model_of_a_failed_training_reads_nothing(model, tmp_path):
    model.write(tmp_path, "failed")
    with pytest.raises(UserError, match="the training of the run small failed"):
        load(tmp_path / "model.npz")


def test_a_folder_without_pictures_stops_nobody(model, tmp_path):
    (tmp_path / "empty").mkdir()
    draw_folder(tmp_path / "some", 2, 3)
    found = list(reading.read(model, reading.files([str(tmp_path / "empty"), str(tmp_path / "some")])))
    assert len(found) == 3
    assert "is empty" in found[0].problem


def test_pictures_are_read_in_their_order_and_a_bad_one_stops_nobody(model, tmp_path):
    drawn = draw_folder(tmp_path, 6, 3)
    (tmp_path / "bad.png").write_text("not a picture")
    paths = list(reading.files([str(tmp_path), str(tmp_path / "nowhere.png")]))
    found = list(reading.read(model, paths))
    assert [row.file for row in found] == paths
    problems = [row for row in found if row.problem]
    assert [row.file for row in problems] == [str(tmp_path / "bad.png"), str(tmp_path / "nowhere.png")]
    assert len(found) == len(drawn) + 2
    assert all(len(row.reading) == 4 and 0 < row.confidence < 1 for row in found if not row.problem)


def test_readings_do_not_depend_on_the_batch(model, tmp_path, monkeypatch):
    draw_folder(tmp_path, 7, 3)
    paths = list(reading.files([str(tmp_path)]))
    whole = list(reading.read(model, paths))
    monkeypatch.setattr(reading, "BATCH", 2)
    for one, other in zip(whole, reading.read(model, paths), strict=True):
        assert one.reading == other.reading
        assert one.confidence == pytest.approx(other.confidence, rel=1e-12)


def test_a_temperature_comes_back_and_a_model_of_before_there_was_one_is_read_as_ever(model, tmp_path):
    replace(model, temperature=0.61).write(tmp_path / "new")
    assert load(tmp_path / "new/model.npz").temperature == 0.61
    model.write(tmp_path)
    facts = json.loads((tmp_path / "model.json").read_text())
    assert facts.pop("temperature") == 1
    del facts["facts_sha256"]
    digest = hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()
    (tmp_path / "model.json").write_text(json.dumps(facts | {"facts_sha256": digest}))
    assert load(tmp_path / "model.npz").temperature == 1


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_without_a_temperature_the_confidence_is_the_outputs_share_to_the_last_bit(model, dtype):
    X = np.random.default_rng(1).random((8, 260))
    plain = replace(model, theta=model.theta.astype(dtype))
    outputs = plain.network.outputs(plain.theta, X)
    share = (outputs.max(axis=1) / outputs.sum(axis=1)).reshape(-1, 4)
    readings, confidence, each = plain.read(X)
    assert each.tobytes() == share.tobytes()
    assert confidence.tobytes() == share.prod(axis=1).tobytes()
    for temperature in (0.3, 3.0):
        other = replace(plain, temperature=temperature).read(X)
        assert other[0] == readings
        assert ((other[2] > each) == (temperature < 1)).all()


def test_a_model_is_calibrated_on_characters_and_stays_the_same_network(model):
    rng = np.random.default_rng(1)
    X = rng.random((40, 260))
    read = model.network.outputs(model.theta, X).argmax(axis=1)[:, None] + 1
    surer, doubting = model.calibrated(X, read), model.calibrated(X, rng.integers(1, 37, (40, 1)))
    assert surer.temperature < 1 < doubting.temperature
    assert surer.digest == doubting.digest == model.digest


def test_what_it_is_not_sure_enough_of_it_does_not_say(model, tmp_path):
    draw_folder(tmp_path, 9, 3)
    (tmp_path / "bad.png").write_text("not a picture")
    paths = list(reading.files([str(tmp_path)]))
    all_said = list(reading.read(model, paths))
    sure = sorted(row.confidence for row in all_said if not row.problem)[5]
    said = list(reading.read(model, paths, sure))
    assert sum(row.reading != "" for row in said) == 4
    for one, other in zip(all_said, said, strict=True):
        assert other == (one if one.problem or one.confidence >= sure else one._replace(reading=""))
