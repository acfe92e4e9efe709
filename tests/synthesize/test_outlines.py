"""Outlines: the faces of the project are complete, and their glyphs have the right parts."""

import json
from importlib import resources

import numpy as np
import pytest

from captchanet.synthesize.lined import FACES as ITALICS
from captchanet.synthesize.outlines import close_dot, load_outlines

ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyz"
MIXED_CASE = ALPHABET + ALPHABET[10:].upper()
FACES = ("heros-bold", "inter-bold", "open-sans-bold")
ALPHABETS = dict.fromkeys(FACES, ALPHABET) | dict.fromkeys(ITALICS["train"] + ITALICS["apart"], MIXED_CASE)


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


def test_the_gap_below_a_dot_narrows_from_both_sides():
    glyph = load_outlines("inter-bold")["i"]

    def gap(glyph):
        stem, dot = sorted(glyph.contours, key=lambda contour: contour[:, 1].min())
        return dot[:, 1].min() - stem[:, 1].max()

    assert gap(glyph) > 0.06
    assert gap(close_dot(glyph, 0.03, 0.0)) == pytest.approx(gap(glyph) - 0.03)
    assert gap(close_dot(glyph, 0.0, 0.02)) == pytest.approx(gap(glyph) + 0.02)
