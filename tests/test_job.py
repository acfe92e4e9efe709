"""What a job says goes to the terminal and into its log; what went wrong stands there in full."""

import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from captchanet.errors import DamagedFile, UserError
from captchanet.files import read_csv, read_json, write_json
from captchanet.job import ERRORS, job, note


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


def test_what_the_user_knows_already_is_noted_in_the_log_alone(about, capsys):
    with job(about):
        note("two threads share a core")
        note("")
    note("no job, no log")
    assert capsys.readouterr() == ("", "")
    assert log_of(about) == "two threads share a core\n"


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


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A project with two whole results, two damaged ones, and files of the user, damaged too."""
    monkeypatch.chdir(tmp_path)
    write_json(tmp_path / "results/a/whole.json", {"x": 1})
    write_json(tmp_path / "results/a/other.json", {"x": 1})
    (tmp_path / "results/a/empty.csv").write_bytes(b"")
    (tmp_path / "results/a/cut.json").write_text("{")
    for name in ("labels.csv", "data/results/labels.csv", "settings.json"):
        (tmp_path / name).parent.mkdir(exist_ok=True, parents=True)
        (tmp_path / name).write_text("")
    return tmp_path


def of(inputs):
    """What Snakemake gives to the script of a job with these input files."""
    return SimpleNamespace(rule="train", wildcards=["cg"], input=inputs, log=["cg.log"])


RESULTS = [f"results/a/{name}" for name in ("whole.json", "other.json", "empty.csv", "cut.json")]
USERS = ["labels.csv", "data/results/labels.csv", "settings.json"]


def there(folder):
    files = [file for file in folder.rglob("*") if file.is_file() and file.suffix != ".log"]
    return sorted(str(file.relative_to(folder)) for file in files)


def test_every_damaged_result_among_the_inputs_is_removed_at_once_with_a_sentence(folder, capsys):
    with pytest.raises(SystemExit), job(of([*RESULTS, *USERS])):
        read_json("results/a/cut.json")
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 2
    for line, file in zip(said, ("cut.json", "empty.csv"), strict=True):
        assert line.startswith(f"captchanet: train cg: results/a/{file}: is damaged (")
        assert line.endswith(", so it was removed; run the same command again, which makes it again")
    assert there(folder) == sorted([*RESULTS[:2], *USERS])


def test_a_damaged_result_that_a_job_reads_beside_its_inputs_is_removed_too(folder, capsys):
    with pytest.raises(SystemExit), job(of(RESULTS[:1]), map(Path, RESULTS[1:])):
        read_csv("results/a/empty.csv")
    said = capsys.readouterr().err.splitlines()
    assert [line.split(": ")[2] for line in said] == ["results/a/empty.csv", "results/a/cut.json"]
    assert there(folder) == sorted([*RESULTS[:2], *USERS])


def test_what_a_job_finds_out_about_a_result_counts_and_its_parts_may_be_whole(folder, capsys):
    with pytest.raises(SystemExit), job(of(RESULTS[:1])):
        read_json("results/a/whole.json", "key")
    assert "the key 'key' is missing" in capsys.readouterr().err
    assert not (folder / RESULTS[0]).exists()


def test_a_traceback_is_a_sentence_where_a_result_is_damaged_and_stays_one_elsewhere(folder, capsys):
    with pytest.raises(KeyError), job(of(RESULTS[:2])):
        raise KeyError("x")
    with pytest.raises(SystemExit), job(of(RESULTS)):
        raise KeyError("x")
    assert "cut.json" in capsys.readouterr().err


def test_files_of_the_user_and_results_of_others_are_never_removed(folder):
    before = there(folder)
    for inputs in ([], USERS, RESULTS[:2]):
        with pytest.raises(SystemExit), job(of(inputs)):
            read_csv("labels.csv")
    with pytest.raises(SystemExit), job(of(RESULTS)):
        raise UserError("another fault")
    with pytest.raises(DamagedFile, match="delete it, and make it again"):
        read_json("results/a/cut.json")
    assert there(folder) == before


def test_a_result_that_cannot_be_read_or_is_gone_is_not_taken_for_a_damaged_one(folder, capsys):
    (folder / "results/a/folder.json").mkdir()
    with pytest.raises(SystemExit), job(of(["results/a/folder.json", "results/a/gone.json"])):
        read_json("results/a/gone.json")
    assert "gone.json is missing; run `snakemake` again" in capsys.readouterr().err
    assert (folder / "results/a/folder.json").is_dir()
