"""A long training that is killed goes on where it was, and ends with the same result as an unbroken one."""

import json
import os
import re
import signal
import time

import pytest

pytestmark = pytest.mark.workflow

EPOCHS = 4000
LONG = f"""
pictures: {{raw: {{folder: data/raw}}, unseen: {{folder: data/unseen}}}}
segment: {{grid: {{}}}}
dataset: {{main: {{segment: grid, train: raw, unseen: unseen, captchas: 20}}}}
train:
  long:
    hidden: [8]
    dropout: [0.1, 0.1]
    optimiser: {{method: sgd, epochs: {EPOCHS}, batch_size: 16, learning_rate: 0.01, momentum: 0.9}}
xor: {{steps: 200}}
"""


def theta(project):
    return json.loads(project.text("results/long/train/long/provenance.json"))["theta_sha256"]


def test_after_kill_9_a_long_training_goes_on_to_the_bits_of_an_unbroken_one(fresh, root, tmp_path_factory):
    unbroken = type(fresh)(tmp_path_factory.mktemp("unbroken"), root)
    for project in (fresh, unbroken):
        project.write("config/long.yaml", LONG)
    straight = unbroken.start("--until", "train", configfile="config/long.yaml")

    fresh.env["CAPTCHANET_CHECKPOINT_SECONDS"] = "0"
    killed = fresh.start(configfile="config/long.yaml")
    checkpoints = fresh.folder / "results/long/checkpoints"
    while not list(checkpoints.glob("*.npz")):
        assert killed.poll() is None, killed.communicate()[0]
        time.sleep(0.02)
    os.killpg(killed.pid, signal.SIGKILL)
    killed.communicate()
    assert not (fresh.folder / "results/long/train/long/status.json").exists()
    (name,) = (file.name for file in checkpoints.glob("*.npz"))
    assert re.fullmatch(r"[0-9a-f]{64}\.npz", name)

    del fresh.env["CAPTCHANET_CHECKPOINT_SECONDS"]
    last = fresh.snakemake(configfile="config/long.yaml")
    assert last.status == 0, last.output
    (epoch,) = re.findall(r"^captchanet: train long: goes on after epoch (\d+)$", last.output, flags=re.M)
    assert 1 <= int(epoch) < EPOCHS
    assert not list(checkpoints.glob("*.npz"))

    output, _ = straight.communicate(timeout=240)
    assert straight.returncode == 0, output
    assert "goes on" not in output
    assert theta(fresh) == theta(unbroken)
    for file in ("model.npz", "history.csv", "status.json"):
        result = f"results/long/train/long/{file}"
        assert (fresh.folder / result).read_bytes() == (unbroken.folder / result).read_bytes()

    runs = fresh.sql("select name, status, lifecycle_stage from runs order by name")
    assert runs == [(name, "FINISHED", "active") for name in ("long", "xor")]
    steps = "select count(*) from metrics m join runs r using (run_uuid) where name = 'long' and key = 'cost'"
    assert fresh.sql(steps) == [(EPOCHS,)]
