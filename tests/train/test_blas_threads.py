"""BLAS has the threads of the run, whatever Snakemake or the environment told it."""

import os
from contextlib import suppress

import numpy as np
import pytest
from threadpoolctl import threadpool_info

from captchanet.errors import UserError
from captchanet.train.blas_threads import VARIABLES, blas_threads, crowding


def threads():
    return {pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"}


def test_blas_has_more_threads_inside_a_block_and_as_many_as_before_behind_it(monkeypatch):
    monkeypatch.delenv(VARIABLES[-1], raising=False)
    environment, before = dict(os.environ), threads()
    with suppress(ZeroDivisionError), blas_threads(3):
        assert threads() == {3}
        # a library that is loaded only now takes as many
        assert {os.environ[name] for name in VARIABLES} == {"3"}
        raise ZeroDivisionError
    assert threads() == before == {1}
    assert dict(os.environ) == environment


def test_two_threads_round_differently_from_one():
    X = np.random.default_rng(1).random((480, 261), dtype=np.float32)
    products = {}
    for number in (1, 2):
        with blas_threads(number):
            products[number] = X[:240] @ X[240:].T
    assert np.allclose(products[1], products[2])
    assert not np.array_equal(products[1], products[2])


def test_more_threads_than_blas_was_built_for_are_refused_with_their_number():
    with pytest.raises(UserError, match=r"found 100000; expected at most \d+"), blas_threads(100_000):
        pass


@pytest.mark.parametrize(("number", "cores"), [(1, 1), (2, 2), (2, 8), (2, None)])
def test_a_training_with_enough_cores_is_no_reason_to_warn(number, cores):
    assert crowding(number, cores) == ""


def test_a_training_with_too_few_cores_is_said_to_take_longer():
    assert crowding(4, 1).startswith("its 4 threads share 1 core: theta is that of 4 cores")
    assert "share 3 cores" in crowding(4, 3)
