"""Each configuration has its own folder of results. Two do not change each other, and share one history."""

import shutil
import sqlite3

import pytest

pytestmark = pytest.mark.workflow

OTHER = "config/other.yaml"
NOTHING = "Nothing to be done"


@pytest.fixture(scope="module")
def both(project):
    """A project in which the tiny configuration has run, and a second one with another network."""
    text = project.text("config/tiny.yaml")
    project.write(OTHER, text.replace("cg: {hidden: [8]", "cg: {hidden: [9]"))
    project.second = project.snakemake(configfile=OTHER)
    assert project.second.status == 0, project.second.output
    return project


def test_each_configuration_has_its_own_results_and_report(both):
    assert both.second.jobs["train"] == 2
    assert "results/other/report.html shows how well the runs read" in both.second.output
    assert "belong to no run of this configuration" not in both.second.output
    for name in ("tiny", "other"):
        assert "<html" in both.text(f"results/{name}/report.html")
    sizes = [both.text(f"results/{name}/train/cg/parameters.json") for name in ("tiny", "other")]
    assert ['"hidden": [\n  8\n ]' in size for size in sizes] == [True, False]


def test_going_back_to_a_configuration_finds_everything_up_to_date(both):
    for file in ("config/tiny.yaml", OTHER, "config/tiny.yaml"):
        again = both.snakemake(configfile=file)
        assert again.status == 0, again.output
        assert NOTHING in again.output


def test_the_set_may_be_named_on_the_command_line(both):
    asked = both.snakemake("--dry-run", "--config", "set=mine")
    assert asked.jobs["train"] == 2
    assert "results/mine/train/cg/model.npz" in both.snakemake("--summary", "--config", "set=mine").output


def test_each_set_is_recorded_under_its_name(both):
    tag = "select name, value from runs join tags using (run_uuid) where key = 'captchanet.set' order by 2, 1"
    assert both.sql(tag) == [(run, name) for name in ("other", "tiny") for run in ("cg", "sgd", "xor")]
    read = both.command("read", "data/unseen", "--configfile", OTHER)
    assert read.status == 0, read.output
    assert "reading with results/other/train/cg/model.npz (run cg of the set other)" in read.output


def test_a_command_takes_no_network_of_another_set_and_a_set_by_its_name(both):
    refused = both.command("read", "data/unseen")
    assert refused.status == 1
    assert "results/main/train/cg/model.npz is not there" in refused.output
    assert "--set other (cg | sgd), --set tiny (cg | sgd)" in refused.output
    # the set knows which configuration made it
    read = both.command("read", "data/unseen", "--set", "tiny")
    assert "reading with results/tiny/train/cg/model.npz (run cg of the set tiny)" in read.output
    assert "train.cg.hidden" not in read.output
    changed = both.text(OTHER).replace("cg: {hidden: [9]", "cg: {hidden: [7]")
    both.write("config/changed.yaml", f"{changed}\nset: other\n")
    refused = both.command("read", "data/unseen", "--configfile", "config/changed.yaml")
    assert refused.status == 1
    assert "train.cg.hidden is [7] there, and it was trained with [9]" in refused.output


def test_a_history_that_is_deleted_is_recorded_again_by_each_set_and_nothing_trains(both):
    for file in both.folder.glob("mlflow.db*"):
        file.unlink()
    assert both.snakemake().jobs == {"track": 1, "verdict": 1}
    assert both.snakemake(configfile=OTHER).jobs == {"track": 1, "verdict": 1}
    assert len(both.sql("select * from runs")) == 6
    assert NOTHING in both.snakemake().output


def test_pictures_may_lie_in_any_folder_and_numbered_ones_say_where_the_label_is(both, tmp_path, monkeypatch):
    tmp_path = tmp_path / "a?b#c%41 é"
    shutil.copytree(both.folder / "data", tmp_path / "data")
    for number, picture in enumerate(sorted((tmp_path / "data/raw").iterdir())):
        picture.rename(picture.with_name(f"{number:04}_{picture.name}"))
    file = str(both.folder / "config/tiny.yaml")
    for name, value in {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}.items():
        monkeypatch.setitem(both.env, name, value)
    stopped = both.snakemake("--directory", str(tmp_path), configfile=file)
    assert "running numbers, '0000' to" in stopped.sentence
    behind = ("--config", "pictures={raw: {label_part: last}}")
    ended = both.snakemake("--directory", str(tmp_path), *behind, configfile=file)
    assert ended.status == 0, ended.output
    assert (tmp_path / "results/tiny/report.html").exists()
    assert len(list(tmp_path.glob("mlartifacts/*/artifacts/train/model.npz"))) == 2
    with sqlite3.connect(tmp_path / "mlflow.db") as database:
        assert database.execute("select distinct status from runs").fetchall() == [("FINISHED",)]
    there, here = (folder / "results/tiny/train/cg/model.npz" for folder in (tmp_path, both.folder))
    assert there.read_bytes() == here.read_bytes()
    assert NOTHING in both.snakemake("--directory", str(tmp_path), *behind, configfile=file).output


def test_a_second_file_of_one_set_is_said(both):
    (both.folder / "elsewhere").mkdir()
    both.write("elsewhere/tiny.yaml", both.text("config/tiny.yaml"))
    ended = both.snakemake("--until", "xor", "--config", "xor={steps: 201}", configfile="elsewhere/tiny.yaml")
    assert ended.status == 0, ended.output
    assert "captchanet: results/tiny/ was made from config/tiny.yaml, and elsewhere/tiny.yaml" in ended.output
