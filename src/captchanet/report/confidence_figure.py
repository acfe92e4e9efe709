"""The figure about confidence: a reliability diagram, and accuracy over coverage."""

from collections.abc import Sequence

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from captchanet.evaluate.calibration_error import RELIABILITY
from captchanet.evaluate.selective_prediction import COVERAGE, THRESHOLDS
from captchanet.files import intact, read_csv
from captchanet.layout import EvaluateFiles
from captchanet.report.figure_helpers import reach
from captchanet.report.figures import BLUE, GREEN, GREY, STYLE

MOST_POINTS = 400
QUARTERS = (0, 0.25, 0.5, 0.75, 1)

Rows = Sequence[Sequence[float]]


def read_confidence(files: EvaluateFiles) -> tuple[list[list[float]], list[list[float]]]:
    """The data of the figure, from the files of an evaluation: the bins of captchas, and the coverage."""
    bins = read_csv(files.reliability, RELIABILITY)
    coverage = read_csv(files.coverage, COVERAGE)
    with intact(files.reliability):
        of_captchas = [[float(text) for text in row[1:]] for row in bins if row[0] == "captchas"]
    with intact(files.coverage):
        return of_captchas, [[float(text) for text in row] for row in coverage]


def confidence(bins: Rows, coverage: Rows) -> Figure:
    """A reliability diagram and, to its right, accuracy over coverage, both of whole unseen captchas.

    `bins` are the rows of `reliability_bins`, `coverage` those of `accuracy_over_coverage`. The points at
    the thresholds in `THRESHOLDS` are marked.
    """
    with matplotlib.rc_context(STYLE):
        # fixed frames, as in figures
        figure = Figure(figsize=(9, 3.5))
        diagram = figure.add_axes((0.08, 0.15, 0.36, 0.74))
        selective = figure.add_axes((0.54, 0.15, 0.44, 0.74))
        _reliability(diagram, bins)
        _coverage(selective, coverage)
        for axes in (diagram, selective):
            axes.xaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
            axes.yaxis.set_major_formatter(lambda value, _: f"{100 * value:.4g}%")
            axes.grid(alpha=0.3)
    return figure


def _reliability(axes: Axes, bins: Rows) -> None:
    """The reliability diagram: a dot for each bin. A larger dot means more captchas."""
    rows = np.array(bins, float).reshape(-1, 7)
    n, mean, accuracy = rows[:, 2], rows[:, 3], rows[:, 4]
    axes.plot([0, 1], [0, 1], color=GREY, linewidth=1, linestyle="--")
    axes.vlines(mean, rows[:, 5], rows[:, 6], color=GREY, linewidth=1.2)
    axes.scatter(mean, accuracy, s=10 + 150 * np.sqrt(n / n.max(initial=1)), color=BLUE, alpha=0.7)
    # few ticks, since they take most of the time
    axes.set(xlim=(-0.04, 1.04), ylim=(-0.04, 1.04), xticks=QUARTERS, yticks=QUARTERS)
    axes.set(xlabel="confidence", ylabel="accuracy (95 % intervals)")
    axes.set_title("reliability diagram: accuracy over confidence", y=1)


def _coverage(axes: Axes, coverage: Rows) -> None:
    """Accuracy over coverage, with a dot and a text at each threshold."""
    curve = np.array(coverage, float).reshape(-1, len(COVERAGE))
    threshold, covered, right = (curve[:, COVERAGE.index(of)] for of in ("threshold", "coverage", "accuracy"))
    low_and_high = curve[:, [COVERAGE.index("low"), COVERAGE.index("high")]]
    # thousands of points cannot be seen apart
    few = np.unique(np.linspace(0, max(0, len(curve) - 1), MOST_POINTS).astype(int))[: len(curve)]
    axes.fill_between(covered[few], *low_and_high[few].T, color=GREEN, alpha=0.15, linewidth=0)
    axes.plot(covered[few], right[few], color=GREEN, linewidth=1.5)
    marked = [level for level in THRESHOLDS if (threshold >= level).any()]
    at = [int((threshold >= level).sum()) - 1 for level in marked]
    axes.plot(covered[at], right[at], "o", color=GREEN, markersize=5)
    axes.set(xlim=(-0.02, 1.04), xticks=QUARTERS, ylim=reach([*right, *low_and_high[at, 0]]))
    _thresholds(axes, [(level, covered[row], right[row]) for level, row in zip(marked, at, strict=True)])
    axes.yaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10]))
    axes.set(xlabel="coverage", ylabel="accuracy (95 % intervals)")
    axes.set_title("accuracy over coverage, at thresholds of confidence", y=1)


def _thresholds(axes: Axes, marked: Sequence[tuple[float, float, float]]) -> None:
    """Texts at thresholds (threshold, coverage, accuracy), the highest first; texts do not overlap."""
    low, high = axes.get_ylim()
    written: list[tuple[float, float]] = []
    for level, x, y in sorted(marked, reverse=True):
        if all(abs(x - other) > 0.2 or abs(y - height) > 0.1 * (high - low) for other, height in written):
            # away from the edge: to the right of the dot where coverage is low
            side, text_x = ("right", x - 0.01) if x > 0.3 else ("left", x + 0.02)
            axes.text(text_x, y - 0.01 * (high - low), f"≥ {100 * level:g}%", ha=side, va="top")
            written.append((x, y))
