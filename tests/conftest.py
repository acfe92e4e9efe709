"""What every test shares: one BLAS thread, as in every job, and the outside data where it is there."""

import os

# Before NumPy is imported: two threads round otherwise than one.
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"):
    os.environ[variable] = "1"

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


def _outside(variable: str, what: str) -> Path:
    place = os.environ.get(variable)
    if not place:
        pytest.skip(f"set {variable} to {what}")
    return Path(place)


@pytest.fixture(scope="session")
def root() -> Path:
    """The repository's root."""
    return ROOT


@pytest.fixture(scope="session")
def real() -> Path:
    """The folder of real captchas, which the project does not ship."""
    return _outside("CAPTCHANET_REAL", "a folder with sheared-old/ and sheared-new/, captchas of this kind")


@pytest.fixture(scope="session")
def tutorial() -> Path:
    """The tutorial's second program, which the project does not ship."""
    return _outside("CAPTCHANET_TUTORIAL", "the tutorial's second program, example2.py")
