"""Cleaning: ink maps in 0 … 1, each picture by itself."""

import inspect

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from captchanet.errors import UserError
from captchanet.segment.clean import CLEANERS, distance, ink, otsu, threshold
from captchanet.segment.morphology import bridged, lines_across, without_speckles

INK = (0, 0, 153)
# the first call imports SciPy, however long that takes
fewer = settings(max_examples=15)
cleaners = pytest.mark.parametrize("clean", CLEANERS.values(), ids=CLEANERS.keys())


def has_frame(clean):
    return "frame" in inspect.signature(clean).parameters


def paper(n=1, height=9, width=11):
    return np.full((n, height, width, 3), 255, np.uint8)


def noise(seed, n=4):
    """Pictures of ink, paper, mixtures and speckles: the cases that cleanings must distinguish."""
    rng = np.random.default_rng(seed)
    share = rng.choice([0, 0, 1, 1, 0.4], (n, 12, 15, 1)) * rng.uniform(0.5, 1, (n, 12, 15, 1))
    pictures = 255 - share * (255 - np.array(INK))
    speckled = rng.random((n, 12, 15)) < 0.1
    pictures[speckled] = rng.integers(0, 256, (speckled.sum(), 3))
    return pictures.astype(np.uint8)


@cleaners
@fewer
@given(st.integers(0, 10**6))
def test_ink_maps_are_float32_between_zero_and_one(clean, seed):
    pictures = noise(seed)
    before = pictures.copy()
    maps = clean(pictures)
    assert maps.dtype == np.float32
    assert maps.shape[:3] == pictures.shape[:3]
    assert maps.min() >= 0
    assert maps.max() <= 1
    np.testing.assert_array_equal(pictures, before)


@cleaners
@fewer
@given(st.integers(0, 10**6), st.integers(0, 3))
def test_a_picture_is_cleaned_the_same_alone_and_in_any_batch(clean, seed, frame):
    pictures, options = noise(seed), {"frame": frame} if has_frame(clean) else {}
    together = clean(pictures, **options)
    for picture, expected in zip(pictures, together, strict=True):
        np.testing.assert_array_equal(clean(picture[None], **options)[0], expected)
    np.testing.assert_array_equal(clean(pictures[::-1], **options)[::-1], together)


@cleaners
def test_no_picture_and_blank_pictures_are_no_trouble(clean):
    assert clean(paper(0)).shape == (0, 9, 11)
    assert not clean(paper(2)).any()


@pytest.mark.parametrize("clean", [clean for clean in CLEANERS.values() if has_frame(clean)])
@fewer
@given(st.integers(0, 10**6), st.integers(1, 3))
def test_nothing_is_left_of_the_frame(clean, seed, frame):
    maps = clean(noise(seed), frame=frame)
    maps[:, frame:-frame, frame:-frame] = 0
    assert not maps.any()


@pytest.mark.parametrize("clean", [ink, threshold])
def test_the_frame_is_paper(clean):
    black_and_blue = np.broadcast_to(np.array(INK, np.uint8), (1, 9, 11, 3))
    for frame in range(4):
        expected = np.zeros((9, 11))
        expected[frame : 9 - frame, frame : 11 - frame] = 1
        np.testing.assert_array_equal(clean(black_and_blue, frame=frame)[0], expected)
    assert not clean(black_and_blue, frame=20).any()


def test_a_threshold_splits_the_greys_that_pillow_sees():
    pictures = np.random.default_rng(1).integers(0, 256, (3, 9, 11, 3), np.uint8)
    for level in (0, 90, 128, 256):
        for picture, found in zip(pictures, threshold(pictures, level=level, frame=0), strict=True):
            np.testing.assert_array_equal(found, np.asarray(Image.fromarray(picture).convert("L")) < level)


@pytest.mark.parametrize("colour", [INK, (200, 30, 0), (0, 0, 0)])
def test_ink_is_the_share_of_the_inks_colour_in_a_pixel(colour):
    share = np.linspace(0, 1, 9)
    picture = paper()
    picture[0, 4, 1:10] = np.rint(255 - share[:, None] * (255 - np.array(colour)))
    found = ink(picture, colour=colour)[0, 4, 1:10]
    np.testing.assert_allclose(found, share, atol=0.005)


def test_speckles_on_paper_vanish_and_speckles_in_ink_are_filled():
    picture = paper()
    picture[0, 2:7, 2:6] = INK
    clean = ink(picture)
    picture[0, 4, 4] = (255, 0, 0)
    picture[0, 4, 8] = (0, 255, 0)
    np.testing.assert_array_equal(ink(picture), clean)
    assert clean[0, 4, 4] == 1
    assert ink(picture, speckle_distance=1000)[0, 4, 4] < 1


def test_a_mended_speckle_is_the_weighted_mean_of_its_neighbours():
    picture = paper()
    picture[0, 3, 3:6] = picture[0, 4, 3] = picture[0, 4, 5] = INK
    picture[0, 4, 4] = (255, 0, 0)
    # three edges of weight 1, two corners of weight ½, of 6 in all
    assert ink(picture)[0, 4, 4] == pytest.approx(4 / 6)
    picture[0, 3, 4] = 255
    assert ink(picture)[0, 4, 4] == 0


