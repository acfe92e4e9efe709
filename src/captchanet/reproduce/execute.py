"""Runs the workflow in a folder that no other process uses, only with the code of one given folder."""

import fcntl
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from captchanet.errors import UserError
from captchanet.git import clean_environment
from captchanet.job import ERRORS
from captchanet.progress import tell
from captchanet.train.provenance import Blas

MARKER = ".captchanet-rerun"
PROBE = """
import json, numpy, scipy.linalg
from threadpoolctl import threadpool_info
ones = numpy.ones((64, 64))
assert (ones @ ones).sum() == 64**3
print(json.dumps([pool.get("architecture") for pool in threadpool_info() if pool["user_api"] == "blas"]))
"""


# A process between this one and the workflow. It ends with the workflow. When this process is gone, it ends
# the workflow and its jobs
KEEPER = """
import os, signal, subprocess, sys, threading
workflow = subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL)
def watch():
    os.read(0, 1)
    os.killpg(0, signal.SIGKILL)
threading.Thread(target=watch, daemon=True).start()
sys.exit(1 if workflow.wait() else 0)
"""
PATIENCE = 5.0
"""Seconds to wait for a rerun's folder."""


@contextmanager
def claimed(folder: Path) -> Iterator[int]:
    """A block in which no other rerun uses `folder`. It is emptied first, if it has an earlier rerun.

    Yields the file descriptor of the lock; the kernel frees the lock when the last process with it ends.
    Raises UserError where the folder has anything else in it, or another rerun uses it.
    """
    try:
        if folder.exists() and not (folder / MARKER).exists() and any(folder.iterdir()):
            raise UserError(f"{folder}: has other files in it than a rerun; name another with --folder")
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / MARKER).open("a") as marker:
            _lock(marker.fileno(), folder)
            for left in folder.iterdir():
                if left.is_dir() and not left.is_symlink():
                    shutil.rmtree(left)
                elif left.name != MARKER:
                    left.unlink()
            yield marker.fileno()
    except OSError as error:
        raise UserError(
            f"{folder}: cannot be used ({error.strerror or error}); make it a folder that you can write "
            "to, with free space on its disk, or name another with --folder"
        ) from error


def _lock(marker: int, folder: Path) -> None:
    """Takes the lock. It waits a little, since the processes of a killed rerun need a moment to end."""
    until = time.monotonic() + PATIENCE
    while True:
        try:
            return fcntl.flock(marker, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            if time.monotonic() > until:
                raise UserError(
                    f"{folder}: another rerun uses this folder; wait until it has ended"
                ) from error
            time.sleep(0.05)


def kernel(recorded: Iterable[Blas]) -> tuple[dict[str, str], str]:
    """The variable that makes BLAS compute with the recorded kernel, and a remark on it.

    There is no variable where BLAS takes that kernel by itself, or where this processor cannot run it.
    """
    wanted = {str(pool["kernel"]) for pool in recorded}
    usual = _kernels({})
    if len(wanted) != 1 or usual == wanted or usual is None:
        return {}, ""
    forced = {"OPENBLAS_CORETYPE": wanted.copy().pop()}
    names = f"{', '.join(sorted(usual))} here, {forced['OPENBLAS_CORETYPE']} then"
    if _kernels(forced) == wanted:
        return forced, f"its BLAS kernel: {names}, and set to that"
    return {}, f"its BLAS kernel: {names}, which does not run here"


def _kernels(environment: Mapping[str, str]) -> set[str] | None:
    """The kernels that BLAS takes in this environment, None where it cannot compute."""
    command = [sys.executable, "-P", "-c", PROBE]
    with suppress(OSError, subprocess.SubprocessError, ValueError):
        done = subprocess.run(
            command, capture_output=True, check=True, timeout=120, env={**os.environ, **environment}
        )
        return set(map(str, json.loads(done.stdout)))
    return None


def snakemake(
    home: Path, folder: Path, targets: Sequence[str], cores: int, environment: Mapping[str, str], lock: int
) -> None:
    """Makes `targets` in `folder`, configured by its config.yaml, with the workflow and the src of `home`.

    Its output goes to snakemake.log. The workflow ends when this process ends, and has the file descriptor
    `lock` open until then. Raises UserError, with the sentence of the job, where it fails.
    """
    command = [sys.executable, "-c", KEEPER, sys.executable, "-m", "snakemake"]
    command += ["--snakefile", str(home.resolve() / "Snakefile"), "--directory", str(folder.resolve())]
    command += ["--configfile", str(folder.resolve() / "config.yaml"), "--cores", str(cores), *targets]
    # the last words are for a person; a training that failed is a result here like others, and no error
    command += ["--no-hooks"]
    # the workflow puts the src of `home` first in PYTHONPATH; what stands there now may be another project's
    without = ("PYTHONPATH", "SNAKEMAKE_PROFILE")
    env = {name: value for name, value in clean_environment().items() if name not in without}
    env |= dict(environment)
    log = folder / "snakemake.log"
    with (
        log.open("wb") as output,
        subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=env,
            cwd=folder,
            start_new_session=True,
            pass_fds=(lock,),
        ) as process,
    ):
        failed = _waited(process, log)
    if failed:
        raise UserError(f"the workflow failed: {_said(folder, log)}; its whole output: {log}")


def _waited(process: "subprocess.Popen[bytes]", log: Path) -> int:
    """The status with which the workflow ended. Meanwhile it is told how many of its steps are done."""
    while True:
        with suppress(subprocess.TimeoutExpired):
            return process.wait(timeout=1)
        if steps := re.findall(rb"^(\d+) of (\d+) steps", log.read_bytes(), flags=re.M):
            done, total = map(int, steps[-1])
            tell("step", done, total)


def _said(folder: Path, log: Path) -> str:
    """The last errors of its jobs, or the last lines that it printed."""
    for file in (folder / ERRORS, log):
        with suppress(OSError):
            lines = file.read_text("utf-8", "backslashreplace").strip().splitlines()
            if lines:
                return " ".join(line.strip() for line in lines[-3:])
    return "it printed nothing"
