"""Numbers that count the pictures are told from labels that are numbers by chance."""

import random

import pytest

from captchanet.segment.numbering import no_labels, running_numbers


def padded(numbers, width=4):
    return [f"{number:0{width}}" for number in numbers]


@pytest.mark.parametrize(
    ("labels", "ends"),
    [
        (padded(range(1, 61)), ("0001", "0060")),
        (padded(range(24)), ("0000", "0023")),
        (padded(range(1, 4)), ("0001", "0003")),
        (padded(range(1000, 1060)), ("1000", "1059")),
        (padded(range(1, 61), 2), ("01", "60")),
        (padded(range(10, 61), 2), ("10", "60")),
        (padded(range(100, 301), 3), ("100", "300")),
        (padded(set(range(1, 100)) - {2, 3, 50, 51, 77}), ("0001", "0099")),
        (padded(range(500, 540)) + ["ab12", "x9y8"] * 100, ("0500", "0539")),
        (padded(range(200), 6), ("000000", "000199")),
        # the same letters before or behind all of them
        ([f"a{i:03}" for i in range(60)], ("a000", "a059")),
        ([f"ab{i:02}" for i in range(1, 13)], ("ab01", "ab12")),
        ([f"{i:03}x" for i in range(100, 160)], ("100x", "159x")),
        ([f"{letter}{i:02}" for letter in "ab" for i in range(60)], ("a00", "a59")),
        # in steps
        (padded(range(0, 300, 5)), ("0000", "0295")),
        (padded(range(1003, 1603, 10)), ("1003", "1593")),
        (padded(range(10, 60, 10)), ("0010", "0050")),
    ],
)
def test_running_numbers_are_found_wherever_they_begin_and_whatever_is_missing(labels, ends):
    random.Random(1).shuffle(labels)
    assert running_numbers(labels) == ends


@pytest.mark.parametrize("count", [2, 5, 20, 60, 300, 1000, 4000])
@pytest.mark.parametrize(
    ("digits", "length"),
    [("0123456789", 4), ("0123456789", 5), ("0123456789", 3), ("23456789", 4), ("01", 9), ("2468", 5)],
)
def test_random_numbers_are_labels(count, digits, length):
    for seed in range(3):
        rng = random.Random(seed)
        labels = ["".join(rng.choices(digits, k=length)) for _ in range(count)]
        assert running_numbers(labels) is None
        without_zero = [label for label in labels if label[0] != "0"]
        assert running_numbers(without_zero) is None


@pytest.mark.parametrize("count", [3, 20, 60, 1000])
def test_random_labels_of_letters_and_digits_are_labels_also_where_a_letter_is_the_same(count):
    for seed in range(10):
        rng = random.Random(seed)
        labels = ["".join(rng.choices("0123456789abcdefghijklmnopqrstuvwxyz", k=4)) for _ in range(count)]
        assert no_labels(labels) == ""
        plates = ["k" + "".join(rng.choices("0123456789", k=4)) for _ in range(count)]
        assert no_labels(plates) == ""


def test_the_first_files_of_a_sorted_collection_are_labels():
    for seed in range(20):
        rng = random.Random(seed)
        labels = sorted(padded(rng.sample(range(10**4), 1500)))
        for begin in (0, 700):
            assert running_numbers(labels[begin : begin + 60]) is None


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        (["20240101", "20240317", "20240229"], "dates, such as '20240101'"),
        (["20240101123001", "20240101123007", "20240102080000"], "dates, such as '20240101123001'"),
        (["20241301", "48151623", "42000815"], ""),
        (["035e2982", "08d12dfd", "12345678"], "hexadecimal digests, such as '035e2982'"),
        (["035E29820B", "08D12DFD11", "1234567890"], "hexadecimal digests, such as '035E29820B'"),
        (["035e29", "08d12d", "123456"], ""),
        (["03529822", "08312411", "92345678"], ""),
        (["test"] * 10, "'test' in 10 of 10 names"),
        (["test"] * 9, ""),
        (padded(range(8, 13)), ""),
        ([f"img{i}" for i in (1, 2, 4, 5, 7)], "'img' and a number in 5 of 5 names"),
        ([f"ab{i}" for i in (11, 48, 73, 90, 99)], ""),
        (["ab12", "cd34", "ef56"], ""),
        (["01", "03", "09", "15"], ""),
        (["0", "1", "2"], ""),
        ([], ""),
    ],
)
def test_what_is_no_label_is_named(labels, said):
    assert no_labels(labels) == said
