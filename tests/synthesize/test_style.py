"""Synthetic captchas: the committed ones come out again, and every part of a style does what it says."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from captchanet.errors import UserError
from captchanet.segment.labels import label_from_name
from captchanet.synthesize import folder
from captchanet.synthesize.filling import fill, join, place
from captchanet.synthesize.folder import synthesize_folder
from captchanet.synthesize.outlines import Face
from captchanet.synthesize.style import (
    HEROS,
    OPEN_SANS,
    Ink,
    Style,
    fringed,
    one_bit,
    render,
    render_captcha,
    sample_captcha,
    sample_labels,
    sample_letter,
    soft,
)

ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyz"
DATA = Path(__file__).parents[2] / "data"
STILL = replace(Style(), rotation=0.0, jitter=0.0, speckles=0, frame=None)


def rng(seed=0):
    return np.random.default_rng(seed)


def pixels(path):
    return np.asarray(Image.open(path).convert("RGB"))


@pytest.mark.parametrize(("name", "count", "seed"), [("raw", 60, 1), ("unseen", 200, 2)])
def test_synthesizing_the_committed_captchas_again_gives_their_pixels(tmp_path, name, count, seed):
    files = synthesize_folder(tmp_path / name, count, seed)
    assert sorted(path.name for path in files) == sorted(path.name for path in (DATA / name).iterdir())
    for path in files:
        assert np.array_equal(pixels(path), pixels(DATA / name / path.name)), path.name


@pytest.mark.parametrize("name", ["raw", "unseen"])
def test_the_committed_captchas_are_small_palette_pictures_in_which_every_character_occurs(name):
    files = list((DATA / name).iterdir())
    assert set("".join(path.stem for path in files)) == set(ALPHABET)
    for path in files:
        with Image.open(path) as image:
            assert (image.format, image.mode, image.size) == ("PNG", "P", (72, 27))
        assert path.stat().st_size < 1500


def test_no_captcha_to_train_on_is_among_the_unseen_ones():
    raw, unseen = (
        {path.stem.split("_")[0] for path in (DATA / name).iterdir()} for name in ("raw", "unseen")
    )
    assert not raw & unseen


def test_a_seed_gives_the_same_pixels_again_and_another_seed_gives_others():
    first, again, other = (render_captcha("2b8y", Style(), rng(seed)) for seed in (5, 5, 6))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_rendering_leaves_numpys_global_random_state_alone():
    before = np.random.get_state()[1].copy()  # noqa: NPY002 - it is the global state that is looked at
    render_captcha("ijij", Style(), rng())
    assert np.array_equal(before, np.random.get_state()[1])  # noqa: NPY002


@given(
    count=st.integers(0, 60), characters=st.integers(1, 6), size=st.integers(1, 36), seed=st.integers(0, 99)
)
def test_no_character_occurs_more_than_once_oftener_than_another(count, characters, size, seed):
    style = replace(Style(), characters=characters, alphabet=ALPHABET[:size])
    labels = sample_labels(count, style, rng(seed))
    counts = Counter("".join(labels))
    often = [counts[character] for character in style.alphabet]
    assert [len(label) for label in labels] == [characters] * count
    assert max(often) - min(often) <= 1


def test_letters_stay_at_the_pitch():
    style = replace(STILL, pitch=20.0, first_pivot_x=12.0, width=100)
    letters = sample_captcha("0000", style, rng()).letters
    columns = join(fill(place(letters)), style.width, style.height).sum(axis=0)
    for slot in range(4):
        window = columns[2 + 20 * slot : 22 + 20 * slot].astype(float)
        assert window @ (np.arange(20) + 0.5) / window.sum() == pytest.approx(10.0, abs=0.3)
        assert np.array_equal(window, columns[2:22])


def test_the_paper_has_a_frame_and_speckles_in_web_colours():
    picture = render_captcha("abcd", Style(), rng(3))
    assert picture.dtype == np.uint8
    assert picture.shape == (27, 72, 3)
    assert (picture[-1] == 204).all()
    assert (picture[:, -1] == 204).all()
    assert (picture[1:-1:2, 0] == 153).all()
    assert (picture[::2, 0] == 204).all()
    assert (picture % 51 == 0).all()
    colourful = (picture[1:-1, 1:-1] != (255, 255, 255)).any(axis=2) & (
        picture[1:-1, 1:-1] != (0, 0, 153)
    ).any(axis=2)
    assert 80 < colourful.sum() < 150


def test_one_bit_ink_has_one_colour_and_the_other_inks_have_shades():
    def shades(ink):
        return len(
            np.unique(render_captcha("mwx8", replace(STILL, ink=Ink(ink)), rng(1)).reshape(-1, 3), axis=0)
        )

    assert shades(one_bit) == 2
    assert shades(soft) > 4
    assert shades(fringed) > shades(soft)


def test_ink_has_the_styles_colour_exactly_even_where_it_is_no_web_colour():
    picture = render_captcha("llll", replace(STILL, ink=Ink(soft), ink_colour=(200, 10, 20)), rng())
    assert (picture == (200, 10, 20)).all(axis=2).any()


def test_a_style_of_another_size_length_and_alphabet_can_be_rendered(tmp_path):
    style = replace(Style(), width=110, height=40, characters=6, alphabet="abc", pitch=16.0, baseline=28.0)
    paths = synthesize_folder(tmp_path / "other", 5, 0, style)
    assert set("".join(path.stem.split("_")[0] for path in paths)) == set("abc")
    assert all(pixels(path).shape == (40, 110, 3) for path in paths)


def test_random_sizes_and_faces_show():
    sizes = {sample_letter("x", 0, replace(STILL, size_sd=0.2), rng(s)).face.em for s in range(9)}
    assert len(sizes) == 9
    both = replace(STILL, faces={"a": (HEROS, OPEN_SANS)})
    faces = {sample_letter("a", 0, both, rng(s)).face.outlines for s in range(9)}
    assert faces == {"heros-bold", "open-sans-bold"}


def test_captchas_of_many_styles_are_rendered_together_as_each_alone():
    styles = [
        Style(),
        replace(Style(), width=90, height=40, characters=5, pitch=15.0, frame=None),
        replace(Style(), ink=Ink(soft, gain=1.2), ink_colour=(200, 10, 20)),
        replace(Style(), ink=Ink(fringed), speckles=0),
    ]
    sampled = [sample_captcha("2b8yj"[: s.characters], s, rng(n)) for n, s in enumerate(styles)]
    for together, one in zip(render(sampled), sampled, strict=True):
        assert np.array_equal(together, *render([one]))


def test_a_character_that_no_face_has_is_named(tmp_path):
    with pytest.raises(UserError, match="'é'"):
        render_captcha("abcé", Style(), rng())
    with pytest.raises(UserError, match="'A', 'B'"):
        synthesize_folder(tmp_path / "none", 3, 0, replace(Style(), alphabet="abAB"))
    assert not (tmp_path / "none").exists()


def test_a_label_of_another_length_and_a_face_unknown_are_refused():
    with pytest.raises(UserError, match=r"'abc' has 3 characters.* 4"):
        render_captcha("abc", Style(), rng())
    with pytest.raises(UserError, match=r"one of caladea-bold-italic, .* heros-bold, inter-bold, "):
        render_captcha("aaaa", replace(Style(), faces={"a": (Face("comic", 20.0),)}), rng())


def test_a_label_sampled_again_gets_a_number_and_synthesizing_again_changes_no_byte(tmp_path):
    style = replace(Style(), alphabet="7", characters=4)
    names = [path.name for path in synthesize_folder(tmp_path, 3, 0, style)]
    assert names == ["7777.png", "7777_2.png", "7777_3.png"]
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    (tmp_path / folder.UNFINISHED).write_bytes(b"what a killed run left")
    synthesize_folder(tmp_path, 3, 0, style)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_labels_that_differ_in_case_alone_are_files_that_differ_in_more(tmp_path):
    labels = ["aB3x", "Ab3X", "ab3y", "AB3X", "aB3x"]
    pictures = [np.full((2, 2, 3), shade, np.uint8) for shade in range(5)]
    paths = folder.write_folder(tmp_path, labels, pictures)
    assert [path.name for path in paths] == [
        "aB3x.png",
        "Ab3X_2.png",
        "ab3y.png",
        "AB3X_3.png",
        "aB3x_4.png",
    ]
    assert len({path.name.lower() for path in paths}) == 5
    assert [label_from_name(path.name) for path in paths] == labels
    assert [int(pixels(path)[0, 0, 0]) for path in paths] == [0, 1, 2, 3, 4]


def test_a_folder_that_holds_anything_else_is_left_as_it_is(tmp_path):
    (tmp_path / "mine.png").write_bytes(b"a real captcha")
    with pytest.raises(UserError, match=r"1 file\(s\) .* mine\.png"):
        synthesize_folder(tmp_path, 3, 0)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.png"]


def test_a_folder_that_is_a_file_is_named(tmp_path):
    (tmp_path / "taken").write_text("")
    with pytest.raises(UserError, match="taken: File exists"):
        synthesize_folder(tmp_path / "taken", 1, 0)


def test_more_than_256_colours_are_written_without_a_palette(tmp_path):
    picture = np.stack([*np.mgrid[:20, :20], np.zeros((20, 20))], axis=2).astype(np.uint8)
    folder.write_png(picture, tmp_path / "many.png")
    assert np.array_equal(pixels(tmp_path / "many.png"), picture)
