"""A job ends with sentences, and removes damaged results, so that the next run makes them again."""

import pytest

from captchanet.errors import DamagedFile, UserError
from captchanet.files import read_csv, read_json, write_json
from captchanet.job import job


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


RESULTS = [f"results/a/{name}" for name in ("whole.json", "other.json", "empty.csv", "cut.json")]
USERS = ["labels.csv", "data/results/labels.csv", "settings.json"]


def there(folder):
    return sorted(str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file())


def test_every_damaged_result_among_the_inputs_is_removed_at_once_with_a_sentence(folder, capsys):
    with pytest.raises(SystemExit), job("train", [*RESULTS, *USERS]):
        read_json("results/a/cut.json")
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 2
    for line, file in zip(said, ("cut.json", "empty.csv"), strict=True):
        assert line.startswith(f"captchanet: train: results/a/{file}: is damaged (")
        assert line.endswith(", so it was removed; run the same command again, which makes it again")
    assert there(folder) == sorted([*RESULTS[:2], *USERS])


def test_what_a_job_finds_out_about_a_result_counts_and_its_parts_may_be_whole(folder, capsys):
    with pytest.raises(SystemExit), job("train", RESULTS[:1]):
        read_json("results/a/whole.json", "key")
    assert "the key 'key' is missing" in capsys.readouterr().err
    assert not (folder / RESULTS[0]).exists()


def test_a_traceback_is_a_sentence_where_a_result_is_damaged_and_stays_one_elsewhere(folder, capsys):
    with pytest.raises(KeyError), job("train", RESULTS[:2]):
        raise KeyError("x")
    with pytest.raises(SystemExit), job("train", RESULTS):
        raise KeyError("x")
    assert "cut.json" in capsys.readouterr().err


def test_files_of_the_user_and_results_of_others_are_never_removed(folder):
    before = there(folder)
    for inputs in ([], USERS, RESULTS[:2]):
        with pytest.raises(SystemExit), job("train", inputs):
            read_csv("labels.csv")
    with pytest.raises(SystemExit), job("train", RESULTS):
        raise UserError("another fault")
    with pytest.raises(DamagedFile, match="delete it, and make it again"):
        read_json("results/a/cut.json")
    assert there(folder) == before


def test_a_result_that_cannot_be_read_or_is_gone_is_not_taken_for_a_damaged_one(folder, capsys):
    (folder / "results/a/folder.json").mkdir()
    with pytest.raises(SystemExit), job("train", ["results/a/folder.json", "results/a/gone.json"]):
        read_json("results/a/gone.json")
    assert "gone.json is missing; run `snakemake` again" in capsys.readouterr().err
    assert (folder / "results/a/folder.json").is_dir()
