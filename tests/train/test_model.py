"""A model is two files without code in them, and other files are refused with one sentence."""

import hashlib
import json
from dataclasses import replace

import numpy as np
import pytest
from layers import RunningMean

from captchanet.errors import UserError
from captchanet.evaluate import predict as module
from captchanet.evaluate.predict import list_files, predict
from captchanet.layout import FORMAT, TrainFiles
from captchanet.nn import Convolution, Dense, Network, Pooling, sigmoid, uniform
from captchanet.segment.segmentation import Segmentation
from captchanet.synthesize.folder import synthesize_folder
from captchanet.train.architecture import Architecture
from captchanet.train.model import Model, load_model
from captchanet.train.settings import TrainSettings

SEGMENT = {
    "picture": {"width": 72, "height": 27},
    "characters": 4,
    "alphabet": "0123456789abcdefghijklmnopqrstuvwxyz",
    "clean": {"method": "ink"},
    "split": {"method": "grid"},
    "max_rejected": 0.05,
}
ARCHITECTURE = TrainSettings(hidden=(5,)).architecture(260, 36)
NETWORK = ARCHITECTURE.network()


@pytest.fixture
def model():
    return Model(ARCHITECTURE, uniform(NETWORK, np.random.default_rng(0)), "small", SEGMENT)


@pytest.fixture
def files(tmp_path):
    return TrainFiles.within(tmp_path)


def test_a_model_comes_back_bit_by_bit_with_all_that_reading_needs(model, files):
    model.write(files)
    back = load_model(files.theta)
    assert back.theta.tobytes() == model.theta.tobytes()
    assert (back.network, back.run) == (model.network, "small")
    assert back.segment == Segmentation.of(SEGMENT).dump()
    with np.load(files.theta, allow_pickle=False) as arrays:
        assert list(arrays) == ["theta"]


def test_the_same_model_is_the_same_bytes(model, tmp_path):
    one, other = (TrainFiles.within(tmp_path / name) for name in ("a", "b"))
    for files in (one, other):
        model.write(files)
    assert one.theta.read_bytes() == other.theta.read_bytes()
    assert one.model.read_bytes() == other.model.read_bytes()


def test_a_missing_model_says_what_to_do(files):
    with pytest.raises(UserError, match=r"no such file.*snakemake --cores 4"):
        load_model(files.theta)
    with pytest.raises(UserError, match=r"name the \.npz file"):
        load_model(files.model)


def test_a_damaged_a_foreign_and_an_exchanged_model_are_refused(model, files):
    model.write(files)
    file = files.theta
    whole = file.read_bytes()
    file.write_bytes(whole[:500])
    with pytest.raises(UserError, match="is damaged"):
        load_model(file)
    np.savez(file, theta=np.array([object()], dtype=object))
    with pytest.raises(UserError, match="is damaged") as caught:
        load_model(file)
    assert "allow_pickle" not in str(caught.value)
    np.savez(file, theta=model.theta + 1)
    with pytest.raises(UserError, match=r"not the one that model\.json describes"):
        load_model(file)


@pytest.mark.parametrize(
    "change",
    [
        {"network": {"layers": [2, 2], "bias": True}},
        {"segment": SEGMENT | {"characters": 3}},
        {"segment": None},
        {"theta_sha256": None},
        {"facts_sha256": None},
        "[]",
        "{",
    ],
)
def test_a_description_that_was_changed_is_refused(model, files, change):
    model.write(files)
    facts = json.loads(files.model.read_text())
    files.model.write_text(change if isinstance(change, str) else json.dumps(facts | change))
    with pytest.raises(UserError, match=r"is not as captchanet wrote it.*; train the run again"):
        load_model(files.theta)


@pytest.mark.parametrize("found", [1, FORMAT + 1, "x"])
def test_a_model_of_another_format_is_refused_with_both_formats(model, files, found):
    model.write(files)
    facts = json.loads(files.model.read_text())
    assert facts["format"] == FORMAT
    files.model.write_text(json.dumps(facts | {"format": found}))
    said = f"has format {found!r}, but this version reads format {FORMAT}; train the run again"
    with pytest.raises(UserError, match=said):
        load_model(files.theta)


def test_the_model_of_a_failed_training_reads_nothing(model, files):
    model.write(files, "failed")
    with pytest.raises(UserError, match="the training of the run small failed"):
        load_model(files.theta)


def test_a_folder_without_pictures_stops_nobody(model, tmp_path):
    (tmp_path / "empty").mkdir()
    synthesize_folder(tmp_path / "some", 2, 3)
    found = list(predict(model, list_files([str(tmp_path / "empty"), str(tmp_path / "some")])))
    assert len(found) == 3
    assert "is empty" in found[0].problem


