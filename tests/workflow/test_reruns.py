"""What runs again and what does not: Snakemake really runs, with the tiny configuration."""

import hashlib
import json
import shutil

import pytest

pytestmark = pytest.mark.workflow

ALL = {
    "segment": 2,
    "dataset": 1,
    "train": 2,
    "evaluate": 2,
    "xor": 1,
    "track": 1,
    "report": 1,
    "verdict": 1,
}
NOTHING = "Nothing to be done"


def thetas(project):
    return {
        run: json.loads(project.text(f"results/tiny/train/{run}/provenance.json"))["theta_sha256"]
        for run in ("cg", "sgd")
    }


def tables(project):
    """The recorded history without the values that may change when a run is started again."""
    runs = project.sql(
        "select run_uuid, name, status, lifecycle_stage, start_time, end_time from runs order by 1"
    )
    metrics = project.sql("select run_uuid, key, step, value, timestamp from metrics order by 1, 2, 3")
    return runs, metrics


def test_the_first_run_does_every_stage_once_and_ends_well(project):
    assert project.first.jobs == ALL
    assert "results/tiny/report.html" in project.first.output
    assert "<html" in project.text("results/tiny/report.html")


def test_a_second_run_has_nothing_to_do(project):
    before = project.times()
    again = project.snakemake()
    assert again.status == 0
    assert NOTHING in again.output
    assert project.times() == before


def test_another_learning_rate_reruns_that_run_and_leaves_the_other_alone(project):
    before, runs = project.times(), tables(project)[0]
    text = project.text("config/tiny.yaml")
    project.write("config/tiny.yaml", text.replace("learning_rate: 0.5", "learning_rate: 0.25"))
    again = project.snakemake()
    assert again.jobs == {"train": 1, "evaluate": 1, "track": 1, "report": 1, "verdict": 1}
    changed = {name for name, time in project.times().items() if before.get(name) != time}
    assert {name.split("/")[1] for name in changed if name.startswith(("train", "evaluate"))} == {"sgd"}
    after = tables(project)[0]
    assert len(after) == len(runs) + 1
    assert set(runs) < set(after)
    # the run that no configuration names any more keeps its record, tagged so
    tags = dict(project.sql("select run_uuid, value from tags where key = 'captchanet.configured'"))
    retired = [uuid for uuid, name, *_ in runs if name == "sgd"]
    assert [uuid for uuid, value in tags.items() if value == "no"] == retired
    project.write("config/tiny.yaml", text)
    project.snakemake()
    # back again: the record from the first time is found, not written twice
    assert sorted(tables(project)[0]) == sorted(after)


@pytest.mark.parametrize(
    ("module", "jobs"),
    [
        ("src/captchanet/synthesize/style.py", set()),
        ("src/captchanet/nn/gradient_check.py", set()),
        ("src/captchanet/layout.py", set()),
        ("src/captchanet/cli/__init__.py", set()),
        ("src/captchanet/track/log_runs.py", {"track", "verdict"}),
        ("src/captchanet/report/figures.py", {"track", "report", "verdict"}),
        ("src/captchanet/evaluate/metrics.py", {"evaluate", "track", "report", "verdict"}),
        ("src/captchanet/nn/mini_batch.py", {"train", "xor", "evaluate", "track", "report", "verdict"}),
        ("src/captchanet/segment/segmentation.py", set(ALL)),
    ],
)
def test_editing_a_module_reruns_the_stages_that_use_it(project, module, jobs):
    text = project.text(module)
    project.write(module, text + "\n# edited\n")
    assert set(project.snakemake("--dry-run").jobs) == jobs
    project.write(module, text)
    assert NOTHING in project.snakemake("--dry-run").output


def test_touching_or_copying_the_pictures_reruns_nothing_and_adding_one_reruns_from_segment(project):
    pictures = sorted((project.folder / "data/raw").glob("*.png"))
    for picture in pictures:
        picture.touch()
    assert NOTHING in project.snakemake("--dry-run").output
    new = project.folder / "data/raw" / "{odd} name_\n1.png"
    new.write_bytes(pictures[0].read_bytes())
    jobs = project.snakemake("--dry-run").jobs
    assert jobs == {name: n for name, n in ALL.items() if name != "xor"} | {"segment": 1}
    new.unlink()


def test_deleting_one_run_folder_brings_back_the_same_bits(project):
    before = thetas(project)
    for file in sorted((project.folder / "results/tiny/train/cg").iterdir()):
        file.unlink()
    again = project.snakemake()
    assert again.status == 0
    assert again.jobs["train"] == 1
    assert thetas(project) == before


def test_damaged_results_are_said_and_removed_and_the_next_run_makes_them_again(project):
    before, history = thetas(project), tables(project)
    results = project.folder / "results/tiny"
    damaged = {
        "segment/grid/raw/characters.npy": b"",
        "segment/grid/unseen/pictures.csv": b"{",
        "dataset/main/train_data.pkl": b"",
        "train/cg/model.npz": (results / "train/cg/model.npz").read_bytes()[:500],
        "evaluate/cg/metrics.json": b"{",
    }
    for name, data in damaged.items():
        (results / name).write_bytes(data)
    first = project.snakemake()
    assert first.status == 1
    assert "Traceback" not in first.output
    said = [line for line in first.output.splitlines() if line.startswith("captchanet: ")]
    for name, line in zip(list(damaged)[:2], said[-2:], strict=True):
        assert line.startswith(f"captchanet: dataset main: results/tiny/{name}: is damaged (")
        assert line.endswith("so it was removed; run the same command again, which makes it again")
    again = project.snakemake()
    assert again.status == 0, again.output
    assert NOTHING in project.snakemake().output
    assert thetas(project) == before
    assert tables(project) == history
    assert all((results / name).read_bytes() != data for name, data in damaged.items())


def test_deleting_results_gives_the_same_bits_with_other_cores_and_no_second_record(project):
    before, history = thetas(project), tables(project)
    pickle = project.folder / "results/tiny/dataset/main/train_data.pkl"
    data = hashlib.sha256(pickle.read_bytes()).hexdigest()
    for file in sorted((project.folder / "results").rglob("*"), reverse=True):
        file.unlink() if file.is_file() else file.rmdir()
    again = project.snakemake("--cores", "1", "--verbose")
    assert again.status == 0
    # Snakemake looks for jobs to start when one has ended, and at no other time
    looks = again.output.count("Resources before job selection")
    assert 0 < looks <= sum(again.jobs.values()) + len(["all"])
    assert thetas(project) == before
    assert hashlib.sha256(pickle.read_bytes()).hexdigest() == data
    assert tables(project) == history


def test_deleting_all_outputs_leaves_the_history_as_it_was(project):
    before, history = (project.folder / "mlflow.db").read_bytes(), tables(project)
    assert project.snakemake("--delete-all-output").status == 0
    assert not list((project.folder / "results/tiny").rglob("model.npz"))
    assert (project.folder / "mlflow.db").read_bytes() == before
    assert project.snakemake().status == 0
    assert tables(project) == history


def test_deleting_the_store_records_again_and_trains_nothing(project):
    runs = sorted(row[1] for row in tables(project)[0] if row[1] != "sgd")
    for file in project.folder.glob("mlflow.db*"):
        file.unlink()
    # Snakemake may have forgotten all that it knew of the results, too
    shutil.rmtree(project.folder / ".snakemake")
    again = project.snakemake()
    assert again.jobs == {"track": 1, "verdict": 1}
    assert sorted(row[1] for row in tables(project)[0] if row[1] != "sgd") == runs
