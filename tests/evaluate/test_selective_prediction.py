"""Coverage and accuracy at each threshold, on tables small enough to check without a computer."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from captchanet.evaluate.selective_prediction import (
    COVERAGE,
    accuracy_over_coverage,
    at_threshold,
    coverage_at_accuracy,
)

READINGS = st.lists(
    st.tuples(st.floats(0, 1) | st.sampled_from([0.5, 0.9, 1.0]), st.booleans()), min_size=1, max_size=40
).map(lambda pairs: tuple(np.array(column) for column in zip(*pairs, strict=True)))


@settings(max_examples=40)
@given(READINGS)
def test_at_full_coverage_the_accuracy_is_that_without_a_threshold(readings):
    confidence, right = readings
    rows = accuracy_over_coverage(confidence, right)
    assert rows[-1][1:4] == (len(right), 1, right.sum())
    assert rows[-1][4] == right.mean()
    assert [row[0] for row in rows] == sorted(set(confidence.tolist()), reverse=True)
    for threshold, n, coverage, *_ in rows:
        assert n == (confidence >= threshold).sum() == at_threshold(confidence, right, threshold)["n"]
        assert coverage == n / len(right)


def test_equal_confidences_are_covered_together():
    rows = accuracy_over_coverage([0.9, 0.5, 0.9, 0.9], [True, False, False, True])
    assert [row[:4] for row in rows] == [(0.9, 3, 0.75, 2), (0.5, 4, 1.0, 2)]


def test_a_threshold_covers_what_has_its_confidence_or_more():
    found = at_threshold([0.95, 0.9, 0.3, 0.8], [True, False, True, True], 0.9)
    assert (found["coverage"], found["n"], found["correct"], found["accuracy"]) == (0.5, 2, 1, 0.5)
    none = at_threshold([0.3], [True], 0.9)
    assert (none["n"], none["accuracy"], none["coverage"]) == (0, None, 0)


def test_the_largest_coverage_may_lie_beyond_a_misread():
    # 1 of 1, 1 of 2, 2 of 3, 3 of 4: three quarters right again at full coverage
    rows = accuracy_over_coverage([0.9, 0.8, 0.7, 0.6], [True, False, True, True])
    assert coverage_at_accuracy(rows, 0.75) == 1
    assert coverage_at_accuracy(rows, 0.9) == 0.25
    assert coverage_at_accuracy(accuracy_over_coverage([0.9], [False]), 0.5) == 0


def test_rows_have_the_columns_that_are_named():
    (row,) = accuracy_over_coverage([0.9], [True])
    found = at_threshold([0.9], [True], 0.9)
    assert row == tuple(found[column] for column in COVERAGE)
