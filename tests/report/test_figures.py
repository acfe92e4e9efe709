"""Figures show the numbers that they get, and the same numbers give the same bytes."""

import functools
import re

import numpy as np
import pytest

from captchanet.evaluate.calibration_error import reliability_bins
from captchanet.evaluate.comparison import summarise
from captchanet.evaluate.selective_prediction import accuracy_over_coverage
from captchanet.evaluate.sweep import SweepRun
from captchanet.files import write_csv
from captchanet.report import figures
from captchanet.report.accuracy_curve import accuracy_curve
from captchanet.report.confidence_figure import confidence, read_confidence
from captchanet.report.figure_helpers import LINE, fitted, reach

HISTORY = [(1, 5.0, 0.5, 0.2), (2, 4.0, 0.25, 0.6), (3, 3.5, 0.1, 0.9)]


def test_learning_curves_hold_the_history_and_name_the_step_for_what_it_is():
    for optimiser, name in (("cg", "iteration"), ("sgd", "epoch"), ("own", "step")):
        axes = figures.learning_curves(HISTORY, optimiser).axes
        assert [one.get_xlabel() for one in axes] == [name] * 3
    for column, one in enumerate(axes, 1):
        np.testing.assert_array_equal(one.lines[0].get_ydata(), [row[column] for row in HISTORY])


@pytest.fixture(scope="module")
def without_history():
    """The same figure, of a run without history, as SVG in two places."""
    return [figures.svg(figures.learning_curves([], "cg"), name) for name in ("a", "b")]


def test_a_run_without_history_still_has_a_figure(without_history):
    assert "<svg" in without_history[0]


def test_a_run_that_diverged_is_plotted_as_far_as_its_numbers_go():
    wild = [*HISTORY, (4, 1e300, 1e200, 0.1), (5, float("inf"), float("nan"), 0.1)]
    figure = figures.learning_curves(wild, "sgd")
    assert "<svg" in figures.svg(figure)
    assert np.isfinite(figure.axes[0].lines[0].get_ydata()).tolist() == [True] * 3 + [False] * 2


def test_a_single_number_is_a_point_that_can_be_seen():
    one, several = (figures.learning_curves(HISTORY[:n], "cg").axes[0].lines[0] for n in (1, 3))
    assert one.get_marker() == "o"
    assert not several.get_marker()


def test_equal_figures_in_different_places_share_no_id(without_history):
    ids = [set(re.findall(r'\bid="([^"]*)"', text)) for text in without_history]
    assert ids[0]
    assert not ids[0] & ids[1]


def test_a_confusion_matrix_counts_the_errors_and_not_what_was_right():
    confusion = np.array([[50, 2, 0], [0, 40, 0], [1, 0, 30]])
    figure = figures.confusion_matrix(confusion, "abc")
    (axes,) = figure.axes
    assert {(text.get_position(), text.get_text()) for text in axes.texts} == {((1, 0), "2"), ((0, 2), "1")}
    for line, letters in (("column", "abc"), ("row", "abc")):
        labels = [text for text in figure.texts if text.get_gid().startswith(line)]
        assert [text.get_text() for text in labels] == list(letters)


def test_classes_come_worst_first_and_unseen_ones_not_at_all():
    rows = [("a", 10, 0.9, 0.6, 1.0), ("b", 10, 0.2, 0.1, 0.4), ("c", 0, float("nan"), 0.0, 1.0)]
    (axes,) = figures.class_accuracy(rows).axes
    assert [label.get_text() for label in axes.get_xticklabels()] == ["b", "a"]


def test_runs_are_plotted_at_their_accuracy():
    (axes,) = figures.captcha_accuracies([("cg", 0.6, 0.5, 0.7), ("sgd", 0.4, 0.3, 0.5)]).axes
    np.testing.assert_array_equal(axes.lines[0].get_xdata(), [0.6, 0.4])


@pytest.mark.parametrize("kind", ["svg", "png"])
def test_the_same_figure_is_the_same_bytes(kind, tmp_path):
    def made():
        figure = figures.learning_curves(HISTORY, "cg")
        if kind == "svg":
            return figures.svg(figure).encode()
        figures.save_png(figure, tmp_path / "a.png")
        return (tmp_path / "a.png").read_bytes()

    assert made() == made()


