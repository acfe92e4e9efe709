"""Settings are checked against their types, and a method's own signature says which options it has."""

from dataclasses import dataclass
from typing import Annotated, Literal

import pytest
from annotated_types import Ge, Interval
from hypothesis import given
from hypothesis import strategies as st

from captchanet.errors import UserError
from captchanet.settings import Method, OneOf, Settings, documented


def slow(
    data,
    *,
    rate: Annotated[float, Ge(0)],
    steps: int = 10,
    size: int | None = None,
    names: tuple[str, ...] = (),
    loud: bool = False,
    way: Literal["up", "down"] = "up",
    colour: tuple[int, int] = (0, 1),
    rng: object = None,
):
    """A method with an option of every kind."""
    return data, rate, steps, rng


@dataclass(frozen=True)
class Slow:
    """The same as a record, with few options."""

    rate: Annotated[float, Ge(0)]
    steps: int = 10

    def __call__(self, data, *, rng=None):
        return data, self.rate, self.steps, rng


METHODS = OneOf({"slow": slow, "record": Slow}, given=("rng",), renamed={"speed": "rate"})


class Numbers(Settings):
    """Settings of every simple type."""

    renamed = {"yes": "truth"}  # noqa: RUF012 (not changed)

    real: float = 0.0
    whole: int = 0
    either: int | float | str = 0
    maybe: int | None = 0
    word: str | None = ""
    truth: bool = False
    list: tuple[Annotated[int, Interval(ge=0, le=9)], ...] = ()
    method: Annotated[Method, METHODS] = METHODS("slow", rate=1)


def test_defaults_are_filled_in_and_arguments_of_the_program_left_out():
    found = METHODS.of({"method": "slow", "rate": 1})
    assert found.dump() == {
        "method": "slow",
        "rate": 1.0,
        "steps": 10,
        "size": None,
        "names": [],
        "loud": False,
        "way": "up",
        "colour": [0, 1],
    }
    assert type(found.options["rate"]) is float


@pytest.mark.parametrize("name", ["slow", "record"])
def test_a_function_and_a_dataclass_are_called_alike(name):
    method = METHODS(name, rate=2)
    assert method("data", rng="rng") == ("data", 2.0, 10, "rng")
    assert method("data", rate=3.0) == ("data", 3.0, 10, None)
    assert method.takes("rng")
    assert method.takes("rate")
    assert not method.takes("epochs")


def test_a_method_that_is_registered_later_is_known():
    registry = {"slow": slow}
    one = OneOf(registry)
    registry["record"] = Slow
    assert one("record", rate=1).method == "record"


