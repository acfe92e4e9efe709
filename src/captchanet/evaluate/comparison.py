"""What a sweep found: the accuracy of each setting over seeds and folds, and whether the best stands out."""

import json
import statistics
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from captchanet.evaluate.sweep import Captcha, Sweep, SweepRun
from captchanet.files import write_csv


@dataclass(frozen=True)
class SettingSummary:
    """A setting over its repeats.

    Attributes
    ----------
    setting
        Its label.
    runs
        Its runs.
    failed
        How many of them failed.
    mean, low, high
        The mean, least and largest share of unseen captchas read, 0 to 1; None where every run failed.
    deviation
        The standard deviation of the share over the runs (n - 1 in the denominator); None where fewer than
        two finished.
    """

    setting: str
    runs: tuple[SweepRun, ...]
    failed: int
    mean: float | None
    deviation: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Comparison:
    """Two settings on the same captchas.

    All but `repeats` is None where the settings have no repeat with the same unseen captchas in common.

    Attributes
    ----------
    difference
        The mean difference of their accuracy, first - second.
    repeats
        How many repeats were compared.
    by_repeats
        The p of a paired t-test over seeds and folds; None for fewer than three repeats.
    by_captchas
        The p of a permutation test, which swaps the two settings captcha by captcha.
    """

    difference: float | None
    repeats: int
    by_repeats: float | None
    by_captchas: float | None

    def stands_out(self, level: float = 0.05) -> bool | None:
        """Whether both tests find the difference.

        Parameters
        ----------
        level
            The p below which a test finds it.

        Returns
        -------
        bool or None
            None while the spread over seeds or folds is not known.
        """
        if self.by_captchas is None or self.by_repeats is None:
            return None
        return max(self.by_captchas, self.by_repeats) < level


def summarise(runs: Iterable[SweepRun]) -> list[SettingSummary]:
    """Summarise each setting over its repeats, the best mean first; those of which no run finished come last.

    Parameters
    ----------
    runs
        Runs of one sweep, of any settings.

    Returns
    -------
    list of SettingSummary
        Settings with the same mean stay in the order of their first runs.
    """
    each = pd.DataFrame(
        [(one.setting, one, one.failed) for one in runs], columns=["setting", "run", "failed"]
    )
    table = each.groupby("setting", sort=False).agg(runs=("run", tuple), failed=("failed", "sum"))
    finished = each[~each["failed"]]
    shares = finished["run"].map(lambda one: one.accuracy).groupby(finished["setting"])
    # exact sums, unlike pandas' own: the order of the runs must not break a tie
    table = table.join(shares.agg([statistics.fmean, _deviation, "min", "max"]))
    table = table.sort_values("fmean", ascending=False, kind="stable")
    return [
        SettingSummary(setting, *row)
        for setting, *row in table.astype(object).where(table.notna(), None).itertuples(name=None)
    ]


def _deviation(shares: "pd.Series[float]") -> float | None:
    return statistics.stdev(shares) if len(shares) > 1 else None


def write_summaries(file: Path, sweep: Sweep, found: Sequence[SettingSummary]) -> None:
    """Write a CSV with a row for each setting: its values, and its accuracy over its repeats.

    Parameters
    ----------
    file
        The CSV. Lists stand in it as JSON.
    sweep
        What the settings are.
    found
        Their summaries.
    """
    numbers = ("mean", "deviation", "low", "high")
    values = {about["setting"]: about["values"] for about in sweep.runs.values()}
    rows = [
        (
            one.setting,
            *(_plain(values[one.setting].get(key, "")) for key in sweep.keys),
            *("" if (value := getattr(one, name)) is None else f"{value:.6g}" for name in numbers),
            len(one.runs),
            one.failed,
        )
        for one in found
    ]
    write_csv(file, ("setting", *sweep.keys, *numbers, "runs", "failed"), rows)


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def compare(first: Sequence[SweepRun], second: Sequence[SweepRun], seed: int = 0) -> Comparison:
    """Compare two settings over the repeats that read the same captchas.

    The difference is first - second. SciPy's `ttest_rel` tests it over repeats, and its `permutation_test`
    over captchas: it flips the sign of each captcha's difference, summed over its repeats. For one repeat
    this is McNemar's test.

    Parameters
    ----------
    first, second
        The runs of either setting.
    seed
        Decides the permutations, where they are too many to try all.

    Returns
    -------
    Comparison
    """
    others = {(one.repeat, one.unseen): one for one in second if not one.failed}
    pairs = [(one, others[one.repeat, one.unseen]) for one in first if (one.repeat, one.unseen) in others]
    pairs = [(a, b) for a, b in pairs if not a.failed]
    if not pairs:
        return Comparison(None, 0, None, None)
    differences = np.array([a.accuracy - b.accuracy for a, b in pairs])
    by_captcha: Counter[Captcha] = Counter()
    for a, b in pairs:
        by_captcha.update(b.misread)
        by_captcha.subtract(a.misread)
    return Comparison(
        float(differences.mean()), len(pairs), _over_repeats(differences), _over_captchas(by_captcha, seed)
    )


def _over_repeats(differences: np.ndarray) -> float | None:
    from scipy.stats import ttest_rel

    if len(differences) < 3:
        return None
    if np.ptp(differences) < 1e-12:
        # without a spread there is no t; the signs alone decide
        return 1.0 if abs(differences[0]) < 1e-12 else 2 * 0.5 ** len(differences)
    return float(ttest_rel(differences, np.zeros_like(differences)).pvalue)


def _over_captchas(by_captcha: Mapping[Captcha, int], seed: int) -> float:
    from scipy.stats import permutation_test

    differing = np.array(sorted(value for value in by_captcha.values() if value), float)
    if len(differing) < 2:
        return 1.0  # one can be flipped to either side
    if differing.sum() < 0:
        differing = np.sort(-differing)  # the p is sampled: both orders of the settings must give the same
    tested = permutation_test(
        (differing,),
        lambda values, axis: values.sum(axis=axis),
        permutation_type="samples",
        vectorized=True,
        n_resamples=9999,
        rng=np.random.default_rng(seed),
    )
    return float(tested.pvalue)
