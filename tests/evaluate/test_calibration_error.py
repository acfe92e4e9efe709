"""Calibration error, reliability and abstention, on tables small enough to be reckoned by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from captchanet.evaluate.calibration_error import (
    abstention,
    answered,
    brier,
    ece,
    judged,
    largest_share,
    reliability,
)
from captchanet.evaluate.confidence_interval import wilson

READINGS = st.lists(
    st.tuples(st.floats(0, 1) | st.sampled_from([0.5, 0.9, 1.0]), st.booleans()), min_size=1, max_size=40
).map(lambda pairs: tuple(np.array(column) for column in zip(*pairs, strict=True)))


def test_a_perfectly_calibrated_reader_has_no_error():
    confidence = np.repeat([0.25, 0.75, 1.0], [4, 8, 5])
    right = np.repeat([True, False, True, False, True], [1, 3, 6, 2, 5])
    assert ece(confidence, right) == pytest.approx(0, abs=1e-15)


def test_errors_are_those_reckoned_by_hand():
    # two bins: (0.2 + 0.4) - 1 right = -0.4; (0.6 + 1.0) - 1 right = 0.6; over four readings
    confidence, right = [0.2, 0.4, 0.6, 1.0], [True, False, False, True]
    assert ece(confidence, right, bins=2) == pytest.approx((0.4 + 0.6) / 4)
    assert brier(confidence, right) == pytest.approx((0.64 + 0.16 + 0.36 + 0) / 4)
    assert judged(confidence, right)["confidence"] == pytest.approx(0.55)
    assert ece([1.0, 1.0], [False, False]) == 1


def test_a_bin_tells_its_edges_its_mean_and_its_interval():
    rows = reliability([0.2, 0.4, 1.0, 0.5], [True, False, True, True], bins=2)
    low, high = wilson(1, 2)
    assert rows[0] == (0, 0.5, 2, pytest.approx(0.3), 0.5, low, high)
    assert rows[1][:5] == (0.5, 1, 2, pytest.approx(0.75), 1)
    assert len(reliability([0.95], [True])) == 1


@given(READINGS)
def test_the_bins_hold_each_reading_once_and_add_up_to_the_error(readings):
    rows = reliability(*readings)
    n = np.array([row[2] for row in rows])
    assert n.sum() == len(readings[0])
    apart = np.abs([row[3] - row[4] for row in rows])
    assert (apart * n).sum() / n.sum() == pytest.approx(ece(*readings), abs=1e-12)


@given(READINGS)
def test_who_answers_everything_is_as_good_as_without_abstaining(readings):
    confidence, right = readings
    rows = abstention(confidence, right)
    assert rows[-1][1:4] == (len(right), 1, right.sum())
    assert rows[-1][4] == right.mean()
    assert [row[0] for row in rows] == sorted(set(confidence.tolist()), reverse=True)
    for level, n, share, *_ in rows:
        assert n == (confidence >= level).sum() == answered(confidence, right, level)["n"]
        assert share == n / len(right)


def test_equal_confidences_are_answered_together():
    rows = abstention([0.9, 0.5, 0.9, 0.9], [True, False, False, True])
    assert [row[:4] for row in rows] == [(0.9, 3, 0.75, 2), (0.5, 4, 1.0, 2)]


def test_a_threshold_answers_what_is_as_sure_or_surer():
    found = answered([0.95, 0.9, 0.3, 0.8], [True, False, True, True], 0.9)
    assert (found["share"], found["n"], found["correct"], found["accuracy"]) == (0.5, 2, 1, 0.5)
    none = answered([0.3], [True], 0.9)
    assert (none["n"], none["accuracy"], none["share"]) == (0, None, 0)


def test_the_largest_share_may_lie_beyond_a_wrong_answer():
    # 1 of 1, 1 of 2, 2 of 3, 3 of 4: three quarters right again when all are answered
    rows = abstention([0.9, 0.8, 0.7, 0.6], [True, False, True, True])
    assert largest_share(rows, 0.75) == 1
    assert largest_share(rows, 0.9) == 0.25
    assert largest_share(abstention([0.9], [False]), 0.5) == 0