def test_small_components_are_erased_and_diagonals_are_connected():
    picture = paper(2)
    picture[:, 2, 2] = picture[:, 3, 3] = INK
    assert not ink(picture).any()
    assert ink(picture, smallest_component=2).sum() == 4
    assert ink(picture, smallest_component=0).sum() == 4
    picture[1, 4, 2] = INK
    assert ink(picture).sum(axis=(1, 2)).tolist() == [0, 3]


def test_components_never_reach_into_the_next_picture():
    # The last row of one picture and the first of the next are neighbours in memory.
    pictures = paper(3)
    pictures[0, 8, 3:5] = pictures[1, 0, 3:5] = pictures[2, 0, 3:5] = INK
    pictures[1, 4, 4] = pictures[2, 4, 4] = INK
    assert not ink(pictures, frame=0).any()


@pytest.mark.parametrize(
    ("clean", "options"),
    [
        (threshold, {"level": 300}),
        (threshold, {"frame": -1}),
        (threshold, {"speckle_neighbours": -1}),
        (otsu, {"smallest_component": -1}),
        (distance, {"lines": "erase"}),
        (distance, {"line_length": -1}),
        (ink, {"frame": -1}),
        (ink, {"colour": (0, 0, 256)}),
        (ink, {"colour": (255, 255, 255)}),
        (ink, {"speckle_distance": float("nan")}),
        (ink, {"smallest_component": -3}),
    ],
)
def test_options_that_mean_nothing_are_refused_by_name(clean, options):
    with pytest.raises((UserError, ValueError), match=next(iter(options))):
        clean(paper(), **options)


def test_single_pixels_that_do_not_go_with_their_neighbours_are_mended():
    maps = np.zeros((1, 9, 11), np.float32)
    maps[0, 2:7, 2:7] = 1
    clean = maps.copy()
    maps[0, 4, 4], maps[0, 4, 9], maps[0, 0, 0] = 0, 1, 1
    np.testing.assert_array_equal(without_speckles(maps.copy(), 0), maps)
    np.testing.assert_array_equal(without_speckles(maps.copy(), 2), clean)
    line = np.zeros((1, 5, 7), np.float32)
    line[0, 2, 1:6] = 1
    np.testing.assert_array_equal(without_speckles(line.copy(), 1), line)
    assert without_speckles(line.copy(), 2).sum() == 3


def crossed():
    """A coloured letter on pink paper, and a black line across: (1, 20, 30, 3), and where the line is."""
    pictures = np.full((1, 20, 30, 3), (255, 220, 230), np.uint8)
    pictures[0, 4:16, 10:14] = pictures[0, 4:16, 17:21] = (0, 120, 200)
    line = np.zeros((1, 20, 30), bool)
    line[0, 9, :15] = line[0, 10, 13:] = True
    return pictures, line


def test_lines_are_found_and_upright_strokes_and_short_bars_are_not():
    _, line = crossed()
    dark = line.copy()
    dark[0, 2:18, 5] = dark[0, 14, 15:23] = True
    found = lines_across(dark, 2, 12)
    assert found[0, 9, 6:13].all()
    assert not found[0, :9].any()
    assert not found[0, 12:].any()
    assert lines_across(dark, 2, 8)[0, 14, 15:23].all()
    assert not lines_across(np.zeros((2, 3, 4), bool), 2, 1).any()


def test_gaps_are_bridged_by_the_less_ink_above_and_below():
    maps = np.array([0.2, 0.9, 0.9, 0.5, 0.9], np.float32).reshape(1, 5, 1)
    gaps = np.array([False, True, True, False, True]).reshape(1, 5, 1)
    np.testing.assert_array_equal(bridged(maps, gaps).ravel(), np.float32([0.2, 0.2, 0.2, 0.5, 0]))


def test_a_line_that_is_removed_leaves_a_coloured_letter_whole():
    pictures, line = crossed()
    plain = distance(pictures)
    pictures[line] = 0
    kept, removed = distance(pictures), distance(pictures, lines="remove")
    inside = np.s_[:, 1:-1, 1:-1]
    assert (kept[inside][line[inside]] > 0.9).all()
    np.testing.assert_array_equal(removed, plain)


def test_blackness_can_be_a_second_channel():
    pictures, line = crossed()
    pictures[line] = 0
    both = distance(pictures, lines="channel", frame=0)
    assert both.shape == (1, 20, 30, 2)
    assert both.dtype == np.float32
    np.testing.assert_array_equal(both[..., 0], distance(pictures, frame=0))
    assert (both[line][:, 1] == 1).all()
    assert both[0, 5, 11, 1] == pytest.approx(1 - 200 / 255)
    assert not both[0, 0, 0, 1]


@fewer
@given(st.integers(0, 10**6), st.sampled_from(["keep", "remove", "channel"]), st.integers(0, 8))
def test_lines_and_speckles_do_not_depend_on_the_batch_either(seed, lines, neighbours):
    pictures = noise(seed)
    pictures[:, 5] = 0
    options = {"lines": lines, "line_length": 6, "speckle_neighbours": neighbours}
    together = distance(pictures, **options)
    assert 0 <= together.min() <= together.max() <= 1
    for picture, expected in zip(pictures, together, strict=True):
        np.testing.assert_array_equal(distance(picture[None], **options)[0], expected)
        np.testing.assert_array_equal(
            ink(picture[None], colour=None),
            ink(pictures, colour=None)[[(pictures == picture).all((1, 2, 3)).argmax()]],
        )
