"""What the workflow makes: the pickle for the tutorial's program, provenance, MLflow's record, readings."""

import json
import shutil
import subprocess
import sys

import pytest

from captchanet.evaluate.metrics import reached

pytestmark = pytest.mark.workflow


def test_mlflow_holds_every_run_whole(project):
    runs = project.sql("select name, status, lifecycle_stage from runs order by name")
    assert runs == [(name, "FINISHED", "active") for name in ("cg", "sgd", "xor")]
    uuid = project.sql("select run_uuid from runs where name = 'sgd'")[0][0]
    params = dict(project.sql(f"select key, value from params where run_uuid = '{uuid}'"))
    assert params["optimiser.learning_rate"] == "0.5"
    assert params["segment.clean.method"] == "ink"
    assert params["dataset.captchas"] == "20"
    metrics = dict(project.sql(f"select key, value from latest_metrics where run_uuid = '{uuid}'"))
    evaluated = json.loads(project.text("results/tiny/evaluate/sgd/metrics.json"))
    assert metrics["unseen/captchas/accuracy"] == evaluated["unseen"]["captchas"]["accuracy"]
    assert not [name for name in metrics if name.startswith("pictures/")], "charts of zeros"
    steps = project.sql(f"select step from metrics where key = 'cost' and run_uuid = '{uuid}' order by step")
    assert steps == [(1,), (2,)]
    tags = dict(project.sql(f"select key, value from tags where run_uuid = '{uuid}'"))
    assert tags["captchanet.theta_sha256"] == provenance(project)["theta_sha256"]
    assert "--cores 2" in tags["captchanet.command"]
    digests = json.loads(project.text("results/tiny/dataset/main/dataset.json"))["digest"]
    assert tags["captchanet.data.train_sha256"] == digests["train"]
    inputs = project.sql("select name, digest from datasets order by name")
    assert inputs == [("main-train", digests["train"][:36]), ("main-unseen", digests["unseen"][:36])]
    artifacts = project.folder / "mlartifacts" / uuid / "artifacts"
    assert (artifacts / "train/model.npz").read_bytes() == (
        project.folder / "results/tiny/train/sgd/model.npz"
    ).read_bytes()
    assert (artifacts / "evaluate/misreads.csv").exists()
    assert (artifacts / "figures/confusion_matrix.png").stat().st_size > 1000


def test_a_complete_run_ends_with_what_was_reached(project):
    metrics = json.loads(project.text("results/tiny/evaluate/cg/metrics.json"))
    sentence = reached("cg", "20 captchas", metrics)
    assert f"captchanet: {sentence}\ncaptchanet: results/tiny/report.html shows" in project.first.output


def test_every_job_leaves_a_log_and_a_benchmark_and_nobody_reads_them(project):
    folder = project.folder / "results/tiny"
    logs, benchmarks = (
        {str(file.relative_to(folder / of).with_suffix("")) for file in (folder / of).rglob("*.*")}
        for of in ("logs", "benchmarks")
    )
    assert {"train/cg", "evaluate/sgd", "segment/grid/raw", "dataset/main", "xor", "track"} <= logs
    assert logs == benchmarks
    assert "no captcha to train on shows any of" in project.text("results/tiny/logs/dataset/main.log")
    shutil.rmtree(folder / "logs")
    shutil.rmtree(folder / "benchmarks/train")
    again = project.snakemake("-n")
    assert "Nothing to be done" in again.output


def test_a_dry_run_can_show_a_line_for_each_rule(project):
    dry = project.snakemake("-n", "--forceall", "--quiet", "rules", "host")
    table, after = dry.output.split("Job stats:")[-1].split("Reasons:")
    rules = [line.split()[0] for line in table.splitlines()[3:] if line]
    assert len(rules) == len(set(rules))
    assert {"train", "report"} <= set(rules)
    assert "forced:" in after
    assert max(map(len, dry.output.splitlines())) < 120


def provenance(project):
    return json.loads(project.text("results/tiny/train/sgd/provenance.json"))


def test_provenance_names_code_data_and_machine_and_does_without_git(project):
    found = provenance(project)
    assert found["git"] is None  # the copy is no repository
    assert "src/captchanet/nn/mini_batch.py" in found["sources"]
    assert len(found["pictures"]) == 20
    assert found["blas"][0]["threads"] == 1
    assert found["workflow_command"].startswith("snakemake --cores 2")


