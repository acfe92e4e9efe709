"""What a sweep found: each setting's accuracy over its seeds and folds, and whether the best stands out."""

import json
import statistics
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypedDict

import numpy as np
import pandas as pd

from captchanet.evaluate.metrics import MISREADS
from captchanet.files import read_csv, read_json, write_csv
from captchanet.layout import EvaluateFiles, Results, TrainFiles

Captcha = tuple[str, str]
"""(pictures, file): which captcha."""


class Repeat(TypedDict):
    """What a run of a sweep is, as the resolved configuration says it.

    Attributes
    ----------
    setting
        A label of the values, which all repeats of the setting share.
    values
        The values by key.
    seed, fold
        Which repeat of the setting it is; None where the sweep does not vary it.
    """

    setting: str
    values: dict[str, Any]
    seed: int | None
    fold: int | None


@dataclass(frozen=True)
class Sweep:
    """A sweep of the resolved configuration.

    Attributes
    ----------
    name
        Its name in the configuration.
    results
        The results of its runs, among others.
    run
        The run that it starts from.
    keys
        The keys of the configuration that it varies.
    runs
        What each of its runs is, by name.
    """

    name: str
    results: Results
    run: str
    keys: Sequence[str]
    runs: Mapping[str, Repeat]

    def sweep_runs(self) -> list["SweepRun"]:
        """Its runs from their results, as the configuration orders them."""
        train, evaluate = self.results.train, self.results.evaluate
        return [sweep_run(run, about, train[run], evaluate[run]) for run, about in self.runs.items()]


@dataclass(frozen=True)
class SweepRun:
    """One run of a sweep and what it read.

    Attributes
    ----------
    run
        Its name.
    setting
        The label of its setting.
    repeat
        Which repeat of the setting it is: seed and fold, each None where the sweep does not vary it.
    failed
        Whether its training failed. Then it has read nothing, and the rest is empty.
    unseen
        The digest of its unseen captchas.
    n
        How many unseen captchas it has.
    misread
        The unseen captchas that it read wrong.
    """

    run: str
    setting: str
    repeat: tuple[int | None, int | None]
    failed: bool = False
    unseen: str = ""
    n: int = 0
    misread: frozenset[Captcha] = frozenset()

    @property
    def accuracy(self) -> float:
        """The share of the unseen captchas that it read right."""
        return 1 - len(self.misread) / self.n


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


def sweep_run(run: str, about: Repeat, train: TrainFiles, evaluate: EvaluateFiles) -> SweepRun:
    """The run of a sweep from its files.

    Parameters
    ----------
    run
        The name of the run.
    about
        What it is in its sweep.
    train, evaluate
        Its files.

    Returns
    -------
    SweepRun
    """
    metrics = read_json(evaluate.metrics)
    repeat = (about["seed"], about["fold"])
    if metrics["status"] != "finished":
        return SweepRun(run, about["setting"], repeat, failed=True)
    misread = read_csv(evaluate.misreads, MISREADS)
    digest = read_json(train.provenance)["data_sha256"]["unseen"]
    n = metrics["unseen"]["captchas"]["n"]
    return SweepRun(
        run, about["setting"], repeat, False, digest, n, frozenset((row[0], row[1]) for row in misread)
    )


def in_order(runs: Iterable[SweepRun]) -> list[SweepRun]:
    """The runs by setting, seed and fold, an order that does not depend on when they were made.

    Parameters
    ----------
    runs
        Runs of one sweep.

    Returns
    -------
    list of SweepRun
    """
    return sorted(runs, key=lambda one: (one.setting, one.repeat[0] or 0, one.repeat[1] or 0))


def summarise(runs: Iterable[SweepRun]) -> list[SettingSummary]:
    """Each setting over its repeats, the best mean first; settings of which nothing finished come last.

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
    """Writes a CSV with a row for each setting, as ordered: its values, and its accuracy over its repeats.

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
    """The difference of two settings, first - second, over the repeats that read the same captchas.

    Over repeats it is tested by SciPy's `ttest_rel`; over captchas by SciPy's `permutation_test`, which flips
    the sign of each captcha's difference, summed over its repeats. For one repeat this is McNemar's test.

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
        # no spread, no t: only the signs are left to tell
        return 1.0 if abs(differences[0]) < 1e-12 else 2 * 0.5 ** len(differences)
    return float(ttest_rel(differences, np.zeros_like(differences)).pvalue)


def _over_captchas(by_captcha: Mapping[Captcha, int], seed: int) -> float:
    from scipy.stats import permutation_test

    differing = np.array(sorted(value for value in by_captcha.values() if value), float)
    if len(differing) < 2:
        return 1.0  # one can be flipped to either side
    if differing.sum() < 0:
        differing = np.sort(-differing)  # so that both ways round give the same p, sampled as it is
    tested = permutation_test(
        (differing,),
        lambda values, axis: values.sum(axis=axis),
        permutation_type="samples",
        vectorized=True,
        n_resamples=9999,
        rng=np.random.default_rng(seed),
    )
    return float(tested.pvalue)
