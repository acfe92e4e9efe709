"""What a sweep found: each setting's accuracy over its seeds and folds, and whether the best stands out."""

import json
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from captchanet.evaluate.metrics import MISREADS
from captchanet.files import read_csv, read_json, write_csv
from captchanet.layout import EvaluateFiles, TrainFiles

Captcha = tuple[str, str]
"""(pictures, file): which captcha."""


@dataclass(frozen=True)
class SweepRun:
    """One run of a sweep: its setting, which repeat of it (seed and fold), and what it read.

    `unseen` is the digest of its unseen captchas, `n` how many they are, `misread` those that it read wrong;
    a run that `failed` has read none.
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
    """A setting over its repeats: the mean share of unseen captchas read, its standard deviation, extremes.

    `deviation` is None for a single repeat; all figures are None where every run failed.
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
    """Two settings on the same captchas: the mean difference of their accuracy and how likely by chance.

    `by_repeats` is the p of a paired t-test over seeds and folds, None for fewer than three of them;
    `by_captchas` that of a permutation test which, captcha by captcha, swaps the two. None where the settings
    have no repeat with the same unseen captchas in common.
    """

    difference: float | None
    repeats: int
    by_repeats: float | None
    by_captchas: float | None

    def stands_out(self, level: float = 0.05) -> bool | None:
        """Whether both tests say so; None while the spread over seeds or folds is not known."""
        if self.by_captchas is None or self.by_repeats is None:
            return None
        return max(self.by_captchas, self.by_repeats) < level


def sweep_run(run: str, about: Mapping[str, Any], train: TrainFiles, evaluate: EvaluateFiles) -> SweepRun:
    """The run of a sweep from its files; `about` as `captchanet.config.sweeps` tells of it."""
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


def summarise(runs: Iterable[SweepRun]) -> list[SettingSummary]:
    """The settings, the best mean first; those of which nothing finished come last."""
    by_setting: dict[str, list[SweepRun]] = {}
    for one in runs:
        by_setting.setdefault(one.setting, []).append(one)
    found = []
    for setting, of in by_setting.items():
        shares = [one.accuracy for one in of if not one.failed]
        failed = len(of) - len(shares)
        if not shares:
            found.append(SettingSummary(setting, tuple(of), failed, None, None, None, None))
            continue
        deviation = statistics.stdev(shares) if len(shares) > 1 else None
        mean = statistics.fmean(shares)
        found.append(SettingSummary(setting, tuple(of), failed, mean, deviation, min(shares), max(shares)))
    return sorted(found, key=lambda one: -1.0 if one.mean is None else one.mean, reverse=True)


def write_summaries(
    file: Path, keys: Sequence[str], runs: Mapping[str, Mapping[str, Any]], found: Sequence[SettingSummary]
) -> None:
    """A CSV with a row for each setting, as ordered: what is varied, and its accuracy over its repeats.

    `keys` and `runs` as `captchanet.config.sweeps` tells of them. Lists are written as JSON.
    """
    numbers = ("mean", "deviation", "low", "high")
    values = {about["setting"]: about["values"] for about in runs.values()}
    rows = [
        (
            one.setting,
            *(_plain(values[one.setting].get(key, "")) for key in keys),
            *("" if (value := getattr(one, name)) is None else f"{value:.6g}" for name in numbers),
            len(one.runs),
            one.failed,
        )
        for one in found
    ]
    write_csv(file, ("setting", *keys, *numbers, "runs", "failed"), rows)


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def compare(first: Sequence[SweepRun], second: Sequence[SweepRun], seed: int = 0) -> Comparison:
    """The two settings' difference, first - second, over the repeats that read the same captchas.

    Over repeats: SciPy's `ttest_rel`. Over captchas: SciPy's `permutation_test`, which flips the sign of each
    captcha's difference, summed over its repeats; for one repeat this is McNemar's test.
    """
    others = {(one.repeat, one.unseen): one for one in second if not one.failed}
    pairs = [(one, others[one.repeat, one.unseen]) for one in first if (one.repeat, one.unseen) in others]
    pairs = [(a, b) for a, b in pairs if not a.failed]
    if not pairs:
        return Comparison(None, 0, None, None)
    differences = np.array([a.accuracy - b.accuracy for a, b in pairs])
    by_captcha: dict[Captcha, int] = {}
    for a, b in pairs:
        for captcha in a.misread ^ b.misread:
            by_captcha[captcha] = by_captcha.get(captcha, 0) + (1 if captcha in b.misread else -1)
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
