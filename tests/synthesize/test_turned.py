"""Captchas of the tutorial's kind: a seed gives them again, and every option of a kind does what it says."""

from collections import Counter

import numpy as np
import pytest
from pictures import colours_of

from captchanet.errors import UserError
from captchanet.synthesize.kinds import KINDS
from captchanet.synthesize.style import HEROS, nearest_faces
from captchanet.synthesize.turned import Turned, _mixed

ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyz"
PLAIN = {"speckles": 0, "frame": None, "threshold_sd": 0.0, "gain_sd": 0.0}


def turned(**options):
    """Pictures and labels of the kind with these options."""
    return Turned(**options)()


@pytest.fixture(scope="module")
def many():
    """60 captchas without speckles and frame, by the default shares of inks."""
    return turned(count=60, seed=3, **PLAIN)


def test_a_seed_gives_the_same_pixels_again_and_another_seed_gives_others():
    (first, labels), (again, same), (other, _) = (turned(count=9, seed=seed) for seed in (5, 5, 6))
    assert first.dtype == np.uint8
    assert first.shape == (9, 27, 72, 3)
    assert labels == same
    assert first.tobytes() == again.tobytes() != other.tobytes()


def test_every_character_is_sampled_as_often_as_the_others(many):
    counts = Counter("".join(many[1]))
    assert set(counts) == set(ALPHABET)
    assert max(counts.values()) - min(counts.values()) <= 1


def ink_of(picture):
    """one bit, soft or fringed, from the colours that are in the picture."""
    mixed = colours_of(picture) - {(255, 255, 255), (0, 0, 153)}
    if not mixed:
        return "one bit"
    # ink without red and green: soft edges have as much of the one as of the other
    return "soft" if all(red == green for red, green, _ in mixed) else "fringed"


def test_the_inks_have_their_shares():
    pictures, _ = turned(count=150, seed=1, one_bit_share=0.5, fringed_share=0.2, **PLAIN)
    found = Counter(map(ink_of, pictures))
    for ink, share in (("one bit", 0.5), ("fringed", 0.2), ("soft", 0.3)):
        assert found[ink] / 150 == pytest.approx(share, abs=0.08)
    for shares, only in (((1.0, 0.0), "one bit"), ((0.0, 1.0), "fringed"), ((0.0, 0.0), "soft")):
        options = {"one_bit_share": shares[0], "fringed_share": shares[1], **PLAIN}
        assert set(map(ink_of, turned(count=20, **options)[0])) == {only}


def test_another_share_of_inks_leaves_the_letters_where_they_are(many):
    pictures, labels = turned(count=60, seed=3, one_bit_share=1.0, fringed_share=0.0, **PLAIN)
    assert labels == many[1]
    hard = [ink_of(picture) == "one bit" for picture in many[0]]
    assert 10 < sum(hard) < 50
    assert pictures[hard].tobytes() == many[0][hard].tobytes()


def test_size_length_alphabet_ink_and_frame_are_as_they_are_asked_for():
    pictures, labels = turned(
        count=5, width=90, height=40, characters=5, alphabet="xyz", ink=(200, 10, 20), frame=100
    )
    assert pictures.shape == (5, 40, 90, 3)
    assert {len(label) for label in labels} == {5}
    assert set("".join(labels)) <= set("xyz")
    assert (pictures == (200, 10, 20)).all(axis=3).any(axis=(1, 2)).all()
    assert (pictures[:, -1] == 100).all()


def test_letters_are_turned_as_far_as_is_said_and_not_at_all_without():
    still = {"rotation": 0.0, "jitter": 0.0, "size_sd": 0.0, "aspect_sd": 0.0, "one_bit_share": 1.0, **PLAIN}
    still |= {"fringed_share": 0.0, "alphabet": "x", "faces": "heros-bold"}
    pictures, _ = turned(count=3, **still)
    assert pictures[0].tobytes() == pictures[1].tobytes() == pictures[2].tobytes()
    for option in ("rotation", "jitter", "size_sd", "aspect_sd"):
        first, second = turned(count=2, **still | {option: 0.8 if option != "rotation" else 20.0})[0]
        assert first.tobytes() != second.tobytes()


def test_mixed_faces_are_the_nearest_and_heros():
    nearest, mixed = nearest_faces(), _mixed()
    assert set(mixed) == set(ALPHABET)
    for character, faces in mixed.items():
        assert faces[0] == nearest[character][0]
        assert faces[-1] == HEROS
        assert len(faces) == len(set(faces))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"faces": "comic"}, "No face is called 'comic': choose one of mixed, caladea-bold-italic, "),
        ({"alphabet": "aä"}, "No face of the style has 'ä'"),
        ({"alphabet": "aä", "faces": "heros-bold"}, "No face of the style has 'ä'"),
        (
            {"one_bit_share": 0.7, "fringed_share": 0.4},
            "one_bit_share 0.7 and fringed_share 0.4 are more than",
        ),
        (
            {"pitch": 100.0},
            r"about the points \(10.85, 10\) to \(310.85, 10\) of a picture of 72 × 27 pixels",
        ),
        ({"characters": 9}, "bring them into it by"),
        ({"width": 1}, "of a picture of 1 × 27 pixels"),
        ({"pivot_y": 27.0}, "bring them into it by"),
        ({"frame": 256}, "frame: found 256; expected at most 255"),
        ({"ink": (0, -1, 0)}, r"ink\[1\]: found -1; expected at least 0"),
    ],
)
def test_what_cannot_be_synthesized_is_said(options, said):
    with pytest.raises(UserError, match=said):
        turned(count=1, **options)


@pytest.mark.parametrize("name", KINDS)
def test_every_kind_synthesizes_by_its_defaults_as_many_as_are_wanted(name):
    pictures, labels = KINDS[name](count=7, seed=2)()
    assert (len(pictures), len(labels)) == (7, 7)
