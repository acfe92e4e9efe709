"""The second kind of synthetic captchas: a seed gives them again, and each option does what its name says."""

from collections import Counter

import numpy as np
import pytest
from pictures import colours_of

from captchanet.errors import UserError
from captchanet.synthesize import lined as module
from captchanet.synthesize.lined import FACES, LIGHT, Lined

MIXED_CASE = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
BLANK = {"white_share": 1.0, "specks": (0, 0), "frame_share": 0.0}
PLAIN = BLANK | {"line_count": (0, 0)}
BLACK = PLAIN | {"black_share": 1.0, "one_bit_share": 1.0, "fringed_share": 0.0}
STILL = BLACK | {"rotation": 0.0, "slant": (0.0, 0.0), "size_sd": 0.0, "size": (22.0, 22.0), "shift": 0.0}
STILL |= {"pitch_spread": 0.0, "baseline": (23.0, 23.0), "jitter": 0.0, "faces": "tinos-italic"}


def lined(**options):
    """Pictures and labels of the kind with these options."""
    return Lined(**options)()


@pytest.fixture
def even(monkeypatch):
    """Letters without shades begin at the same coverage in every captcha."""
    monkeypatch.setattr(module, "THRESHOLD", (0.42, 0.0))


def test_a_seed_gives_the_same_pixels_again_and_another_seed_gives_others():
    (first, labels), (again, same), (other, _) = (lined(count=6, seed=seed) for seed in (5, 5, 6))
    assert first.dtype == np.uint8
    assert first.shape == (6, 32, 90, 3)
    assert labels == same
    assert first.tobytes() == again.tobytes() != other.tobytes()


def test_labels_say_what_is_rendered_with_its_case_and_each_character_as_often():
    _, labels = lined(count=62, characters=2, width=50)
    assert Counter("".join(labels)) == dict.fromkeys(MIXED_CASE, 2)


def test_faces_come_in_two_halves_that_share_no_family():
    families = [{name.split("-")[0] for name in half} for half in FACES.values()]
    assert [len(set(half)) for half in FACES.values()] == [8, 8]
    assert not set.intersection(*families)
    assert [sum("bold" in name for name in half) for half in FACES.values()] == [2, 2]


@pytest.mark.parametrize("half", FACES)
def test_all_faces_of_a_half_and_no_others_are_rendered(half, even):
    options = STILL | {"count": 60, "characters": 1, "alphabet": "g", "width": 30, "layout": "middles"}
    found = {picture.tobytes() for picture in lined(**options | {"faces": half})[0]}
    of_each = [lined(**options | {"faces": name})[0] for name in FACES[half]]
    assert found == {pictures[0].tobytes() for pictures in of_each}
    assert len(found) == 8


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("size", (20.0, 26.0)),
        ("size_sd", 0.1),
        ("rotation", 15.0),
        ("slant", (-0.3, 0.3)),
        ("layout", "text"),
        ("layout", "starts"),
        ("pitch", 14.0),
        ("pitch_spread", 0.2),
        ("shift", 5.0),
        ("baseline", (21.0, 24.0)),
        ("jitter", 2.0),
    ],
)
def test_without_randomness_captchas_are_alike_and_each_random_option_makes_a_difference(option, value, even):
    options = STILL | {"count": 3, "alphabet": "w", "layout": "middles"}
    same, _ = lined(**options)
    assert same[0].tobytes() == same[1].tobytes() == same[2].tobytes()
    other, _ = lined(**options | {option: value})
    assert (other != same).any()


@pytest.mark.parametrize("layout", ["middles", "starts", "text"])
def test_letters_stand_at_their_pitch(layout):
    (picture,), _ = lined(**STILL | {"count": 1, "alphabet": "n", "layout": layout, "pitch": 19.0})
    ink = (picture == 0).all(axis=2).any(axis=0)
    starts = np.flatnonzero(np.diff(np.pad(ink, 1).astype(int)) == 1)
    assert np.diff(starts).tolist() == [19, 19, 19]


def test_letters_have_each_its_colour_or_black_or_one_that_is_given():
    pictures, _ = lined(**PLAIN, count=40, seed=2, one_bit_share=1.0, fringed_share=0.0, pitch=21.0)
    inks = [colours_of(picture) - {(255, 255, 255)} for picture in pictures]
    assert max(map(len, inks)) == 4
    black = sum((0, 0, 0) in colours for colours in inks) / 40
    assert 0.3 < black < 0.9  # 1 - 0.8⁴ is 0.59
    assert set.union(*map(colours_of, lined(**BLACK, count=9)[0])) == {(255, 255, 255), (0, 0, 0)}
    blue = BLACK | {"ink": (10, 20, 200), "count": 9}
    assert set.union(*map(colours_of, lined(**blue)[0])) == {(255, 255, 255), (10, 20, 200)}


def test_edges_have_shades_where_they_are_soft_and_colours_where_they_are_fringed():
    def shades(one_bit, fringed):
        (picture,), _ = lined(**BLACK | {"count": 1, "one_bit_share": one_bit, "fringed_share": fringed})
        grey = {colour for colour in colours_of(picture) if len(set(colour)) == 1}
        return len(grey), len(colours_of(picture) - grey)

    assert shades(1.0, 0.0) == (2, 0)
    soft, none = shades(0.0, 0.0)
    assert (soft > 5, none) == (True, 0)
    assert shades(0.0, 1.0)[1] > 20


