"""A model is two files without code in them, and other files are refused with one sentence."""

import hashlib
import json
import zipfile
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from layers import RunningMean

from captchanet.errors import DamagedFile, UserError
from captchanet.evaluate import predict as module
from captchanet.evaluate.predict import list_files, predict
from captchanet.layout import FORMAT, TrainFiles
from captchanet.nn import Convolution, Dense, Dropout, Network, Pooling, sigmoid, uniform
from captchanet.segment.decode import decode
from captchanet.segment.segmentation import Segmentation, clean_and_split
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


def changed(model, files, change):
    """Writes the model, with another value at a place among its facts and the digest that belongs to it."""
    model.write(files)
    facts = json.loads(files.model.read_text())
    del facts["facts_sha256"]
    for place, value in change.items():
        *sections, key = place.split(".")
        section = facts
        for name in sections:
            section = section[name]
        section[key] = value
        if value is MISSING:
            del section[key]
    text = json.dumps(facts, sort_keys=True).encode()
    facts["facts_sha256"] = hashlib.sha256(text).hexdigest()
    files.model.write_text(json.dumps(facts))


MISSING = object()
NO_MODELS = [
    *({key: MISSING} for key in ("run", "status", "network", "segment", "temperature", "theta_sha256")),
    *(
        {key: None}
        for key in ("format", "run", "status", "network", "segment", "temperature", "theta_sha256")
    ),
    *({"temperature": value} for value in (0, -1, 1e-300, 1e300, "hot", [1], True, 10**400)),
    *({"network.layers": layers} for layers in ([], [36], [260, 0, 36], [260, -5, 36], [260, 5.5, 36])),
    *({"network.layers": layers} for layers in ("many", {"a": 1}, [260, "five", 36], [260, None, 36])),
    *({"network.layers": layers} for layers in ([260, 6, 36], [260, 5, 37], [261, 5, 36], [260, 10**30, 36])),
    *({"network.layers": layers} for layers in ([260, 5, 5, 36], [260, 36], [260] + [5] * 9000 + [36])),
    *({"network.activation": value} for value in ("magic", None, 3, ["sigmoid"], "__class__")),
    {"network.output": "relu"},
    {"network.bias": "perhaps"},
    {"network.bias": False},
    {"network.bias": MISSING},
    {"network.depth": 3},
    {"network.input_shape": [1, 20, 13]},
    {"network.convolutions": [{"filters": 2}]},
    {"network.convolutions": [{"filters": 2}], "network.input_shape": [1, 20, 14]},
    {"network.convolutions": [{"filters": 2, "pool": 16}] * 9, "network.input_shape": [1, 20, 13]},
    {"network.convolutions": [{"filters": 2}], "network.input_shape": [-1, -20, 13]},
    *({"segment.characters": value} for value in (0, -4, "four", 10**9)),
    *({"segment.alphabet": value} for value in ("", "aa", "ab", 7, "\ud800" + SEGMENT["alphabet"][1:])),
    {"segment.alphabet": "\x1b" + SEGMENT["alphabet"][1:]},
    {"segment.clean": {"method": "bleach"}},
    {"segment.split": {"method": "grid", "width": 4096, "height": 4096}},
    {"segment.split": {"method": "grid", "left": 5000}},
    {"segment.picture": {"width": 0, "height": 27}},
    {"segment.picture": {"width": 1, "height": 1}},
    {"status": "fine"},
    {"status": "failed"},
]


@pytest.mark.parametrize("change", NO_MODELS, ids=lambda change: str(change)[:50])
def test_facts_that_no_training_writes_are_one_sentence_and_are_no_damage(model, files, change):
    changed(model, files, change)
    with pytest.raises(UserError) as caught:
        load_model(files.theta)
    said = str(caught.value)
    assert said.startswith(str(files.theta.parent))
    assert "\n" not in said
    # nothing for the workflow to remove, since it has its digest, but for a theta of another size
    assert not isinstance(caught.value, DamagedFile) or caught.value.file == files.theta


@pytest.mark.parametrize(
    "text",
    [
        "",
        "nothing",
        "3",
        "null",
        "[" * 50_000,
        '{"a":' * 50_000,
        '{"format": 2, "format": 2}',
        '{"format": NaN}',
        '{"format": -Infinity}',
        '{"format": 1' + "0" * 5000 + "}",
        " " * 200_000,
        b"\xff\xfe{}",
        b"\0" * 100,
    ],
    ids=lambda text: repr(text[:12]),
)
def test_a_description_that_is_no_json_is_damaged(model, files, text):
    model.write(files)
    files.model.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(DamagedFile, match=r"is not as captchanet wrote it.*; train the run again|is damaged"):
        load_model(files.theta)


def theta_changes(theta):
    """Arrays that are no theta of this network, by name."""
    return {
        "short": theta[:-1],
        "long": np.append(theta, 0),
        "empty": theta[:0],
        "column": theta[:, None],
        "number": np.array(1.0),
        "complex": theta.astype(complex),
        "whole": theta.astype(np.int64),
        "half": theta.astype(np.float16),
        "swapped": theta.astype(">f8"),
        "text": theta.astype("U20"),
        "objects": np.array([{}] * len(theta)),
        "fields": np.zeros(len(theta), [("x", "f8")]),
        "dates": np.zeros(len(theta), "M8[s]"),
    }


