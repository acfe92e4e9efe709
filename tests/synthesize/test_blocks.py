"""Blocks of captchas on several cores: the same pixels, one error, and no process that is left behind."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from captchanet.errors import UserError
from captchanet.progress import heard
from captchanet.synthesize import blocks
from captchanet.synthesize.blocks import draw
from captchanet.synthesize.kinds import KINDS

SHAPE = (23, 2, 3, 3)


@pytest.fixture(autouse=True)
def small(monkeypatch):
    """Blocks and shares of a few captchas, so that there are several rounds."""
    monkeypatch.setattr(blocks, "BLOCK", 2)
    monkeypatch.setattr(blocks, "SHARE", 3)


def filled(numbers):
    """A picture full of each number."""
    return (np.full(SHAPE[1:], number, np.uint8) for number in numbers)


@pytest.mark.parametrize("processes", [1, 2, 5])
def test_every_captcha_is_drawn_at_its_place(processes):
    told = []
    with heard(lambda *what: told.append(what)):
        pictures = draw(iter(range(23)), SHAPE, filled, processes)
    assert (pictures == np.arange(23)[:, None, None, None]).all()
    assert told[-1][:3] == ("captcha", 23, 23)


@pytest.mark.parametrize("kind", KINDS)
def test_any_number_of_processes_and_any_blocks_give_the_same_pixels(kind, monkeypatch):
    synthesize = KINDS[kind](count=11, seed=3)
    several, labels = synthesize(processes=3)
    monkeypatch.setattr(blocks, "BLOCK", 16)
    one, same = synthesize()
    assert labels == same
    assert several.tobytes() == one.tobytes()


def test_few_captchas_start_no_process(monkeypatch):
    monkeypatch.setattr(blocks, "SHARE", 1024)
    monkeypatch.setattr(os, "fork", None)
    assert draw(range(23), SHAPE, filled, 8).shape == SHAPE


@pytest.mark.parametrize("processes", [1, 3])
def test_what_goes_wrong_in_a_process_is_raised_once_and_printed_nowhere(processes, capfd):
    def fail_late(numbers):
        if 17 in numbers:
            raise MemoryError("no room for 17")
        return filled(numbers)

    with pytest.raises(MemoryError, match="no room for 17"):
        draw(range(23), SHAPE, fail_late, processes)
    assert capfd.readouterr() == ("", "")


def test_a_process_that_is_killed_is_said_in_a_sentence():
    here = os.getpid()

    def die(numbers):
        if os.getpid() != here:
            os.kill(os.getpid(), signal.SIGKILL)
        return filled(numbers)

    with pytest.raises(
        UserError, match=r"was killed \(signal 9\), as the system does when there is not enough"
    ):
        draw(range(23), SHAPE, die, 2)


def test_an_error_while_sampling_ends_the_processes_at_work():
    def sampled():
        yield from range(6)
        raise ValueError("no more")

    def slow(numbers):
        time.sleep(30)
        return filled(numbers)

    before = time.monotonic()
    with pytest.raises(ValueError, match="no more"):
        draw(sampled(), SHAPE, slow, 2)
    assert time.monotonic() - before < 10
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


SCRIPT = r"""
import os, time
from captchanet.synthesize import blocks

def render(numbers):
    os.write(1, b"%d\n" % os.getpid())
    time.sleep(0.05)
    return [0 for _ in numbers]

blocks.SHARE = 100000
blocks.draw(range(200000), (200000, 1, 1, 3), render, 2)
"""


def test_a_kill_leaves_no_process_behind():
    environment = os.environ | {"PYTHONPATH": str(Path(blocks.__file__).parents[2])}
    with subprocess.Popen([sys.executable, "-c", SCRIPT], stdout=subprocess.PIPE, env=environment) as program:
        assert program.stdout
        workers = {int(program.stdout.readline()) for _ in range(4)} - {program.pid}
        program.kill()
        assert workers
        program.stdout.read()  # ends when nobody is left that could write
