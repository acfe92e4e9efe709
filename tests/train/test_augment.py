"""Versions of characters: options do what their names say, and the picture is read, not only the window."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from captchanet.errors import UserError
from captchanet.segment.clean import CLEANERS
from captchanet.segment.segmentation import SPLIT
from captchanet.segment.split import SPLITTERS
from captchanet.synthesize.turned import Turned
from captchanet.train.augment import UNCHANGED, Affine, Augmenter, Crops, crops
from captchanet.train.settings import AUGMENT

SIZE, SHAPE = 61, (9, 13)
MIDDLE = [24, 26, 37, 35]  # a window of SHAPE, far from every edge
GRID = {"left": 4.0, "top": 1, "pitch": 12, "width": 13, "height": 20}


class Set:
    """A generator with given normal numbers: angle, width, height, shear x, shear y, across, down, ink."""

    def __init__(self, *numbers):
        self.numbers = np.array(numbers + (0,) * (8 - len(numbers)), np.float32)

    def standard_normal(self, shape, dtype):
        assert dtype == np.float32
        return np.repeat(self.numbers, shape[1]).reshape(shape) if shape[0] == 8 else np.ones(shape, dtype)


def noise(n=3, size=SIZE):
    return np.random.default_rng(0).random((n, size, size), dtype=np.float32)


def version(how, rng, cleaned=None, window=MIDDLE, shape=SHAPE):
    """The version of the one character of one picture, as a map of its ink."""
    cleaned = noise(1) if cleaned is None else cleaned
    augmenter = Augmenter(how, Crops(cleaned, np.array([window]), shape), np.arange(1), rng)
    found = augmenter.versions(np.arange(1))
    assert found.dtype == np.float32
    return found.reshape(shape)


def under(cleaned, window=MIDDLE, right=0, down=0):
    """What a window shows that is moved by whole pixels."""
    left, top, end, bottom = window
    return cleaned[0, top + down : bottom + down, left + right : end + right]


@settings(max_examples=30)
@given(st.tuples(st.floats(-9, 9), st.floats(-9, 9)))
def test_without_a_change_a_version_is_the_vector_to_the_last_bit(pivot):
    cleaned = noise()
    windows = np.array([[left, 3, left + 13, 12] for _ in range(3) for left in (-4, 20, 55)])
    augmenter = Augmenter(
        replace(UNCHANGED, pivot=pivot),
        Crops(cleaned, windows, SHAPE),
        np.arange(9),
        np.random.default_rng(1),
    )
    paper = np.pad(cleaned, ((0, 0), (0, 0), (8, 8)))
    vectors = [paper[i // 3, 3:12, left + 8 : right + 8] for i, (left, _, right, _) in enumerate(windows)]
    found = augmenter.versions(np.arange(9))
    assert found.tobytes() == np.stack(vectors).reshape(9, -1).tobytes()


def test_a_quarter_turn_is_a_quarter_turn_about_the_middle():
    cleaned, window = noise(1), [26, 26, 35, 35]
    found = version(Affine(rotation=90), Set(1), cleaned, window, (9, 9))
    np.testing.assert_allclose(found, np.rot90(under(cleaned, window)), atol=1e-4)


@given(angle=st.floats(-3, 3), x=st.integers(-4, 4), y=st.integers(-3, 3))
def test_what_is_at_the_pivot_stays_there_however_it_is_turned_sheared_and_scaled(angle, x, y):
    how = Affine(rotation=20, shear_x=0.2, shear_y=0.1, scale=0.3, shift=0, pivot=(x, y))
    found = version(how, Set(angle, 1, -1, 1, 1))
    # the window's centre is the middle of a pixel
    assert found[4 + y, 6 + x] == pytest.approx(under(noise(1))[4 + y, 6 + x], abs=1e-4)


@pytest.mark.parametrize(("across", "down"), [(2, 0), (0, 3), (-4, 1), (-7, -9)])
def test_a_shift_by_whole_pixels_moves_the_letter_and_what_lies_beyond_the_window_comes_back(across, down):
    found = version(Affine(shift=1), Set(0, 0, 0, 0, 0, across, down))
    assert found.tobytes() == under(noise(1), right=-across, down=-down).tobytes()


@settings(max_examples=40)
@given(
    st.tuples(*[st.floats(-2, 2)] * 7),
    st.tuples(st.floats(-2, 2), st.floats(-2, 2)),
    st.sampled_from([[24, 26, 37, 35], [20, 18, 46, 45], [27, 30, 32, 33]]),
)
def test_each_pixel_comes_from_where_the_options_say(numbers, pivot, window):
    how = Affine(rotation=10, shear_x=0.1, shear_y=0.05, shift=1, scale=0.1, pivot=pivot)
    y, x = (np.mgrid[:SIZE, :SIZE] + 0.5) / SIZE
    # blending is exact on a slope
    for across, along in ((1.0, x), (0.0, y)):
        found = version(how, Set(*numbers), along[np.newaxis].astype(np.float32), window)
        angle, wider, taller, shear_x, shear_y, right, down = (
            size * number for size, number in zip((10, 0.1, 0.1, 0.1, 0.05, 1, 1), numbers, strict=True)
        )
        angle = np.radians(angle)
        stretch = (window[2] - window[0]) / 13, (window[3] - window[1]) / 9
        for row, column in ((0, 0), (4, 6), (8, 3), (2, 12)):
            of_x = (column - 6) * stretch[0] - right - pivot[0]
            of_y = (row - 4) * stretch[1] - down - pivot[1]
            from_x = (np.cos(angle) * of_x + (shear_x - np.sin(angle)) * of_y) * np.exp(wider)
            from_y = ((shear_y + np.sin(angle)) * of_x + np.cos(angle) * of_y) * np.exp(taller)
            from_x += (window[0] + window[2]) / 2 + pivot[0]
            from_y += (window[1] + window[3]) / 2 + pivot[1]
            assert found[row, column] == pytest.approx((from_x if across else from_y) / SIZE, abs=1e-5)


def test_beyond_the_picture_is_paper():
    everything = np.ones((1, SIZE, SIZE), np.float32)
    assert not version(Affine(shift=1), Set(0, 0, 0, 0, 0, 100, 0), everything).any()
    assert not version(Affine(shift=1), Set(0, 0, 0, 0, 0, 0, -100), everything).any()


def test_contrast_and_noise_change_the_ink_between_paper_and_full():
    ink = np.full((1, SIZE, SIZE), 0.25, np.float32)
    assert version(Affine(contrast=0.5), Set(0, 0, 0, 0, 0, 0, 0, 1), ink)[0, 0] == pytest.approx(
        0.25 * np.exp(0.5)
    )
    assert version(Affine(contrast=1), Set(0, 0, 0, 0, 0, 0, 0, 9), ink).max() == 1
    assert version(Affine(noise=0.1), Set(), ink)[0, 0] == pytest.approx(0.35)
    assert version(Affine(noise=2), Set(), ink).max() == 1


def test_every_character_is_changed_in_its_own_way_and_as_much_as_is_said():
    x = ((np.mgrid[:SIZE, :SIZE][1] + 0.5) / SIZE)[np.newaxis].astype(np.float32)
    of = Crops(x, np.tile(MIDDLE, (4000, 1)), SHAPE)
    augmenter = Augmenter(replace(UNCHANGED, shift=2.0), of, np.arange(4000), np.random.default_rng(1))
    middle = augmenter.versions(np.arange(4000)).reshape(-1, *SHAPE)[:, 4, 6] * SIZE
    assert np.std(middle) == pytest.approx(2, rel=0.05)
    assert np.mean(middle) == pytest.approx(30.5, abs=0.1)


def batch(seed, dtype=np.float32, characters=(0, -1, 2, 1, -1)):
    of = Crops(noise(3), np.array([MIDDLE] * 3), SHAPE)
    augmenter = Augmenter(Affine(), of, np.array(characters), np.random.default_rng(seed))
    inputs = np.full((4, 117), 7, dtype)
    augmenter(inputs, np.array([4, 2, 0, 1]))
    return inputs


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_rows_that_are_no_crops_are_left_alone_and_the_others_overwritten(dtype):
    inputs = batch(1, dtype)
    assert (inputs[[0, 3]] == 7).all()
    assert (inputs[[1, 2]] < 1).all()
    assert (batch(1, dtype, [-1] * 5) == 7).all()
    assert (batch(1, dtype, [0] * 5) < 1).all()


def test_the_same_seed_gives_the_same_bits_and_another_seed_others():
    assert batch(1).tobytes() == batch(1).tobytes() != batch(2).tobytes()


def test_a_version_depends_on_no_batch_before_and_is_not_overwritten_by_the_next():
    of = Crops(noise(3), np.array([MIDDLE] * 3), SHAPE)
    augmenter, fresh = (Augmenter(Affine(), of, np.arange(3), np.random.default_rng(1)) for _ in range(2))
    larger = augmenter.versions(np.array([2, 0, 1, 2]))
    kept = larger.copy()
    fresh.rng.bit_generator.state = augmenter.rng.bit_generator.state
    assert augmenter.versions(np.array([1, 2])).tobytes() == fresh.versions(np.array([1, 2])).tobytes()
    np.testing.assert_array_equal(larger, kept)


# crops


def split(left=4.0):
    """Vectors, cleaned pictures and windows as a grid makes them."""
    cleaned = np.random.default_rng(0).random((5, 27, 72), dtype=np.float32)
    options = GRID | {"left": left}
    vectors, windows = SPLITTERS["grid"](cleaned, characters=4, **options)
    return vectors.reshape(20, -1), cleaned, windows.reshape(-1, 4), {"method": "grid", **options}


@pytest.mark.parametrize("left", [4.0, -3.0, 4.25, 4.3])
def test_a_grid_that_starts_at_a_fraction_of_a_pixel_is_read_from_there(left):
    vectors, cleaned, windows, settings = split(left)
    found = crops(vectors, cleaned, windows, settings)
    assert found.cleaned is cleaned
    augmenter = Augmenter(UNCHANGED, found, np.arange(20), np.random.default_rng(0))
    np.testing.assert_allclose(augmenter.versions(np.arange(20)), vectors, atol=1e-5)


def test_characters_between_seams_are_read_from_their_pictures_where_nothing_was_left_out():
    cleaned = np.zeros((2, 27, 72), np.float32)
    settings = SPLIT("seams", left=4.25)
    for i in range(4):  # letters that stand far apart
        at = round(settings.options["left"] + settings.options["pitch"] * i) + 4
        cleaned[:, 6:16, at : at + 4] = np.random.default_rng(i).random((2, 10, 4))
    vectors, windows = settings(cleaned, characters=4)
    found = crops(vectors.reshape(8, -1), cleaned, windows.reshape(-1, 4), settings.dump())
    assert found.cleaned is cleaned
    assert found.windows[0, 0] == 4.25


@pytest.mark.parametrize("method", SPLITTERS)
@pytest.mark.parametrize("clean", CLEANERS)
def test_whatever_cleans_and_splits_an_unchanged_version_is_the_vector(method, clean):
    pictures, _ = Turned(count=6, seed=1)()
    cleaned = CLEANERS[clean](pictures)
    settings = SPLIT(method)
    vectors, windows = settings(cleaned, characters=4)
    vectors = vectors.reshape(24, -1)
    found = crops(vectors, cleaned, windows.reshape(-1, 4), settings.dump())
    augmenter = Augmenter(UNCHANGED, found, np.arange(24), np.random.default_rng(0))
    np.testing.assert_allclose(augmenter.versions(np.arange(24)), vectors, atol=1e-3)


def test_the_channels_of_a_picture_are_moved_together():
    cleaned = np.random.default_rng(0).random((2, SIZE, SIZE, 2), dtype=np.float32)
    of = Crops(cleaned, np.array([MIDDLE] * 2), SHAPE)
    both = Augmenter(Affine(), of, np.arange(2), np.random.default_rng(1)).versions(np.arange(2))
    for channel in (0, 1):
        alone = of._replace(cleaned=cleaned[..., channel])
        one = Augmenter(Affine(), alone, np.arange(2), np.random.default_rng(1)).versions(np.arange(2))
        assert both[:, channel * 117 : (channel + 1) * 117].tobytes() == one.tobytes()


def test_what_splitting_left_out_does_not_come_back():
    vectors, cleaned, windows, settings = split()
    alone = np.zeros_like(vectors)
    alone.reshape(20, 20, 13)[:, 5:9, 5:8] = 1  # a letter without its neighbours
    found = crops(alone, cleaned, windows, settings)
    augmenter = Augmenter(Affine(shift=1), found, np.arange(20), Set(0, 0, 0, 0, 0, 2, 0))
    moved = augmenter.versions(np.arange(20)).reshape(20, 20, 13)
    assert moved.tobytes() == np.roll(alone.reshape(20, 20, 13), 2, axis=2).tobytes()


def test_vectors_that_are_no_windows_are_refused():
    vectors, cleaned, windows, settings = split()
    with pytest.raises(UserError, match="grid makes vectors of 259 numbers, which are no windows of 13 × 20"):
        crops(vectors[:, :259], cleaned, windows, settings)


def test_the_options_of_a_configuration_are_those_of_affine():
    found = AUGMENT.of({"method": "affine", "rotation": 5, "pivot": [0.35, -1]})
    assert found.made() == Affine(rotation=5, shift=0.6, scale=0.04, pivot=(0.35, -1))
    assert AUGMENT("none").made() is None