def test_a_worker_of_a_cluster_records_the_command_of_the_user(project):
    provenance = project.folder / "results/tiny/xor/provenance.json"
    before = provenance.read_bytes()
    provenance.unlink()
    words = ("--mode", "remote", "--target-jobs", "xor:", "--allowed-rules", "xor", "--nolock", "--no-hooks")
    project.env["CAPTCHANET_COMMAND"] = "snakemake --profile profiles/slurm"
    try:
        worked = project.snakemake(*words)
    finally:
        del project.env["CAPTCHANET_COMMAND"]
    assert worked.status == 0, worked.output
    assert json.loads(provenance.read_text())["workflow_command"] == "snakemake --profile profiles/slurm"
    provenance.write_bytes(before)


def test_captchanet_read_reads_with_the_run_that_the_configuration_names(project):
    table = project.command("read", "data/unseen", "--configfile", "config/tiny.yaml")
    assert table.status == 0, table.output
    lines = table.output.splitlines()
    assert lines[0].split() == ["file", "reading", "confidence"]
    assert len(lines) == 1 + 12 + 1
    assert lines[-1] == "reading with results/tiny/train/cg/model.npz (run cg of the set tiny)"
    shutil.copy(project.folder / "Snakefile", project.folder / "data/unseen/odd.png")
    model = "results/tiny/train/sgd/model.npz"
    found = project.command("read", "data/unseen", "--model", model, "--format", "json")
    (project.folder / "data/unseen/odd.png").unlink()
    assert found.status == 1
    rows = json.loads(found.output[: found.output.rindex("]") + 1])
    assert [row["problem"] for row in rows if row["problem"]] == [
        "not an image (PNG, GIF, BMP, JPEG or WebP)"
    ]
    csv = project.command("read", "data/unseen", "--model", model, "--format", "csv")
    assert csv.output.splitlines()[0] == "file,reading,confidence,problem"


def test_reading_without_a_model_says_what_to_do(project):
    missing = project.command("read", "data/unseen", "--model", "nothing/model.npz")
    assert missing.status == 1
    assert "nothing/model.npz: no such file" in missing.output
    assert "Traceback" not in missing.output


def test_reading_does_not_import_mlflow_pandas_or_snakemake(project):
    program = (
        "import sys; sys.argv = ['captchanet', 'read', 'data/unseen', '--configfile', 'config/tiny.yaml']\n"
        "from captchanet.cli import main\n"
        "main(standalone_mode=False)\n"
        "print({name for name in ('mlflow', 'pandas', 'snakemake') if name in sys.modules})\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=project.folder, capture_output=True, text=True, env=project.env
    )
    assert done.stdout.splitlines()[-1] == "set()", done.stderr


def test_the_tutorials_own_program_reads_our_pickle_and_reaches_100_percent(
    project, tutorial, root, tmp_path
):
    # its example 2 ends with "Training Accuracy: 100.0 %"
    place = tmp_path / "data/yanzhengma"
    place.mkdir(parents=True)
    everything = "dataset={main: {captchas: null}}"
    ended = project.snakemake("--config", everything, "--until", "dataset")
    assert ended.status == 0, ended.output
    shutil.copy(project.folder / "results/tiny/dataset/main/train_data.pkl", place)
    done = subprocess.run(
        [sys.executable, "-W", "ignore", tutorial], cwd=tmp_path, capture_output=True, text=True, timeout=300
    )
    assert "100.0 %" in done.stdout, done.stderr
    project.snakemake()


def test_a_repository_that_git_refuses_is_said_once_and_recorded(project):
    (project.folder / ".git").mkdir()
    again = project.snakemake("--config", "xor={steps: 201}")
    assert again.status == 0, again.output
    reason = "not a git repository (or any of the parent directories): .git"
    assert again.output.count("captchanet: warning: git cannot tell") == 1
    assert f"all the code of these runs: {reason}. They are recorded without it" in again.output
    origin = json.loads(project.text("results/tiny/xor/provenance.json"))["git"]
    assert origin == {"commit": None, "dirty": None, "patch": "", "problem": reason}
    assert project.sql("select value from tags where key = 'captchanet.git.problem'") == [(reason,)]
    # its sources have changed since
    added = project.folder / "src/captchanet/train/xor.py"
    added.write_text(added.read_text() + "\n# more\n")
    stopped = project.command("rerun", "xor", "--configfile", "config/tiny.yaml")
    assert stopped.status == 2
    assert f"git could not tell the run's commit ({reason}), and 1 of its sources differ" in stopped.output
