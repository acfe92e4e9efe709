"""What the benchmarks of speed share: races of functions, ratios with quartiles, the CPU time of commands.

All functions of a race run once in each round, and each ratio is of two times in one round. The median and
the quartiles of these ratios change little on a busy machine.
"""

import os
import resource
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parents[1]
VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
NOT_THE_USERS = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE", "PYTHONPATH")

Work = Callable[[], Any]
"""One round of some work; it returns how many evaluations it took where its time is meant for each."""
Times = NDArray[np.float64]
"""Seconds by round."""


class Row(NamedTuple):
    """A line of the table: the work, what the figure is, and the figure."""

    work: str
    figure: str
    value: str


def environment(src: Path = ROOT / "src") -> dict[str, str]:
    """The variables of a measured process: one thread, BLAS as it is by itself, this code."""
    kept = {name: value for name, value in os.environ.items() if name not in NOT_THE_USERS}
    one = dict.fromkeys(VARIABLES, "1") | {"XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false"}  # JAX's
    # as the workflow has it
    return kept | one | {"OPENBLAS_THREAD_TIMEOUT": "18", "PYTHONPATH": str(src)}


def race(
    contenders: Mapping[str, Work | None],
    rounds: int,
    inner: int = 1,
    clock: Callable[[], float] = time.process_time,
) -> dict[str, Times]:
    """Seconds of each function in each round, shape (rounds,), per evaluation where the work counts them.

    A contender that is None is not installed, and left out. Each runs once before the first round.
    """
    there = {name: work for name, work in contenders.items() if work}
    for work in there.values():
        work()
    seconds: dict[str, list[float]] = {name: [] for name in there}
    for _ in range(rounds):
        for name, work in there.items():
            started = clock()
            counts = [work() for _ in range(inner)]
            spent = (clock() - started) / inner
            seconds[name].append(spent / counts[0] if type(counts[0]) is int else spent)
    return {name: np.array(each) for name, each in seconds.items()}


def ratio(above: Times, below: Times) -> str:
    """The median of the rounds' ratios, and their quartiles."""
    low, middle, high = np.percentile(above / below, [25, 50, 75])
    return f"{middle:.2f} ({low:.2f} – {high:.2f})"


def ratios(work: str, found: Mapping[str, Times], *pairs: tuple[str, str, str]) -> Iterator[Row]:
    """The ratios (figure, name above, name below) of a race; those of one that was left out are not there."""
    for figure, above, below in pairs:
        if above in found and below in found:
            yield Row(work, figure, ratio(found[above], found[below]))


def median(times: Times, unit: float = 1.0) -> str:
    """The median and the quartiles of the times in such a unit of seconds."""
    low, middle, high = np.percentile(times / unit, [25, 50, 75])
    return f"{middle:.3g} ({low:.3g} – {high:.3g})"


class Spent(NamedTuple):
    """Seconds of a command: by the clock, and of CPU, with all processes that it started."""

    wall: float
    cpu: float


def _of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def spent(commands: Sequence[Sequence[str]], folder: Path, env: Mapping[str, str]) -> Spent:
    """What commands that run at the same time take; ends this one with their output where one fails."""
    started, before = time.perf_counter(), _of_children()
    running = [
        subprocess.Popen(
            command, cwd=folder, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        for command in commands
    ]
    said = [process.communicate()[0] for process in running]
    if any(process.returncode for process in running):
        raise SystemExit("\n".join(said))
    return Spent(time.perf_counter() - started, _of_children() - before)
