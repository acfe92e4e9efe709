"""A method's own signature says which options a configuration may give it."""

from dataclasses import dataclass
from typing import Annotated, Literal

import pytest
from annotated_types import Ge
from hypothesis import given
from hypothesis import strategies as st

from captchanet.errors import UserError
from captchanet.options import cast, resolve


def slow(
    data,
    *,
    rate: float,
    steps: int = 10,
    size: int | None = None,
    names: list = (),
    loud: bool = False,
    colour: tuple[int, int] = (0, 1),
    rng: object = None,
):
    """A method with an option of every kind."""


@dataclass(frozen=True, kw_only=True)
class Whole:
    """A method that is a dataclass: its fields are its options."""

    weight: Annotated[float, Ge(0)] = 0.1
    colour: tuple[Annotated[int, Ge(0)], int] = (0, 1)
    lines: Literal["keep", "remove"] = "keep"


METHODS = {"slow": slow, "whole": Whole}


def test_defaults_are_filled_in_and_arguments_of_the_program_left_out():
    found = resolve({"method": "slow", "rate": 1}, METHODS, "train.a", given=("rng",))
    assert found == {
        "method": "slow",
        "rate": 1.0,
        "steps": 10,
        "size": None,
        "names": [],
        "loud": False,
        "colour": (0, 1),
    }
    assert type(found["rate"]) is float


def test_the_fields_of_a_dataclass_are_its_options():
    found = resolve({"method": "whole", "colour": ["3", 4], "lines": "remove"}, METHODS, "train.a")
    assert found == {"method": "whole", "weight": 0.1, "colour": (3, 4), "lines": "remove"}


@pytest.mark.parametrize(
    ("section", "words"),
    [
        ({"method": "whole", "lines": "gone"}, ["train.a.lines", "'gone'", "keep, remove"]),
        ({"method": "whole", "lines": ["keep"]}, ["train.a.lines", "keep, remove"]),
        ({"method": "whole", "line": 3}, ["train.a.line", "weight, colour, lines"]),
        ("slow", ["train.a", "'slow'", "method: NAME"]),
        ({"method": "fast"}, ["train.a.method", "'fast'", "slow"]),
        ({}, ["train.a.method", "None"]),
        ({"method": "slow"}, ["train.a.rate", "needs"]),
        ({"method": "slow", "rate": 1, "step": 3}, ["train.a.step", "rate, steps"]),
        ({"method": "slow", "rate": 1, "rng": 3}, ["train.a.rng"]),
        ({"method": "slow", "rate": "quick"}, ["train.a.rate", "'quick'", "a number"]),
        ({"method": "slow", "rate": True}, ["train.a.rate", "True", "a number"]),
        ({"method": "slow", "rate": ".inf"}, ["train.a.rate"]),
        ({"method": "slow", "rate": 1, "steps": 1.5}, ["train.a.steps", "1.5", "a whole number"]),
        ({"method": "slow", "rate": 1, "loud": "very"}, ["train.a.loud", "true or false"]),
        ({"method": "slow", "rate": 1, "colour": [1]}, ["train.a.colour", "list of 2"]),
    ],
)
def test_what_cannot_be_is_named_with_what_could(section, words):
    with pytest.raises(UserError) as caught:
        resolve(section, METHODS, "train.a", given=("rng",))
    for word in words:
        assert word in str(caught.value)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_spelt_as_text_is_that_number(number):
    assert cast(repr(number), float, "k") == number
    assert cast(f"{number:e}", float, "k") == float(f"{number:e}")


@given(st.integers())
def test_a_whole_number_spelt_as_text_keeps_every_digit(number):
    assert cast(str(number), int, "k") == number
    assert type(cast(str(number), int | str, "k")) is int


@pytest.mark.parametrize(
    ("value", "hint", "expected"),
    [
        ("null", int | None, None),
        ("null", str | None, None),
        (None, int | None, None),
        ("true", bool, True),
        ("True", bool | int, True),
        (1, bool | int, 1),
        ("raw", int | float | str, "raw"),
        ("0.2", int | float | str, 0.2),
        ("400", int | float | str, 400),
        (["1", 2], list[int], [1, 2]),
    ],
)
def test_of_several_types_the_nearest_is_taken(value, hint, expected):
    found = cast(value, hint, "k")
    assert found == expected
    assert type(found) is type(expected)
