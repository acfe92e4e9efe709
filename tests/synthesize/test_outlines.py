"""Outlines: the faces of the project are complete, and a glyph covers the right pixels."""

import json
from dataclasses import replace
from importlib import resources

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from captchanet.synthesize.lined import FACES as ITALICS
from captchanet.synthesize.outlines import (
    Face,
    Placement,
    Tile,
    close_dot,
    fill,
    join,
    load_outlines,
    place_glyph,
    slanted,
)
from captchanet.synthesize.style import HEROS, INTER

ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyz"
MIXED_CASE = ALPHABET + ALPHABET[10:].upper()
FACES = ("heros-bold", "inter-bold", "open-sans-bold")
ALPHABETS = dict.fromkeys(FACES, ALPHABET) | dict.fromkeys(ITALICS["train"] + ITALICS["apart"], MIXED_CASE)
SQUARE = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 1.0], [1.0, 0.0]])  # a filled one: y points down in pictures


def signed_area(contour):
    """The area within a contour: positive for a filled part, negative for a hole."""
    x, y = contour.T
    return float(x @ np.roll(y, -1) - y @ np.roll(x, -1)) / 2


def test_a_face_that_ships_is_one_that_is_rendered_with():
    folder = resources.files("captchanet.synthesize") / "faces"
    assert {file.name[:-5] for file in folder.iterdir() if file.name.endswith(".json")} == set(ALPHABETS)
    assert len(ALPHABETS) == 3 + 16


@pytest.mark.parametrize("name", ALPHABETS)
def test_every_face_has_all_characters_a_licence_and_a_source(name):
    folder = resources.files("captchanet.synthesize") / "faces"
    face = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
    assert "".join(face["glyphs"]) == ALPHABETS[name]
    assert face["licence"] in (
        "GUST Font License",
        "SIL Open Font License 1.1",
        "Bitstream Vera Fonts License",
    )
    assert face["source"]
    licence = (folder / f"{name}.LICENSE.txt").read_text(encoding="utf-8")
    assert licence.startswith(f"{name}.json holds outlines of {face['name']}, ")
    # the outlines are changed, and a name that is reserved may only be that of the original
    assert "with reserved font name" not in licence.replace("\n", " ").lower()


@pytest.mark.parametrize("name", FACES)
def test_glyphs_have_the_filled_parts_and_holes_of_their_letters(name):
    holes = dict.fromkeys("04689abdeopqg", 1) | {"8": 2}
    for character, glyph in load_outlines(name).items():
        areas = [signed_area(contour) for contour in glyph.contours]
        assert sum(area > 0 for area in areas) == (2 if character in "ij" else 1), character
        if (name, character) != ("open-sans-bold", "g"):  # whose g has two storeys
            assert sum(area < 0 for area in areas) == holes.get(character, 0), character
        assert 0.09 < sum(areas) < 0.33, character


@pytest.mark.parametrize("name", ITALICS["train"] + ITALICS["apart"])
def test_italic_glyphs_have_the_filled_parts_and_holes_of_their_letters(name):
    # those that every design has: some leave 4, 6, 9, P or R open, and close k
    holes = dict.fromkeys("0abdeoqADO", 1) | {"B": 2}
    for character, glyph in load_outlines(name).items():
        areas = [signed_area(contour) for contour in glyph.contours]
        if character not in "KQ":  # whose arm and tail are parts of their own in some
            assert sum(area > 0 for area in areas) == (2 if character in "ij" else 1), character
        if character in holes or character in "cCfFhHiIjJlLmMnNsStTuUvVwWxXyYzZ12357":
            assert sum(area < 0 for area in areas) == holes.get(character, 0), character
        assert 0.03 < sum(areas) < 0.31, character


@pytest.mark.parametrize("name", FACES)
@pytest.mark.parametrize("character", "0ob")
def test_holes_are_left_white(name, character):
    tile = fill(place_glyph(load_outlines(name)[character], Face(name, 100.0), Placement(50, 50, 80)))
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
    outline = place_glyph(glyph, face, Placement(x, 10.0, 16.75, degrees))
    tile = fill(outline)
    area = sum(map(signed_area, glyph.contours)) * face.em**2 * face.x_scale
    assert tile.coverage.dtype == np.uint8
    around = sum(np.hypot(*(c - np.roll(c, 1, axis=0)).T).sum() for c in outline)
    # Half a sub-pixel off along the whole way around would be the worst.
    assert tile.coverage.sum() / 255 == pytest.approx(area, abs=around / 32)


