"""Filling: letters come to lie where they are placed, and cover the right pixels, alone and among others."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from captchanet.synthesize.filling import Letter, Outlines, Placement, Tile, fill, join, place
from captchanet.synthesize.lined import FACES as ITALICS
from captchanet.synthesize.outlines import MIDDLE, Face, load_outlines
from captchanet.synthesize.style import HEROS, INTER

ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyz"
MIXED_CASE = ALPHABET + ALPHABET[10:].upper()
FACES = ("heros-bold", "inter-bold", "open-sans-bold")
SQUARE = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 1.0], [1.0, 0.0]])  # a filled one: y points down in pictures
LETTERS = st.builds(
    lambda character, name, em, x_scale, slant, x, y, degrees: Letter(
        load_outlines(name)[character], Face(name, em, x_scale, slant), Placement(x, y, y + 6.7, degrees)
    ),
    character=st.sampled_from(ALPHABET),
    name=st.sampled_from(FACES + ITALICS["train"]),
    em=st.floats(2, 60),
    x_scale=st.floats(0.5, 2),
    slant=st.sampled_from([0.0, 0.3]),
    x=st.floats(-30, 100),
    y=st.floats(-30, 100),
    degrees=st.floats(-180, 180),
)


def signed_area(contour):
    """The area within a contour: positive for a filled part, negative for a hole."""
    x, y = contour.T
    return float(x @ np.roll(y, -1) - y @ np.roll(x, -1)) / 2


def filled(character, face, where):
    """The tile of one letter."""
    (tile,) = fill(place([Letter(load_outlines(face.outlines)[character], face, where)]))
    return tile


def contours(outlines):
    """The contours of placed letters, (corners, 2) each."""
    return np.split(np.stack(outlines[:2], axis=1), np.cumsum(outlines.contours)[:-1])


@given(letters=st.lists(LETTERS, min_size=1, max_size=5))
@settings(max_examples=60)
def test_a_letter_covers_the_same_alone_and_among_others(letters):
    for tile, letter in zip(fill(place(letters)), letters, strict=True):
        (alone,) = fill(place([letter]))
        assert (tile.left, tile.top) == (alone.left, alone.top)
        assert np.array_equal(tile.coverage, alone.coverage)


@given(letter=LETTERS)
@settings(max_examples=30)
def test_a_tile_has_an_empty_column_on_either_side_and_no_other_empty_edge(letter):
    (tile,) = fill(place([letter]))
    assert not tile.coverage[:, [0, -1]].any()
    outline = np.concatenate(contours(place([letter])))
    left, top = np.floor(outline.min(axis=0)).tolist()
    right, bottom = np.ceil(outline.max(axis=0)).tolist()
    assert (tile.left, tile.top) == (left - 1, top)
    assert tile.coverage.shape == (bottom - top, right - left + 2)


@pytest.mark.parametrize("name", FACES)
@pytest.mark.parametrize("character", "0ob")
def test_holes_are_left_white(name, character):
    tile = filled(character, Face(name, 100.0), Placement(50, 50, 80))
    row = tile.coverage[80 - 26 - tile.top] > 127  # a quarter of an em above the baseline
    edges = np.diff(np.pad(row, 1).astype(int))
    assert edges[edges != 0].tolist() == [1, -1, 1, -1]  # stroke, hole, stroke


@given(
    character=st.sampled_from(ALPHABET),
    name=st.sampled_from(FACES),
    degrees=st.floats(-180, 180),
    x=st.floats(-30, 100),
)
@settings(max_examples=60)
def test_a_letter_covers_its_area_wherever_and_however_it_is_turned(character, name, degrees, x):
    glyph, face = load_outlines(name)[character], Face(name, 21.2, 0.9)
    outlines = place([Letter(glyph, face, Placement(x, 10.0, 16.75, degrees))])
    (tile,) = fill(outlines)
    area = sum(map(signed_area, glyph.contours)) * face.em**2 * face.x_scale
    assert tile.coverage.dtype == np.uint8
    around = sum(np.hypot(*(c - np.roll(c, 1, axis=0)).T).sum() for c in contours(outlines))
    # Half a sub-pixel off along the whole way around would be the worst.
    assert tile.coverage.sum() / 255 == pytest.approx(area, abs=around / 32)


@given(slant=st.floats(-0.5, 0.5), character=st.sampled_from(MIXED_CASE))
@settings(max_examples=30)
def test_a_slanted_letter_keeps_its_heights_and_its_areas_and_stays_where_it_is_slanted_about(
    slant, character
):
    glyph, where = load_outlines("tinos-italic")[character], Placement(30.0, 20.0, 25.0)
    upright, leaning = (
        contours(place([Letter(glyph, Face("tinos-italic", 20.0, slant=lean), where)]))
        for lean in (0.0, slant)
    )
    for before, after in zip(upright, leaning, strict=True):
        assert np.array_equal(before[:, 1], after[:, 1])
        above = (25.0 - before[:, 1]) - 20.0 * MIDDLE
        assert np.allclose(after[:, 0] - before[:, 0], slant * above)
        assert signed_area(after) == pytest.approx(signed_area(before))


def test_coverage_is_exact_where_edges_run_along_sub_pixels():
    x, y = (SQUARE * (2.5, 1.25) + (3.0, 5.5)).T
    (tile,) = fill(Outlines(x, y, np.array([4]), np.array([4])))
    assert (tile.left, tile.top) == (2, 5)
    assert np.array_equal(tile.coverage, np.rint(np.outer([0.5, 0.75], [0, 1, 1, 0.5, 0]) * 255))


@pytest.mark.parametrize("name", FACES)
def test_upright_letters_stand_on_the_baseline(name):
    for character in "1247hiklmnrx":
        tile = filled(character, Face(name, 20.0), Placement(10.0, 8.0, 16.0))
        assert tile.top + len(tile.coverage) == 16, character


def test_a_quarter_turn_lays_a_letter_on_its_side_clockwise():
    upright, lying = (filled("l", HEROS, Placement(10.0, 10.0, 17.0, degrees)) for degrees in (0, 90))
    assert upright.coverage.shape[0] > 2.5 * upright.coverage.shape[1]
    assert lying.coverage.shape[1] > 3 * lying.coverage.shape[0]
    assert lying.left == 2  # the foot, 7 below the pivot, comes to lie 7 left of it


@given(shift=st.floats(-0.5, 0.5), degrees=st.floats(-25, 25))
@settings(max_examples=20)
def test_moving_a_letter_by_whole_pixels_moves_its_tile_and_changes_nothing(shift, degrees):
    where = Placement(8.0, 10.0, 17.0, degrees)
    one, two = (filled("g", INTER, where._replace(shift=(shift + d, -d))) for d in (0, 16))
    assert (two.left - one.left, two.top - one.top) == (16, -16)
    assert np.abs(one.coverage.astype(int) - two.coverage).max() <= 8  # rounding may move a sub-pixel or two


def test_joined_letters_show_the_greater_coverage_and_are_cropped_at_the_edges():
    light, dark = (Tile(np.full((2, 2), value, np.uint8), 0, 0) for value in (80, 200))
    tiles = [dark._replace(left=-1, top=-1), light, light._replace(left=2, top=1), dark._replace(left=9)]
    assert join(tiles, 3, 2).tolist() == [[200, 80, 0], [80, 80, 80]]
