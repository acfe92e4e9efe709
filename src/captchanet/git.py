"""The one access to the program git. GitPython would add 0.07 s to the import of each training job.

The same question has the same answer, whatever the user's environment and settings say: variables that lead
git elsewhere are left out, and no setting or attribute of the user changes a byte. What git refuses is a
UserError with git's own reason.
"""

import os
import re
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from captchanet.errors import UserError

OURS = {
    "LC_ALL": "C",
    "GIT_ATTR_NOSYSTEM": "1",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
}
SETTINGS = {
    "advice.detachedHead": "false",
    "apply.ignoreWhitespace": "no",
    "apply.whitespace": "nowarn",
    "core.attributesFile": os.devnull,
    "core.autocrlf": "false",
    "core.eol": "lf",
    "core.fsmonitor": "false",
    "core.hooksPath": os.devnull,
    "core.quotePath": "false",
    "core.safecrlf": "false",
    "core.sparseCheckout": "false",
    "core.splitIndex": "false",
}
"""What git does with bytes, without the user's hooks and helpers."""
UNTRUSTED = "detected dubious ownership in repository at "


def clean_environment() -> dict[str, str]:
    """The environment without what leads git elsewhere, as `GIT_DIR` does, which git sets for its hooks.

    GIT_CONFIG… stays: like the user's files it holds settings, such as the folders that are safe.
    """
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("GIT_") or name.startswith("GIT_CONFIG")
    }


def git(
    folder: Path,
    *words: str,
    given: bytes = b"",
    variables: Mapping[str, str] | None = None,
    timeout: float = 60,
) -> bytes:
    """What git prints in `folder`, with `given` as its input and with more `variables` in its environment.

    It runs no hook of the user, and asks for no password. Raises UserError with git's first error.
    """
    options = [word for name, value in SETTINGS.items() for word in ("-c", f"{name}={value}")]
    env = clean_environment() | OURS | dict(variables or {})
    command = ["git", "-C", str(folder), *options, *words]
    try:
        done = subprocess.run(command, input=given, capture_output=True, timeout=timeout, env=env)
    except FileNotFoundError as error:
        raise UserError("git is not installed") from error
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        raise UserError(f"git cannot be run ({error})") from error
    if done.returncode:
        raise UserError(_complaint(done.stderr.decode("utf-8", "replace")))
    return done.stdout


def _complaint(stderr: str) -> str:
    """Git's own reason, and its remedy for a repository of another user."""
    lines = stderr.strip().splitlines() or ["no reason given"]
    first = next((line for line in lines if line.startswith(("fatal: ", "error: "))), lines[-1])
    reason = first.removeprefix("fatal: ").removeprefix("error: ")
    if reason.startswith(UNTRUSTED):
        where = reason.removeprefix(UNTRUSTED)
        return f"{reason}; if you trust it: git config --global --add safe.directory {where}"
    return reason


def has_commit(folder: Path, commit: str) -> bool:
    """Whether the repository of `folder` has the commit with that id; raises UserError where git refuses."""
    if not re.fullmatch("[0-9a-f]{4,64}", commit):
        return False
    try:
        git(folder, "cat-file", "-e", f"{commit}^{{commit}}")
    except UserError as error:
        if "Not a valid object name" in str(error):
            return False
        raise
    return True


def repository_above(folder: Path) -> bool:
    """Whether there is a repository in `folder` or above it, also one that git refuses."""
    folder = folder.resolve()
    return any(os.path.lexists(one / ".git") for one in (folder, *folder.parents))


def quoted(path: Path) -> bytes:
    """A path in a list for git: each byte in octal, since a name may have a line end."""
    return b'"%s"' % b"".join(b"\\%03o" % byte for byte in os.fsencode(path))


class Git(Protocol):
    """git in one folder."""

    def __call__(self, *words: str, given: bytes = b"") -> bytes:
        """What it prints."""


@contextmanager
def scratch(folder: Path) -> Iterator[Git]:
    """A block with git in `folder` whose index and new objects are thrown away.

    Nothing in the repository changes, so it may be read-only, and what the user has staged stays.
    """
    objects = os.fsdecode(git(folder, "rev-parse", "--git-path", "objects")).rstrip("\n")
    with tempfile.TemporaryDirectory() as name:
        mine = Path(name)
        # A file, since in the environment variable a colon separates paths
        (mine / "objects/info").mkdir(parents=True)
        (mine / "objects/info/alternates").write_bytes(quoted((folder / objects).resolve()) + b"\n")
        variables = {"GIT_INDEX_FILE": str(mine / "index"), "GIT_OBJECT_DIRECTORY": str(mine / "objects")}

        def run(*words: str, given: bytes = b"") -> bytes:
            return git(folder, *words, given=given, variables=variables)

        yield run
