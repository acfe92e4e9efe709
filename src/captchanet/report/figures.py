"""Figures of a run, for the report and for MLflow, in colours that colour-blind people can distinguish.

They are made without pyplot, which shares state and may look for a display.
"""

import hashlib
import io
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.ticker import FormatStrFormatter, LogLocator, MaxNLocator, NullFormatter
from numpy.typing import NDArray

from captchanet.evaluate.comparison import SettingSummary
from captchanet.files import intact, read_csv
from captchanet.report.figure_helpers import fitted, reach, spreads
from captchanet.train.methods import FULL_BATCH, MINI_BATCH
from captchanet.train.train import HISTORY

# Okabe and Ito's palette, https://jfly.uni-koeln.de/color/
BLUE, VERMILION, GREEN = "#0072b2", "#d55e00", "#009e73"
GREY = "#888888"
STEPS = dict.fromkeys(FULL_BATCH, "iteration") | dict.fromkeys(MINI_BATCH, "epoch")
"""What a step of a run's history is, by its optimiser."""
MOST_SETTINGS = 40
STYLE: Any = {
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 10,
    "axes.titlelocation": "left",
    "svg.hashsalt": "captchanet",  # the same figure gives the same bytes
}


def learning_curves(history: Sequence[Sequence[float]], optimiser: str) -> Figure:
    """Cost, gradient norm and training accuracy over the steps of one run.

    `history` has rows (step, cost, gradient norm, training accuracy). `optimiser` is its name in the
    configuration; it decides whether a step is called iteration or epoch.
    """
    with matplotlib.rc_context(STYLE):
        # fixed frames and titles, as below: matplotlib's own layout takes longer than the plot
        figure = Figure(figsize=(9, 2.6))
        rows = np.array(history, float).reshape(-1, 4)
        # a run that diverged ends in numbers too large for an axis
        rows[:, 1:][~(np.abs(rows[:, 1:]) < 1e30)] = np.nan
        panels = ("cost", BLUE, True), ("gradient norm", VERMILION, True), ("training accuracy", GREEN, False)
        for number, (title, colour, logarithmic) in enumerate(panels, 1):
            axes = figure.add_axes((0.06 + 0.325 * (number - 1), 0.17, 0.27, 0.72))
            shown = rows[np.isfinite(rows[:, number]), number]
            # a line through one point cannot be seen
            alone = "o" if len(shown) == 1 else ""
            axes.plot(rows[:, 0], rows[:, number], color=colour, linewidth=1.5, marker=alone)
            axes.set_title(title, y=1)
            axes.set_xlabel(STEPS.get(optimiser, "step"))
            axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))
            if logarithmic and len(shown) and shown.min() > 0:
                axes.set_yscale("log")
                axes.set_title(f"{title} (log scale)", y=1)
                # 0.5 rather than 5 × 10⁻¹, and nothing between the decades where there are many
                axes.yaxis.set_major_formatter(FormatStrFormatter("%g"))
                axes.yaxis.set_minor_locator(LogLocator(subs=(2, 5)))
                few = shown.max() < 100 * shown.min()
                axes.yaxis.set_minor_formatter(FormatStrFormatter("%g") if few else NullFormatter())
            elif not logarithmic:
                axes.set_ylim(0, 1.02)
                axes.yaxis.set_major_formatter(lambda share, _: f"{share:.0%}")
            axes.grid(alpha=0.3)
    return figure


