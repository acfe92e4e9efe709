"""Colours, lines and rows of letters: each is at the wanted place."""

import colorsys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from captchanet.synthesize.canvas import (
    BRIGHTEST,
    LUMINANCE,
    USUAL,
    Row,
    advances,
    blank,
    dark_colours,
    letters_of,
    lines_cover,
    middles,
    paint,
    within,
)
from captchanet.synthesize.filling import Tile, fill, join, place
from captchanet.synthesize.outlines import MIDDLE

INSIDE = st.tuples(*[st.floats(1, 29)] * 2, *[st.floats(1, 19)] * 2).map(lambda e: (e[0], e[2], e[1], e[3]))


def line(*ends, width=1.0, soft=False):
    return lines_cover(np.array([ends], float), np.array([width]), soft, 30, 20)[:, :, 0]


def covers(row, x, baselines, width, height):
    """What each letter of a row covers of a picture, uint8 (height, width)."""
    return [join([tile], width, height) for tile in fill(place(letters_of(row, x, baselines)))]


def row(label, em=20.0, face="tinos-italic"):
    letters = np.ones(len(label))
    return Row(label, face, em * letters, 0 * letters, 0.0)


def test_colours_are_saturated_and_none_is_light():
    colours = dark_colours(500, np.random.default_rng(1))
    assert colours.shape == (500, 3)
    assert colours.min() >= 0
    assert (colours @ LUMINANCE).max() < BRIGHTEST + 1
    hues, lights, values = zip(*(colorsys.rgb_to_hsv(*colour) for colour in colours / 255), strict=True)
    # all around the circle, each sixth as often
    assert np.histogram(hues, 6, (0, 1))[0].min() > 55
    assert min(lights) > 0.45
    assert max(lights) == 1
    assert min(values) < 0.3


@pytest.mark.parametrize("soft", [False, True])
def test_paint_goes_where_alpha_is_and_nowhere_else(soft):
    canvas = np.full((5, 6, 3), 200.0)
    alpha = np.zeros((5, 6, 3 if soft else 1))
    alpha[2, 3] = 1
    alpha[2, 4] = 0.25
    paint(canvas, alpha, np.array([100.0, 0, 40]))
    assert canvas[2, 3].tolist() == [100, 0, 40]
    assert canvas[2, 4].tolist() == [175, 150, 160]
    canvas[2, 3:5] = 200
    assert (canvas == 200).all()
    paint(canvas, 0 * alpha, np.zeros(3))
    assert (canvas == 200).all()


def test_a_hard_line_is_the_pixels_that_the_eye_expects():
    assert np.argwhere(line(2, 3.5, 6, 3.5)).tolist() == [[3, 2], [3, 3], [3, 4], [3, 5]]
    assert np.argwhere(line(4.5, 7, 4.5, 5)).tolist() == [[5, 4], [6, 4]]
    assert np.argwhere(line(0, 0, 3, 3)).tolist() == [[0, 0], [1, 1], [2, 2]]
    assert line(2, 4, 6, 4, width=2.0).any(axis=1).nonzero()[0].tolist() == [3, 4]


@given(ends=INSIDE, width=st.sampled_from([1, 2, 3]))
def test_a_hard_line_has_its_width_in_each_column_or_when_steep_in_each_row(ends, width):
    cover = line(*ends, width=width)
    assert set(np.unique(cover)) <= {0, 1}
    steep = abs(ends[3] - ends[1]) > abs(ends[2] - ends[0])
    along = (1, 3) if steep else (0, 2)
    counts = cover.sum(axis=1 if steep else 0)
    first, last = sorted(ends[i] for i in along)
    middles_between = [n for n in range(len(counts)) if first + 1e-6 < n + 0.5 < last - 1e-6]
    # what lies beyond the edge is missing
    assert all(counts[n] <= width for n in range(len(counts)))
    inner = all(2 < ends[i] < n - 2 for i, n in ((0, 30), (1, 20), (2, 30), (3, 20)))
    if inner:
        assert all(counts[n] == width for n in middles_between)


@given(ends=INSIDE, width=st.floats(1, 3))
def test_a_soft_line_covers_its_area_and_the_same_from_either_end(ends, width):
    x0, y0, x1, y1 = ends
    cover = line(*ends, width=width, soft=True)
    assert 0 <= cover.min() <= cover.max() <= 1
    assert np.allclose(cover, line(x1, y1, x0, y0, width=width, soft=True))
    if all(4 < ends[i] < n - 4 for i, n in ((0, 30), (1, 20), (2, 30), (3, 20))):
        length = np.hypot(x1 - x0, y1 - y0)
        assert cover.sum() == pytest.approx(length * width, abs=0.1 * length * width + 1.5)


