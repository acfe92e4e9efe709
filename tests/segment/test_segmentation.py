"""Splitting on a grid, and the settings of cleaning and splitting."""

import copy
import inspect

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pictures import SETTINGS

from captchanet.errors import UserError
from captchanet.segment.clean import CLEANERS
from captchanet.segment.segmentation import Segmentation, clean_and_split
from captchanet.segment.split import SPLITTERS, grid
from captchanet.settings import OneOf, documented
from captchanet.synthesize.kinds import KINDS
from captchanet.train.augment import AUGMENTERS


def maps(n=3, height=27, width=72):
    return np.random.default_rng(0).random((n, height, width), np.float32)


def changed(key, value):
    settings = copy.deepcopy(SETTINGS)
    *path, last = key.split(".")
    section = settings
    for name in path:
        section = section[name]
    section[last] = value
    return settings


def test_a_window_holds_its_pixels_row_after_row():
    cleaned = maps()
    vectors, windows = grid(cleaned)
    assert vectors.dtype == np.float32
    assert vectors.shape == (3, 4, 260)
    for picture in range(3):
        for character in range(4):
            left, top, right, bottom = windows[picture, character]
            assert (left, top, right, bottom) == (4 + 12 * character, 1, 17 + 12 * character, 21)
            expected = cleaned[picture, top:bottom, left:right]
            np.testing.assert_array_equal(vectors[picture, character].reshape(20, 13), expected)


@given(left=st.integers(-20, 80), top=st.integers(-30, 40), pitch=st.integers(1, 30))
def test_what_sticks_out_of_the_picture_is_paper(left, top, pitch):
    cleaned = maps(2)
    vectors, _ = grid(cleaned, characters=2, left=left, top=top, pitch=pitch)
    padded = np.pad(cleaned, ((0, 0), (100, 100), (200, 200)))
    for i in range(2):
        x, y = 200 + left + pitch * i, 100 + top
        expected = padded[:, y : y + 20, x : x + 13].reshape(2, -1)
        np.testing.assert_array_equal(vectors[:, i], expected)


@settings(max_examples=40)
@given(
    dx=st.integers(-8, 8),
    dy=st.integers(-3, 3),
    left=st.floats(0, 10).map(lambda x: round(x * 8) / 8),
)
def test_windows_move_with_the_picture(dx, dy, left):
    cleaned = np.zeros((2, 60, 120), np.float32)
    cleaned[:, 15:40, 30:90] = maps(2, 25, 60)
    moved = np.roll(cleaned, (dy, dx), (1, 2))
    vectors, windows = grid(cleaned, left=20 + left, top=14)
    shifted, moved_windows = grid(moved, left=20 + left + dx, top=14 + dy)
    np.testing.assert_array_equal(vectors, shifted)
    np.testing.assert_array_equal(windows + np.array([dx, dy, dx, dy]), moved_windows)


@pytest.mark.parametrize("whole", [4, -3])
def test_a_fractional_start_blends_the_neighbouring_columns(whole):
    cleaned = maps()
    here, there = grid(cleaned, left=whole)[0], grid(cleaned, left=whole + 1)[0]
    between, windows = grid(cleaned, left=whole + 0.25)
    np.testing.assert_allclose(between, 0.75 * here + 0.25 * there, rtol=1e-5)
    assert windows[0, 0].tolist() == [whole, 1, whole + 14, 21]


def test_a_fractional_pitch_blends_each_window_by_its_own_fraction():
    cleaned = maps()
    vectors, windows = grid(cleaned, left=4, pitch=12.25)
    for i in range(4):
        expected, window = grid(cleaned, characters=1, left=4 + 12.25 * i)
        np.testing.assert_array_equal(vectors[:, i : i + 1], expected)
        np.testing.assert_array_equal(windows[:, i : i + 1], window)


def test_no_pictures_give_no_vectors_of_the_right_shape():
    vectors, windows = grid(maps(0), characters=5, width=7, height=3)
    assert vectors.shape == (0, 5, 21)
    assert windows.shape == (0, 5, 4)


def test_settings_keep_every_option_and_its_default():
    made = Segmentation.of(SETTINGS).try_out()
    assert (made.picture.width, made.picture.height, made.characters, made.max_rejected) == (72, 27, 4, 0.05)
    assert (made.clean.method, made.split.method) == ("ink", "grid")
    assert made.clean.options == {
        "colour": (0, 0, 153),
        "frame": 1,
        "speckle_distance": 90,
        "smallest_component": 3,
    }
    assert made.split.options == {"left": 4, "top": 1, "pitch": 12, "width": 13, "height": 20}


def test_numbers_that_come_as_text_are_cast_to_the_options_type():
    settings = changed(
        "clean", {"method": "ink", "colour": ["1", 2, "3.0"], "speckle_distance": "1e-3", "frame": 2.0}
    )
    settings |= {"max_rejected": "1e-3", "characters": "4"}
    made = Segmentation.of(settings).try_out()
    assert made.clean.options["colour"] == (1, 2, 3)
    assert made.clean.options["speckle_distance"] == 1e-3
    assert made.max_rejected == 1e-3
    for value in (*made.clean.options["colour"], made.clean.options["frame"], made.characters):
        assert type(value) is int


