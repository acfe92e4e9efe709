"""Files are written whole or not at all."""

import csv
import errno
import os

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from captchanet.errors import DamagedFile, UserError
from captchanet.files import (
    atomic,
    check_whole,
    read_csv,
    read_json,
    read_npy,
    read_npz,
    read_row,
    write_bytes,
    write_csv,
    write_json,
    write_npy,
    write_npz,
    write_text,
)


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def fail_half_way(path):
    with atomic(path) as temporary:
        temporary.write_bytes(b"half")
        assert temporary.parent == path.parent
        raise RuntimeError


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"old")
    with pytest.raises(RuntimeError):
        fail_half_way(path)
    assert path.read_bytes() == b"old"
    assert names(tmp_path) == ["file"]


def test_a_write_replaces_the_file_and_makes_its_folder(tmp_path):
    path = tmp_path / "new" / "folder" / "file"
    for data in (b"one", b"two"):
        write_bytes(path, data)
        assert path.read_bytes() == data
    assert names(path.parent) == ["file"]


def test_files_can_be_read_by_whom_the_umask_allows(tmp_path):
    old = os.umask(0o022)
    try:
        write_text(tmp_path / "file", "x")
    finally:
        os.umask(old)
    assert (tmp_path / "file").stat().st_mode & 0o777 == 0o644


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EACCES, errno.EROFS])
def test_a_system_that_will_not_write_is_a_user_error_with_path_and_cause(tmp_path, number):
    with pytest.raises(UserError) as caught, atomic(tmp_path / "file"):
        raise OSError(number, os.strerror(number))
    assert str(tmp_path / "file") in str(caught.value)
    assert os.strerror(number) in str(caught.value)


def test_a_folder_in_the_way_is_a_user_error(tmp_path):
    (tmp_path / "file").mkdir()
    (tmp_path / "other").write_bytes(b"")
    for path in (tmp_path / "file", tmp_path / "other" / "file"):
        with pytest.raises(UserError, match=str(path)):
            write_text(path, "x")
    assert names(tmp_path) == ["file", "other"]


def test_json_keeps_its_order_and_refuses_what_is_no_json(tmp_path):
    path = tmp_path / "file.json"
    write_json(path, {"b": 1, "a": ["é"]})
    assert path.read_text(encoding="utf-8") == '{\n "b": 1,\n "a": [\n  "é"\n ]\n}\n'
    with pytest.raises(ValueError, match="JSON"):
        write_json(path, {"a": float("nan")})
    assert path.read_text(encoding="utf-8").startswith('{\n "b"')


def test_arrays_come_back_and_objects_are_refused(tmp_path):
    path = tmp_path / "file.npy"
    array = np.arange(6, dtype=np.float32).reshape(2, 3)
    write_npy(path, array)
    np.testing.assert_array_equal(read_npy(path), array)
    np.save(path, np.array([{}]), allow_pickle=True)
    with pytest.raises(UserError, match=r"file\.npy"):
        read_npy(path)


NAMES = st.binary(max_size=12).map(os.fsdecode) | st.text("'=+-@1.e\t\r", max_size=6)


@pytest.mark.parametrize("name", ["=1+1", "=", "+a", "-1.png", "-1+1", "@SUM(A1)", "\t=1", "\r=1", "＝1"])
def test_a_spreadsheet_takes_no_name_and_no_label_for_a_formula(tmp_path, name):
    path = tmp_path / "a.csv"
    write_csv(path, [name, "n"], [(name, -0.5), (f"'{name}", "-0.5"), (f"''{name}", 1)])
    with path.open(newline="") as file:
        cells = [row[0] for row in csv.reader(file)]
    assert cells == [f"'{name}", f"'{name}", f"''{name}", f"'''{name}"]
    assert read_csv(path, [name, "n"]) == [[name, "-0.5"], [f"'{name}", "-0.5"], [f"''{name}", "1"]]


def test_numbers_and_other_texts_stand_in_a_csv_as_they_are(tmp_path):
    row = ["-0.5", "+1", "-1e-05", "1-2", "a=b", "'a", "", ".5", "don't"]
    write_csv(tmp_path / "a.csv", row, [row])
    assert (tmp_path / "a.csv").read_text().splitlines() == [",".join(row)] * 2
    write_csv(tmp_path / "b.csv", ["file"], [["=a"]], spreadsheet=False)
    assert (tmp_path / "b.csv").read_text() == "file\n=a\n"