@pytest.mark.parametrize("name", theta_changes(np.zeros(2)))
def test_a_theta_of_another_shape_or_type_is_said_with_what_was_expected(model, files, name):
    theta = theta_changes(model.theta)[name]
    changed(model, files, {"theta_sha256": hashlib.sha256(theta.tobytes()).hexdigest()})
    np.savez(files.theta, theta=theta)
    with pytest.raises(DamagedFile, match=r"model\.npz: is damaged \(theta is .*; train the run again"):
        load_model(files.theta)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_theta_with_values_that_are_no_numbers_is_refused(model, files, value):
    model.theta[7] = value
    model.write(files)
    with pytest.raises(UserError, match="values that are no numbers"):
        load_model(files.theta)


def npy(shape, data=b"", dtype="<f8"):
    """The bytes of a .npy file whose header says what it likes."""
    header = f"{{'descr': '{dtype}', 'fortran_order': False, 'shape': {shape}, }}".encode().ljust(117) + b"\n"
    return b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + data


BOMBS = {
    "compressed zeros": [("theta.npy", npy("(1491,)", bytes(8 * 1491)), zipfile.ZIP_DEFLATED)],
    "a huge shape": [("theta.npy", npy(f"({10**12},)"), zipfile.ZIP_STORED)],
    "a shape below zero": [("theta.npy", npy("(-1491,)"), zipfile.ZIP_STORED)],
    "no header": [("theta.npy", b"", zipfile.ZIP_STORED)],
    "code in place of a header": [("theta.npy", npy("__import__('os')"), zipfile.ZIP_STORED)],
    "another version": [("theta.npy", b"\x93NUMPY\x09\x00" + bytes(200), zipfile.ZIP_STORED)],
    "two thetas": [("theta.npy", npy("(1,)", bytes(8)), zipfile.ZIP_STORED)] * 2,
    "another name": [("../theta.npy", npy("(1491,)", bytes(8 * 1491)), zipfile.ZIP_STORED)],
    "nothing": [],
}


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("name", BOMBS)
def test_an_archive_is_looked_at_before_an_array_is_read(model, files, name, monkeypatch):
    model.write(files)
    with zipfile.ZipFile(files.theta, "w") as archive:
        for member, data, compression in BOMBS[name]:
            archive.writestr(member, data, compression)
    monkeypatch.setattr(np.lib.format, "read_array", lambda *_, **__: pytest.fail("it was read"))
    with pytest.raises(DamagedFile, match=r"is damaged.*; train the run again"):
        load_model(files.theta)


@settings(max_examples=40)
@given(st.data())
def test_a_model_with_any_byte_changed_is_one_sentence_or_the_same_model(tmp_path_factory, data):
    files = TrainFiles.within(tmp_path_factory.getbasetemp())
    made = Model(ARCHITECTURE, uniform(NETWORK, np.random.default_rng(0)), "small", SEGMENT)
    made.write(files)
    file = data.draw(st.sampled_from([files.theta, files.model]))
    whole = bytearray(file.read_bytes())
    # the ends of the zip have its directory, and the middle has only numbers
    places = st.integers(0, 400) | st.integers(-400, -1)
    for place in data.draw(st.lists(places, min_size=1, max_size=3)):
        whole[place] = data.draw(st.integers(0, 255))
    file.write_bytes(whole[: data.draw(st.none() | st.integers(0, len(whole)))])
    with suppress(UserError):
        assert load_model(files.theta).digest == made.digest


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


def test_dropout_stands_before_the_convolutions_and_before_each_dense_layer_with_its_own_rate():
    settings = TrainSettings.of(
        {"hidden": [7, 5], "convolutions": [{"filters": 2}, {"filters": 3, "pool": 1}]}
    )
    network = settings.architecture(260, 36, (20, 13)).network((0.1, 0.2, 0.3, 0.4))
    front = (Dropout(0.1), Convolution(2), Pooling(2), sigmoid, Convolution(3), sigmoid)
    dense = (Dropout(0.2), Dense(7), sigmoid, Dropout(0.3), Dense(5), sigmoid, Dropout(0.4), Dense(36))
    assert network == Network((1, 20, 13), (*front, *dense), sigmoid)
    without = settings.architecture(260, 36, (20, 13)).network((0.0, 0.2, 0.0, 0.0))
    assert [layer for layer in without.layers if isinstance(layer, Dropout)] == [Dropout(0.2)]


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


def test_a_calibrated_confidence_is_that_of_the_outputs_scaled_once(model, tmp_path):
    """`captchanet read` says the same: the outputs to the power of 1 / T, over their sum."""
    synthesize_folder(tmp_path, 3, 3)
    names = list(list_files([str(tmp_path)]))
    segmentation = Segmentation.of(SEGMENT)
    pixels = np.stack([decode(Path(name).read_bytes(), 72, 27) for name in names])
    _, vectors, _ = clean_and_split(pixels, segmentation)
    powers = model.outputs(vectors.reshape(-1, 260).astype(np.float64)) ** (1 / 2.5)
    each = (powers.max(axis=1) / powers.sum(axis=1)).reshape(-1, 4)
    warm = replace(model, temperature=2.5)
    np.testing.assert_allclose(
        [row.confidence for row in predict(warm, names)], each.prod(axis=1), rtol=1e-12
    )
    # which neither the plain outputs give, nor outputs that are scaled twice
    for temperature in (1.0, 6.25):
        other = predict(replace(model, temperature=temperature), names)
        assert not np.allclose([row.confidence for row in other], each.prod(axis=1), rtol=1e-3)