@pytest.mark.parametrize(
    ("section", "words"),
    [
        ("slow", ["a.method: found 'slow'", "`method: NAME`"]),
        ({"method": "fast"}, ["a.method.method: found 'fast'", "slow"]),
        ({}, ["a.method.method", "None"]),
        ({"method": "slow"}, ["a.method.rate", "slow needs this option"]),
        ({"method": "slow", "rate": 1, "step": 3}, ["a.method.step", "options of slow are: rate, steps"]),
        ({"method": "slow", "rate": 1, "rng": 3}, ["a.method.rng"]),
        ({"method": "record", "rate": 1, "size": 3}, ["a.method.size", "options of record are: rate, steps"]),
        ({"method": "slow", "speed": 1}, ["a.method.speed: since format 2 it is called rate"]),
        ({"method": "slow", "rate": "quick"}, ["a.method.rate: found 'quick'", "a number"]),
        ({"method": "slow", "rate": True}, ["a.method.rate: found True", "a number"]),
        ({"method": "slow", "rate": -1}, ["a.method.rate: found -1", "at least 0"]),
        ({"method": "slow", "rate": ".inf"}, ["a.method.rate"]),
        ({"method": "slow", "rate": "1e999"}, ["a.method.rate"]),
        ({"method": "slow", "rate": 1, "steps": 1.5}, ["a.method.steps: found 1.5", "a whole number"]),
        ({"method": "slow", "rate": 1, "loud": "very"}, ["a.method.loud", "true or false"]),
        (
            {"method": "slow", "rate": 1, "way": "left"},
            ["a.method.way: found 'left'; choose one of up, down"],
        ),
        ({"method": "slow", "rate": 1, "colour": [1]}, ["a.method.colour", "list of 2"]),
        ({"method": "slow", "rate": 1, "colour": [1, "x"]}, ["a.method.colour[1]: found 'x'"]),
    ],
)
def test_what_is_wrong_with_a_method_is_named_with_what_is_allowed(section, words):
    with pytest.raises(UserError) as caught:
        Numbers.of({"method": section}, "a.")
    for word in words:
        assert word in str(caught.value)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"reel": 1}, "a: unknown key 'reel'; allowed: real, whole, either, .*; did you mean 'real'"),
        ({"yes": 1}, "a: unknown key 'yes'; .*; since format 2 it is called truth"),
        ({1: 1}, "a: found the name 1; put names in quotes"),
        ({"real": 0, 5: None}, "a: found the name 5; a decimal number has a point, as in 0.5"),
        ({"real:0.5": ""}, "put a space behind the colon"),
        ({"real:0.5": None}, r"a: found the name 'real:0\.5' without a value; put a space behind the colon"),
        ([], r"a: found \[\]; expected keys and values below it"),
        ({"either": []}, r"a\.either: found \[\]; expected a whole number or a number or text"),
        ({"list": "[1, {"}, r"a\.list: found '\[1, \{'; expected a list"),
        ({"list": [1, 10]}, r"a\.list\[1\]: found 10; expected at most 9"),
        ({"list": "[1, 10]"}, r"a\.list\[1\]: found 10; expected at most 9"),
        ({"maybe": "x"}, r"a\.maybe: found 'x'; expected a whole number or null$"),
        ({"maybe": "1e400"}, r"a\.maybe: found '1e400'; expected"),
        ({"either": {}}, r"a\.either: found \{\}; expected a whole number or a number or text$"),
        ({"method": {1: 2}}, r"a\.method: found the name 1; put names in quotes"),
        # a key that is not known explains the rest
        ({"whole": "x", "reel": 1}, "unknown key 'reel'"),
    ],
)
def test_what_is_wrong_with_a_section_is_named_with_what_is_allowed(given, said):
    with pytest.raises(UserError, match=said):
        Numbers.of(given, "a.")


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_spelt_as_text_is_that_number(number):
    assert Numbers.of({"real": repr(number)}).real == number
    assert Numbers.of({"real": f"{number:e}"}).real == float(f"{number:e}")


@given(st.integers())
def test_a_whole_number_spelt_as_text_keeps_every_digit(number):
    assert Numbers.of({"whole": str(number)}).whole == number
    found = Numbers.of({"either": str(number)}).either
    assert (found, type(found)) == (number, int)


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("maybe", "null", None),
        ("maybe", None, None),
        ("word", "null", None),
        ("word", "12", "12"),
        ("truth", "true", True),
        ("truth", "False", False),
        ("either", "raw", "raw"),
        ("either", "0.2", 0.2),
        ("either", "400", 400),
        ("either", 400.0, 400.0),
        ("whole", 200.0, 200),
        ("whole", "1e3", 1000),
        ("list", ["1", 2.0], (1, 2)),
        ("list", "[1, 2]", (1, 2)),
    ],
)
def test_a_value_is_of_the_nearest_type_that_its_key_allows(key, value, expected):
    found = getattr(Numbers.of({key: value}), key)
    assert found == expected
    assert type(found) is type(expected)


def test_settings_are_compared_by_what_they_say_and_cannot_be_changed():
    one = Numbers.of({"method": {"method": "slow", "rate": 1}})
    assert one == Numbers() != Numbers(whole=1)
    assert Numbers.of(one.dump()) == one
    with pytest.raises(ValueError, match="frozen"):
        one.whole = 3


def test_what_a_docstring_says_of_its_parameters_is_found():
    text = """One.

Parameters
----------
level : int
    Below it
    is ink.
left, top : float
    Where it starts.

Returns
-------
ndarray
"""
    assert documented(text) == {
        "level": "Below it is ink.",
        "left": "Where it starts.",
        "top": "Where it starts.",
    }
