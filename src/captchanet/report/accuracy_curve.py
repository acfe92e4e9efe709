"""The main figure of a sweep: accuracy over the one number that was varied."""

import math
from collections.abc import Sequence

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FormatStrFormatter, NullLocator

from captchanet.evaluate.comparison import SettingSummary
from captchanet.report.figure_helpers import fitted, reach, spreads
from captchanet.report.figures import BLUE, GREEN, STYLE, VERMILION

MOST_LINES = 6
# three more of Okabe and Ito's palette, and markers for readers who cannot see the colours
LOOKS = (
    (BLUE, "o", "-"),
    (VERMILION, "s", "--"),
    (GREEN, "^", "-."),
    ("#cc79a7", "D", ":"),
    ("#e69f00", "v", "-"),
    ("#56b4e9", "P", "--"),
)
WIDE = 30
"""Values further apart than this factor are shown on a logarithmic axis."""

Points = Sequence[tuple[float, SettingSummary]]
"""Settings, each with its value of the varied number."""

Line = tuple[str, Points]
"""The label of a line, which names what is the same along it, and the settings on it."""


def accuracy_curve(key: str, lines: Sequence[Line]) -> Figure:
    """Accuracy on unseen captchas over the number `key`: a line through the means, its spread, a dot per run.

    Only the first MOST_LINES lines are plotted. A setting without a finished run is on no line.
    """
    plotted = lines[:MOST_LINES]
    labels = [fitted(label) for label, _ in plotted] if len(lines) > 1 else []
    columns = 2 if any("\n" in label for label in labels) else 3
    height = 3.6 + (4 - columns) * 0.15 * math.ceil(len(labels) / columns)
    repeated = any(one.deviation is not None for _, points in plotted for _, one in points)
    title = "accuracy on unseen captchas"
    title += (
        ": a dot for each run,\na line through the means, ± one standard deviation shaded" if repeated else ""
    )
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(5.5, height), layout="constrained")
        axes = figure.add_subplot()
        shares: list[float] = []
        for number, (_, points) in enumerate(plotted):
            shares += _line(axes, points, LOOKS[number], labels[number] if labels else None)
        axes.set_ylim(*reach(shares))
        axes.yaxis.set_major_formatter(lambda share, _: f"{100 * share:.4g}%")
        _scale(axes, sorted({float(value) for _, points in plotted for value, _ in points}))
        axes.set_xlabel(key, parse_math=False)
        axes.grid(alpha=0.3)
        if labels:
            legend = figure.legend(loc="outside lower left", ncols=columns, frameon=False, handlelength=3)
            for text in legend.get_texts():
                text.set_parse_math(False)
        figure.suptitle(title, x=0.01, ha="left", fontsize=9)
    return figure


def _line(axes: Axes, points: Points, look: tuple[str, str, str], label: str | None) -> list[float]:
    """Plot one line with its spread and dots; return the accuracies that must lie within the axis."""
    colour, marker, stroke = look
    shown = sorted((point for point in points if point[1].mean is not None), key=lambda point: point[0])
    values = [value for value, _ in shown]
    means, spread = spreads([one for _, one in shown])
    low, high = means - spread[0], means + spread[1]
    size = 5.5 if len(shown) <= 20 else 3.5
    axes.fill_between(values, low, high, color=colour, alpha=0.15, linewidth=0)
    axes.plot(values, means, stroke + marker, color=colour, label=label, markersize=size, linewidth=1.3)
    dots = [(value, run.accuracy) for value, one in shown for run in one.runs if not run.failed]
    axes.plot(*np.array(dots).reshape(-1, 2).T, ".", color=colour, alpha=0.6, markeredgewidth=0)
    return [*low, *high, *(share for _, share in dots)]


def _scale(axes: Axes, values: Sequence[float]) -> None:
    """Make the axis logarithmic where the values are far apart, and label all values if they are few."""
    positive = [value for value in values if value > 0]
    positions = values
    if positive and values[0] >= 0 and values[-1] > WIDE * positive[0]:
        if values[0] > 0:
            axes.set_xscale("log")
            positions = np.log(values).tolist()
        else:
            # 0 is a step to the left of the smallest value
            axes.set_xscale("symlog", linthresh=positive[0], linscale=0.5)
            positions = [-0.5, *np.log10(np.array(positive) / positive[0])]
            axes.set_xlim(-0.25 * positive[0], 1.3 * positive[-1])
    axes.xaxis.set_major_formatter(FormatStrFormatter("%g"))
    apart = np.diff(positions) if len(positions) > 1 else np.ones(1)
    if len(values) <= 8 and apart.min() > 0.08 * apart.sum():
        axes.set_xticks(values)
        axes.xaxis.set_minor_locator(NullLocator())