def confusion_matrix(confusion: NDArray[np.integer], alphabet: Sequence[str]) -> Figure:
    """The confusion matrix of unseen characters: (k, k) counts, rows the truth, columns the reading.

    Errors are coloured and counted. Right readings are a pale diagonal, so the errors stay visible.
    """
    k = len(alphabet)
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(7.4, 7.5))
        # a fixed, square frame: to find one, matplotlib would render everything twice
        left, bottom, width, height = 0.52 / 7.4, 0.46 / 7.5, 6.7 / 7.4, 6.7 / 7.5
        axes = figure.add_axes((left, bottom, width, height))
        errors = np.where(np.eye(k, dtype=bool), 0, confusion)
        most = max(2, errors.max(initial=0))
        # the colours begin below 0: otherwise a single error would be too pale, above all on a dark page
        axes.imshow(np.ma.masked_equal(errors, 0), cmap="Oranges", vmin=-0.4 * most, vmax=most)
        axes.scatter(range(k), range(k), s=np.where(np.diag(confusion) > 0, 8, 0), color=GREY, alpha=0.5)
        for row, column in zip(*np.nonzero(errors), strict=True):
            number, strongest = errors[row, column], errors.max()
            colour = "white" if strongest > 2 and number > 0.6 * strongest else "black"
            axes.text(column, row, str(number), ha="center", va="center", fontsize=7, color=colour)
        # as plain texts: each tick is five objects, and these took most of the time
        axes.set(xticks=[], yticks=[])
        for i, character in enumerate(alphabet):
            x, y = left + width * (i + 0.5) / k, bottom + height * (1 - (i + 0.5) / k)
            figure.text(x, bottom - 0.01, character, gid=f"column {i}", ha="center", va="top")
            figure.text(left - 0.008, y, character, gid=f"row {i}", ha="right", va="center_baseline")
        lines = [((at, -0.5), (at, k - 0.5)) for at in np.arange(-0.5, k)]
        lines += [(start[::-1], end[::-1]) for start, end in lines]
        axes.add_collection(LineCollection(lines, colors=GREY, linewidths=0.5, alpha=0.25), autolim=False)
        axes.set(xlabel="read as", ylabel="truth")
        axes.xaxis.set_label_coords(0.5, -0.037)
        axes.yaxis.set_label_coords(-0.035, 0.5)
        axes.set_title("confusion matrix of unseen characters", y=1)
    return figure


def class_accuracy(classes: Sequence[tuple[str, int, float, float, float]]) -> Figure:
    """Accuracy per class with its interval, worst first: rows (character, unseen, accuracy, low, high)."""
    rows = sorted((row for row in classes if row[1]), key=lambda row: (row[2], row[0]))
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(9, 2.6))
        axes = figure.add_axes((0.06, 0.1, 0.93, 0.78))
        _intervals(axes, list(range(len(rows))), [row[2:5] for row in rows], vertical=True)
        axes.set_xticks(range(len(rows)), [row[0] for row in rows])
        axes.set_xlim(-0.7, len(rows) - 0.3)
        axes.set_title("accuracy on unseen characters by class, worst first (95 % intervals)")
    return figure


def captcha_accuracies(runs: Sequence[tuple[str, float, float, float]]) -> Figure:
    """Accuracy on whole unseen captchas, run by run: rows (name, accuracy, low, high)."""
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(9, 0.8 + 0.32 * max(1, len(runs))), layout="constrained")
        axes = figure.add_subplot()
        _intervals(axes, list(range(len(runs), 0, -1)), [row[1:4] for row in runs], vertical=False)
        axes.set_yticks(range(len(runs), 0, -1), [row[0] for row in runs])
        axes.set_ylim(0.4, len(runs) + 0.6)
        axes.set_title("accuracy on unseen captchas, all characters right (95 % intervals)")
    return figure