def test_no_line_covers_nothing_and_two_cover_what_either_covers():
    assert not lines_cover(np.empty((0, 4)), np.empty(0), True, 30, 20).any()
    ends = np.array([[0, 0, 30, 20], [0, 18, 30, 1]], float)
    for soft in (False, True):
        both = lines_cover(ends, np.ones(2), soft, 30, 20)
        each = [lines_cover(ends[i : i + 1], np.ones(1), soft, 30, 20) for i in (0, 1)]
        assert np.array_equal(both, np.maximum(*each))
        assert both.any()
    assert not line(5, 5, 5, 5).any()
    assert not line(5, 5, 5, 5, soft=True).any()


@given(label=st.text("il1mWMw", min_size=1, max_size=6), pitch=st.floats(8, 20), middle=st.floats(0, 90))
def test_a_row_stands_at_its_pitch_and_stays_in_the_picture(label, pitch, middle):
    letters = row(label, 18.0)
    widths = advances(letters)
    room, usual = 90, USUAL * 18
    pitch = min(pitch, (room - 1.5 * usual) / max(1, len(label) - 1))
    equal = middles(letters, "middles", pitch, middle, room)
    starts = middles(letters, "starts", pitch, middle, room) - widths / 2
    text = middles(letters, "text", pitch, middle, room)
    assert np.allclose(np.diff(equal), pitch)
    assert np.allclose(np.diff(starts), pitch)
    gaps = (text - widths / 2)[1:] - (text + widths / 2)[:-1]
    if len(label) > 1:
        assert np.ptp(gaps) < 1e-9
        assert gaps[0] <= pitch - usual + 1e-9
        fits = widths.sum() + (pitch - usual) * (len(label) - 1) <= room
        assert gaps[0] == pytest.approx(pitch - usual) or not fits
    for x in (equal, starts + widths / 2, text):
        left, right = x[0] - widths[0] / 2, x[-1] + widths[-1] / 2
        if right - left <= room:
            assert left >= -1e-9
            assert right <= room + 1e-9


def test_a_row_that_fits_has_its_middle_where_it_is_asked_for():
    letters = row("nnnn")
    for layout in ("middles", "starts", "text"):
        assert middles(letters, layout, 15, 41.0, 90).mean() == pytest.approx(41)


def test_letters_are_covered_one_by_one_where_they_stand():
    letters = row("lll")
    x, baselines = np.array([10.0, 30, 50]), np.array([20.0, 22, 20])
    shown = covers(letters, x, baselines, 60, 32)
    assert [cover.shape for cover in shown] == [(32, 60)] * 3
    assert np.array_equal(shown[0][:, :40], np.roll(shown[2], -40, axis=1)[:, :40])
    assert np.array_equal(shown[0], np.roll(shown[1], (-2, -20), axis=(0, 1)))
    # up from the baseline, and below it only the curve of its foot
    rows = shown[0].any(axis=1).nonzero()[0]
    assert (rows[0], rows[-1]) in [(5, 20), (6, 20), (5, 19), (6, 19)]


def test_a_slant_moves_the_top_to_the_right_and_the_foot_to_the_left():
    upright = row("l")
    leaning = Row("l", upright.face, upright.ems, upright.degrees, 0.3)
    at = np.array([20.0]), np.array([22.0])
    ((before,), (after,)) = (covers(letters, *at, 40, 32) for letters in (upright, leaning))

    def column(cover, rows):
        return cover[rows].sum(axis=0) @ np.arange(40) / cover[rows].sum()

    height = round(22 - MIDDLE * 20)
    assert column(after, slice(8, 10)) - column(before, slice(8, 10)) > 1.5
    assert column(after, slice(20, 22)) - column(before, slice(20, 22)) < -1
    assert column(after, slice(height - 1, height + 1)) == pytest.approx(
        column(before, slice(height - 1, height + 1)), abs=0.3
    )


def test_a_canvas_has_one_colour():
    canvas = blank(4, 2, np.array([1, 2, 3]))
    assert canvas.shape == (2, 4, 3)
    assert (canvas == (1, 2, 3)).all()


@given(left=st.integers(-5, 8), top=st.integers(-4, 7))
def test_a_tile_is_cropped_to_what_the_picture_shows_of_it(left, top):
    tile = Tile(np.arange(1, 13, dtype=np.uint8).reshape(3, 4), left, top)
    seen, x, y = within(tile, 6, 5)
    picture = np.zeros((5, 6), np.uint8)
    picture[y : y + len(seen), x : x + seen.shape[1]] = seen
    assert np.array_equal(picture, join([tile], 6, 5))
    assert np.count_nonzero(picture) == seen.size
