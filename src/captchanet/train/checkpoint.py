"""How far a long training is, kept on disk: after a kill it goes on to the bits of an unbroken one."""

import hashlib
import json
import math
import os
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from captchanet.errors import UserError
from captchanet.files import atomic
from captchanet.nn import OptimiserState

SECONDS = 10.0
"""How long a training runs at least from one writing to the next."""

VARIABLE = "CAPTCHANET_CHECKPOINT_SECONDS"
"""The environment variable that says otherwise: 0 writes after every epoch, inf never."""


class Checkpoint:
    """The checkpoint of the run `name`: a file in `folder`, named by the digest of all that decides the run.

    That is `decides`, JSON-ready: settings, data, code, libraries, machine. When any of it changes, the name
    of the file changes too, so no training goes on from the checkpoint of another. Files that are left behind
    are deleted with the results (`make clean`). `started` (seconds since 1970) is when the run first began;
    `paused` is for how many seconds since then it was not being trained. Raises UserError if the environment
    variable is no number of at least 0.
    """

    def __init__(self, folder: Path, name: str, decides: Mapping[str, Any]) -> None:
        text = json.dumps([name, decides], sort_keys=True).encode("utf-8", "surrogatepass")
        self.name, self.digest = name, hashlib.sha256(text).hexdigest()
        self.file = folder / f"{self.digest}.npz"
        self.seconds = _seconds()
        self.started, self.paused = time.time(), 0.0
        self._last, self._warned = time.monotonic(), False

    def load(self) -> tuple[OptimiserState, dict[str, Any]] | None:
        """Read the optimiser's state and what is `extra` to it, see `offer`; None if there is none."""
        try:
            with self.file.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
                found: dict[str, Any] = dict(arrays)
            found |= json.loads(str(found.pop("facts")))
            if found.pop("digest") != self.digest:
                raise ValueError("it is another run's")
            started, worked, memory = found.pop("started"), found.pop("worked"), found.pop("memory")
            others = {name: found.pop(name) for name in ("epoch", "step", "theta", "order", "rng")}
            state = OptimiserState(memory=tuple(memory), **others)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except Exception as error:
            # damaged or of another format, with any error: only time is lost
            self._say(f"warning: starts over, since it cannot read {self.file} ({error})")
            return None
        self.started, self.paused = started, time.time() - started - worked
        self._say(f"goes on after epoch {state.epoch}")
        return state, found

    def offer(self, state: OptimiserState, extra: Callable[[], dict[str, Any]]) -> None:
        """Write `state` and what `extra` returns, arrays and JSON-ready values by name, when it is time to.

        If it cannot be written, the training goes on all the same, with one warning.
        """
        if time.monotonic() - self._last < self.seconds:
            return
        values = {**vars(state), "memory": np.array(state.memory), **extra()}
        values |= {"digest": self.digest, "started": self.started}
        values["worked"] = time.time() - self.started - self.paused
        arrays: dict[str, Any] = {key: each for key, each in values.items() if isinstance(each, np.ndarray)}
        facts = {key: each for key, each in values.items() if key not in arrays}
        try:
            with atomic(self.file) as temporary, temporary.open("wb") as file:
                # what is no array as JSON: exact, also for the generators' large numbers, and no pickle
                np.savez(file, facts=np.array(json.dumps(facts)), **arrays)
        except UserError as error:
            if not self._warned:
                self._say(f"warning: goes on, but after a kill it would start over: {error}")
            self._warned = True
        self._last = time.monotonic()

    def remove(self) -> None:
        """Remove the file, once the run's own files are written. One that stays does no harm."""
        with suppress(OSError):
            self.file.unlink()

    def _say(self, sentence: str) -> None:
        print(f"captchanet: train {self.name}: {sentence}", file=sys.stderr)


def _seconds() -> float:
    text = os.environ.get(VARIABLE, SECONDS)
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not seconds >= 0:
        raise UserError(f"{VARIABLE}: found {text!r}; expected a number of seconds, 0 or more")
    return seconds
