"""A training that was killed goes on from its checkpoint, and ends with the same bits as an unbroken one."""

import json
import os
import signal
import subprocess
import sys
import time
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
import yaml
from layers import RunningMean
from small import SGD, train, training

from captchanet.config.resolve import resolved
from captchanet.dataset.dataset import Part
from captchanet.errors import UserError
from captchanet.layout import Layout, TrainFiles
from captchanet.nn import Dense, Dropout, Network, sigmoid
from captchanet.train import checkpoint as module
from captchanet.train import run
from captchanet.train import train as module_train
from captchanet.train.architecture import Architecture
from captchanet.train.augment import Crops
from captchanet.train.checkpoint import VARIABLE, Checkpoint

ADAMW = {"method": "adamw", "learning_rate": 0.05, "epochs": 12, "batch_size": 7}
AFFINE = {"method": "affine", "rotation": 15.0, "shear_x": 0.1, "shear_y": 0.0, "shift": 0.6, "scale": 0.04}
AFFINE |= {"contrast": 0.1, "noise": 0.0, "pivot": (0.0, 0.0)}
ONE_CYCLE = {"method": "one_cycle", "warm_up": 0.2, "start": 0.04}
LONG = SGD | {"epochs": 12}
PLAIN = training(optimiser=LONG)
KINDS = {
    "sgd": {},
    "momentum in float32": {"optimiser": LONG | {"momentum": 0.9}, "dtype": "float32"},
    "whole batches": {"optimiser": LONG | {"batch_size": None}},
    "dropout": {"dropout": [0.1, 0.3]},
    "augmented": {"augment": AFFINE},
    "everything": {
        "optimiser": ADAMW,
        "schedule": ONE_CYCLE,
        "dropout": [0.1, 0.3],
        "early_stopping": {"share": 0.2, "patience": 11},
        "augment": AFFINE | {"noise": 0.1},
        "dtype": "float32",
    },
    "stops early": {
        "optimiser": LONG | {"learning_rate": 3.0, "epochs": 60},
        "early_stopping": {"share": 0.3, "patience": 7},
    },
    "diverges": {
        "cost": "quadratic",
        "penalty": {"method": "l2", "weight": 2e5},
        "optimiser": LONG | {"learning_rate": 0.1, "epochs": 60},
    },
}


class Killed(BaseException):
    """An error that no training catches."""


@pytest.fixture(autouse=True)
def after_every_epoch(monkeypatch):
    monkeypatch.setenv(VARIABLE, "0")


@pytest.fixture
def killed(monkeypatch):
    """Lets a training be killed in the epoch that is set here, before that epoch's checkpoint."""
    at = {"epoch": None}
    callback = module_train.Recorder.callback

    def until(self, step, *rest):
        if step == at["epoch"]:
            raise Killed
        return callback(self, step, *rest)

    monkeypatch.setattr(module_train.Recorder, "callback", until)
    return at


def data():
    rng = np.random.default_rng(0)
    y = rng.integers(1, 4, (40, 1))
    return Part(rng.random((40, 5)) + y / 4, y, [("p", "f", "l", "s")] * 10)


def mixed_in():
    """Synthetic captchas to mix into `data`, and the crops that it is: windows of 5 × 1 pixels."""
    known, (cleaned, synthetic) = data(), np.random.default_rng(1).random((2, 40, 3, 9), dtype=np.float32)
    cleaned[:, 1, 2:7] = known.X
    crops = Crops(cleaned, np.array([[2, 1, 7, 2]] * 40), (1, 5))
    return {"synthetic": Part(synthetic[:, 0, :5].astype(float), known.y[::-1], []), "crops": crops}


def told(trained):
    return trained.theta.tobytes(), trained.history, trained.status, trained.reason, trained.evaluations


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("epochs", [(2,), (3, 7)])
def test_a_killed_training_tells_the_same_in_the_end_as_an_unbroken_one(
    kind, epochs, killed, tmp_path, capsys
):
    settings = training(**{"optimiser": LONG} | KINDS[kind])
    extra = mixed_in() if "augment" in KINDS[kind] else {}
    unbroken = train(data(), 3, settings, **extra)
    assert len(unbroken.history) >= 7
    assert (unbroken.status == "failed") == (kind == "diverges")
    assert ("stopped by" in unbroken.reason) == (kind == "stops early")
    for epoch in epochs:
        killed["epoch"] = epoch
        with pytest.raises(Killed):
            train(data(), 3, settings, Checkpoint(tmp_path, "a", {}), **extra)
    killed["epoch"] = None
    capsys.readouterr()
    resumed = train(data(), 3, settings, Checkpoint(tmp_path, "a", {}), **extra)
    assert capsys.readouterr().err == f"captchanet: train a: goes on after epoch {epochs[-1] - 1}\n"
    assert told(resumed) == told(unbroken)
    assert {tuple(map(type, row)) for row in resumed.history} == {(int, float, float, float)}


