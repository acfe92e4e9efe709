"""The class whose synthetic characters do not fit the real ones comes first, with what shows it."""

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from captchanet.evaluate import domain_gap
from captchanet.evaluate.domain_gap import (
    SHOWN,
    UNLIKE,
    Characters,
    compare_classes,
    correlation,
    nearest,
)

SIZE = (5, 4)


def characters(examples, seed, **shapes):
    """Noisy examples of the classes `a`, `b` and `c`; by default each class has its own shape."""
    rng = np.random.default_rng(seed)
    own = {letter: np.random.default_rng(ord(letter)).random(SIZE) > 0.5 for letter in "abc"}
    classes = np.repeat([1, 2, 3], [examples.get(letter, 0) for letter in "abc"])
    ink = np.array([(own | shapes)["abc"[number - 1]] for number in classes], float).reshape(-1, *SIZE)
    return Characters(np.clip(ink + rng.normal(0, 0.1, ink.shape), 0, 1), classes)


MANY = {"a": 30, "b": 30, "c": 30}


def test_the_class_that_is_synthesized_with_another_shape_comes_first():
    other = np.random.default_rng(0).random(SIZE) > 0.5
    first, *rest = compare_classes(characters(MANY, 1), characters(MANY, 2, b=other), "abc")
    assert (first.character, first.number, first.margin < 0) == ("b", 2, True)
    assert first.correlation < 0.9 < min(one.correlation for one in rest)
    assert [one.margin for one in rest] == sorted(one.margin for one in rest)


def test_few_examples_of_the_right_shape_come_after_many_of_a_wrong_one():
    def noisy(examples, seed, **shapes):
        some = characters(examples, seed, **shapes)
        noise = np.random.default_rng(seed).normal(0, 2, some.ink.shape)
        return Characters(some.ink + noise, some.classes)

    a_little_other = np.random.default_rng(ord("b")).random(SIZE) > 0.5
    a_little_other[:, 0] = ~a_little_other[:, 0]
    found = compare_classes(
        noisy({"a": 1, "b": 900}, 1), noisy({"a": 900, "b": 900}, 2, b=a_little_other), "ab"
    )
    assert found[1].correlation < found[0].correlation
    assert [one.character for one in found] == ["b", "a"]
    assert found[0].margin < 0 < found[1].margin


def test_a_shape_that_one_of_many_has_comes_first_and_below_it_what_is_nearest():
    real, synthetic = characters(MANY, 1), characters(MANY, 2)
    real.ink[17] = 1 - real.ink[17]
    (one,) = [one for one in compare_classes(real, synthetic, "abc") if one.character == "a"]
    assert one.real[0] == 17
    distances = np.sqrt(((real.ink[one.real[0]] - synthetic.ink[:30]) ** 2).sum(axis=(1, 2)))
    assert one.synthetic[0] == distances.argmin()


def test_without_an_example_there_is_nothing_to_compare_classes():
    found = {
        one.character: one
        for one in compare_classes(characters({"a": 9, "b": 9}, 1), characters({"a": 9, "c": 9}, 2), "abc")
    }
    assert list(found) == ["a", "b", "c"]
    assert found["a"].correlation is not None
    for letter in "bc":
        assert (found[letter].correlation, found[letter].expected, found[letter].margin) == (None, None, None)
    assert (found["b"].n_real, found["b"].n_synthetic, len(found["b"].real), found["b"].synthetic) == (
        9,
        0,
        9,
        [],
    )
    for blank in (found["c"].mean_real, found["b"].mean_synthetic):
        assert blank.shape == SIZE
        assert not blank.any()


@settings(max_examples=30)
@given(st.integers(1, 40), st.integers(1, 40))
@example(10, 10)
def test_examples_are_of_their_class_and_none_is_shown_twice_but_as_the_nearest(n_real, n_synthetic):
    real, synthetic = characters({"a": 2, "b": n_real}, 1), characters({"a": 3, "b": n_synthetic}, 2)
    (one,) = [one for one in compare_classes(real, synthetic, "abc") if one.character == "b"]
    assert one.unlike == min(n_real, UNLIKE)
    assert set(real.classes[one.real]) == set(synthetic.classes[one.synthetic]) == {2}
    assert len(set(one.real)) == len(one.real) == min(n_real, SHOWN)
    others = one.synthetic[one.unlike :]
    assert (
        len(set(others))
        == len(others)
        == min(SHOWN - UNLIKE, n_synthetic - len(set(one.synthetic[: one.unlike])))
    )
    assert not set(others) & set(one.synthetic[: one.unlike])
    # what shows the rest of a class comes in the order of its rows
    assert one.real[one.unlike :] == sorted(one.real[one.unlike :])
    assert others == sorted(others)


@settings(max_examples=40)
@given(st.integers(0, 999), st.floats(0.1, 9), st.floats(-3, 3))
def test_the_correlation_is_pearsons_and_knows_no_strength(seed, factor, offset):
    a, b = np.random.default_rng(seed).random((2, 20))
    assert correlation(a, b) == pytest.approx(np.corrcoef(a, b)[0, 1])
    assert correlation(factor * a + offset, b) == pytest.approx(correlation(a, b))
    assert correlation(a, np.full(20, offset)) == 0


def test_the_nearest_is_found_in_blocks_as_one_by_one(monkeypatch):
    monkeypatch.setattr(domain_gap, "BLOCK", 20)
    rng = np.random.default_rng(1)
    real, synthetic = rng.random((23, 6)), rng.random((9, 6))
    every = np.sqrt(((real[:, np.newaxis] - synthetic) ** 2).sum(axis=2))
    distances, rows = nearest(real, synthetic)
    np.testing.assert_allclose(distances, every.min(axis=1))
    np.testing.assert_array_equal(rows, every.argmin(axis=1))


def test_few_examples_are_held_to_less_than_many():
    synthetic = characters(MANY, 2)
    synthetic.ink[:] = np.random.default_rng(3).random(synthetic.ink.shape)
    few, many = (compare_classes(characters({"a": n}, 1), synthetic, "abc")[0].expected for n in (1, 100))
    assert few < many < 1