def test_a_confusion_matrix_comes_back_from_its_file(made_results):
    confusion, alphabet = figures.read_confusion(made_results.layout.evaluate("good").confusion)
    assert "".join(alphabet) == "0123456789abcdefghijklmnopqrstuvwxyz"
    assert confusion.shape == (36, 36)
    assert confusion.sum() == 24


def test_a_confusion_matrix_of_characters_that_begin_formulas_comes_back(tmp_path):
    write_csv(tmp_path / "a.csv", ["true", *"=-'"], [["=", 1, 2, 3], ["-", 4, 5, 6], ["'", 7, 8, 9]])
    confusion, alphabet = figures.read_confusion(tmp_path / "a.csv")
    assert "".join(alphabet) == "=-'"
    np.testing.assert_array_equal(confusion, np.arange(1, 10).reshape(3, 3))


def runs_of(setting, *shares, failed=0):
    """The runs of a setting that read these shares of 100 captchas."""
    runs = [
        SweepRun(f"{setting},seed={seed}", setting, (seed, None), n=100, misread=frozenset(
            ("unseen", f"{number}.png") for number in range(round(100 - 100 * share))
        ))
        for seed, share in enumerate(shares)
    ]  # fmt: skip
    return runs + [
        SweepRun(f"{setting},lost={seed}", setting, (99 + seed, None), failed=True) for seed in range(failed)
    ]


@functools.cache
def summary(setting, *shares, failed=0):
    (found,) = summarise(runs_of(setting, *shares, failed=failed))
    return found


def test_settings_are_rows_with_a_dot_for_each_run_and_the_mean_with_its_spread():
    found = [summary("a", 0.8, 0.9, 1.0), summary("b", 0.5, failed=1), summary("c", failed=2)]
    (axes,) = figures.settings(found).axes
    assert [label.get_text() for label in axes.get_yticklabels()] == ["a", "b"]
    means, dots = axes.lines
    np.testing.assert_allclose(means.get_xydata(), [(0.9, 2), (0.5, 1)])
    np.testing.assert_allclose(dots.get_xydata(), [(0.8, 2), (0.9, 2), (1.0, 2), (0.5, 1)])
    spread, none = axes.collections[0].get_segments()
    np.testing.assert_allclose(spread, [(0.8, 2), (1.0, 2)])
    np.testing.assert_allclose(none, [(0.5, 1), (0.5, 1)])


def test_of_many_settings_the_best_are_plotted():
    figure = figures.settings(summarise([runs_of(f"{n}", 0.9 - n / 100)[0] for n in range(50)]))
    assert len(figure.axes[0].get_yticklabels()) == figures.MOST_SETTINGS
    assert "the 40 best of 50 settings" in figure.get_suptitle()


def test_long_labels_fit_in_two_lines_and_are_told_apart():
    assert fitted("weight=0.1") == "weight=0.1"
    assert (
        fitted("penalty.weight=0.001,optimiser=sgd-epochs=50")
        == "penalty.weight=0.001,\noptimiser=sgd-epochs=50"
    )
    assert (
        fitted("cost=quadratic,penalty=l2-weight=0.1,learning_rate=1")
        == "cost=quadratic,penalty=l2-\nweight=0.1,learning_rate=1"
    )
    long = [f"{'abcde,' * 8}weight={number},{'abcde,' * 8}" for number in range(2)]
    assert max(map(len, fitted(long[0]).split("\n"))) <= LINE
    assert len(fitted("x" * 2 * LINE).replace("\n", "")) == 2 * LINE
    (axes,) = figures.settings([summary(label, 0.5) for label in long]).axes
    labels = [label.get_text() for label in axes.get_yticklabels()]
    assert [label[:8] for label in labels] == ["1. abcde", "2. abcde"]


def test_a_label_is_no_formula():
    one = summary("x=$a_$", 0.5)
    assert "<svg" in figures.svg(figures.settings([one]))
    assert "<svg" in figures.svg(
        accuracy_curve("x.$a_$", [("$_$", [(1, one), (2, one)]), ("$b_$", [(1, one), (2, one)])])
    )


