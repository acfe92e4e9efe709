"""The command line says what it did, or in one sentence why it could not."""

import pytest
from click.testing import CliRunner

from captchanet.cli import main


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


def test_read_with_a_model_prints_a_table(made_results):
    model = str(made_results.folder / "train/good/model.npz")
    shown = run("read", str(made_results.pictures / "unseen"), "--model", model)
    assert shown.exit_code == 0
    assert len(shown.output.splitlines()) == 7


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
