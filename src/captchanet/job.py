"""How a job of the workflow speaks: lines about its progress, and one sentence where something is wrong.

All of it goes to the terminal and to the job's log. The log also has the traceback of what went wrong.
"""

import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout, suppress
from pathlib import Path
from typing import Any, TextIO

from captchanet.errors import UserError
from captchanet.progress import Lines, heard

ERRORS = Path(".snakemake/captchanet-errors.txt")
"""Jobs write their errors here; the workflow prints them last, below Snakemake's own report."""


@contextmanager
def job(snakemake: Any) -> Iterator[None]:
    """Runs a script's body; a UserError is printed as a sentence and ends the job with status 1.

    `snakemake` is what Snakemake gives to a script. The first file below `log` of its rule is the job's log.
    """
    name = " ".join([snakemake.rule, *snakemake.wildcards])
    with _logged(snakemake.log[0]) as log, heard(Lines(name)):
        try:
            yield
        except (UserError, MemoryError) as error:
            _trace(log)
            if isinstance(error, MemoryError):
                error = UserError(
                    f"there is not enough memory ({error}); make the job smaller, or free memory"
                )
            sentence = f"captchanet: {name}: {error}"
            print(sentence, file=sys.stderr)
            # one line, appended in one write: the errors of jobs that fail at the same time do not mix
            with suppress(OSError), ERRORS.open("a", encoding="utf-8", errors="surrogateescape") as file:
                file.write(sentence + "\n")
            sys.exit(1)
        except Exception:
            _trace(log)
            raise


class Both:
    """A stream whose text also goes to a log. In all else it is the stream."""

    def __init__(self, stream: TextIO, log: TextIO) -> None:
        self._stream, self._log = stream, log

    def write(self, text: str) -> int:
        """Writes the text to both. A log that cannot be written, on a full disk, say, stops no job."""
        with suppress(OSError, ValueError):
            self._log.write(text)
        return self._stream.write(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


@contextmanager
def _logged(file: str) -> Iterator[TextIO | None]:
    """A block whose output goes to the log `file` too; yields the log, None where it cannot be opened."""
    try:
        # by lines, so that one can follow it; bytes of a file name that are no text stay as they are
        log = Path(file).open("w", encoding="utf-8", errors="surrogateescape", buffering=1)  # noqa: SIM115
    except OSError:
        yield None
        return
    try:
        with redirect_stdout(Both(sys.stdout, log)), redirect_stderr(Both(sys.stderr, log)):
            yield log
    finally:
        # closing writes what is left, which fails on a full disk
        with suppress(OSError):
            log.close()


def _trace(log: TextIO | None) -> None:
    """Write the traceback of what is being handled to the log, and to the log only."""
    if log:
        with suppress(OSError):
            traceback.print_exc(file=log)