def test_pictures_are_read_in_their_order_and_a_bad_one_stops_nobody(model, tmp_path):
    synthetic = synthesize_folder(tmp_path, 6, 3)
    (tmp_path / "bad.png").write_text("not a picture")
    paths = list(list_files([str(tmp_path), str(tmp_path / "nowhere.png")]))
    found = list(predict(model, paths))
    assert [row.file for row in found] == paths
    problems = [row for row in found if row.problem]
    assert [row.file for row in problems] == [str(tmp_path / "bad.png"), str(tmp_path / "nowhere.png")]
    assert len(found) == len(synthetic) + 2
    assert all(len(row.reading) == 4 and 0 < row.confidence < 1 for row in found if not row.problem)


def test_readings_do_not_depend_on_the_batch(model, tmp_path, monkeypatch):
    synthesize_folder(tmp_path, 7, 3)
    paths = list(list_files([str(tmp_path)]))
    whole = list(predict(model, paths))
    monkeypatch.setattr(module, "BATCH", 2)
    for one, other in zip(whole, predict(model, paths), strict=True):
        assert one.reading == other.reading
        assert one.confidence == pytest.approx(other.confidence, rel=1e-12)


@pytest.mark.parametrize("temperature", [0.61, 1.0])
def test_a_temperature_comes_back(model, files, temperature):
    replace(model, temperature=temperature).write(files)
    assert load_model(files.theta).temperature == temperature


def test_a_convolutional_network_comes_back(files):
    settings = TrainSettings.of({"hidden": [], "convolutions": [{"filters": 2}, {"filters": 3, "pool": 1}]})
    architecture = settings.architecture(260, 36, (20, 13))
    network = architecture.network()
    Model(architecture, uniform(network, np.random.default_rng(0)), "small", SEGMENT).write(files)
    assert load_model(files.theta).network == network
    first, second = (Convolution(2), Pooling(2), sigmoid), (Convolution(3), sigmoid)
    assert network == Network((1, 20, 13), (*first, *second, Dense(36)))


def test_a_state_comes_back_with_its_theta_and_is_part_of_the_digest(files, monkeypatch):
    network = Network((260,), (Dense(3), RunningMean(), Dense(36)))
    # a model's file can name no layer of the test's own
    monkeypatch.setattr(Architecture, "network", lambda facts: network)
    theta, state = uniform(network, np.random.default_rng(0)), np.array([0.1, 0.2, 0.3])
    model = Model(ARCHITECTURE, theta, "small", SEGMENT, state=state)
    model.write(files)
    back = load_model(files.theta)
    assert back.state.tobytes() == state.tobytes()
    X = np.random.default_rng(1).random((8, 260))
    assert back.predict(X)[1].tobytes() == model.predict(X)[1].tobytes()
    assert model.digest == hashlib.sha256(theta.tobytes() + state.tobytes()).hexdigest()
    assert model.digest != replace(model, state=state + 1).digest
    np.savez(files.theta, theta=theta, state=state + 1)
    with pytest.raises(UserError, match=r"not the one that model\.json describes"):
        load_model(files.theta)


def test_without_a_state_the_digest_is_that_of_theta_alone(model):
    assert model.digest == hashlib.sha256(model.theta.tobytes()).hexdigest()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_without_a_temperature_the_confidence_is_the_outputs_share_to_the_last_bit(model, dtype):
    X = np.random.default_rng(1).random((8, 260))
    plain = replace(model, theta=model.theta.astype(dtype))
    outputs = plain.network.outputs(plain.theta, X)
    share = (outputs.max(axis=1) / outputs.sum(axis=1)).reshape(-1, 4)
    readings, confidence, each = plain.predict(X)
    assert each.tobytes() == share.tobytes()
    assert confidence.tobytes() == share.prod(axis=1).tobytes()
    for temperature in (0.3, 3.0):
        other = replace(plain, temperature=temperature).predict(X)
        assert other[0] == readings
        assert ((other[2] > each) == (temperature < 1)).all()


def test_a_model_is_calibrated_on_characters_and_stays_the_same_network(model):
    rng = np.random.default_rng(1)
    X = rng.random((40, 260))
    read = model.network.outputs(model.theta, X).argmax(axis=1)[:, None] + 1
    raised, lowered = model.calibrated(X, read), model.calibrated(X, rng.integers(1, 37, (40, 1)))
    assert raised.temperature < 1 < lowered.temperature
    assert raised.digest == lowered.digest == model.digest


def test_a_reading_below_the_threshold_is_not_said(model, tmp_path):
    synthesize_folder(tmp_path, 9, 3)
    (tmp_path / "bad.png").write_text("not a picture")
    paths = list(list_files([str(tmp_path)]))
    all_said = list(predict(model, paths))
    threshold = sorted(row.confidence for row in all_said if not row.problem)[5]
    said = list(predict(model, paths, threshold))
    assert sum(row.reading != "" for row in said) == 4
    for one, other in zip(all_said, said, strict=True):
        assert other == (one if one.problem or one.confidence >= threshold else one._replace(reading=""))
