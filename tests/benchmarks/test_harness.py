"""The figures of the speed benchmark are ratios of functions that ran in turn, and of nothing else."""

import sys
from itertools import count

import harness
import numpy as np
import pytest


def test_contenders_run_in_turn_and_one_that_is_not_installed_is_left_out():
    ran, ticks = [], count()
    work = {name: lambda name=name: ran.append(name) for name in "ab"}
    found = harness.race({**work, "missing": None}, rounds=2, clock=lambda: float(next(ticks)))
    assert ran == ["a", "b"] * 3, "each once before the first round"
    assert {name: list(times) for name, times in found.items()} == {"a": [1, 1], "b": [1, 1]}
    pairs = [("a ÷ b", "a", "b"), ("a ÷ missing", "a", "missing")]
    assert list(harness.ratios("work", found, *pairs)) == [("work", "a ÷ b", "1.00 (1.00 – 1.00)")]


def test_the_time_of_a_work_that_counts_evaluations_is_that_of_one():
    ticks = count(step=8)
    found = harness.race({"cg": lambda: 4}, rounds=3, inner=2, clock=lambda: float(next(ticks)))
    assert list(found["cg"]) == [1, 1, 1]


def test_a_ratio_is_of_two_times_in_one_round():
    slow, fast = np.array([2.0, 40.0, 6.0]), np.array([1.0, 10.0, 2.0])
    assert harness.ratio(slow, fast) == "3.00 (2.50 – 3.50)"
    assert harness.median(np.array([0.001, 0.002, 0.003]), 1e-3) == "2 (1.5 – 2.5)"


def test_a_measured_process_has_one_thread_and_the_kernel_that_blas_chooses(monkeypatch):
    monkeypatch.setenv("OPENBLAS_CORETYPE", "Haswell")
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "7")
    found = harness.environment()
    assert "OPENBLAS_CORETYPE" not in found
    assert {found[name] for name in harness.VARIABLES} == {"1"}


def test_the_time_of_commands_is_theirs_together_and_one_that_fails_ends_the_benchmark(tmp_path):
    burn = "import time\nwhile time.process_time() < 0.08: pass"
    command = [sys.executable, "-I", "-S", "-c", burn]
    taken = harness.spent([command, command], tmp_path, {})
    assert taken.cpu >= 0.16
    with pytest.raises(SystemExit, match="no such thing"):
        harness.spent([[sys.executable, "-S", "-c", "raise SystemExit('no such thing')"]], tmp_path, {})
