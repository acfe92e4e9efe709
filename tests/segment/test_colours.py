"""Greys, levels between them, and the colours of ink and paper, found for each picture by itself."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from captchanet.segment.clean import distance, ink, otsu, threshold
from captchanet.segment.colours import grey, ink_colour, otsu_levels, paper_colour

# the first call imports SciPy, however long that takes
fewer = settings(max_examples=15)


@fewer
@given(st.integers(0, 10**6), st.integers(1, 40))
def test_otsus_level_has_the_largest_variance_between_its_parts(seed, spread):
    rng = np.random.default_rng(seed)
    greys = rng.choice([40, 200], (3, 5, 6)) + rng.integers(0, spread, (3, 5, 6))
    greys[0] = np.arange(30).reshape(5, 6)

    def between(grey, level):
        dark, light = grey[grey < level], grey[grey >= level]
        if not (len(dark) and len(light)):
            return 0.0
        return len(dark) * len(light) * (dark.mean() - light.mean()) ** 2

    for picture, level in zip(greys, otsu_levels(greys), strict=True):
        best = max(between(picture, other) for other in range(1, 256))
        assert between(picture, level) == pytest.approx(best)


def test_otsus_level_lies_midway_between_two_greys_and_a_single_grey_is_paper():
    greys = np.full((2, 4, 5), 210)
    greys[0, 1:3] = 90
    assert otsu_levels(greys).tolist() == [150, 0]
    black = np.zeros((1, 9, 11, 3), np.uint8)
    assert not otsu(black).any()


def test_otsu_finds_ink_in_dim_pictures_where_a_fixed_level_finds_none_or_all():
    for light, dark in ((250, 180), (110, 40)):
        picture = np.full((1, 9, 11, 3), light, np.uint8)
        picture[0, 3:6, 3:6] = dark
        assert otsu(picture).sum() == 9
        assert threshold(picture).sum() in (0, 7 * 9)


@fewer
@given(st.integers(0, 10**6), st.tuples(*[st.integers(0, 255)] * 3).filter(lambda c: min(c) < 128))
def test_the_inks_colour_is_found_among_speckles(seed, colour):
    rng = np.random.default_rng(seed)
    pictures = np.full((2, 12, 15, 3), 255, np.uint8)
    pictures[:, 2:10, 4:8] = colour
    speckled = rng.random((2, 12, 15)) < 0.1
    pictures[speckled] = rng.integers(0, 6, (speckled.sum(), 3)) * 51
    found, there = ink_colour(pictures)
    assert there.all()
    assert np.abs(found - colour).max() < 16
    np.testing.assert_array_equal(
        ink(pictures, colour=None)[1],
        ink(pictures[1:], colour=tuple(map(int, ink_colour(pictures[1:, 1:-1, 1:-1])[0][0])))[0],
    )


def test_estimated_ink_is_that_of_each_picture_and_of_none_there_is_none():
    pictures = np.full((3, 9, 11, 3), 255, np.uint8)
    pictures[0, 3:6, 3:6], pictures[1, 3:6, 3:6] = (200, 0, 0), (0, 90, 0)
    expected = np.zeros((9, 11))
    expected[3:6, 3:6] = 1
    found = ink(pictures, colour=None)
    np.testing.assert_array_equal(found, [expected, expected, np.zeros((9, 11))])
    assert not ink(np.full((1, 9, 11, 3), 236, np.uint8), colour=None).any()


def test_grey_is_the_grey_that_pillow_sees():
    pictures = np.random.default_rng(1).integers(0, 256, (1, 9, 11, 3), np.uint8)
    np.testing.assert_array_equal(
        grey(pictures)[0] >> 16, np.asarray(Image.fromarray(pictures[0]).convert("L"))
    )


@fewer
@given(st.integers(0, 10**6), st.tuples(*[st.integers(0, 255)] * 3))
def test_distance_is_from_the_background_as_a_share_of_the_largest_there_can_be(seed, background):
    rng = np.random.default_rng(seed)
    pictures = np.full((1, 9, 11, 3), background, np.uint8)
    pictures[0, 3:6, 3:6] = rng.integers(0, 256, (3, 3, 3))
    np.testing.assert_array_equal(paper_colour(pictures)[0], background)
    farthest = np.linalg.norm(np.maximum(background, 255 - np.array(background)))
    expected = np.linalg.norm(pictures[0] - np.array(background, float), axis=2) / farthest
    np.testing.assert_allclose(distance(pictures, smallest_component=0)[0], expected, atol=1e-6)
    pictures[0, 4, 4] = np.where(np.array(background) < 128, 255, 0)
    assert distance(pictures, smallest_component=0)[0, 4, 4] == pytest.approx(1)
