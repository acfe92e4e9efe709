"""Cleaning: ink maps in 0 … 1, each picture by itself."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from captchanet.images.clean import CLEANERS, ink, threshold

INK = (0, 0, 153)
cleaners = pytest.mark.parametrize("clean", CLEANERS.values(), ids=CLEANERS.keys())


def paper(n=1, height=9, width=11):
    return np.full((n, height, width, 3), 255, np.uint8)


def noise(seed, n=4):
    """Pictures of ink, paper, mixtures and speckles: what cleaners decide about."""
    rng = np.random.default_rng(seed)
    share = rng.choice([0, 0, 1, 1, 0.4], (n, 12, 15, 1)) * rng.uniform(0.5, 1, (n, 12, 15, 1))
    pictures = 255 - share * (255 - np.array(INK))
    speckled = rng.random((n, 12, 15)) < 0.1
    pictures[speckled] = rng.integers(0, 256, (speckled.sum(), 3))
    return pictures.astype(np.uint8)


@cleaners
@settings(max_examples=25)
@given(st.integers(0, 10**6))
def test_ink_maps_are_float32_between_zero_and_one(clean, seed):
    pictures = noise(seed)
    before = pictures.copy()
    maps = clean(pictures)
    assert maps.dtype == np.float32
    assert maps.shape == pictures.shape[:3]
    assert maps.min() >= 0
    assert maps.max() <= 1
    np.testing.assert_array_equal(pictures, before)


@cleaners
@settings(max_examples=25)
@given(st.integers(0, 10**6), st.integers(0, 3))
def test_a_picture_is_cleaned_the_same_alone_and_in_any_batch(clean, seed, frame):
    pictures = noise(seed)
    together = clean(pictures, frame=frame)
    for picture, expected in zip(pictures, together, strict=True):
        np.testing.assert_array_equal(clean(picture[None], frame=frame)[0], expected)
    np.testing.assert_array_equal(clean(pictures[::-1], frame=frame)[::-1], together)


@cleaners
def test_no_picture_and_blank_pictures_are_no_trouble(clean):
    assert clean(paper(0)).shape == (0, 9, 11)
    assert not clean(paper(2)).any()


@cleaners
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


def test_small_pieces_are_erased_and_diagonals_hold_together():
    picture = paper(2)
    picture[:, 2, 2] = picture[:, 3, 3] = INK
    assert not ink(picture).any()
    assert ink(picture, smallest_piece=2).sum() == 4
    assert ink(picture, smallest_piece=0).sum() == 4
    picture[1, 4, 2] = INK
    assert ink(picture).sum(axis=(1, 2)).tolist() == [0, 3]


def test_pieces_never_reach_into_the_next_picture():
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
        (ink, {"frame": -1}),
        (ink, {"colour": (0, 0, 256)}),
        (ink, {"colour": (255, 255, 255)}),
        (ink, {"speckle_distance": float("nan")}),
        (ink, {"smallest_piece": -3}),
    ],
)
def test_options_that_mean_nothing_are_refused_by_name(clean, options):
    with pytest.raises(ValueError, match=next(iter(options))):
        clean(paper(), **options)
