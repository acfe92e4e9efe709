"""Runs the program git in a folder. GitPython would add 0.07 s to the import of each training job."""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from captchanet.errors import UserError

ELSEWHERE = (
    *("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_COMMON_DIR", "GIT_PREFIX", "GIT_NAMESPACE"),
    *("GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES"),
)
"""Variables that make git use another folder than the given one. In a git hook some of them are set."""


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
    options = ["-c", f"core.hooksPath={os.devnull}", "-c", "advice.detachedHead=false"]
    env = {name: value for name, value in os.environ.items() if name not in ELSEWHERE}
    env |= {"LC_ALL": "C", "GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", **(variables or {})}
    command = ["git", "-C", str(folder), *options, *words]
    try:
        done = subprocess.run(command, input=given, capture_output=True, timeout=timeout, env=env)
    except FileNotFoundError as error:
        raise UserError("git is not installed") from error
    except (OSError, subprocess.SubprocessError) as error:
        raise UserError(f"git cannot be run ({error})") from error
    if done.returncode:
        lines = done.stderr.decode("utf-8", "replace").strip().splitlines() or ["no reason given"]
        complaint = next((line for line in lines if line.startswith(("fatal: ", "error: "))), lines[-1])
        raise UserError(complaint.removeprefix("fatal: ").removeprefix("error: "))
    return done.stdout
