"""Synthetic captchas for a training: after a change they are made again, with everything that needs them."""

import json
import re
import shutil

import pytest

pytestmark = pytest.mark.workflow

FILE = "config/mixing.yaml"
CONFIG = """
pictures:
  raw: {folder: data/raw}
  unseen: {folder: data/unseen}
  synthetic: {synthesize: {method: turned, count: 50, rotation: 30}}
  others: {synthesize: {method: turned, count: 30, seed: 2}}
segment: {grid: {}}
dataset:
  plain: {segment: grid, train: raw, unseen: unseen, captchas: 20}
  mixed: {segment: grid, train: raw, synthetic: synthetic, unseen: unseen, captchas: 20, calibration: 10}
  alone: {segment: grid, train: synthetic, unseen: others, calibration: 0.2}
train:
  plain: &run
    data: plain
    hidden: [8]
    dtype: float32
    optimiser: {method: adamw, epochs: 2, batch_size: 32, learning_rate: 1e-3}
    augment: {method: affine, pivot: [0.35, -1]}
  mixed: {<<: *run, data: mixed, synthetic_share: 0.5}
  alone: {<<: *run, data: alone, augment: {method: none}}
xor: {steps: 200}
"""


@pytest.fixture(scope="module")
def project(shared):
    """A project in which this configuration has run once, shared by the tests in their order."""
    shared.write(FILE, CONFIG)
    shared.first = shared.snakemake(configfile=FILE)
    assert shared.first.status == 0, shared.first.output
    return shared


def thetas(project):
    return {
        run: json.loads(project.text(f"results/mixing/train/{run}/provenance.json"))["theta_sha256"]
        for run in ("plain", "mixed", "alone")
    }


def test_captchas_are_synthesized_once_and_train_with_others_alone_or_not_at_all(project):
    jobs = project.first.jobs
    assert (jobs["synthesize"], jobs["segment"], jobs["dataset"], jobs["train"]) == (2, 4, 3, 3)
    assert len(set(thetas(project).values())) == 3
    page = project.text("results/mixing/report.html")
    assert "20 captchas and 40 synthetic ones to train on, 12 unseen" in page
    assert "40 synthetic captchas to train on, 30 unseen" in page
    inputs = [name for (name,) in project.sql("select name from datasets")]
    assert sorted(name for name in inputs if "plain" not in name) == [
        "alone-calibration",
        "alone-train",
        "alone-unseen",
        "mixed-calibration",
        "mixed-synthetic",
        "mixed-train",
        "mixed-unseen",
    ]


def test_synthetic_characters_are_compared_with_real_ones_where_any_train(project):
    assert project.first.jobs["domain_gap"] == 2
    folder = "results/mixing/domain_gap"
    pages = {file.parent.name for file in (project.folder / folder).glob("*/domain_gap.html")}
    assert pages == {"mixed", "alone"}
    report = project.text("results/mixing/report.html")
    assert re.findall(r'href="(domain_gap/[^"]*)"', report.split("<section>")[0]) == [
        f"domain_gap/{data}/domain_gap.html" for data in ("mixed", "alone")
    ]
    mixed, alone = (project.text(f"{folder}/{data}/domain_gap.html") for data in ("mixed", "alone"))
    assert re.search(r"(No|One|\d+) characters? .*fits? worse than chance explains", mixed)
    assert mixed.count('alt="real captcha labelled ') == mixed.count('alt="synthetic captcha labelled ') == 6
    # what is unseen there is synthetic, too
    assert "nothing to compare" in alone
    assert alone.count('alt="synthetic captcha labelled ') == 6


def test_a_run_with_synthetic_captchas_is_calibrated_on_some_of_them_and_says_so(project):
    temperatures = {
        run: json.loads(project.text(f"results/mixing/train/{run}/model.json"))["temperature"]
        for run in ("plain", "mixed", "alone")
    }
    assert temperatures["plain"] == 1
    assert 1 not in (temperatures["mixed"], temperatures["alone"])
    table = project.text("results/mixing/dataset/mixed/captchas.csv").splitlines()
    assert sum(line.startswith("calibration,synthetic,") for line in table) == 10
    logged = project.sql("select value from latest_metrics where key = 'temperature' order by value")
    assert [value for (value,) in logged] == sorted(temperatures.values())
    assert len(list((project.folder / "mlartifacts").glob("**/figures/confidence.png"))) == 2
    page = project.text("results/mixing/report.html")
    assert "<td>10 synthetic captchas</td>" in page
    assert "<td>not calibrated</td>" in page


def test_all_are_made_again_when_a_letters_outline_changes_and_nothing_else_is(project):
    face = "src/captchanet/synthesize/faces/inter-bold.json"
    text = project.text(face)
    project.write(face, text + "\n")
    jobs = project.snakemake("--dry-run", configfile=FILE).jobs
    project.write(face, text)
    stages = {"synthesize": 2, "segment": 2, "dataset": 2, "train": 2, "evaluate": 2, "domain_gap": 2}
    assert jobs == stages | {"track": 1, "report": 1, "verdict": 1}


def test_a_recorded_run_is_repeated_with_its_synthetic_captchas_made_again(project):
    again = project.command("rerun", "mixed", "--configfile", FILE)
    assert again.status == 0, again.output
    assert "repeated to the last bit: theta" in again.output
    (folder,) = (project.folder / "reruns").glob("mixed-*")
    assert (folder / "results/rerun/synthesize/synthetic/pictures.npy").exists()
    assert not (folder / "data/synthetic").exists()


def test_without_its_results_everything_comes_back_to_the_same_bits(project):
    before = thetas(project)
    shutil.rmtree(project.folder / "results")
    again = project.snakemake("--cores", "1", "--until", "train", configfile=FILE)
    assert again.status == 0, again.output
    assert again.jobs["synthesize"] == 2
    assert thetas(project) == before


def test_other_options_make_new_captchas_and_only_what_depends_on_them_runs_again(project):
    before, times = thetas(project), project.times("mixing")
    project.write(FILE, CONFIG.replace("rotation: 30", "rotation: 5"))
    again = project.snakemake("--until", "train", configfile=FILE)
    assert again.status == 0, again.output
    assert again.jobs == {"synthesize": 1, "segment": 1, "dataset": 2, "train": 2}
    files = {tuple(name.split("/")): time for name, time in project.times("mixing").items()}
    results = {parts: time for parts, time in files.items() if parts[0] not in ("logs", "benchmarks")}
    del results[("made_from.json",)]
    changed = {parts[1] for parts, time in results.items() if times.get("/".join(parts)) != time}
    assert changed == {"synthetic", "grid", "mixed", "alone"}
    after = thetas(project)
    assert {run for run in before if before[run] != after[run]} == {"mixed", "alone"}


def test_a_kind_that_cannot_be_synthesized_is_said_in_one_sentence(project):
    project.write(FILE, CONFIG.replace("rotation: 30", "faces: comic"))
    failed = project.snakemake("--until", "synthesize", configfile=FILE)
    assert failed.status == 1
    said = "captchanet: synthesize synthetic: No face is called 'comic': choose one of "
    assert failed.sentence.startswith(said)