@pytest.mark.parametrize(
    ("key", "value", "parts"),
    [
        ("picture", 72, ["picture", "keys and values"]),
        ("picture.width", 0, ["picture.width", "at least 1"]),
        ("picture.depth", 3, ["picture", "depth", "width, height"]),
        ("characters", 4.5, ["characters", "4.5", "whole number"]),
        ("characters", True, ["characters", "True", "whole number"]),
        ("alphabet", 123, ["alphabet", "123", "text"]),
        ("alphabet", "aba", ["alphabet", "aba", "once"]),
        ("alphabet", "", ["alphabet"]),
        ("clean", "ink", ["clean", "method"]),
        ("clean", {"method": "inc"}, ["clean.method", "'inc'", "ink, threshold"]),
        ("clean", {"method": "ink", "colour": "blue"}, ["clean.colour", "'blue'", "a list"]),
        ("clean", {"method": "distance", "lines": "gone"}, ["clean", "'gone'", "keep, remove, channel"]),
        ("split", {"method": "seams", "reach": -1}, ["split.reach", "-1", "at least 0"]),
        (
            "split",
            {"method": "components", "left": 4},
            ["split.left", "smallest_component, top, width, height"],
        ),
        ("split", {"method": "valleys", "height": 0}, ["split.height", "at least 1"]),
        ("fold", "down", ["fold", "'down'", "none, lower, upper"]),
        ("fold", "upper", ["alphabet", "fold: upper"]),
        ("clean", {"method": ["ink"]}, ["clean.method", "ink, threshold"]),
        ("clean", {"method": "threshold", "levle": 3}, ["clean.levle", "level, frame"]),
        ("clean", {"method": "threshold", "level": "dark"}, ["clean.level", "'dark'", "whole number"]),
        ("clean", {"method": "threshold", "level": 999}, ["clean.level", "999", "at most 256"]),
        ("clean", {"method": "ink", "colour": [0, 0]}, ["clean.colour", "list of 3 values"]),
        ("clean", {"method": "ink", "colour": [0, "x", 0]}, ["clean.colour[1]", "'x'"]),
        ("clean", {"method": "ink", "speckle_distance": ".nan"}, ["clean.speckle_distance", "number"]),
        ("split", {"method": "grid", "characters": 5}, ["split.characters", "left, top, pitch"]),
        ("split", {"method": "grid", "left": None}, ["split.left", "None", "a number"]),
        ("split", {"method": "grid", "left": "inf"}, ["split.left", "inf", "a number"]),
        ("split", {"method": "grid", "width": 0}, ["split.width", "at least 1"]),
        ("split", {"method": "grid", "pitch": 30}, ["split", "character 4", "72 × 27"]),
        ("max_rejected", 5, ["max_rejected", "at most 1"]),
        ("max_rejcted", 0, ["max_rejcted", "max_rejected"]),
    ],
)
def test_a_setting_that_cannot_work_is_named_with_what_is_allowed(key, value, parts):
    with pytest.raises(UserError) as caught:
        Segmentation.of(changed(key, value)).try_out()
    for part in parts:
        assert part in str(caught.value)


METHODS = {**CLEANERS, **SPLITTERS, **KINDS, "affine": AUGMENTERS["affine"]}


@pytest.mark.parametrize("method", METHODS.values(), ids=METHODS)
def test_every_option_of_a_method_has_a_type_a_default_of_it_and_a_description(method):
    handed_over = 1 if method in (*CLEANERS.values(), *SPLITTERS.values()) else 0
    options = list(inspect.signature(method).parameters.values())[handed_over:]
    assert {option.kind for option in options} == {inspect.Parameter.KEYWORD_ONLY}
    made = OneOf({"one": method})("one")
    assert made.options == {option.name: option.default for option in options}
    undescribed = set(made.options) - set(documented(inspect.getdoc(method)))
    assert not undescribed, "give them an entry under Parameters in the docstring"


def test_labels_may_be_folded_and_are_not_where_nothing_says_so():
    assert Segmentation.of(SETTINGS).try_out().fold == "none"
    assert Segmentation.of(SETTINGS | {"fold": "lower"}).try_out().fold == "lower"
    capitals = {"fold": "upper", "alphabet": SETTINGS["alphabet"].upper()}
    assert Segmentation.of(SETTINGS | capitals).try_out().fold == "upper"


@pytest.mark.parametrize(
    ("registry", "key", "wrong", "parts"),
    [
        (CLEANERS, "clean", lambda pictures: pictures[..., 0] > 9, ["clean: mine", "bool (1, 27, 72)"]),
        (
            CLEANERS,
            "clean",
            lambda pictures: np.zeros((1, 27), np.float32),
            ["float32 (1, 27)", "(1, 27, 72)"],
        ),
        (
            SPLITTERS,
            "split",
            lambda cleaned, *, characters=4: (cleaned, cleaned),
            ["split: mine", "(1, 4, pixels)"],
        ),
        (
            SPLITTERS,
            "split",
            lambda cleaned, *, characters=4: (np.zeros((1, 4, 9)), np.zeros((4, 4))),
            ["split: mine", "windows", "(1, 4, 4)"],
        ),
    ],
)
def test_a_method_that_returns_something_else_is_told_what_it_should(
    monkeypatch, registry, key, wrong, parts
):
    monkeypatch.setitem(registry, "mine", wrong)
    with pytest.raises(UserError) as caught:
        Segmentation.of(changed(key, {"method": "mine"})).try_out()
    for part in parts:
        assert part in str(caught.value)


def test_cleaning_and_splitting_follow_the_settings():
    pictures = np.random.default_rng(0).integers(0, 256, (2, 27, 72, 3), np.uint8)
    settings = changed("clean", {"method": "threshold", "level": 90}) | {"characters": 2}
    settings["split"] = {"method": "grid", "left": 7, "pitch": 30}
    cleaned, vectors, windows = clean_and_split(pictures, Segmentation.of(settings).try_out())
    np.testing.assert_array_equal(cleaned, CLEANERS["threshold"](pictures, level=90))
    np.testing.assert_array_equal(vectors, grid(cleaned, characters=2, left=7, pitch=30)[0])
    assert windows[0, :, 0].tolist() == [7, 37]
