"""The command line says what it did, or in one sentence why it could not."""

import json
import socket

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from captchanet.cli import main
from captchanet.synthesize.lined import lined


def run(*words):
    return CliRunner().invoke(main, list(words))


def test_help_names_every_command():
    shown = run("--help")
    assert shown.exit_code == 0
    assert all(command in shown.output for command in ("read", "draw", "ui"))


def test_draw_draws_and_draws_the_same_again(tmp_path):
    first = run("draw", str(tmp_path / "new"), "--count", "3", "--seed", "5")
    assert first.exit_code == 0
    assert "3 captchas" in first.output
    files = {file.name: file.read_bytes() for file in (tmp_path / "new").iterdir()}
    assert len(files) == 3
    assert run("draw", str(tmp_path / "new"), "--count", "3", "--seed", "5").exit_code == 0
    assert {file.name: file.read_bytes() for file in (tmp_path / "new").iterdir()} == files


def test_draw_refuses_a_folder_with_other_pictures(tmp_path):
    (tmp_path / "mine.png").write_text("mine")
    refused = run("draw", str(tmp_path))
    assert refused.exit_code == 1
    assert refused.output.startswith("Error: ")
    assert (tmp_path / "mine.png").read_text() == "mine"


def test_draw_draws_by_any_method_with_its_options(tmp_path):
    options = ("--method", "lined", "-o", "faces=apart", "-o", "line_count=[3, 3]", "-o", "characters=5")
    drawn = run("draw", str(tmp_path / "new"), "--count", "4", "--seed", "7", *options)
    assert drawn.output == f"4 captchas in {tmp_path / 'new'}\n"
    pictures, labels = lined(count=4, seed=7, faces="apart", line_count=(3, 3), characters=5)
    assert {file.name for file in (tmp_path / "new").iterdir()} == {f"{label}.png" for label in labels}
    for picture, label in zip(pictures, labels, strict=True):
        read = np.asarray(Image.open(tmp_path / "new" / f"{label}.png").convert("RGB"))
        assert np.array_equal(read, picture)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--method", "wavy"], "draw.method: found 'wavy'; choose one of turned, lined"),
        (["--method", "lined", "-o", "lines=3"], "draw.lines: not known here; the options of lined are: "),
        (["--method", "lined", "-o", "count=3"], "draw.count: not known here"),
        (["--method", "lined", "-o", "shift=far"], "draw.shift: found 'far'; expected a number"),
        (["--method", "lined", "-o", "size=[20]"], "draw.size: found [20]; expected a list of 2 values"),
        (["--method", "lined", "-o", "size=[20,"], "--option size=[20,: [20, is no list such as [2, 6]"),
        (["--method", "lined", "-o", "faces"], "--option faces: expected NAME=VALUE, such as faces=apart"),
        (["-o", "faces=apart"], "--option faces=apart: an option of which --method? turned, lined"),
    ],
)
def test_draw_says_what_is_wrong_with_a_method_or_option_and_draws_nothing(options, said, tmp_path):
    refused = run("draw", str(tmp_path / "new"), *options)
    assert refused.exit_code == 1
    assert refused.output.startswith(f"Error: {said}")
    assert not (tmp_path / "new").exists()


def test_read_with_a_model_prints_a_table(made_results):
    model = str(made_results.folder / "train/good/model.npz")
    shown = run("read", str(made_results.pictures / "unseen"), "--model", model)
    assert shown.exit_code == 0
    assert len(shown.output.splitlines()) == 7


def test_read_says_nothing_of_what_it_is_not_sure_of_but_how_sure_it_is(made_results):
    words = ("read", str(made_results.pictures / "unseen"))
    words += ("--model", str(made_results.folder / "train/good/model.npz"))
    rows = json.loads(run(*words, "--format", "json").stdout)
    middle = sorted(row["confidence"] for row in rows)[3]
    shown = run(*words, "--format", "json", "--sure", repr(middle))
    assert shown.exit_code == 0
    assert "the run good was not calibrated" in shown.stderr
    expected = [row | ({} if row["confidence"] >= middle else {"reading": ""}) for row in rows]
    assert json.loads(shown.stdout) == expected
    assert run(*words, "--sure", "90").exit_code == 2
    table = run(*words, "--sure", "1").stdout.splitlines()
    assert all(len(line.split()) == 2 for line in table[1:])


@pytest.mark.parametrize("text", [None, "train: [", "track: {}"])
def test_read_without_a_configuration_says_what_to_do(text, tmp_path):
    file = tmp_path / "config.yaml"
    if text is not None:
        file.write_text(text)
    refused = run("read", str(tmp_path), "--configfile", str(file))
    assert refused.exit_code == 1
    assert "--configfile" in refused.output or "--model" in refused.output


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
    model = str(made_results.folder / "train/good/model.npz")
    for form in ("table", "csv"):
        shown = run("read", str(tmp_path), "--model", model, "--format", form)
        assert len(shown.output.splitlines()) == 2
        assert "a\\nb\\rc.png" in shown.output


def test_orphans_are_listed_and_deleted_and_nothing_else_is(tmp_path, monkeypatch, root):
    monkeypatch.chdir(tmp_path)
    kept = [
        "train/few-labels",
        "evaluate/few-labels",
        "dataset/main",
        "beside/main",
        "segment/ink-grid",
        "draw/drawn",
        "track/x",
    ]
    kept += ["checkpoints"]
    orphaned = ["train/old", "evaluate/old", "beside/old", "dataset/main,captchas=3", "segment/other"]
    orphaned += ["draw/raw"]
    for name in [*kept, *orphaned]:
        (tmp_path / "results" / name).mkdir(parents=True)
    words = ["orphans", "--configfile", str(root / "config/few-labels.yaml")]
    listed = run(*words)
    assert listed.output.split() == [
        "results/beside/old",
        "results/dataset/main,captchas=3",
        "results/draw/raw",
        "results/evaluate/old",
        "results/segment/other",
        "results/train/old",
    ]
    assert run(*words, "--delete").output.count("deleted") == 6
    assert all((tmp_path / "results" / name).exists() for name in kept)
    assert run(*words).output == "Every folder in results/ belongs to the configuration.\n"