def settings(summaries: Sequence[SettingSummary]) -> Figure:
    """Accuracy of each setting of a sweep on unseen captchas: a dot per run, the mean, its spread.

    The best comes first. Only the first MOST_SETTINGS are plotted, and no setting without a finished run.
    """
    finished = [one for one in summaries if one.mean is not None]
    shown = finished[:MOST_SETTINGS]
    labels = [fitted(one.setting) for one in shown]
    if any("…" in label for label in labels):
        # shortened labels may be equal, so each has a number
        labels = [f"{number}. {label}" for number, label in enumerate(labels, 1)]
    row = 0.38 if any("\n" in label for label in labels) else 0.28
    best = f", the {len(shown)} best of {len(finished)} settings" if len(shown) < len(finished) else ""
    with matplotlib.rc_context(STYLE):
        # narrow, to be readable on a telephone
        figure = Figure(figsize=(5.5, 0.9 + row * max(1, len(shown))), layout="constrained")
        axes = figure.add_subplot()
        heights = list(range(len(shown), 0, -1))
        each = zip(shown, heights, strict=True)
        dots = np.array([(run.accuracy, at) for one, at in each for run in one.runs if not run.failed])
        means, spread = spreads(shown)
        axes.errorbar(means, heights, xerr=spread, fmt="k|", ecolor=GREY, markersize=12, elinewidth=1.2)
        axes.plot(*dots.reshape(-1, 2).T, "o", color=BLUE, markersize=5, alpha=0.6, markeredgewidth=0)
        axes.set_yticks(heights, labels, parse_math=False)
        axes.set_ylim(0.4, len(shown) + 0.6)
        axes.set_xlim(*reach([*(means - spread[0]), *(means + spread[1]), *dots.reshape(-1, 2)[:, 0]]))
        axes.xaxis.set_major_formatter(lambda share, _: f"{100 * share:.4g}%")
        axes.grid(axis="x", alpha=0.3)
        title = f"accuracy on unseen captchas, best first{best}"
        if spread.any():
            title += ":\na dot for each run; a stroke for the mean, a line for ± one standard deviation"
        figure.suptitle(title, x=0.01, ha="left", fontsize=9)
    return figure


def _intervals(axes: Axes, positions: list[int], rows: Sequence[Sequence[float]], vertical: bool) -> None:
    values = np.array(rows, float).reshape(-1, 3)
    spread = np.abs(values[:, 1:].T - values[:, 0])
    options: Any = {"fmt": "o", "color": BLUE, "ecolor": GREY, "markersize": 5, "elinewidth": 1.2}
    if vertical:
        axes.errorbar(positions, values[:, 0], yerr=spread, **options)
    else:
        axes.errorbar(values[:, 0], positions, xerr=spread, **options)
    axes.set(**{"ylim" if vertical else "xlim": (-0.02, 1.02)})
    shares = axes.yaxis if vertical else axes.xaxis
    shares.set_major_formatter(lambda value, _: f"{value:.0%}")
    axes.grid(axis="y" if vertical else "x", alpha=0.3)


def read_history(file: Path) -> list[list[float]]:
    """The history of a run as `learning_curves` takes it; raises UserError where the file is damaged."""
    rows = read_csv(file, HISTORY)
    with intact(file):
        return [[float(text) for text in row] for row in rows]


def read_confusion(file: Path) -> tuple[NDArray[np.int64], list[str]]:
    """The confusion matrix and its alphabet from an evaluation's file; raises UserError if it is damaged."""
    alphabet = [row[0] for row in read_csv(file)]
    rows = read_csv(file, ["true", *alphabet])
    with intact(file):
        return np.array([row[1:] for row in rows], np.int64).reshape(len(rows), -1), alphabet


def save_png(figure: Figure, file: Path) -> None:
    """Writes the figure as a PNG on white, for viewers that cannot show SVG."""
    FigureCanvasAgg(figure)
    # packed less hard: half the time for a sixth more bytes
    packed = {"compress_level": 3}
    figure.savefig(
        file, format="png", dpi=110, facecolor="white", metadata={"Software": None}, pil_kwargs=packed
    )


def svg(figure: Figure, name: str = "") -> str:
    """The figure as an `<svg>` element to put into a page, the same text for the same figure.

    Its ids begin with a digest of the figure and of `name`, since two figures of a page must not share an id.
    Figures that may be equal (two runs that learnt nothing) need different names.
    """
    FigureCanvasSVG(figure)
    text = io.StringIO()
    with matplotlib.rc_context(STYLE):
        figure.savefig(text, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    element = text.getvalue()[text.getvalue().index("<svg") :]
    digest = hashlib.sha256((name + element).encode()).hexdigest()[:8]
    return re.sub(r'(\bid="|href="#|url\(#)', rf"\g<1>f{digest}-", element)
