"""The errors whose text is for the user, and how such a text lists many things."""

from collections.abc import Collection
from itertools import islice
from pathlib import Path


class UserError(Exception):
    """Something that the user can correct: what was found, where, what was expected and what to do.

    The command line and the scripts of the workflow print it as one sentence and end with a non-zero status.
    The user never sees it as a traceback.
    """


class DamagedFile(UserError):
    """A file of the program that is not as the program wrote it.

    A job of the workflow removes such a result, so that the next run makes it again (`captchanet.job`).
    Commands only say what is wrong.

    Attributes
    ----------
    file
        Its path.
    fault
        What is wrong with it.
    """

    def __init__(self, file: str | Path, fault: str, cure: str = "delete it, and make it again") -> None:
        super().__init__(f"{file}: {fault}; {cure}")
        self.file, self.fault = Path(file), fault


def in_short(names: Collection[str], most: int, between: str = ", ") -> str:
    """The first of many names, and how many more there are: "a, b and 7 more", or "a; b; and 7 more"."""
    more = f"{between if between == '; ' else ' '}and {len(names) - most} more" if len(names) > most else ""
    return between.join(islice(names, most)) + more
