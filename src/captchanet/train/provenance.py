"""Where a run comes from: the code, the data, the libraries and the machine that made its theta."""

import functools
import hashlib
import os
import platform
import sys
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path
from typing import Any, TypedDict

from captchanet.train.code_origin import CodeOrigin, code_origin

ROOT = Path(__file__).resolve().parents[3]
LIBRARIES = ("numpy", "scipy", "pillow", "pandas", "snakemake", "mlflow", "captchanet")


class Blas(TypedDict):
    """A BLAS library of the process."""

    library: str
    version: str | None
    threads: int
    kernel: str | None


class Provenance(TypedDict):
    """A run's provenance.json, as far as other parts of the project read it."""

    started: str
    seconds: float
    workflow_command: str | None
    theta_sha256: str
    data_sha256: dict[str, str]
    git: CodeOrigin | None
    sources: dict[str, str]
    python: str
    libraries: dict[str, str | None]
    blas: list[Blas]
    cpu: str
    platform: str


def provenance(files: Iterable[Path], captchas: Iterable[tuple[str, ...]]) -> dict[str, Any]:
    """Collect all that can explain why two runs differ, as a JSON-ready dict.

    `files` are the sources that decide the run, `captchas` the rows (pictures, file, label, sha256) that
    trained it. Without a repository, `git` is null.
    """
    sources = digests(files)
    return {
        "git": code_origin(ROOT, sources),
        "sources": sources,
        "pictures": {f"{folder}/{file}": sha256 for folder, file, _, sha256 in captchas},
        **arithmetic(),
        "platform": platform.platform(),
        "command": sys.argv,
    }


def code_problem(files: Iterable[Path]) -> str:
    """Why git cannot tell all the code of runs by these sources; "" if it can, or without a repository."""
    origin = code_origin(ROOT, digests(files))
    return origin["problem"] if origin else ""


def digests(files: Iterable[Path]) -> dict[str, str]:
    """Compute sha256 of each file, in hexadecimal, by its path in the project."""
    return {_relative(file): hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


def arithmetic() -> dict[str, Any]:
    """Tell what computes: with another of these the same sum can round in another way."""
    from threadpoolctl import threadpool_info

    blas = [
        {"library": pool["internal_api"], "version": pool["version"], "threads": pool["num_threads"]}
        | {"kernel": pool.get("architecture")}
        for pool in threadpool_info()
        if pool["user_api"] == "blas"
    ]
    return {
        "python": platform.python_version(),
        "libraries": {name: _version(name) for name in LIBRARIES},
        # NumPy and SciPy each bring one, and are found in any order
        "blas": sorted(blas, key=str),
        "blas_kernel_forced_by": os.environ.get("OPENBLAS_CORETYPE"),
        "cpu": _cpu(),
    }


def _relative(file: Path) -> str:
    file = file.resolve()
    return str(file.relative_to(ROOT)) if file.is_relative_to(ROOT) else file.name


@functools.cache
def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


@functools.cache
def _cpu() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    except OSError:
        pass  # not Linux
    return platform.processor() or platform.machine()
