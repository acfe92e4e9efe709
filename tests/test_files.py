"""Files are written whole or not at all."""

import errno
import os

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from captchanet.errors import UserError
from captchanet.files import (
    atomic,
    read_csv,
    read_json,
    read_npy,
    write_bytes,
    write_csv,
    write_json,
    write_npy,
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


@settings(max_examples=30)
@given(st.lists(st.tuples(st.binary(max_size=12).map(os.fsdecode), st.sampled_from(["", "x,\r"]))))
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
        with pytest.raises(UserError, match=rf"{place.name}: (is damaged|No such file)"):
            read_json(place)
