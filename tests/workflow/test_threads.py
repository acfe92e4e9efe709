"""Threads are a setting of a run, and no matter of the cores that Snakemake happens to have."""

import json

import pytest

pytestmark = pytest.mark.workflow

# large enough that two threads share the products, and round differently from one
CONFIGURATION = """
pictures: {raw: {folder: data/raw}}
segment: {grid: {}}
dataset: {main: {segment: grid, train: raw, unseen: 20}}
train:
  base:
    hidden: [100]
    dtype: float32
    optimiser: {method: sgd, epochs: 2, learning_rate: 0.5, batch_size: 120}
sweeps: {threads: {run: base, grid: {train.threads: [1, 2]}}}
"""
RUNS = ("threads,threads=1", "threads,threads=2")


@pytest.fixture(scope="module")
def trained(shared):
    """A function (cores): what Snakemake said, and by run the digest of theta and the threads of BLAS."""
    (shared.folder / "threads.yaml").write_text(CONFIGURATION)

    def trained(cores):
        at = f"results/cores-{cores}"
        targets = [f"{at}/train/{run}/provenance.json" for run in RUNS]
        words = ("--cores", str(cores), "--config", f"set=cores-{cores}", "--", *targets)
        said = shared.snakemake(*words, configfile="threads.yaml")
        assert said.status == 0, said.output
        found = [json.loads(shared.text(target)) for target in targets]
        thetas = [(one["theta_sha256"], {pool["threads"] for pool in one["blas"]}) for one in found]
        return said.output, thetas, [shared.text(f"{at}/logs/train/{run}.log") for run in RUNS]

    return trained


def test_two_threads_on_one_core_train_the_theta_of_two_cores_and_this_is_said_once(trained):
    alone, together = trained(1), trained(2)
    assert alone[1] == together[1]
    assert [threads for _, threads in alone[1]] == [{1}, {2}]
    assert alone[1][0][0] != alone[1][1][0], (
        "the number of threads makes no difference, so this proves nothing"
    )
    sentence = "its 2 threads share 1 core"
    assert alone[0].count(sentence) == 1
    assert f"train {RUNS[1]}: {sentence}" in alone[0]
    assert [log.count(sentence) for log in alone[2]] == [0, 1]
    assert "threads share" not in together[0] + "".join(together[2])
