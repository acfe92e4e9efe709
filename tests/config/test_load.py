"""A configuration is read as Snakemake reads it, but what is easily misread is an error."""

import pytest

from captchanet.config.load import check_given, load
from captchanet.errors import UserError


@pytest.fixture
def written(tmp_path):
    """Writes a configuration and returns its path."""

    def write(text, name="mine.yaml"):
        file = tmp_path / name
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
        return file

    return write


@pytest.mark.parametrize(
    ("text", "line", "key", "first"),
    [
        ("train:\n  slow: {seed: 1}\n  fast: {}\n  slow: {seed: 2}\n", 4, "slow", 2),
        ("train: {slow: {seed: 1}}\nread: {}\n'train': {}\n", 3, "train", 1),
        ("train: {slow: {seed: 1,\n  bias: true, seed: 2}}\n", 2, "seed", 1),
        ('{"set": "a",\n "set": "b"}', 2, "set", 1),
        ("a: [{b: {c: 1}}, {b: {c: 1,\n\n c: 2}}]", 3, "c", 1),
        ("a: &x {k: 1}\nb: &y {k: 2}\nc: {<<: *x, <<: *y}", 3, "<<", 3),
    ],
)
def test_a_key_that_is_given_twice_is_refused_with_both_lines(written, text, line, key, first):
    file = written(text)
    with pytest.raises(UserError) as refused:
        load([file])
    assert f"{file}: cannot be read as a configuration (line {line}: the key {key!r} " in str(refused.value)
    assert f"stands in line {first} too" in str(refused.value)


def test_keys_that_are_merged_in_are_not_given_twice(written):
    text = "a: &a {<<: {x: 0}, x: 1, y: 2}\nb: {<<: *a, x: 3}\nc: {x: 4, <<: [*a, {z: 5}]}\nd: *a\n"
    assert load([written(text)]) == {
        "a": {"x": 1, "y": 2},
        "b": {"x": 3, "y": 2},
        "c": {"x": 4, "y": 2, "z": 5},
        "d": {"x": 1, "y": 2},
    }


def test_a_byte_order_mark_and_the_line_ends_of_windows_change_nothing(written):
    text = "set: mine\ntrain:\n  cg: {seed: 1}\n"
    windows = b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode()
    assert load([written(windows)]) == load([written(text, "other.yaml")])


def test_of_several_files_the_last_wins_within_sections_too(written):
    first = written("set: a\ntrain: {cg: {seed: 1, bias: true}, sgd: {}}\nread: {run: cg}\n")
    second = written("train: {cg: {seed: 2}, slow: {}}\nread: null\n", "more.yaml")
    train = {"cg": {"seed": 2, "bias": True}, "sgd": {}, "slow": {}}
    assert load([first, second]) == {"set": "a", "train": train, "read": None}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "No such file"),
        (b"\xff\xfe\x00", "can't decode byte"),
        ("train: [", "line 1"),
        ("train:\n\tcg: {}", "line 2: a tab stands here"),
        ("train:\n  cg: {}\n sgd: {}", "line 3: the line does not fit those above"),
        ("xor: {steps: 1,\n  seed: 010}", "line 2: YAML reads 010 as 8; write 10 for the number"),
        ("set: 0012", "line 1: YAML reads 0012 as 10; write 12 for the number, or put it in quotes"),
        ("set: 1:30", "line 1: YAML reads 1:30 as 90; put it in quotes"),
        ("set: 1:30.5", "line 1: YAML reads 1:30.5 as 90.5; put it in quotes"),
        ("a: \x01", "special characters are not allowed"),
        ("a: 2024-13-45", "month must be in 1..12"),
        ("[" * 600, "nested too deeply"),
        ("a: !!python/object:os.system {}", "could not determine a constructor"),
        ("[1, 2]", "found no sections"),
        ("", "found no sections"),
    ],
)
def test_what_is_no_configuration_is_one_sentence_with_the_file(written, tmp_path, text, said):
    file = tmp_path / "none.yaml" if text is None else written(text)
    with pytest.raises(UserError) as refused:
        load([file])
    assert str(refused.value).startswith(f"{file}: ")
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)


def test_numbers_that_mean_what_they_look_like_are_read(written):
    file = written("a: [0, 10, -7, 0.5, 1.0e-3, 0x10, 1_000, 08, '010', '1:30']")
    assert load([file]) == {"a": [0, 10, -7, 0.5, 0.001, 16, 1000, "08", "010", "1:30"]}


def test_a_key_given_twice_on_the_command_line_is_refused_and_other_words_are_left_to_snakemake(written):
    file = written("train: {cg: {}}")
    check_given([file], ["set=a", "set=b", "pictures={own: {folder: path}}", "note=a: b: c", "empty="])
    with pytest.raises(UserError, match=r"--config train=.*the key 'cg' stands in line 1 too"):
        check_given([file], ["train={cg: {seed: 1}, cg: {seed: 2}}"])
