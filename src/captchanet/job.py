"""How a job of the workflow speaks: lines about its progress, and a sentence for each thing that is wrong.

All of it goes to the terminal and to the job's log. The log also has the traceback of what went wrong.

Snakemake takes a file that is there for a good one. So a job removes those of its inputs that are damaged, if
they are results: the next run makes them again.
"""

import sys
import traceback
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout, suppress
from pathlib import Path
from typing import Any, TextIO

from captchanet.addresses import masked
from captchanet.errors import DamagedFile, UserError
from captchanet.files import check_whole
from captchanet.layout import RESULTS
from captchanet.progress import Lines, heard

ERRORS = Path(".snakemake/captchanet-errors.txt")
"""Jobs write their errors here; the workflow prints them last, below Snakemake's own report."""


_logs: list[TextIO] = []


@contextmanager
def job(snakemake: Any, reads: Iterable[Path] = ()) -> Iterator[None]:
    """Runs a script's body; a UserError is printed as a sentence and ends the job with status 1.

    `snakemake` is what Snakemake gives to a script. The first file below `log` of its rule is the job's log.
    If one of the input files is damaged, every damaged result among them is removed, and a sentence about
    each takes the place of the error. `reads` are files that the job reads in addition to its inputs.
    """
    name = " ".join([snakemake.rule, *snakemake.wildcards])
    with _logged(snakemake.log[0]) as log, heard(Lines(name)):
        try:
            yield
        except Exception as error:
            if log:
                trace()
            sentences = _sentences(error, [*snakemake.input, *reads])
            if not sentences:
                raise
            _end(name, sentences)


def trace() -> str | None:
    """Writes the traceback of the error that is being handled to the log of the job, and only there.

    Returns the name of the log. Outside a job the traceback is printed, and there is no log.
    """
    log = _logs[-1] if _logs else None
    with suppress(OSError):
        print(masked(traceback.format_exc()), file=log or sys.stderr, end="")
    return log.name if log else None


def note(text: str) -> None:
    """Writes a sentence, if there is one, to the log of the job, and only there."""
    if text and _logs:
        with suppress(OSError):
            print(text, file=_logs[-1])


def _sentences(error: Exception, inputs: Iterable[str | Path]) -> list[str]:
    """What an error means for the user; nothing where it is a fault of the program."""
    if isinstance(error, MemoryError):
        return [f"there is not enough memory ({error}); make the job smaller, or free memory"]
    if isinstance(error, UserError) and not isinstance(error, DamagedFile):
        return [str(error)]
    # perhaps it is for a damaged file that the program came to something that it does not expect
    found = error if isinstance(error, DamagedFile) else None
    return _removed(inputs, found) or ([str(found)] if found else [])


def _removed(inputs: Iterable[str | Path], found: DamagedFile | None) -> list[str]:
    """Removes the damaged results among `inputs`, the one `found` too; returns a sentence about each."""
    results = [file for file in dict.fromkeys(map(Path, inputs)) if RESULTS in file.parents]
    damaged = {found.file: found.fault} if found and found.file in results else {}
    for file in results:
        try:
            check_whole(file)
        except DamagedFile as error:
            damaged.setdefault(file, error.fault)
        except UserError:
            continue  # another job has removed it, or it cannot be read, which is no damage
    sentences = []
    for file, fault in damaged.items():
        with suppress(OSError):
            file.unlink(missing_ok=True)
            sentences.append(
                f"{file}: {fault}, so it was removed; run the same command again, which makes it again"
            )
    return sentences


def _end(name: str, errors: Iterable[str]) -> None:
    sentences = [masked(f"captchanet: {name}: {error}") for error in errors]
    print(*sentences, sep="\n", file=sys.stderr)
    # lines that are appended in one write: the errors of jobs that fail at the same time do not mix
    with suppress(OSError), ERRORS.open("a", encoding="utf-8", errors="surrogateescape") as file:
        file.write("".join(f"{sentence}\n" for sentence in sentences))
    sys.exit(1)


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
    _logs.append(log)
    try:
        with redirect_stdout(Both(sys.stdout, log)), redirect_stderr(Both(sys.stderr, log)):
            yield log
    finally:
        _logs.remove(log)
        # closing writes what is left, which fails on a full disk
        with suppress(OSError):
            log.close()