def test_papers_are_white_or_light():
    pictures, _ = lined(**PLAIN | {"count": 60, "white_share": 0.5})
    papers = pictures[:, 0, 0].astype(int)
    white = (papers == 255).all(axis=1)
    assert 15 < white.sum() < 45
    assert papers.min() >= LIGHT
    assert len({tuple(paper) for paper in papers[~white]}) > 10


def hidden(**options):
    """Captchas on blank paper with letters as light as the paper: all that is dark lies across."""
    options = BLANK | {"count": 30, "ink": (255, 255, 255)} | options
    return lined(**options)[0]


def test_lines_are_as_many_as_wide_and_of_the_colour_that_was_asked_for():
    assert (hidden(line_count=(0, 0)) == 255).all()
    one = {"soft_lines_share": 0.0, "below_share": 0.0, "line_count": (1, 1)}
    pictures = hidden(**one, line_width=(1.0, 1.0), line_colour=(5, 6, 7))
    assert set.union(*map(colours_of, pictures)) == {(255, 255, 255), (5, 6, 7)}
    dark = (pictures < 200).all(axis=3)
    # one pixel in each column or each row
    assert all(min(cover.sum(axis=0).max(), cover.sum(axis=1).max()) == 1 for cover in dark)
    double = (hidden(**one, line_width=(2.0, 2.0)) < 200).all(axis=3)
    assert double.sum() == pytest.approx(2 * dark.sum(), rel=0.05)
    more = (hidden(**one | {"line_count": (6, 6)}) < 200).all(axis=3)
    assert more.sum() > 3.5 * dark.sum()


def test_lines_across_reach_from_side_to_side_and_others_lie_anywhere():
    across = (hidden(line_count=(2, 2), across_share=1.0) < 200).any(axis=(1, 3))
    assert across[:, 30:60].all()
    anywhere = (hidden(line_count=(2, 2), across_share=0.0) < 200).any(axis=(1, 3))
    assert not anywhere[:, 30:60].all()


def test_lines_lie_above_or_below_the_letters_and_leave_them_where_they_are():
    options = BLACK | {"ink": (200, 0, 0), "count": 10, "line_count": (6, 6), "soft_lines_share": 0.0}
    letters = (lined(**options | {"line_count": (0, 0)})[0] == (200, 0, 0)).all(axis=3)
    below = (lined(**options, below_share=1.0)[0] == (200, 0, 0)).all(axis=3)
    above = (lined(**options, below_share=0.0)[0] == (200, 0, 0)).all(axis=3)
    assert np.array_equal(below, letters)
    assert (above <= letters).all()
    assert above.sum() < 0.97 * letters.sum()


def test_soft_lines_have_shades():
    for share, most in ((0.0, 2), (1.0, 300)):
        shades = len(set.union(*map(colours_of, hidden(soft_lines_share=share, below_share=0.0))))
        assert (shades == 2) == (share == 0.0)
        assert shades <= most


def test_specks_and_frame_are_the_only_difference_they_make():
    plain, labels = lined(count=20, seed=4, specks=(0, 0), frame_share=0.0)
    specked, same = lined(count=20, seed=4, specks=(30, 30), frame_share=0.0)
    assert labels == same
    changed = (plain != specked).any(axis=3).sum(axis=(1, 2))
    assert changed.min() >= 25
    assert changed.max() <= 30
    framed, _ = lined(count=20, seed=4, specks=(0, 0), frame_share=1.0)
    assert np.array_equal(framed[:, 1:-1, 1:-1], plain[:, 1:-1, 1:-1])
    for picture in framed:
        edge = np.concatenate([picture[0], picture[-1], picture[:, 0], picture[:, -1]])
        assert np.ptp(edge) == 0
        assert edge.max() < LIGHT


def test_another_size_length_and_alphabet_can_be_synthesized():
    pictures, labels = lined(count=4, width=160, height=50, characters=6, alphabet="aB7", size=(30.0, 34.0))
    assert pictures.shape == (4, 50, 160, 3)
    assert {len(label) for label in labels} == {6}
    assert set("".join(labels)) == set("aB7")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"faces": "tset"}, "No face is called 'tset': choose one of train, apart, caladea-bold-italic, "),
        ({"alphabet": "aä"}, "No face of the style has 'ä'"),
        ({"layout": "ring"}, "layout: found 'ring'; choose one of middles, starts, text, mixed"),
        ({"size": (20.0, 18.0)}, r"size: found \[20.0, 18.0\]; expected two numbers, the second not below"),
        ({"line_count": (-1, 3)}, r"line_count\[0\]: found -1; expected at least 0"),
        ({"slant": (0.2, 0.1)}, r"slant: found \[0.2, 0.1\]; expected two numbers"),
        ({"black_share": 1.5}, "black_share: found 1.5; expected at most 1"),
        ({"one_bit_share": 0.7, "fringed_share": 0.5}, "one_bit_share 0.7 and fringed_share 0.5 are more"),
        ({"ink": (0, 0, 256)}, r"ink\[2\]: found 256; expected at most 255"),
        ({"line_colour": (-1, 0, 0)}, r"line_colour\[0\]: found -1; expected at least 0"),
    ],
)
def test_what_cannot_be_synthesized_is_said(options, said):
    with pytest.raises(UserError, match=said):
        lined(count=1, **options)