@given(slant=st.floats(-0.5, 0.5), about=st.floats(-0.3, 0.7), character=st.sampled_from(MIXED_CASE))
@settings(max_examples=30)
def test_a_slanted_letter_keeps_its_heights_and_its_areas_and_stays_where_it_is_slanted_about(
    slant, about, character
):
    glyph = load_outlines("tinos-italic")[character]
    leaning = slanted(glyph, slant, about)
    assert leaning.advance == glyph.advance
    for before, after in zip(glyph.contours, leaning.contours, strict=True):
        assert np.array_equal(before[:, 1], after[:, 1])
        assert np.allclose(after[:, 0] - before[:, 0], slant * (before[:, 1] - about))
        assert signed_area(after) == pytest.approx(signed_area(before))


def test_coverage_is_exact_where_edges_run_along_sub_pixels():
    tile = fill((SQUARE * (2.5, 1.25) + (3.0, 5.5),))
    assert (tile.left, tile.top) == (3, 5)
    assert np.array_equal(tile.coverage, np.rint(np.outer([0.5, 0.75], [1, 1, 0.5]) * 255))


@pytest.mark.parametrize("name", FACES)
def test_upright_letters_stand_on_the_baseline(name):
    for character in "1247hiklmnrx":
        tile = fill(place_glyph(load_outlines(name)[character], Face(name, 20.0), Placement(10.0, 8.0, 16.0)))
        assert tile.top + len(tile.coverage) == 16, character


def test_a_quarter_turn_lays_a_letter_on_its_side_clockwise():
    where = Placement(10.0, 10.0, 17.0)
    upright, lying = (
        fill(place_glyph(load_outlines("heros-bold")["l"], HEROS, replace(where, degrees=d))) for d in (0, 90)
    )
    assert upright.coverage.shape[0] > 3 * upright.coverage.shape[1]
    assert lying.coverage.shape[1] > 3 * lying.coverage.shape[0]
    assert lying.left == 3  # the foot, 7 below the pivot, comes to lie 7 left of it


@given(shift=st.floats(-0.5, 0.5), degrees=st.floats(-25, 25))
@settings(max_examples=20)
def test_moving_a_letter_by_whole_pixels_moves_its_tile_and_changes_nothing(shift, degrees):
    glyph = load_outlines("inter-bold")["g"]
    where = Placement(8.0, 10.0, 17.0, degrees)
    one, two = (fill(place_glyph(glyph, INTER, replace(where, shift=(shift + d, -d)))) for d in (0, 16))
    assert (two.left - one.left, two.top - one.top) == (16, -16)
    assert np.abs(one.coverage.astype(int) - two.coverage).max() <= 8  # rounding may move a sub-pixel or two


def test_joined_letters_show_the_greater_coverage_and_are_cropped_at_the_edges():
    light, dark = (Tile(np.full((2, 2), value, np.uint8), 0, 0) for value in (80, 200))
    joined = join(
        [replace(dark, left=-1, top=-1), light, replace(light, left=2, top=1), replace(dark, left=9)], 3, 2
    )
    assert joined.tolist() == [[200, 80, 0], [80, 80, 80]]


def test_the_gap_below_a_dot_narrows_from_both_sides():
    glyph = load_outlines("inter-bold")["i"]

    def gap(glyph):
        stem, dot = sorted(glyph.contours, key=lambda contour: contour[:, 1].min())
        return dot[:, 1].min() - stem[:, 1].max()

    assert gap(glyph) > 0.06
    assert gap(close_dot(glyph, 0.03, 0.0)) == pytest.approx(gap(glyph) - 0.03)
    assert gap(close_dot(glyph, 0.0, 0.02)) == pytest.approx(gap(glyph) + 0.02)