def test_a_stretch_of_shares_holds_them_and_is_never_a_point():
    for shares in ([0.5], [0.0], [1.0], [0.2, 0.9], [0.0, 1.0], [0.951, 0.953], []):
        low, high = reach(shares)
        assert all(low < share < high for share in shares)
        assert 0.05 < high - low < 1.1
        assert -0.05 < low < high < 1.05
    assert reach([]) == (-0.04, 1.04)


WEIGHTS = (0.01, 0.1, 1.0, 10.0)


def test_accuracy_over_a_number_is_a_line_through_the_means_for_each_of_the_others():
    lines = [
        ("hidden=8", [(weight, summary("s", 0.4, 0.6)) for weight in reversed(WEIGHTS)]),
        (
            "hidden=30",
            [(1.0, summary("t", 0.7)), (2.0, summary("u", failed=1)), (10.0, summary("v", 0.9))],
        ),
    ]
    figure = accuracy_curve("train.penalty.weight", lines)
    (axes,) = figure.axes
    first, dots, second, _ = axes.lines
    np.testing.assert_allclose(first.get_xydata(), [(weight, 0.5) for weight in WEIGHTS])
    np.testing.assert_allclose(dots.get_ydata(), [0.4, 0.6] * 4)
    np.testing.assert_allclose(second.get_xydata(), [(1, 0.7), (10, 0.9)])
    band = axes.collections[0].get_paths()[0].vertices[:, 1]
    np.testing.assert_allclose((band.min(), band.max()), 0.5 + np.array([-1, 1]) * 0.2 / 2**0.5)
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["hidden=8", "hidden=30"]
    assert axes.get_xlabel() == "train.penalty.weight"
    assert first.get_linestyle() != second.get_linestyle()
    assert first.get_marker() != second.get_marker()


@pytest.mark.parametrize(
    ("values", "scale", "ticks"),
    [
        (WEIGHTS, "log", ["0.01", "0.1", "1", "10"]),
        ((0, *WEIGHTS), "symlog", ["0", "0.01", "0.1", "1", "10"]),
        ((10, 20, 40), "linear", ["10", "20", "40"]),
        ((-1, 0, 100), "linear", None),
        ((100, 101, 200), "linear", None),
        (tuple(range(10, 300, 20)), "linear", None),
    ],
)
def test_the_axis_is_logarithmic_where_values_span_much_and_names_them_where_they_are_few(
    values, scale, ticks
):
    figure = accuracy_curve("key", [("", [(value, summary("s", 0.5)) for value in values])])
    (axes,) = figure.axes
    assert axes.get_xscale() == scale
    assert not figure.legends
    assert "<svg" in figures.svg(figure)
    named = [label.get_text() for label in axes.get_xticklabels()]
    assert named == ticks if ticks else named != [f"{value:g}" for value in values]
    low, high = axes.get_xlim()
    assert low < min(values)
    assert high > max(values)


def test_no_more_lines_are_plotted_than_can_be_told_apart():
    lines = [(f"hidden={number}", [(1, summary("s", 0.5)), (2, summary("t", 0.6))]) for number in range(9)]
    assert len(accuracy_curve("key", lines).legends[0].get_texts()) == 6


def test_accuracy_is_plotted_over_confidence_and_over_coverage_with_its_thresholds():
    confidences, right = [0.97, 0.96, 0.85, 0.3], [True, True, False, True]
    bins, coverage = reliability_bins(confidences, right), accuracy_over_coverage(confidences, right)
    diagram, selective = confidence(bins, coverage).axes
    dots = diagram.collections[-1].get_offsets()
    np.testing.assert_allclose(dots, [[0.3, 1], [0.85, 0], [0.965, 1]], atol=1e-12)
    curve, marked = selective.lines
    np.testing.assert_allclose(curve.get_xydata(), [[0.25, 1], [0.5, 1], [0.75, 2 / 3], [1, 0.75]])
    np.testing.assert_allclose(marked.get_xydata(), [[0.75, 2 / 3], [0.75, 2 / 3], [0.5, 1], [0.5, 1]])
    assert [text.get_text() for text in selective.texts] == ["≥ 95%", "≥ 80%"]
    assert "<svg" in figures.svg(confidence([], []))


def test_a_runs_confidence_comes_back_from_its_files(made_results):
    bins, coverage = read_confidence(made_results.layout.evaluate("good"))
    assert sum(row[2] for row in bins) == coverage[-1][1] == 6
