"""What a job says goes to the terminal and into its log; what went wrong stands there in full."""

import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from captchanet.errors import UserError
from captchanet.job import ERRORS, job


@pytest.fixture
def about(tmp_path, monkeypatch):
    """What Snakemake gives to the script of a job, in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    ERRORS.parent.mkdir()
    return SimpleNamespace(
        rule="train", wildcards=["cg"], input=[], log=[str(tmp_path / "cg.log"), "another.csv"]
    )


def log_of(about):
    return Path(about.log[0]).read_text()


def test_all_that_a_job_prints_is_shown_and_logged(about, capsys):
    with job(about):
        print("a warning", file=sys.stderr)
        print("a line")
    shown = capsys.readouterr()
    assert (shown.err, shown.out) == ("a warning\n", "a line\n")
    assert log_of(about) == "a warning\na line\n"
    assert sys.stderr.write.__self__ is sys.stderr, "the streams are as before"


def test_a_wrong_input_is_a_sentence_on_the_terminal_and_a_traceback_in_the_log(about, capsys):
    with pytest.raises(SystemExit), job(about):
        raise UserError("a.png: found a text; expected a picture")
    sentence = "captchanet: train cg: a.png: found a text; expected a picture\n"
    assert capsys.readouterr().err == sentence
    assert ERRORS.read_text() == sentence
    assert "Traceback (most recent call last)" in log_of(about)
    assert log_of(about).endswith(sentence)


def test_a_fault_of_the_program_keeps_its_traceback_in_the_log(about):
    with pytest.raises(ZeroDivisionError), job(about):
        1 / 0  # noqa: B018
    assert "ZeroDivisionError: division by zero" in log_of(about)


def test_a_log_that_cannot_be_written_stops_no_job(about, capsys):
    about.log = [str(about.log[0]) + "/no/folder.log"]
    with job(about):
        print("goes on", file=sys.stderr)
    about.log = ["/dev/full"]
    with job(about):
        print("goes on", file=sys.stderr)
    assert capsys.readouterr().err == "goes on\n" * 2
