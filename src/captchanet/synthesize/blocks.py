"""Draw many captchas: what is random is sampled one by one, and pixels are made in blocks, on several cores.

The random numbers of a captcha depend on all before it, so one process samples. Pixels depend on nothing but
what was sampled, so any number of processes gives the same.
"""

import mmap
import os
import signal
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from itertools import islice
from math import prod
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from captchanet.errors import UserError
from captchanet.progress import tell

T = TypeVar("T")
Render = Callable[[Sequence[T]], Iterable[NDArray[np.uint8]]]
"""Makes pixels, (height, width, 3), of what was sampled for some captchas."""

BLOCK = 16
"""Captchas rendered at once: many enough for NumPy's overhead, few enough for the cache."""
SHARE = 1024
"""Captchas that a process renders before it ends: to start it takes as long as a few dozen of them."""
MOST = 8
"""Processes that are of use: these render as fast as one process can sample, or faster."""


def draw(
    sampled: Iterable[T], shape: tuple[int, int, int, int], render: Render[T], processes: int = 1
) -> NDArray[np.uint8]:
    """Draw captchas.

    Parameters
    ----------
    sampled : iterable
        What is random about each captcha. It is sampled while it is iterated.
    shape : tuple of int
        Their number, height, width, and 3.
    render : callable
        Makes pixels of a block of them.
    processes : int
        How many may render at the same time; fewer do where there are too few captchas.

    Returns
    -------
    ndarray of uint8, shape `shape`
        RGB.

    Raises
    ------
    UserError
        Where a process was killed. What `render` raises is raised here.
    """
    processes = min(processes, MOST, shape[0] // SHARE) if hasattr(os, "fork") else 1
    if processes <= 1:
        pictures = np.empty(shape, np.uint8)
        samples, done = iter(sampled), 0
        while block := list(islice(samples, BLOCK)):
            _render(pictures[done : done + len(block)], block, render)
            done += len(block)
            tell("captcha", done, shape[0])
        return pictures
    # memory that the processes share: what one of them writes, all have
    pictures = np.ndarray(shape, np.uint8, mmap.mmap(-1, prod(shape)))
    _Rounds(pictures, render, processes).draw(iter(sampled))
    return pictures


def _render(pictures: NDArray[np.uint8], sampled: Sequence[T], render: Render[T]) -> None:
    """Render captchas block by block into `pictures`."""
    for start in range(0, len(sampled), BLOCK):
        block = sampled[start : start + BLOCK]
        for picture, pixels in zip(pictures[start : start + len(block)], render(block), strict=True):
            picture[:] = pixels


class _Rounds(Generic[T]):
    """Captchas in rounds: processes render one round while the next is sampled.

    A process is forked, so it has what was sampled and needs no start of its own. It lives for one round, and
    ends at its next block if this process has died.
    """

    def __init__(self, pictures: NDArray[np.uint8], render: Render[T], processes: int) -> None:
        self._pictures, self._render, self._processes = pictures, render, processes
        # the share of each process at work: its first captcha, and what was sampled
        self._working: dict[int, tuple[int, list[T]]] = {}

    def draw(self, samples: Iterator[T]) -> None:
        """Draw all captchas."""
        done = 0
        try:
            while shares := list(self._shares(samples)):
                self._wait()
                tell("captcha", done, len(self._pictures))
                for share in shares:
                    self._start(done, share)
                    done += len(share)
            self._wait()
            tell("captcha", done, len(self._pictures))
        finally:
            for process in self._working:
                os.kill(process, signal.SIGKILL)
                os.waitpid(process, 0)

    def _shares(self, samples: Iterator[T]) -> Iterator[list[T]]:
        """Sample what each process renders in the next round."""
        for _ in range(self._processes):
            if share := list(islice(samples, SHARE)):
                yield share

    def _start(self, first: int, share: list[T]) -> None:
        parent = os.getpid()
        if process := os.fork():
            self._working[process] = first, share
            return
        status = 1
        # nothing of this process may run on in the new one: no handler, no cleaning up, no second traceback
        with suppress(BaseException):
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            for start in range(0, len(share), BLOCK):
                if os.getppid() != parent:
                    break
                _render(self._pictures[first + start :], share[start : start + BLOCK], self._render)
            status = 0
        os._exit(status)

    def _wait(self) -> None:
        """Wait for the processes at work."""
        for process in list(self._working):
            status = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
            first, share = self._working.pop(process)
            if status < 0:
                raise UserError(
                    f"a process that rendered captchas was killed (signal {-status}), as the system does "
                    "when there is not enough memory; free some, or use fewer cores"
                )
            if status:
                # rendered again here: what went wrong there goes wrong here, and says what it is
                _render(self._pictures[first:], share, self._render)