@pytest.mark.parametrize("early", [None, {"share": 0.2, "patience": 11}])
def test_the_state_of_layers_is_kept_with_theta_and_set_back(early, killed, tmp_path, monkeypatch):
    layers = (Dense(6), RunningMean(), sigmoid, Dropout(0.2), Dense(3))
    monkeypatch.setattr(Architecture, "network", lambda *words: Network((5,), layers))
    settings = training(optimiser=LONG, early_stopping=early)
    unbroken = train(data(), 3, settings)
    assert unbroken.state.shape == (6,)
    assert not (unbroken.state == 0.5).any()
    killed["epoch"] = 7
    with pytest.raises(Killed):
        train(data(), 3, settings, Checkpoint(tmp_path, "a", {}))
    killed["epoch"] = None
    resumed = train(data(), 3, settings, Checkpoint(tmp_path, "a", {}))
    assert told(resumed) == told(unbroken)
    assert resumed.state.tobytes() == unbroken.state.tobytes()


def test_a_full_batch_optimiser_starts_over_and_keeps_no_checkpoint(killed, tmp_path, capsys):
    settings = training()
    killed["epoch"] = 5
    with pytest.raises(Killed):
        train(data(), 3, settings, Checkpoint(tmp_path, "a", {}))
    killed["epoch"] = None
    assert told(train(data(), 3, settings, Checkpoint(tmp_path, "a", {}))) == told(train(data(), 3, settings))
    assert not list(tmp_path.iterdir())
    assert capsys.readouterr().err == ""


def interrupted(folder, killed, epoch=5):
    """A checkpoint in `folder`."""
    killed["epoch"] = epoch
    checkpoint = Checkpoint(folder, "a", {})
    with pytest.raises(Killed):
        train(data(), 3, PLAIN, checkpoint)
    killed["epoch"] = None
    return checkpoint


@pytest.mark.parametrize(
    ("name", "decides"), [("b", {}), ("a", {"settings": 1}), ("a", {"code": {"f": "0"}})]
)
def test_what_is_decided_by_something_else_has_another_checkpoint(name, decides, killed, tmp_path):
    file = interrupted(tmp_path, killed).file
    other = Checkpoint(tmp_path, name, decides)
    assert other.file.parent == file.parent
    assert other.file != file
    assert other.load() is None
    # not even under the other's name
    file.rename(other.file)
    assert other.load() is None


