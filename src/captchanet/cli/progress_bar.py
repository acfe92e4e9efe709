"""The bar that a command shows on a terminal while it works."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click

from captchanet.progress import heard


@contextmanager
def progress_bar(*, beside_output: bool = False) -> Iterator[None]:
    """A block whose progress is a bar on stderr, if that is a terminal and the work takes long.

    `beside_output` says that the command prints results meanwhile: then there is no bar on a terminal that
    shows them too.
    """
    if not sys.stderr.isatty() or (beside_output and sys.stdout.isatty()):
        yield
        return
    bar = _Bar()
    try:
        with heard(bar):
            yield
    finally:
        bar.remove()


class _Bar:
    """A listener that draws a bar: the first time after a second, and then ten times a second."""

    def __init__(self) -> None:
        self._bar: Any = None
        self._unit, self._next = "", time.monotonic() + 1.0

    def __call__(self, unit: str, done: int, total: int | None, about: str) -> None:
        if done == total:
            self.remove()
        now = time.monotonic()
        if total is None or done == total or now < self._next:
            return
        self._next = now + 0.1
        if self._bar is None or unit != self._unit or done < self._bar.pos:
            self.remove()
            self._unit = unit
            self._bar = click.progressbar(length=total, label=f"{unit}s", show_pos=True, file=sys.stderr)
        self._bar.update(done - self._bar.pos)

    def remove(self) -> None:
        """Remove the bar, so that what is printed next stands in its place; the cursor is shown again."""
        if self._bar is not None:
            self._bar = None
            click.echo("\r\033[K\033[?25h", nl=False, err=True, color=True)