@settings(max_examples=30)
@given(st.lists(st.tuples(NAMES, st.sampled_from(["", "x,\r"]))))
def test_any_rows_of_text_come_back_from_a_csv(tmp_path_factory, rows):
    path = tmp_path_factory.getbasetemp() / "any.csv"
    write_csv(path, ["name", "other"], rows)
    assert read_csv(path, ["name", "other"]) == [list(row) for row in rows]


def test_json_comes_back_and_a_missing_or_damaged_one_is_said(tmp_path):
    file = tmp_path / "a.json"
    write_json(file, {"b": [1, None, "ü"]})
    assert read_json(file) == {"b": [1, None, "ü"]}
    file.write_text("{")
    for place in (file, tmp_path / "nothing.json"):
        with pytest.raises(UserError, match=rf"{place.name}(: is damaged| is missing)"):
            read_json(place)


WHOLE = {
    "a.json": lambda file: write_json(file, {"b": [1, 2, 3]}),
    "a.csv": lambda file: write_csv(file, ("name", "number"), [("x", 12), ("y", 34)]),
    "a.npy": lambda file: write_npy(file, np.arange(100.0)),
    "a.npz": lambda file: write_npz(file, X=np.arange(100.0), y=np.arange(3)),
}


@pytest.mark.parametrize("name", WHOLE)
def test_a_file_that_is_emptied_cut_off_or_foreign_is_damaged(tmp_path, name):
    file = tmp_path / name
    WHOLE[name](file)
    check_whole(file)
    whole = file.read_bytes()
    for data in (b"", whole[: len(whole) // 2], whole[:-3], b"{", bytes(range(256)), b"\n", b"\x80\x04N."):
        file.write_bytes(data)
        with pytest.raises(DamagedFile, match=rf"{name}: is damaged \(.+\)"):
            check_whole(file)
    file.unlink()
    file.mkdir()
    with pytest.raises(UserError, match=r"Cannot read .*Is a directory") as caught:
        check_whole(file)
    # a file that this program cannot open may be a good one
    assert not isinstance(caught.value, DamagedFile)


@pytest.mark.parametrize("text", ['{"a": 1, "a": 2}', '{"a": NaN}', "[1]", "null", '{"a":' * 20_000, "{}"])
def test_json_that_no_job_writes_is_damaged(tmp_path, text):
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(DamagedFile, match=r"a\.json"):
        read_json(tmp_path / "a.json", "a")


def test_arrays_are_those_that_are_expected_or_damaged(tmp_path):
    file, numbers = tmp_path / "a.npz", np.arange(6.0).reshape(2, 3)
    like = {"X": ((None, 3), ("float64", "float32")), "y": (None, ("int64",))}
    for arrays in ({"X": numbers}, {"X": numbers, "y": numbers}, {"X": numbers.T, "y": np.arange(2)}):
        write_npz(file, **arrays)
        with pytest.raises(DamagedFile):
            read_npz(file, like)
    write_npz(file, X=numbers, y=np.arange(2))
    assert read_npz(file, like)["X"].tobytes() == numbers.tobytes()
    np.savez_compressed(file, X=numbers, y=np.arange(2))
    with pytest.raises(DamagedFile, match="compressed"):
        read_npz(file, like)


def test_one_row_of_an_array_is_read_without_the_others(tmp_path):
    write_npy(tmp_path / "a.npy", np.arange(6).reshape(3, 2))
    assert read_row(tmp_path / "a.npy", 1).tolist() == [2, 3]
    with pytest.raises(DamagedFile):
        read_row(tmp_path / "a.npy", 3)


def test_the_program_runs_no_code_from_a_file(root):
    """It writes one pickle, for the tutorial's program, and reads none."""
    texts = {file: file.read_text() for file in (root / "src").rglob("*.py")}
    assert [file.name for file, text in texts.items() if "import pickle" in text] == ["dataset.py"]
    for word in (
        "pickle.load",
        "Unpickler",
        "read_pickle",
        "allow_pickle=True",
        "unsafe_load",
        "yaml.Loader",
        "FullLoader",
    ):
        assert not [file for file, text in texts.items() if word in text], word
