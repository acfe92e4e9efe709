"""Labels: from names, from a CSV, and as class numbers."""

import os
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from captchanet.errors import UserError
from captchanet.segment.labels import (
    encode,
    label_from_name,
    labels_in_names,
    match,
    of_files,
    read_label_file,
)

ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyz"


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("knnp.png", "knnp"),
        ("knnp_2.png", "knnp"),
        ("knnp_2_old.gif", "knnp"),
        ("knnp", "knnp"),
        ("_2.png", ""),
    ],
)
def test_a_label_is_the_stem_up_to_the_first_underscore(name, label):
    assert label_from_name(name) == label


def test_labels_in_names_are_those_of_the_usual_length():
    assert labels_in_names(["ab12.png", "ab12_2.png", "cd34.png", "ef56.gif", "abc.png"]) == [
        *("ab12", "ab12", "cd34", "ef56")
    ]
    for names in (["a.png", "b.png"], ["img_a.png", "img_b.png", "img_c.png"], ["a.b-.png", "cd.e.png"], []):
        assert labels_in_names(names) == []


def test_a_label_may_stand_behind_the_last_underscore():
    assert [label_from_name(name, "last") for name in ("1_knnp.png", "a_1_knnp.png", "knnp.png")] == [
        "knnp"
    ] * 3
    assert labels_in_names([f"{i:04}_{i * 37 % 97:02}ab.png" for i in range(20)], "last")[:2] == [
        "00ab",
        "37ab",
    ]
    assert labels_in_names([f"{hash:032x}.png" for hash in range(2**99, 2**100, 2**96)]) == []


def test_names_that_differ_in_case_or_normal_form_alone_are_refused():
    e, accent = "é12ü.png", unicodedata.normalize("NFD", "é12ü.png")
    names = ["AB12.png", "ab12.png", "cd34.png", e, accent]
    good, bad = match(names, None, 4, ALPHABET + "éüAB")
    assert good == [("cd34.png", "cd34")]
    assert {file: reason.split(" but")[0] for file, _, reason in bad} == {
        "AB12.png": "named like ab12.png",
        "ab12.png": "named like AB12.png",
        e: f"named like {accent}",
        accent: f"named like {e}",
    }
    # a disk that knows one case only has kept one of the two, and nobody knows which
    good, bad = match(["a.png"], {"a.png": ["ab12"], "A.png": ["cd34"]}, 4, ALPHABET)
    assert not good
    assert {file: reason for file, _, reason in bad}["a.png"].startswith("named like A.png but for")


def test_a_label_file_may_write_names_in_another_form_and_with_spaces_but_its_own_spelling_comes_first():
    plain, decomposed = "ä.png", unicodedata.normalize("NFD", "ä.png")
    given = {plain: ["ab12"], " b.png": ["cd34"], "b.png": ["ef56"], "c.png ": ["gh78"]}
    names = [decomposed, " b.png", "b.png", "c.png"]
    found, missing = of_files(names, given | {" d.png": ["ij90"]})
    assert found == {decomposed: ["ab12"], " b.png": ["cd34"], "b.png": ["ef56"], "c.png": ["gh78"]}
    assert missing == [" d.png"]
    assert of_files([" e.png"], {"e.png": ["ab12"]})[0] == {" e.png": ["ab12"]}
    assert of_files(["b.png"], given)[0] == {"b.png": ["cd34", "ef56"]}


def test_a_label_file_may_name_files_that_are_not_utf_8_or_begin_with_a_space(tmp_path):
    path = tmp_path / "labels.csv"
    path.write_bytes(b'file,label\n\xff.png,abcd\n s.png, efgh\n" q.png",e\xcc\x81fgh\n')
    assert read_label_file(path) == {
        os.fsdecode(b"\xff.png"): ["abcd"],
        " s.png": ["efgh"],
        " q.png": ["éfgh"],
    }
    path.write_bytes(b'file, label\na.png, "abcd"\n')
    assert read_label_file(path) == {"a.png": ["abcd"]}
    path.write_bytes(b"file,label\na.png,ab\xe9d\n")
    with pytest.raises(UserError, match="line 2: the byte 0xe9 is not UTF-8"):
        read_label_file(path)
    ((_, _, reason),) = match([], {"\udce9.png": ["abcd"]}, 4, ALPHABET)[1]
    assert reason.startswith("in the label file, but not in the folder (its name is not UTF-8")


def test_classes_count_from_one_for_zero_to_thirty_six_for_z():
    assert encode("09az", ALPHABET) == [1, 10, 11, 36]
    assert encode(ALPHABET, ALPHABET) == list(range(1, 37))


def test_encoding_refuses_what_the_alphabet_lacks():
    with pytest.raises(ValueError, match="É"):
        encode("abÉd", ALPHABET)


