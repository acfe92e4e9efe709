"""A sweep in the real workflow: it gets and loses runs, and MLflow keeps it under one parent."""

import pytest

pytestmark = pytest.mark.workflow

CONFIG = """
pictures: {raw: {folder: data/raw}, unseen: {folder: data/unseen}}
segment: {grid: {}}
dataset: {main: {segment: grid, train: raw, unseen: unseen}}
train:
  sgd: {hidden: [8], optimiser: {method: sgd, epochs: 2, batch_size: 16, learning_rate: 0.5}}
sweeps:
  weights: {run: sgd, grid: {train.penalty.weight: [0.1, 1.0]}, seeds: 3}
xor: {steps: 200}
"""
WILD = """
  extremes:
    run: sgd
    list:
      - {train.optimiser.learning_rate: 0.1}
      - {name: wild, train.optimiser.learning_rate: 1e6, train.cost: quadratic, train.penalty.weight: 1e9}
xor:"""
FILE = "config/sweep.yaml"


class Sweeps:
    """A project with a sweep, and what MLflow has of it."""

    def __init__(self, project):
        self.project = project

    def run(self, text):
        self.project.write(FILE, text)
        return self.project.snakemake(configfile=FILE)

    def parent(self, name):
        """The id, the status and the latest metrics of the one parent of that name."""
        ((run, status),) = self.project.sql(
            "select run_uuid, status from runs join tags using (run_uuid) "
            f"where tags.key = 'captchanet.kind' and tags.value = 'sweep' and name = '{name}'"
        )
        rows = self.project.sql(f"select key, value from latest_metrics where run_uuid = '{run}'")
        return run, status, {key.removeprefix("sweep/"): value for key, value in rows}

    def children(self, parent):
        """The runs below it: name, status, and whether a configuration names them."""
        return self.project.sql(
            "select name, status, c.value from runs join tags as p using (run_uuid) "
            "join tags as c using (run_uuid) where c.key = 'captchanet.configured' "
            f"and p.key = 'mlflow.parentRunId' and p.value = '{parent}' order by name"
        )


@pytest.fixture(scope="module")
def sweeps(shared):
    """The sweep, run once; the tests of this file go on from there in their order."""
    made = Sweeps(shared)
    made.first = made.run(CONFIG)
    assert made.first.status == 0, made.first.output
    return made


def test_every_run_of_a_sweep_is_recorded_under_one_parent(sweeps):
    assert sweeps.first.jobs["train"] == sweeps.first.jobs["evaluate"] == 7
    parent, status, numbers = sweeps.parent("weights")
    assert status == "FINISHED"
    assert (numbers["runs"], numbers["settings"], numbers["failed"]) == (6, 2, 0)
    names = [f"weight={weight},seed={seed}" for weight in ("0.1", "1.0") for seed in (1, 2, 3)]
    assert sweeps.children(parent) == [(name, "FINISHED", "yes") for name in names]
    assert "Nothing to be done" in sweeps.project.snakemake(configfile=FILE).output


def test_best_says_who_won(sweeps):
    # without --configfile: one set alone has this sweep
    best = sweeps.project.command("best", "weights")
    assert best.status == 0, best.output
    lines = best.output.splitlines()
    assert {line.split()[0] for line in lines[1:3]} == {"weight=0.1", "weight=1.0"}
    assert lines[4].startswith(f"{lines[1].split()[0]} reads ")
    assert "Over 3 seeds in common" in lines[5]


def test_one_more_value_trains_its_runs_alone_and_a_failed_one_names_itself(sweeps):
    parent = sweeps.parent("weights")[0]
    more = CONFIG.replace("[0.1, 1.0]", "[0.1, 1.0, 10]").replace("xor:", WILD.lstrip("\n"))
    ended = sweeps.run(more)
    assert ended.status == 1
    assert (ended.jobs["train"], ended.jobs["evaluate"]) == (3 + 2, 3 + 2)
    assert "training failed: extremes,wild (the cost became " in ended.sentence
    found, status, numbers = sweeps.parent("weights")
    assert (found, status) == (parent, "FINISHED")
    assert (numbers["runs"], numbers["settings"], numbers["failed"]) == (9, 3, 0)
    extremes, status, numbers = sweeps.parent("extremes")
    assert (status, numbers["runs"], numbers["failed"]) == ("FINISHED", 2, 1)
    assert sweeps.children(extremes) == [
        ("learning_rate=0.1", "FINISHED", "yes"),
        ("wild", "FAILED", "yes"),
    ]


def test_a_value_that_is_taken_out_trains_nothing_and_keeps_its_record(sweeps):
    ended = sweeps.run(CONFIG.replace("[0.1, 1.0]", "[1.0]"))
    assert ended.status == 0, ended.output
    assert "train" not in ended.jobs
    parent, status, numbers = sweeps.parent("weights")
    assert (status, numbers["runs"], numbers["settings"]) == ("FINISHED", 3, 1)
    children = sweeps.children(parent)
    assert len(children) == 9
    assert [name for name, _, configured in children if configured == "yes"] == [
        f"weight=1.0,seed={seed}" for seed in (1, 2, 3)
    ]
    removed = sweeps.parent("extremes")[0]
    tags = "select value from tags where key = 'captchanet.configured' and run_uuid"
    assert sweeps.project.sql(f"{tags} = '{removed}'") == [("no",)]
    assert not sweeps.project.sql("select name from runs where status = 'RUNNING'")
