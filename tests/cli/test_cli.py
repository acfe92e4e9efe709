"""The command line prints what it did, or one sentence with the reason why it could not."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from captchanet.cli import main
from captchanet.segment.segmentation import DARK
from captchanet.synthesize.lined import Lined


def run(*words):
    return CliRunner().invoke(main, list(words))


def test_help_names_every_command():
    shown = run("--help")
    assert shown.exit_code == 0
    assert all(command in shown.output for command in ("read", "synthesize", "ui"))


def test_synthesize_makes_captchas_and_the_same_ones_again(tmp_path):
    first = run("synthesize", str(tmp_path / "new"), "--count", "3", "--seed", "5")
    assert first.exit_code == 0
    assert "3 captchas" in first.output
    files = {file.name: file.read_bytes() for file in (tmp_path / "new").iterdir()}
    assert len(files) == 3
    assert run("synthesize", str(tmp_path / "new"), "--count", "3", "--seed", "5").exit_code == 0
    assert {file.name: file.read_bytes() for file in (tmp_path / "new").iterdir()} == files


def test_synthesize_refuses_a_folder_with_other_pictures(tmp_path):
    (tmp_path / "mine.png").write_text("mine")
    refused = run("synthesize", str(tmp_path))
    assert refused.exit_code == 1
    assert refused.output.startswith("Error: ")
    assert (tmp_path / "mine.png").read_text() == "mine"


def test_synthesize_makes_any_kind_with_its_options(tmp_path):
    options = ("--method", "lined", "-o", "faces=apart", "-o", "line_count=[3, 3]", "-o", "characters=5")
    synthetic = run("synthesize", str(tmp_path / "new"), "--count", "4", "--seed", "7", *options)
    assert synthetic.output == f"4 captchas in {tmp_path / 'new'}\n"
    pictures, labels = Lined(count=4, seed=7, faces="apart", line_count=(3, 3), characters=5)()
    assert {file.name for file in (tmp_path / "new").iterdir()} == {f"{label}.png" for label in labels}
    for picture, label in zip(pictures, labels, strict=True):
        read = np.asarray(Image.open(tmp_path / "new" / f"{label}.png").convert("RGB"))
        assert np.array_equal(read, picture)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--method", "wavy"], "synthesize.method: found 'wavy'; choose one of turned, lined"),
        (
            ["--method", "lined", "-o", "lines=3"],
            "synthesize.lines: not known here; the options of lined are",
        ),
        (["--method", "lined", "-o", "count=3"], "synthesize.count: not known here"),
        (["--method", "lined", "-o", "shift=far"], "synthesize.shift: found 'far'; expected a number"),
        (
            ["--method", "lined", "-o", "size=[20]"],
            "synthesize.size: found [20]; expected a list of 2",
        ),
        (["--method", "lined", "-o", "size=[20,"], "--option size=[20,: [20, is no list such as [2, 6]"),
        (["--method", "lined", "-o", "faces"], "--option faces: expected NAME=VALUE, such as faces=apart"),
        (["-o", "faces=apart"], "--option faces=apart: name its --method too, one of turned, lined"),
    ],
)
def test_synthesize_says_what_is_wrong_with_a_method_or_option_and_makes_nothing(options, said, tmp_path):
    refused = run("synthesize", str(tmp_path / "new"), *options)
    assert refused.exit_code == 1
    assert refused.output.startswith(f"Error: {said}")
    assert not (tmp_path / "new").exists()


def test_read_with_a_model_prints_a_table(made_results):
    model = str(made_results.layout.train("good").theta)
    shown = run("read", str(made_results.pictures / "unseen"), "--model", model)
    assert shown.exit_code == 0
    assert len(shown.stdout.splitlines()) == 7
    # the file lies in no results/ of this folder, so it belongs to no set
    assert shown.stderr == f"reading with {model} (run good)\n"


def test_read_leaves_out_readings_below_the_threshold_and_still_gives_their_confidence(made_results):
    words = ("read", str(made_results.pictures / "unseen"))
    words += ("--model", str(made_results.layout.train("good").theta))
    rows = json.loads(run(*words, "--format", "json").stdout)
    middle = sorted(row["confidence"] for row in rows)[3]
    shown = run(*words, "--format", "json", "--threshold", repr(middle))
    assert shown.exit_code == 0
    assert "the run good was not calibrated" in shown.stderr
    expected = [row | ({} if row["confidence"] >= middle else {"reading": ""}) for row in rows]
    assert json.loads(shown.stdout) == expected
    assert run(*words, "--threshold", "90").exit_code == 2
    nothing = run(*words, "--threshold", "1")
    assert all(len(line.split()) == 2 for line in nothing.stdout.splitlines()[1:])
    largest = max(row["confidence"] for row in rows)
    assert f"no reading is given: the largest confidence is {largest:.4f}, below 1" in nothing.stderr
    assert "no reading is given" not in shown.stderr


def test_read_writes_no_formula_into_a_csv(made_results, tmp_path, monkeypatch):
    picture = sorted((made_results.pictures / "unseen").glob("*.png"))[0]
    (tmp_path / "=1+1.png").write_bytes(picture.read_bytes())
    monkeypatch.chdir(tmp_path)
    model = str(made_results.layout.train("good").theta.resolve())
    rows = run("read", "=1+1.png", "--model", model, "--format", "csv").stdout.splitlines()
    assert rows[1].startswith("'=1+1.png,")
    (row,) = json.loads(run("read", "=1+1.png", "--model", model, "--format", "json").stdout)
    assert row["file"] == "=1+1.png"


@pytest.mark.parametrize("text", [None, "train: [", "track: {}"])
def test_read_without_a_configuration_names_the_file(text, tmp_path):
    file = tmp_path / "config.yaml"
    if text is not None:
        file.write_text(text)
    refused = run("read", str(tmp_path), "--configfile", str(file))
    assert refused.exit_code == 1
    assert refused.output.startswith(f"Error: {file}: ")


def test_a_command_outside_of_a_project_says_where_to_run_it(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for words in (["read", "x"], ["ui"], ["orphans"]):
        refused = run(*words)
        assert refused.exit_code == 1
        assert "run this in the project's folder, or name another with --configfile" in refused.output


def test_ui_without_a_history_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config.yaml").write_text("track: {}")
    refused = run("ui", "--configfile", "config.yaml")
    assert refused.exit_code == 1
    assert "run `snakemake --cores 4`" in refused.output


@pytest.mark.parametrize("text", ["[1, 2]", "read: cg", "track: foo"])
def test_a_configuration_of_another_shape_is_said(text, tmp_path):
    file = tmp_path / "config.yaml"
    file.write_text(text)
    refused = run(
        "ui" if "track" in text else "read", *([] if "track" in text else ["x"]), "--configfile", str(file)
    )
    assert refused.exit_code == 1
    assert refused.output.startswith("Error: ")
    assert str(file) in refused.output


def test_ui_on_a_port_that_is_taken_is_one_sentence(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config.yaml").write_text("track: {}")
    (tmp_path / "mlflow.db").touch()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        refused = run("ui", "--configfile", "config.yaml", "--port", str(taken.getsockname()[1]))
    assert refused.exit_code == 1
    assert "choose another with --port" in refused.output


def test_a_file_name_with_a_line_end_stays_on_its_line(made_results, tmp_path):
    (picture, *_) = sorted((made_results.pictures / "unseen").glob("*.png"))
    (tmp_path / "a\nb\rc.png").write_bytes(picture.read_bytes())
    model = str(made_results.layout.train("good").theta)
    for form in ("table", "csv"):
        shown = run("read", str(tmp_path), "--model", model, "--format", form)
        assert len(shown.stdout.splitlines()) == 2
        assert "a\\nb\\rc.png" in shown.stdout


def test_read_lists_what_is_no_file_with_the_reason_and_opens_none_of_it(made_results, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    (picture, *_) = sorted((made_results.pictures / "unseen").glob("*.png"))
    (tmp_path / "mine/older").mkdir(parents=True)
    (tmp_path / "mine/a.png").write_bytes(picture.read_bytes())
    Image.eval(Image.open(picture).convert("RGB"), lambda value: 255 - value).save(tmp_path / "mine/dark.png")
    os.mkfifo(tmp_path / "mine/pipe.png")
    (tmp_path / "mine/zero.png").symlink_to("/dev/zero")
    model = str(made_results.layout.train("good").theta)
    shown = run("read", "~/mine", "--model", model, "--format", "json")
    assert shown.exit_code == 1
    assert {Path(row["file"]).name: row["problem"] for row in json.loads(shown.stdout)} == {
        "a.png": "",
        "dark.png": DARK,
        "older": "is a folder; name it to read what lies in it",
        "pipe.png": "is a pipe, not a file",
        "zero.png": "is a device, not a file",
    }


def test_a_tilde_is_the_home_folder_in_every_path_of_a_command(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    made = run("synthesize", "~/mine", "--count", "3")
    assert made.exit_code == 0, made.output
    shown = run("look", "~/mine", "--output=~/look.png")
    assert shown.exit_code == 0, shown.output
    assert (tmp_path / "look.png").is_file()


def test_orphans_are_listed_and_deleted_and_nothing_else_is(tmp_path, monkeypatch, root):
    monkeypatch.chdir(tmp_path)
    kept = [
        "few-labels/train/few-labels",
        "few-labels/evaluate/few-labels",
        "few-labels/dataset/main",
        "few-labels/domain_gap/main",
        "few-labels/segment/ink-grid",
        "few-labels/synthesize/synthetic",
        "few-labels/track/x",
        "few-labels/checkpoints",
        "main/train/cg",
    ]
    orphaned = ["train/old", "evaluate/old", "domain_gap/old", "dataset/main,captchas=3", "segment/other"]
    orphaned += ["synthesize/raw", "logs/segment/other"]
    for name in [*kept, *(f"few-labels/{name}" for name in orphaned)]:
        (tmp_path / "results" / name).mkdir(parents=True)
    logs = ["few-labels/logs/train/few-labels.log", "few-labels/logs/segment/ink-grid/raw.log"]
    kept += [*logs, "few-labels/logs/xor.log", "few-labels/benchmarks/train/few-labels.tsv"]
    orphaned += ["logs/train/old.log", "benchmarks/train/old.tsv", "benchmarks/train/old.v2.tsv"]
    for name in [*kept[-4:], *(f"few-labels/{name}" for name in orphaned[-3:])]:
        (tmp_path / "results" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "results" / name).touch()
    words = ["orphans", "--configfile", str(root / "config/few-labels.yaml")]
    listed = run(*words)
    assert listed.output.split() == [f"results/few-labels/{name}" for name in sorted(orphaned)]
    assert run(*words, "--delete").output.count("deleted") == len(orphaned)
    assert all((tmp_path / "results" / name).exists() for name in kept)
    assert run(*words).output == "Everything in results/few-labels/ belongs to the configuration.\n"


def test_orphans_of_a_set_without_results_say_so(tmp_path, monkeypatch, root):
    monkeypatch.chdir(tmp_path)
    said = run("orphans", "--configfile", str(root / "config/few-labels.yaml"))
    assert said.exit_code == 0
    assert said.output.startswith("results/few-labels/ is not there: the set 'few-labels' has no results")
    assert "--configfile" in said.output


@pytest.mark.workflow
def test_read_imports_no_table_library_and_no_tracker(made_results):
    words = [str(made_results.pictures / "unseen"), "--model", str(made_results.layout.train("good").theta)]
    program = (
        "import sys\nfrom captchanet.cli import main\n"
        f"main(['read', *{words!r}], standalone_mode=False)\n"
        "print({'pandas', 'sklearn', 'mlflow', 'tabulate', 'scipy.stats'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    *table, imported = done.stdout.splitlines()
    assert len(table) == 7
    assert imported == "set()"


@pytest.mark.workflow
@pytest.mark.parametrize("words", [["--help"], ["runs", "--help"], ["best", "--help"], ["diff", "--help"]])
def test_help_imports_no_table_library(words):
    program = (
        "import sys\nfrom captchanet.cli import main\n"
        f"main({words!r}, standalone_mode=False)\n"
        "print({'pandas', 'sklearn', 'mlflow', 'numpy', 'scipy'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "set()"
