"""Calibration error, Brier score and reliability bins, on tables small enough to check without a computer."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.calibration import calibration_curve
from sklearn.metrics import brier_score_loss

from captchanet.evaluate.calibration_error import (
    brier_score,
    calibration_metrics,
    expected_calibration_error,
    reliability_bins,
)
from captchanet.evaluate.confidence_interval import wilson_interval

READINGS = st.lists(
    st.tuples(st.floats(0, 1) | st.sampled_from([0.5, 0.9, 1.0]), st.booleans()), min_size=1, max_size=40
).map(lambda pairs: tuple(np.array(column) for column in zip(*pairs, strict=True)))


def test_a_perfectly_calibrated_reader_has_no_error():
    confidence = np.repeat([0.25, 0.75, 1.0], [4, 8, 5])
    right = np.repeat([True, False, True, False, True], [1, 3, 6, 2, 5])
    assert expected_calibration_error(confidence, right) == pytest.approx(0, abs=1e-15)


def test_errors_are_those_reckoned_by_hand():
    # two bins: (0.2 + 0.4) - 1 right = -0.4; (0.6 + 1.0) - 1 right = 0.6; over four readings
    confidence, right = [0.2, 0.4, 0.6, 1.0], [True, False, False, True]
    assert expected_calibration_error(confidence, right, bins=2) == pytest.approx((0.4 + 0.6) / 4)
    assert brier_score(confidence, right) == pytest.approx((0.64 + 0.16 + 0.36 + 0) / 4)
    assert calibration_metrics(confidence, right)["confidence"] == pytest.approx(0.55)
    assert expected_calibration_error([1.0, 1.0], [False, False]) == 1


def test_a_bin_tells_its_edges_its_mean_and_its_interval():
    rows = reliability_bins([0.2, 0.4, 1.0, 0.5], [True, False, True, True], bins=2)
    low, high = wilson_interval(1, 2)
    assert rows[0] == (0, 0.5, 2, pytest.approx(0.3), 0.5, low, high)
    assert rows[1][:5] == (0.5, 1, 2, pytest.approx(0.75), 1)
    assert len(reliability_bins([0.95], [True])) == 1


@settings(max_examples=40)
@given(READINGS)
def test_the_bins_hold_each_reading_once_and_add_up_to_the_error(readings):
    rows = reliability_bins(*readings)
    n = np.array([row[2] for row in rows])
    assert n.sum() == len(readings[0])
    apart = np.abs([row[3] - row[4] for row in rows])
    assert (apart * n).sum() / n.sum() == pytest.approx(expected_calibration_error(*readings), abs=1e-12)


def test_scores_and_bins_are_those_of_scikit_learn():
    rng = np.random.default_rng(1)
    confidence = rng.random(500)
    right = rng.random(500) < confidence**2
    assert brier_score(confidence, right) == pytest.approx(brier_score_loss(right, confidence), abs=1e-12)
    accuracy, mean = calibration_curve(right, confidence, n_bins=15)
    rows = reliability_bins(confidence, right)
    np.testing.assert_allclose([row[3] for row in rows], mean, atol=1e-12)
    np.testing.assert_allclose([row[4] for row in rows], accuracy, atol=1e-12)
    # fifteen bins of equal width are the usual ones
    n = np.bincount((confidence * 15).astype(int), minlength=15)
    error = (np.abs(accuracy - mean) * n).sum() / 500
    assert expected_calibration_error(confidence, right) == pytest.approx(error, abs=1e-12)
    assert calibration_metrics(confidence, right)["ece"] == pytest.approx(error, abs=1e-12)
