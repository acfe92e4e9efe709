"""Splitting by seams, valleys and components: which character the ink belongs to, and where it is moved."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from captchanet.segment.connected_components import components_in_number
from captchanet.segment.morphology import INK, label_components
from captchanet.segment.seams import ASIDE, DIAGONAL, least_ink_seam, owners
from captchanet.segment.split import SPLITTERS, components, grid, seams, valleys

# the first call imports SciPy, however long that takes
fewer = settings(max_examples=15)
splitters = pytest.mark.parametrize("split", SPLITTERS.values(), ids=SPLITTERS.keys())


def blobs(seed, n=4):
    """Maps with strokes here and there, soft at the rims: float32 (n, 27, 72)."""
    rng = np.random.default_rng(seed)
    maps = np.zeros((n, 27, 72), np.float32)
    for one in maps:
        for _ in range(rng.integers(0, 9)):
            x, y = rng.integers(0, 70), rng.integers(0, 25)
            one[y : y + rng.integers(1, 15), x : x + rng.integers(1, 10)] = rng.uniform(0.2, 1)
    return maps


def letters(*boxes):
    """One map, float32 (1, 27, 72), with ink in each box (left, top, right, bottom)."""
    maps = np.zeros((1, 27, 72), np.float32)
    for left, top, right, bottom in boxes:
        maps[0, top:bottom, left:right] = 1
    return maps


@splitters
@fewer
@given(st.integers(0, 10**6), st.integers(1, 6), st.integers(1, 20), st.integers(1, 30))
def test_a_picture_gives_as_many_characters_of_one_size_as_are_asked_for_in_any_batch(
    split, seed, characters, width, height
):
    maps = blobs(seed)
    options = {"characters": characters, "width": width, "height": height}
    vectors, windows = split(maps, **options)
    assert vectors.dtype == np.float32
    assert vectors.shape == (4, characters, height * width)
    assert windows.shape == (4, characters, 4)
    assert 0 <= vectors.min() <= vectors.max() <= 1
    left, top, right, bottom = np.moveaxis(windows, 2, 0)
    assert (right > left).all()
    assert (bottom > top).all()
    if split in (grid, seams, valleys, components):
        # these squeeze a character, or copy it; they never enlarge one
        assert (right - left >= width).all()
        assert (bottom - top >= height).all()
    if split in (valleys, components):
        # the middle of each window lies in the picture
        assert ((left + right >= 0) & (left + right <= 2 * 72)).all()
    for i in range(len(maps)):
        alone = split(maps[i : i + 1], **options)
        np.testing.assert_array_equal(alone[0][0], vectors[i])
        np.testing.assert_array_equal(alone[1][0], windows[i])


@splitters
@fewer
@given(st.integers(0, 10**6))
def test_channels_are_split_alike_one_after_the_other_and_the_first_decides(split, seed):
    maps, other = blobs(seed), np.random.default_rng(seed).random((4, 27, 72), np.float32)
    vectors, windows = split(np.stack([maps, other, maps], axis=3))
    alone, alone_windows = split(maps)
    channels = vectors.reshape(4, 4, 3, -1)
    np.testing.assert_array_equal(windows, alone_windows)
    np.testing.assert_array_equal(channels[:, :, 0], alone)
    np.testing.assert_array_equal(channels[:, :, 2], alone)
    if split is grid:
        np.testing.assert_array_equal(channels[:, :, 1], split(other)[0])


@splitters
def test_no_picture_and_blank_pictures_are_split_too(split):
    vectors, windows = split(np.zeros((0, 27, 72), np.float32), characters=5, width=7, height=3)
    assert (vectors.shape, windows.shape) == ((0, 5, 21), (0, 5, 4))
    vectors, windows = split(np.zeros((2, 27, 72), np.float32))
    assert not vectors.any()
    assert (np.diff(windows[:, :, 0], axis=1) > 0).all()


@pytest.mark.parametrize("split", [seams, valleys, components])
@fewer
@given(seed=st.integers(0, 10**6))
def test_no_ink_is_given_to_two_characters(split, seed):
    maps = blobs(seed)
    # windows as large as the picture: all ink of a character is seen, and nothing is squeezed
    options = {"width": 300, "height": 27, "top": 0}
    options |= {"left": -160, "pitch": 12} if split is not components else {}
    vectors, windows = split(maps, **options)
    seen = np.zeros((4, 27, 72), np.float32)
    for picture, character in itertools.product(range(4), range(4)):
        left = windows[picture, character, 0]
        tile = vectors[picture, character].reshape(27, 300)
        seen[picture] += tile[:, -left : 72 - left]
    assert (seen <= maps).all()
    if split is not components:
        np.testing.assert_array_equal(seen, maps)


@fewer
@given(st.integers(0, 10**6), st.integers(0, 2), st.integers(1, 5))
def test_a_seam_is_the_cheapest_of_all_paths(seed, reach, height):
    ink = np.random.default_rng(seed).random((1, height, 9), np.float32)
    (found,) = least_ink_seam(ink, 4, reach)

    def cost(path):
        aside = sum(abs(a - b) for a, b in itertools.pairwise(path))
        return sum(ink[0, y, x] + ASIDE * abs(x - 4) for y, x in enumerate(path)) + DIAGONAL * aside

    ways = itertools.product(range(4 - reach, 5 + reach), repeat=height)
    best = min(cost(way) for way in ways if all(abs(a - b) <= 1 for a, b in itertools.pairwise(way)))
    assert (np.abs(np.diff(found)) <= 1).all()
    assert cost(found.tolist()) == pytest.approx(best, rel=1e-5)


def test_a_seam_winds_between_an_overhanging_letter_and_the_next():
    # the first reaches over the second, as a bent f over an i
    maps = letters((8, 4, 12, 20), (8, 4, 19, 7), (15, 12, 18, 20))
    vectors, windows = seams(maps, characters=2)
    np.testing.assert_array_equal(windows, grid(maps, characters=2)[1])
    first, second = vectors[0].reshape(2, 20, 13)
    expected = grid(letters((8, 4, 12, 20), (8, 4, 19, 7)), characters=2)[0][0].reshape(2, 20, 13)
    np.testing.assert_array_equal(first, expected[0])
    np.testing.assert_array_equal(
        second, grid(letters((15, 12, 18, 20)), characters=2)[0][0, 1].reshape(20, 13)
    )


@pytest.mark.parametrize("split", [seams, valleys])
def test_without_reach_boundaries_stand_where_they_are_expected(split):
    maps = np.ones((1, 27, 72), np.float32)
    vectors, _ = split(maps, reach=0, top=1)
    widths = (vectors[0].reshape(4, 20, -1)[:, 0] > 0).sum(axis=1)
    assert widths[1:3].tolist() == [12, 12]


def test_a_valley_is_found_near_the_expected_boundary_and_what_lies_between_is_moved_to_the_middle():
    maps = letters((6, 5, 14, 15), (15, 5, 25, 15), (29, 3, 33, 17), (40, 5, 50, 15))
    vectors, windows = valleys(maps, top=None)
    tiles = vectors[0].reshape(4, 20, 13)
    assert tiles.sum(axis=(1, 2)).tolist() == [80, 100, 56, 100]
    assert windows[0].tolist() == [[4, 0, 17, 20], [14, 0, 27, 20], [25, 0, 38, 20], [39, 0, 52, 20]]
    for tile in tiles:
        rows, columns = np.nonzero(tile)
        assert abs(columns.min() - (12 - columns.max())) <= 1
        assert abs(rows.min() - (19 - rows.max())) <= 1
    fixed = valleys(maps, top=2)[1]
    assert (fixed[0, :, 1::2] == [2, 22]).all()


def test_a_character_that_is_wider_than_its_window_is_squeezed():
    maps = letters((2, 4, 28, 20), (40, 4, 44, 20))
    vectors, windows = components(maps, characters=2)
    assert windows[0].tolist() == [[2, 1, 28, 21], [36, 1, 49, 21]]
    wide, narrow = vectors[0].reshape(2, 20, 13)
    assert (wide[3:19] == 1).all()
    assert narrow.sum() == 4 * 16


def test_components_are_found_wherever_they_stand_from_left_to_right():
    maps = letters((60, 8, 66, 18), (3, 2, 9, 12), (20, 10, 25, 25), (41, 5, 44, 9))
    _, windows = components(maps, top=None)
    assert ((windows[0, :, 0] + windows[0, :, 2]) / 2).round().tolist() == [6, 22, 42, 64]
    assert ((windows[0, :, 1] + windows[0, :, 3]) / 2).round().tolist() == [7, 18, 7, 13]


def spans(maps, number):
    (one,) = maps
    found = components_in_number(one, label_components(maps > INK)[0], number, 3)
    return [(component.left, component.right) for component in found]


def test_a_dot_goes_with_the_stem_below_it():
    assert spans(letters((8, 2, 11, 4), (9, 6, 12, 18), (20, 4, 30, 18)), 2) == [(8, 12), (20, 30)]


def test_of_too_many_components_those_that_are_narrowest_together_are_joined():
    assert spans(letters((8, 2, 12, 18), (14, 2, 17, 18), (30, 2, 40, 18)), 2) == [(8, 17), (30, 40)]


def test_of_too_few_the_widest_is_split_where_there_is_least_ink():
    joined = letters((8, 4, 18, 18), (18, 10, 20, 11), (20, 4, 32, 18), (44, 4, 54, 18))
    assert spans(joined, 3) in ([(8, 18), (18, 32), (44, 54)], [(8, 19), (19, 32), (44, 54)])
    assert spans(letters((6, 4, 36, 18), (44, 4, 54, 18)), 4) == [(6, 16), (16, 26), (26, 36), (44, 54)]


@pytest.mark.parametrize(
    ("boxes", "expected"),
    [
        ([], [(0, 18), (18, 36), (36, 54), (54, 72)]),
        ([(10, 2, 12, 12)], [(10, 10), (10, 11), (11, 11), (11, 12)]),
        ([(10, 2, 11, 3), (48, 2, 49, 3)], [(10, 19), (19, 29), (29, 39), (39, 49)]),
    ],
    ids=["no ink", "too narrow", "only specks"],
)
def test_where_nothing_can_be_split_widths_are_equal(boxes, expected):
    assert spans(letters(*boxes), 4) == expected
    vectors, windows = components(letters(*boxes))
    assert (vectors.shape, windows.shape) == ((1, 4, 260), (1, 4, 4))


def test_the_soft_rim_goes_with_the_component_it_touches():
    maps = letters((10, 5, 14, 15), (30, 5, 34, 15))
    maps[0, 5:15, 9] = maps[0, 5:15, 14] = 0.25
    first, second = components(maps, characters=2)[0][0].reshape(2, 20, 13)
    assert first.sum() == 40 + 2 * 2.5
    assert second.sum() == 40


def test_a_pixel_belongs_to_the_character_after_the_boundaries_left_of_it():
    boundaries = [np.array([[1, 2]]), np.array([[3, 2]])]
    assert owners(np.zeros((1, 2, 5)), boundaries).tolist() == [[[0, 1, 1, 2, 2], [0, 0, 2, 2, 2]]]