@pytest.mark.parametrize(
    "text",
    [
        b"file,label\na.png,abcd\nb.png,efgh\n",
        b"\xef\xbb\xbffile,label\r\na.png,abcd\r\nb.png,efgh\r\n",
        b'label,who,file\nabcd,me,"a.png"\n\nefgh,"x, y",b.png\n',
        b"file, label\na.png, abcd\nb.png, efgh\nb.png, efgh",
    ],
    ids=["plain", "from a spreadsheet", "other columns", "spaces and a line twice"],
)
def test_a_label_file_is_read_as_people_and_spreadsheets_write_it(tmp_path, text):
    path = tmp_path / "labels.csv"
    path.write_bytes(text)
    assert read_label_file(path) == {"a.png": ["abcd"], "b.png": ["efgh"]}


def test_a_file_under_two_labels_keeps_both(tmp_path):
    path = tmp_path / "labels.csv"
    path.write_text("file,label\na.png,abcd\na.png,abce\n", encoding="utf-8")
    assert read_label_file(path) == {"a.png": ["abcd", "abce"]}


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        (b"", ["empty"]),
        (b"\n\n", ["empty"]),
        (b"file,label\n", ["no line"]),
        (b"name,label\na.png,abcd\n", ["line 1", "'file'"]),
        (b"a.png,abcd\n", ["line 1", "'file' and 'label'"]),
        (b"file;label\na.png;abcd\n", ["line 1", "'file;label'", "by commas, not by ';'"]),
        (b"file,label,label\na.png,abcd,efgh\n", ["line 1", "'label' twice"]),
        (b"file,label\na.png,abcd\nb.png\n", ["line 3", "label is missing"]),
        (b"file,label\n,abcd\n", ["line 2", "file is missing"]),
        (b'file,label\na.png,"ab"cd\n', ["line 2", "not CSV"]),
        (b"file,label\na.png,abcd\n\xff\xfe\n", ["line 3", "0xff", "UTF-8"]),
        (b"file,label\na.png,ab\0d\n", ["line 2", "zero byte"]),
    ],
)
def test_a_label_file_that_cannot_be_used_is_named_with_the_line(tmp_path, text, parts):
    path = tmp_path / "labels.csv"
    path.write_bytes(text)
    with pytest.raises(UserError) as caught:
        read_label_file(path)
    for part in ["labels.csv", *parts]:
        assert part in str(caught.value)


def test_a_label_file_that_is_missing_or_a_folder_is_named(tmp_path):
    for path in (tmp_path / "none.csv", tmp_path):
        with pytest.raises(UserError, match=path.name):
            read_label_file(path)


@given(st.binary(max_size=80))
def test_any_bytes_as_label_file_give_labels_or_a_user_error(tmp_path_factory, data):
    path = tmp_path_factory.getbasetemp() / "any.csv"
    path.write_bytes(b"file,label\n" + data)
    try:
        labels = read_label_file(path)
    except UserError:
        return
    assert all(file and all(given) for file, given in labels.items())


def test_matching_names_the_reason_for_each_label_it_cannot_use():
    names = ["a.png", "b.png", "c.png", "d.png", "e.png"]
    labels = {
        "a.png": ["abcd"],
        "b.png": ["abc"],
        "c.png": ["aB?B"],
        "d.png": ["aaaa", "bbbb"],
        "f.png": ["ffff"],
    }
    good, bad = match(names, labels, 4, ALPHABET)
    assert good == [("a.png", "abcd")]
    reasons = {file: (label, reason) for file, label, reason in bad}
    assert reasons == {
        "b.png": ("abc", "label has 3 characters, not 4"),
        "c.png": ("aB?B", "label has B ? outside the alphabet"),
        "d.png": ("aaaa bbbb", "labelled aaaa and bbbb in the label file"),
        "e.png": ("", "not in the label file"),
        "f.png": ("ffff", "in the label file, but not in the folder"),
    }


@pytest.mark.parametrize(
    "labels", [None, {"KnNp.png": ["KnNp"], "a.png": ["ABCD", "abcd"], "b.png": ["ab?D"]}]
)
def test_labels_in_mixed_case_are_folded_to_the_alphabets(labels):
    names = ["KnNp.png", "a.png", "b.png"]
    good, bad = match(names, labels, 4, ALPHABET, "lower")
    assert good[0] == ("KnNp.png", "knnp")
    if labels is None:
        assert [row[0] for row in bad] == ["a.png", "b.png"]
    else:
        # one label in two cases is no contradiction once it is folded
        assert good == [("KnNp.png", "knnp"), ("a.png", "abcd")]
        assert bad == [("b.png", "ab?d", "label has ? outside the alphabet")]
    upper = match(names, labels, 4, ALPHABET.upper(), "upper")
    assert upper[0] == [(name, label.upper()) for name, label in good]
    unfolded, _ = match(names, labels, 4, ALPHABET)
    assert unfolded == []
