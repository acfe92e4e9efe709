"""Windows: copied, blended, and around the middle of the ink."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from captchanet.segment.windows import around_ink, take

fewer = settings(max_examples=15)


@fewer
@given(st.integers(-9, 80), st.integers(-9, 40), st.integers(1, 20), st.integers(1, 20))
def test_a_window_of_the_vectors_size_is_copied(left, top, width, height):
    maps = np.random.default_rng(0).random((2, 27, 72), np.float32)
    windows = np.tile([left, top, left + width, top + height], (2, 1, 1))
    padded = np.pad(maps, ((0, 0), (60, 60), (60, 60)))
    y, x = 60 + top, 60 + left
    expected = padded[:, y : y + height, x : x + width].reshape(2, 1, -1)
    np.testing.assert_array_equal(take(maps, windows, width, height), expected)


def test_a_window_of_another_size_is_blended():
    maps = np.arange(8, dtype=np.float32).reshape(1, 2, 4) / 10
    whole = np.array([[[0, 0, 4, 2]]])
    np.testing.assert_allclose(take(maps, whole, 2, 1).ravel(), [0.25, 0.45], rtol=1e-6)
    np.testing.assert_allclose(take(maps, whole, 4, 2).ravel(), maps.ravel())
    # twice as wide: a quarter and three quarters between neighbours, and paper beyond the edge
    expected = [0, 0.025, 0.075, 0.125, 0.175, 0.225, 0.275, 0.225]
    np.testing.assert_allclose(
        take(maps[:, :1], np.array([[[0, 0, 4, 1]]]), 8, 1).ravel(), expected, atol=1e-6
    )


def test_the_middle_of_the_ink_is_its_centre_of_mass():
    maps = np.zeros((1, 27, 72), np.float32)
    maps[0, 4:14, 10:20] = maps[0, 8, 25] = 1
    owner, cells = np.zeros((1, 27, 72), int), np.array([[[0, 72]]])
    (window,) = around_ink(maps, owner, cells, width=16, height=20)[0]
    assert window.tolist() == [7, -1, 23, 19]
    (empty,) = around_ink(0 * maps, owner, cells, width=16, height=20)[0]
    assert empty.tolist() == [28, 4, 44, 24]
