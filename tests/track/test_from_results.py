"""The record of a run, also if some of its captchas are synthetic."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from captchanet.errors import DamagedFile
from captchanet.files import read_json
from captchanet.layout import ARTIFACTS, Layout

# marked, because importing mlflow takes seconds; it warns of its own deprecations
pytestmark = [pytest.mark.workflow, pytest.mark.filterwarnings("default")]


def content(made, name="good"):
    from captchanet.track.from_results import run_records

    with run_records(made.results, [name]) as records:
        return records[0], records[0].content()


def recorded(found):
    """Where the files of a run are among its artifacts, in the order in which they are recorded."""
    return [Path(folder, file.name) for file, folder in found.files]


def test_all_files_of_a_run_and_those_that_its_data_set_is_made_again_from_are_recorded(made_results):
    for name, figures in (
        ("good", ["learning_curves.png", "confusion_matrix.png"]),
        ("wild", ["learning_curves.png"]),
    ):
        _, found = content(made_results, name)
        dataset = ARTIFACTS.dataset
        data = [dataset.facts, dataset.captchas, dataset.pictures]
        shown = [Path("figures", figure) for figure in figures]
        assert recorded(found) == [*ARTIFACTS.train, *ARTIFACTS.evaluate, *data, *shown]
    files = made_results.results
    originals = [*files.train["wild"], *files.evaluate["wild"]]
    assert [file for file, _ in found.files][: len(originals)] == originals


def test_xor_is_recorded_with_all_its_files(made_results):
    from captchanet.track.from_results import run_records

    with run_records(made_results.results, []) as records:
        (xor,) = records
        found = xor.content()
    assert [file for file, _ in found.files] == list(made_results.results.xor)
    assert recorded(found) == list(ARTIFACTS.xor)


def test_a_damaged_file_is_named_and_never_recorded(made_results, tmp_path):
    from captchanet.track.from_results import run_records

    layout = Layout(shutil.copytree(made_results.folder, tmp_path / "results"))
    results = layout.results(["good"], ["main"], made_results.results.segment)
    data = results.dataset["main"]
    recorded = [*results.train["good"], *results.evaluate["good"], data.facts, data.captchas, data.pictures]

    def contents(runs):
        with run_records(results, runs) as records:
            return [record.content() for record in records]

    for number, file in enumerate([*recorded, *results.xor]):
        whole = file.read_bytes()
        # a table that ends with a row looks whole
        half = whole[: len(whole) // 2].rstrip(b"\n")
        file.write_bytes((b"", b"{", half)[number % 3])
        with pytest.raises(DamagedFile) as caught:
            contents([] if file in list(results.xor) else ["good"])
        assert caught.value.file == file
        file.write_bytes(whole)
    configuration = results.train["good"].configuration
    configuration.write_text("{}")
    with pytest.raises(DamagedFile, match="format"):
        contents(["good"])


def test_rejected_pictures_are_counted_where_there_are_any(made_results):
    _, found = content(made_results)
    counts = {name: number for name, number in found.finals.items() if name.endswith("rejected")}
    assert counts == {"pictures/raw/rejected": 1}


def test_the_metrics_of_a_run_are_those_of_its_evaluation_and_its_training(made_results):
    for name in ("good", "other"):
        record, found = content(made_results, name)
        metrics = read_json(made_results.layout.evaluate(name).metrics)
        unseen = metrics["unseen"]
        assert unseen["captchas"]["accuracy"] != unseen["characters"]["accuracy"]
        expected = {
            f"{of}/{number}": value
            for of, values in (
                ("training/characters", metrics["training"]),
                ("unseen/characters", unseen["characters"]),
                ("unseen/captchas", unseen["captchas"]),
            )
            for number, value in values.items()
            if number in ("accuracy", "low", "high", "ece")
        }
        expected |= {"unseen/captchas/coverage_at_99": metrics["selective"]["coverage_at_99"]}
        expected |= {"temperature": metrics["temperature"], "seconds": record.provenance["seconds"]}
        expected |= {"evaluations": read_json(made_results.layout.train(name).status)["evaluations"]}
        kept = {key: value for key, value in found.finals.items() if not key.startswith("pictures/")}
        assert kept == expected
        rows = made_results.layout.train(name).history.read_text().splitlines()
        assert rows[0] == "step,cost,gradient_norm,training_accuracy"
        assert [(step, *values.values()) for step, values in found.history] == [
            tuple(map(float, row.split(","))) for row in rows[1:]
        ]
        assert [tuple(values) for _, values in found.history] == [tuple(rows[0].split(",")[1:])] * (
            len(rows) - 1
        )


def test_a_run_is_described_in_two_sentences(made_results):
    from captchanet.track import from_results

    record, _ = content(made_results)
    # thousands of records are held at once, so the digest of each captcha is not among them
    assert "pictures" not in record.provenance
    metrics = {"status": "finished", "unseen": {"captchas": {"correct": 3, "n": 6, "accuracy": 0.5}}}
    metrics["unseen"]["captchas"] |= {"low": 0.1876, "high": 0.8124}
    facts = from_results.read_facts(made_results.layout.dataset("main"))
    for optimiser, convolutions, words, step in (
        ("cg", 0, "", "iteration"),
        ("sgd", 1, " with 1 convolution", "epoch"),
        ("own", 2, " with 2 convolutions", "step"),
    ):
        changes = {"optimiser": {"method": optimiser}, "convolutions": [{}] * convolutions}
        one = replace(record, parameters=record.parameters | changes)
        assert from_results._description(one, metrics, facts) == (
            f"A 260-6-36 network{words} trained by {optimiser.upper()} on 12 captchas reads **3 of 6 "
            "captchas it never saw** (50.0%, 95 % interval 18.8% to 81.2%). "
            f"A step of its curves is one {step}."
        )
    failed = from_results._description(record, {"status": "failed", "reason": "by zero"}, facts)
    assert failed == "A 260-6-36 network trained by CG on 12 captchas: **failed**, by zero."


def test_a_data_set_trained_calibrated_or_was_read(made_results, monkeypatch):
    from captchanet.track import from_results

    facts = from_results.read_facts(made_results.layout.dataset("main"))
    for part in ("synthetic", "calibration"):
        facts["digest"][part] = part
    monkeypatch.setattr(from_results, "read_facts", lambda files: facts)
    _, found = content(made_results)
    assert {name: (context, digest) for name, context, _, digest, _ in found.data} == {
        "main-train": ("training", facts["digest"]["train"]),
        "main-synthetic": ("training", "synthetic"),
        "main-calibration": ("calibration", "calibration"),
        "main-unseen": ("evaluation", facts["digest"]["unseen"]),
    }


def test_synthetic_captchas_are_a_data_set_of_their_own(mixed_results):
    record, found = content(mixed_results)
    digests = read_json(mixed_results.layout.dataset("main").facts)["digest"]
    inputs = {name: (context, digest, sizes) for name, context, _, digest, sizes in found.data}
    assert list(inputs) == ["main-train", "main-synthetic", "main-unseen"]
    assert inputs["main-synthetic"] == ("training", digests["synthetic"], {"captchas": 15, "characters": 60})
    assert inputs["main-train"][2] == {"captchas": 12, "characters": 48}
    files = mixed_results.layout.dataset("main")
    assert [source for _, _, source, _, _ in found.data] == [
        str(files.part(part)) for part in ("train", "synthetic", "unseen")
    ]
    assert record.provenance["data_sha256"] == digests
    assert "pictures/synthetic/rejected" not in found.finals
    evaluated = read_json(mixed_results.layout.evaluate("good").metrics)
    assert found.finals["unseen/captchas/ece"] == evaluated["unseen"]["captchas"]["ece"]
    assert found.finals["unseen/captchas/coverage_at_99"] == evaluated["selective"]["coverage_at_99"]
    assert found.finals["temperature"] == 1
    assert "trained by CG on 12 captchas and 15 synthetic ones reads" in found.description
    assert found.description.endswith(" A step of its curves is one iteration.")


def test_the_style_of_synthetic_captchas_is_recorded_option_by_option(mixed_results):
    from captchanet.track.log_runs import flattened

    record, _ = content(mixed_results)
    parameters = dict(flattened(record.parameters))
    assert parameters["pictures.synthetic.synthesize.method"] == "turned"
    assert parameters["pictures.synthetic.synthesize.count"] == "15"
    assert parameters["dataset.synthetic"] == "synthetic"
    assert parameters["augment.method"] == "none"


def test_without_synthetic_captchas_nothing_is_said_of_them(made_results, synthetic_results):
    from captchanet.track.log_runs import flattened

    for made in (made_results, synthetic_results):
        _, found = content(made)
        assert [name for name, *_ in found.data] == ["main-train", "main-unseen"]
        assert "synthetic" not in found.description
    record, _ = content(made_results)
    assert not any(name.startswith("pictures") for name, _ in flattened(record.parameters))
