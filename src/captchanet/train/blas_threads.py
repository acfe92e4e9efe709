"""How many threads the matrix products of a training take. The number decides how sums round."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from threadpoolctl import ThreadpoolController

from captchanet.errors import UserError

VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
"""Where a BLAS library that is loaded later reads its number of threads."""


@contextmanager
def blas_threads(number: int) -> Iterator[None]:
    """A block in which BLAS computes with exactly this number of threads, however many cores there are.

    Snakemake lowers the threads of a job to the cores that it has, and tells BLAS the lower number. That
    would give other bits. So BLAS is told the number anew, and threads without a core of their own take
    turns. Raises UserError where this BLAS cannot have so many.
    """
    before = {name: os.environ.get(name) for name in VARIABLES}
    libraries = ThreadpoolController().select(user_api="blas")
    with libraries.limit(limits=number):
        given = {pool["num_threads"] for pool in libraries.info()}
        if given - {number}:
            raise UserError(
                f"train: threads: found {number}; expected at most {min(given)}, as this BLAS was built for"
            )
        # SciPy, with a BLAS of its own, is imported by those who need it
        os.environ.update(dict.fromkeys(VARIABLES, str(number)))
        try:
            yield
        finally:
            for name, value in before.items():
                os.environ.pop(name, None)
                if value is not None:
                    os.environ[name] = value


def crowding(threads: int, cores: int | None) -> str:
    """What to say of a training with fewer `cores` than `threads`; "" if it has enough, or nobody knows."""
    if cores is None or cores >= threads:
        return ""
    of = f"{cores} core{'s' * (cores != 1)}"
    same = f"theta is that of {threads} cores"
    return f"its {threads} threads share {of}: {same}, but it may take many times as long"
