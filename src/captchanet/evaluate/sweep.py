"""A sweep of the configuration and its runs: which setting each has, and which captchas it read."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypedDict

from captchanet.evaluate.metrics import MISREADS
from captchanet.files import intact, read_csv, read_json
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
        """Read its runs from their results, in the order of the configuration."""
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


def sweep_run(run: str, about: Repeat, train: TrainFiles, evaluate: EvaluateFiles) -> SweepRun:
    """Read a run of a sweep from its files.

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
    metrics = read_json(evaluate.metrics, "status")
    repeat = (about["seed"], about["fold"])
    if metrics["status"] != "finished":
        return SweepRun(run, about["setting"], repeat, failed=True)
    misread = read_csv(evaluate.misreads, MISREADS)
    digest = read_json(train.provenance, "data_sha256")["data_sha256"]["unseen"]
    with intact(evaluate.metrics):
        n = metrics["unseen"]["captchas"]["n"]
    return SweepRun(
        run, about["setting"], repeat, False, digest, n, frozenset((row[0], row[1]) for row in misread)
    )


def in_order(runs: Iterable[SweepRun]) -> list[SweepRun]:
    """Sort runs by setting, seed and fold, an order that does not depend on when they were made.

    Parameters
    ----------
    runs
        Runs of one sweep.

    Returns
    -------
    list of SweepRun
    """
    return sorted(runs, key=lambda one: (one.setting, one.repeat[0] or 0, one.repeat[1] or 0))
