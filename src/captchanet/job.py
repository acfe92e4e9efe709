"""How a job of the workflow ends when something is wrong: with one sentence for the user."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from captchanet.errors import UserError

ERRORS = Path(".snakemake/captchanet-errors.txt")
"""Jobs write their errors here; the workflow prints them last, below Snakemake's own report."""


@contextmanager
def job(name: str) -> Iterator[None]:
    """Runs a script's body; a UserError is printed as a sentence and ends the job with status 1."""
    try:
        yield
    except (UserError, MemoryError) as error:
        if isinstance(error, MemoryError):
            error = UserError(f"there is not enough memory ({error}); make the job smaller, or free memory")
        sentence = f"captchanet: {name}: {error}"
        print(sentence, file=sys.stderr)
        # one line, appended in one write: the errors of jobs that fail at the same time do not mix
        with suppress(OSError), ERRORS.open("a", encoding="utf-8", errors="surrogateescape") as file:
            file.write(sentence + "\n")
        sys.exit(1)
