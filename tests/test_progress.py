"""How far a long job is, is told a few times a minute, by the name of the job."""

import io
import sys
import time

import pytest

from captchanet.cli.progress_bar import progress_bar
from captchanet.progress import Lines, counted, duration, heard, tell


class Clock:
    """A clock that goes on by so many seconds at each look."""

    def __init__(self, step):
        self.now, self.step = 0.0, step

    def __call__(self):
        self.now += self.step
        return self.now


def test_a_line_says_which_job_how_far_what_else_and_how_long_still(capsys):
    with heard(Lines("train cg", Clock(1.0))):
        for epoch in range(1, 61):
            tell("epoch", epoch, 60, f"cost {1 / epoch:.2f}")
    said = capsys.readouterr().err.splitlines()
    assert said[0] == "train cg: epoch 5 of 60, cost 0.20, 55 s left"
    assert said[1] == "train cg: epoch 20 of 60, cost 0.05, 40 s left"
    assert len(said) == 4, "the first after 5 seconds, then one in 15"


def test_a_training_that_goes_on_counts_the_time_of_its_own_epochs_only(capsys):
    with heard(Lines("train cg", Clock(2.0))):
        for epoch in range(901, 906):
            tell("epoch", epoch, 1000)
    assert capsys.readouterr().err == "train cg: epoch 903 of 1,000, 3 min left\n"


def test_each_unit_begins_anew_and_an_unknown_number_has_no_time_left(capsys):
    lines = Lines("segment grid raw", Clock(20.0))
    lines("picture", 7000, 7000, "")
    lines("batch", 1, 3, "")
    lines("batch", 2, 3, "")
    lines("batch", 1, None, "")
    assert capsys.readouterr().err.splitlines() == [
        "segment grid raw: picture 7,000 of 7,000",
        "segment grid raw: batch 1 of 3",
        "segment grid raw: batch 2 of 3, 20 s left",
        "segment grid raw: batch 1",
    ]


def test_a_short_job_and_work_that_nobody_listens_to_say_nothing(capsys):
    with heard(Lines("train cg")):
        assert list(counted("abc", "letter")) == ["a", "b", "c"]
    tell("epoch", 1, 2)
    assert capsys.readouterr() == ("", "")


def test_the_innermost_listener_hears_of_each_item_when_it_is_done():
    outer, inner = [], []
    with heard(lambda *told: outer.append(told)):
        with heard(lambda *told: inner.append(told)):
            items = counted(iter("ab"), "letter", 2)
            next(items)
            assert inner == []
            assert list(items) == ["b"]
        tell("step", 1)
    assert inner == [("letter", 1, 2, ""), ("letter", 2, 2, "")]
    assert outer == [("step", 1, None, "")]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.2, "0 s"), (99.4, "99 s"), (99.6, "2 min"), (7100, "118 min"), (7500, "2 h 5 min")],
)
def test_a_time_is_told_as_people_say_it(seconds, text):
    assert duration(seconds) == text


class Terminal(io.StringIO):
    """A stream that says that it is a terminal."""

    def isatty(self):
        return True


def work():
    for done in range(1, 101):
        tell("picture", done, 100)


@pytest.fixture
def slow(monkeypatch):
    """A clock on which each look takes a fifth of a second."""
    monkeypatch.setattr(time, "monotonic", Clock(0.2))


def test_a_command_on_a_terminal_shows_a_bar_and_takes_it_away(slow, monkeypatch):
    monkeypatch.setattr(sys, "stderr", terminal := Terminal())
    with progress_bar():
        work()
    shown = terminal.getvalue()
    assert "pictures" in shown
    assert "50/100" in shown
    assert shown.endswith("\r\033[K\033[?25h"), "an empty line, with a cursor"


@pytest.mark.parametrize("stream", [io.StringIO, Terminal])
def test_there_is_no_bar_in_a_file_beside_results_or_for_work_of_a_moment(stream, slow, monkeypatch):
    monkeypatch.setattr(sys, "stderr", errors := stream())
    monkeypatch.setattr(sys, "stdout", Terminal())
    with progress_bar(beside_output=True):
        work()
    monkeypatch.setattr(time, "monotonic", Clock(0.001))
    with progress_bar():
        work()
    assert errors.getvalue() == ""
