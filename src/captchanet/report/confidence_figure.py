"""The figure about confidence: is a run right as often as sure, and what if it answers only when sure?"""

from collections.abc import Sequence
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from captchanet.evaluate.calibration_error import ABSTENTION, RELIABILITY, SURE
from captchanet.files import read_csv
from captchanet.report.figure_helpers import reach
from captchanet.report.figures import BLUE, GREEN, GREY, STYLE

MOST_POINTS = 400
QUARTERS = (0, 0.25, 0.5, 0.75, 1)

Rows = Sequence[Sequence[float]]


def read_confidence(folder: Path) -> tuple[list[list[float]], list[list[float]]]:
    """What `confidence` draws, from reliability.csv and abstention.csv in the folder of an evaluation."""
    bins = read_csv(folder / "reliability.csv", RELIABILITY)
    levels = read_csv(folder / "abstention.csv", ABSTENTION)
    return [[float(text) for text in row[1:]] for row in bins if row[0] == "captchas"], [
        [float(text) for text in row] for row in levels
    ]


def confidence(bins: Rows, levels: Rows) -> Figure:
    """A reliability plot beside an answer-or-abstain curve, both of whole unseen captchas.

    `bins` are rows as `calibration.reliability` gives them, `levels` as `calibration.abstention` does.
    """
    with matplotlib.rc_context(STYLE):
        # fixed frames, as in figures
        figure = Figure(figsize=(9, 3.5))
        axes = figure.add_axes((0.08, 0.15, 0.36, 0.74))
        rows = np.array(bins, float).reshape(-1, 7)
        n, mean, accuracy = rows[:, 2], rows[:, 3], rows[:, 4]
        axes.plot([0, 1], [0, 1], color=GREY, linewidth=1, linestyle="--")
        axes.vlines(mean, rows[:, 5], rows[:, 6], color=GREY, linewidth=1.2)
        axes.scatter(mean, accuracy, s=10 + 150 * np.sqrt(n / n.max(initial=1)), color=BLUE, alpha=0.7)
        # few ticks, since they take most of the time
        axes.set(
            xlim=(-0.04, 1.04),
            ylim=(-0.04, 1.04),
            xticks=QUARTERS,
            yticks=QUARTERS,
            xlabel="confidence",
            ylabel="read right",
        )
        axes.set_title("right as often as sure? (dots: captchas; 95 % intervals)", y=1)
        beside = figure.add_axes((0.54, 0.15, 0.44, 0.74))
        curve = np.array(levels, float).reshape(-1, len(ABSTENTION))
        sure, share, right = curve[:, 0], curve[:, 2], curve[:, 4]
        # thousands of captchas are more than can be told apart
        few = np.unique(np.linspace(0, max(0, len(curve) - 1), MOST_POINTS).astype(int))[: len(curve)]
        beside.fill_between(share[few], *curve[few, 5:7].T, color=GREEN, alpha=0.15, linewidth=0)
        beside.plot(share[few], right[few], color=GREEN, linewidth=1.5)
        marked = [level for level in SURE if (sure >= level).any()]
        at = [int((sure >= level).sum()) - 1 for level in marked]
        beside.plot(share[at], right[at], "o", color=GREEN, markersize=5)
        beside.set(xlim=(-0.02, 1.04), xticks=QUARTERS, ylim=reach([*right, *curve[at, 5]]))
        # the strictest first; one that stands close to another would be written over it
        low, high = beside.get_ylim()
        written: list[tuple[float, float]] = []
        for level, row in sorted(zip(marked, at, strict=True), reverse=True):
            x, y = share[row], right[row]
            if all(abs(x - other) > 0.2 or abs(y - height) > 0.1 * (high - low) for other, height in written):
                # away from the edge: to the right of what is answered seldom
                side, place = ("right", x - 0.01) if x > 0.3 else ("left", x + 0.02)
                beside.text(place, y - 0.01 * (high - low), f"{100 * level:g}% sure", ha=side, va="top")
                written.append((x, y))
        beside.yaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10]))
        beside.set(xlabel="captchas answered", ylabel="of these right")
        beside.set_title("right, if it answers only when so sure (95 % interval)", y=1)
        for one in (axes, beside):
            one.xaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
            one.yaxis.set_major_formatter(lambda value, _: f"{100 * value:.4g}%")
            one.grid(alpha=0.3)
    return figure
