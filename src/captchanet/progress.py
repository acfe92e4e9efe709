"""How far a long job is. The work tells it here; who started the work decides how it is shown.

A job of the workflow prints a line now and then, and a command on a terminal shows a bar. Where nobody asked,
as in Python code that uses the package, nothing is printed.
"""

import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sized
from contextlib import contextmanager
from typing import TypeVar

Item = TypeVar("Item")

Listener = Callable[[str, int, int | None, str], None]
"""listener(unit, done, total, about): what is counted, how many are done, and of how many, if that is known.
`about` is what else there is to say."""

FIRST, EVERY = 5.0, 15.0
"""Seconds from the beginning of a job to its first line, and from one line to the next."""

_listeners: list[Listener] = []


@contextmanager
def heard(listener: Listener) -> Iterator[None]:
    """A block whose progress goes to this listener, and to no other."""
    _listeners.append(listener)
    try:
        yield
    finally:
        _listeners.pop()


def tell(unit: str, done: int, total: int | None = None, about: str = "") -> None:
    """Tells how far the work is, such as ("epoch", 12, 100, "cost 0.31"). It costs less than 1 µs."""
    if _listeners:
        _listeners[-1](unit, done, total, about)


def counted(items: Iterable[Item], unit: str, total: int | None = None) -> Iterator[Item]:
    """The items; each is told when the work on it is done. `total` is needed where they have no length."""
    if total is None and isinstance(items, Sized):
        total = len(items)
    for done, item in enumerate(items, 1):
        yield item
        tell(unit, done, total)


class Lines:
    """A listener that prints a line now and then: `train cg: epoch 12 of 100, cost 0.31, 40 s left`.

    The line begins with `name`, since the lines of several jobs stand on one terminal. `clock` tells seconds.
    """

    def __init__(self, name: str, clock: Callable[[], float] = time.monotonic) -> None:
        self.name, self.clock = name, clock
        self._due = clock() + FIRST
        # what is counted now, and when it was first told how far
        self._unit, self._first, self._since, self._last = "", 0, 0.0, 0

    def __call__(self, unit: str, done: int, total: int | None, about: str) -> None:
        """Prints the line if it is time to."""
        now = self.clock()
        if unit != self._unit or done < self._last:
            self._unit, self._first, self._since = unit, done, now
        self._last = done
        if now < self._due:
            return
        self._due = now + EVERY
        said = [f"{unit} {done:,}" + ("" if total is None else f" of {total:,}"), about]
        if total is not None and done > self._first:
            left = (now - self._since) / (done - self._first) * (total - done)
            said.append(f"{duration(left)} left")
        print(f"{self.name}: {', '.join(filter(None, said))}", file=sys.stderr, flush=True)


def duration(seconds: float) -> str:
    """A time as people say it: 40 s, 3 min, 2 h 5 min."""
    if seconds < 99.5:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h {minutes % 60} min"
