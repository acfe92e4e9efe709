"""Labels: from names, from a CSV, and as class numbers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from captchanet.errors import UserError
from captchanet.segment.labels import (
    encode,
    label_from_name,
    labels_in_names,
    match,
    numbered,
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


@pytest.mark.parametrize(
    ("names", "ends"),
    [
        ([f"img{i:04}.png" for i in range(5)], ("img0000.png", "img0004.png")),
        ([f"img{i}.png" for i in range(1, 561)], ("img1.png", "img560.png")),
        ([*(f"img{i}.png" for i in (1, 2, 4, 5, 7)), "readme.txt"], ("img1.png", "img7.png")),
        ([f"{i}.png" for i in (8, 9, 10)], ("8.png", "10.png")),
        ([f"img{i:04}.png" for i in range(4)], None),
        ([f"ab{i}.png" for i in (11, 48, 73, 90, 99)], None),
        ([f"{words}{i}.png" for i, words in enumerate(("ab", "cd", "ef", "gh", "ij"))], None),
        (["knnp.png", "ab12.png"], None),
    ],
)
def test_names_that_are_numbered_through_are_no_labels(names, ends):
    assert numbered(names) == ends
    assert not (ends and labels_in_names(names))


def test_labels_in_names_are_those_of_the_usual_length():
    assert labels_in_names(["ab12.png", "ab12_2.png", "cd34.png", "ef56.gif", "abc.png"]) == [
        *("ab12", "ab12", "cd34", "ef56")
    ]
    for names in (["a.png", "b.png"], ["img_a.png", "img_b.png", "img_c.png"], ["a.b-.png", "cd.e.png"], []):
        assert labels_in_names(names) == []


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
