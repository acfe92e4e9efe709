"""Figures show the numbers they are given, and the same numbers are the same bytes."""

import re

import numpy as np
import pytest

from captchanet.experiment import figures

HISTORY = [(1, 5.0, 0.5, 0.2), (2, 4.0, 0.25, 0.6), (3, 3.5, 0.1, 0.9)]


def test_learning_curves_hold_the_history_and_name_the_step_for_what_it_is():
    for optimiser, name in (("cg", "iteration"), ("sgd", "epoch"), ("own", "step")):
        axes = figures.learning_curves(HISTORY, optimiser).axes
        assert [one.get_xlabel() for one in axes] == [name] * 3
    for column, one in enumerate(axes, 1):
        np.testing.assert_array_equal(one.lines[0].get_ydata(), [row[column] for row in HISTORY])


def test_a_run_without_history_still_has_a_figure():
    assert "<svg" in figures.svg(figures.learning_curves([], "cg"))


def test_a_run_that_diverged_is_drawn_as_far_as_its_numbers_go():
    wild = [*HISTORY, (4, 1e300, 1e200, 0.1), (5, float("inf"), float("nan"), 0.1)]
    figure = figures.learning_curves(wild, "sgd")
    assert "<svg" in figures.svg(figure)
    assert np.isfinite(figure.axes[0].lines[0].get_ydata()).tolist() == [True] * 3 + [False] * 2


def test_a_single_number_is_a_point_that_can_be_seen():
    one, several = (figures.learning_curves(HISTORY[:n], "cg").axes[0].lines[0] for n in (1, 3))
    assert one.get_marker() == "o"
    assert not several.get_marker()


def test_equal_figures_in_different_places_share_no_id():
    texts = [figures.svg(figures.learning_curves([], "cg"), name) for name in ("a", "b")]
    ids = [set(re.findall(r'\bid="([^"]*)"', text)) for text in texts]
    assert ids[0]
    assert not ids[0] & ids[1]


def test_a_confusion_matrix_counts_the_errors_and_not_what_was_right():
    confusion = np.array([[50, 2, 0], [0, 40, 0], [1, 0, 30]])
    (axes,) = figures.confusion_matrix(confusion, "abc").axes
    assert {(text.get_position(), text.get_text()) for text in axes.texts} == {((1, 0), "2"), ((0, 2), "1")}
    assert [label.get_text() for label in axes.get_xticklabels()] == ["a", "b", "c"]


def test_classes_come_worst_first_and_unseen_ones_not_at_all():
    rows = [("a", 10, 0.9, 0.6, 1.0), ("b", 10, 0.2, 0.1, 0.4), ("c", 0, float("nan"), 0.0, 1.0)]
    (axes,) = figures.class_accuracy(rows).axes
    assert [label.get_text() for label in axes.get_xticklabels()] == ["b", "a"]


def test_runs_are_drawn_at_their_accuracy():
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
    confusion, alphabet = figures.read_confusion(made_results.folder / "evaluate/good/confusion.csv")
    assert "".join(alphabet) == "0123456789abcdefghijklmnopqrstuvwxyz"
    assert confusion.shape == (36, 36)
    assert confusion.sum() == 24