@pytest.mark.parametrize(
    "damage",
    [
        lambda whole: b"",
        lambda whole: b"no checkpoint",
        lambda whole: whole[: len(whole) // 2],
        lambda whole: whole[:600] + bytes([whole[600] ^ 1]) + whole[601:],
        lambda whole: whole.replace(b"order", b"other"),
        lambda whole: b"\x93NUMPY" + whole,
    ],
)
def test_a_damaged_checkpoint_is_said_to_be_one_and_training_starts_over(damage, killed, tmp_path, capsys):
    file = interrupted(tmp_path, killed).file
    file.write_bytes(damage(file.read_bytes()))
    assert told(train(data(), 3, PLAIN, Checkpoint(tmp_path, "a", {}))) == told(train(data(), 3, PLAIN))
    (said,) = capsys.readouterr().err.splitlines()
    assert said.startswith(f"captchanet: train a: warning: starts over, since it cannot read {file} (")


def test_where_nothing_can_be_written_training_ends_all_the_same_with_one_warning(tmp_path, capsys):
    (tmp_path / "file").write_text("in the way")
    checkpoint = Checkpoint(tmp_path / "file", "a", {})
    assert told(train(data(), 3, PLAIN, checkpoint)) == told(train(data(), 3, PLAIN))
    checkpoint.remove()
    (said,) = capsys.readouterr().err.splitlines()
    assert said.startswith("captchanet: train a: warning: goes on, but after a kill it would start over: ")
    assert str(checkpoint.file) in said


def test_a_full_disk_leaves_the_last_checkpoint_and_no_half_one(killed, tmp_path, capsys, monkeypatch):
    whole = interrupted(tmp_path, killed).file.read_bytes()

    def full(file, **arrays):
        file.write(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(module.np, "savez", full)
    checkpoint = Checkpoint(tmp_path, "a", {})
    train(data(), 3, PLAIN, checkpoint)
    assert [file.read_bytes() for file in tmp_path.iterdir()] == [whole]
    assert capsys.readouterr().err.count("No space left on device") == 1


def test_a_checkpoint_is_written_when_the_seconds_have_passed_and_not_before(tmp_path, monkeypatch):
    now, writings = [1000.0], []
    monkeypatch.setattr(module.time, "monotonic", lambda: now[0])
    monkeypatch.delenv(VARIABLE)
    checkpoint = Checkpoint(tmp_path, "a", {})
    state = module.OptimiserState(1, 5, np.zeros(3), np.arange(4), (), None)
    for now[0] in (1000.0, 1009.9, 1010.0, 1012.0, 1019.9, 1020.5, 1030.4, 1030.5):
        checkpoint.offer(state, lambda: writings.append(now[0]) or {})
    assert writings == [1010.0, 1020.5, 1030.5]


@pytest.mark.parametrize("text", ["soon", "-1", "nan", ""])
def test_seconds_that_are_none_are_refused(text, tmp_path, monkeypatch):
    monkeypatch.setenv(VARIABLE, text)
    with pytest.raises(UserError, match=f"{VARIABLE}: found '{text}'"):
        Checkpoint(tmp_path, "a", {})


RUN = """
import json, sys
from pathlib import Path
from captchanet.layout import DatasetFiles, Layout
from captchanet.train import run
from captchanet.train.settings import TrainSettings
settings, data, results = json.loads(sys.argv[1]), DatasetFiles.within(sys.argv[2]), Layout(Path(sys.argv[3]))
run.perform(
    "long", TrainSettings.of(settings), data, results.train("long"), [Path(run.__file__)], results.checkpoints
)
"""


def process(made_results, settings, folder, **options):
    data = made_results.layout.dataset("main").facts.parent
    words = [json.dumps(settings.dump()), str(data), str(folder)]
    env = {**os.environ, "PYTHONPATH": str(Path(run.__file__).parents[2]), **options}
    return subprocess.Popen([sys.executable, "-c", RUN, *words], env=env, stderr=subprocess.PIPE, text=True)


@pytest.mark.workflow
def test_after_a_real_kill_the_run_folder_is_that_of_an_unbroken_run(made_results, tmp_path):
    settings = training(dropout=[0.1, 0.2], optimiser=ADAMW | {"epochs": 400})
    begun = time.time()
    whole, killed = Layout(tmp_path / "whole"), Layout(tmp_path / "killed")
    first = process(made_results, settings, killed.root)
    while not list(killed.checkpoints.glob("*.npz")):
        assert first.poll() is None, first.stderr.read()
        time.sleep(0.01)
    first.send_signal(signal.SIGKILL)
    assert first.communicate() == (None, "")
    assert first.returncode == -signal.SIGKILL
    assert not killed.train("long").theta.parent.exists()
    paused = 1.0
    time.sleep(paused)
    second = process(made_results, settings, killed.root, **{VARIABLE: "10"})
    unbroken = process(made_results, settings, whole.root, **{VARIABLE: "10"})
    said = second.communicate()[1]
    ended = time.time()
    assert said.startswith("captchanet: train long: goes on after epoch ")
    assert unbroken.communicate()[1] == ""
    found, expected = killed.train("long"), whole.train("long")
    for name in ("theta", "model", "history", "status", "parameters"):
        assert getattr(found, name).read_bytes() == getattr(expected, name).read_bytes()
    assert not list(killed.checkpoints.glob("*.npz"))
    # from its first beginning, without the time between the kill and the restart
    origin = json.loads(found.provenance.read_text())
    started = datetime.fromisoformat(origin["started"]).timestamp()
    assert begun - 0.01 < started < ended - paused
    assert 0 < origin["seconds"] < ended - started - paused


def test_a_run_that_cannot_be_written_keeps_its_checkpoint(made_results, tmp_path, capsys):
    settings = made_results.config.train["other"]
    data, code = made_results.layout.dataset("main"), [Path(run.__file__)]
    files, checkpoints = TrainFiles.within(tmp_path / "train/long"), tmp_path / "checkpoints"
    (tmp_path / "train").write_text("in the way")
    with pytest.raises(UserError):
        run.perform("long", settings, data, files, code, checkpoints)
    (file,) = checkpoints.iterdir()
    (tmp_path / "train").unlink()
    run.perform("long", settings, data, files, code, checkpoints)
    assert "long: goes on after epoch 1" in capsys.readouterr().err
    assert not file.exists()


def test_other_settings_data_or_code_start_over(made_results, tmp_path, monkeypatch):
    names = set()

    class Noted(Checkpoint):
        def __init__(self, *words):
            super().__init__(*words)
            names.add(self.file.name)

    monkeypatch.setattr(run, "Checkpoint", Noted)
    settings, code = made_results.config.train["other"], tmp_path / "code.py"
    data, files = made_results.layout.dataset("main"), TrainFiles.within(tmp_path / "train")
    facts = json.loads(data.facts.read_text())

    def perform(name="a", settings=settings, text="1", digest=facts["digest"], blas="x"):
        code.write_text(text)
        monkeypatch.setattr(run, "read_facts", lambda files: facts | {"digest": digest})
        monkeypatch.setattr(run, "arithmetic", lambda: {"blas": blas})
        run.perform(name, settings, data, files, [code], tmp_path / "checkpoints")
        return len(names)

    assert perform() == perform() == 1
    assert perform(name="b") == 2
    assert perform(settings=settings.model_copy(update={"seed": 9})) == 3
    assert perform(text="2") == 4
    assert perform(digest={"train": "0", "unseen": "0"}) == 5
    assert perform(blas="y") == 6
    # what augmentation reads may change where no character shows it
    facts["cleaned"] = "0"
    assert perform() == 7


@pytest.mark.parametrize("name", ["resume", "checkpoint"])
def test_a_configuration_cannot_name_what_the_program_hands_over(name, root):
    config = yaml.safe_load((root / "config/tiny.yaml").read_text())
    config["train"]["sgd"]["optimiser"][name] = None
    with pytest.raises(UserError, match=rf"train\.sgd\.optimiser\.{name}: not known here"):
        resolved(config)
