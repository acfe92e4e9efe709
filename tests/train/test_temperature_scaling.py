"""A temperature changes the confidence and never the reading. A known temperature is found again."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import softmax

from captchanet.train.temperature_scaling import fit_temperature, scaled


def logits(n, k=6, seed=0):
    return 2 * np.random.default_rng(seed).normal(size=(n, k))


def sampled(probabilities, seed=1):
    """A class for each row, sampled by its probabilities."""
    chance = np.random.default_rng(seed).random((len(probabilities), 1))
    return (probabilities.cumsum(axis=1) < chance).sum(axis=1)


@given(
    st.integers(0, 99),
    st.floats(0.05, 20),
    st.floats(0.05, 20),
    st.sampled_from([np.float32, np.float64]),
)
def test_no_temperature_changes_the_reading_and_a_higher_one_is_less_confident(seed, one, other, dtype):
    outputs = softmax(logits(20, seed=seed), axis=1).astype(dtype)
    low, high = (scaled(outputs, t) for t in sorted((one, other)))
    top = outputs.argmax(axis=1)
    for made in (low, high):
        np.testing.assert_allclose(made.sum(axis=1), 1)
        # what is nearly equal may become equal: the one that was read has still no lower probability than any
        assert (made[np.arange(20), top] >= made.max(axis=1) - 1e-12).all()
    assert (low.max(axis=1) >= high.max(axis=1) - 1e-12).all()


def test_scaled_softmax_outputs_are_the_softmax_of_the_scaled_logits():
    z = logits(50)
    np.testing.assert_allclose(scaled(softmax(z, axis=1), 0.6), softmax(z / 0.6, axis=1), rtol=1e-9)


def test_outputs_of_zero_are_numbers_all_the_same():
    made = scaled(np.array([[0, 0, 0], [1, 0, 0]], np.float32), 0.5)
    np.testing.assert_allclose(made, [[1 / 3] * 3, [1, 0, 0]], atol=1e-9)


@pytest.mark.parametrize("known", [0.6, 1.0, 1.7])
def test_the_known_temperature_of_many_characters_is_found(known):
    z = logits(6000)
    truth = sampled(softmax(z, axis=1))
    assert fit_temperature(softmax(z * known, axis=1), truth) == pytest.approx(known, rel=0.05)


def test_a_few_characters_that_are_all_right_make_nobody_certain():
    z = logits(24)
    outputs = softmax(z, axis=1)
    temperature = fit_temperature(outputs, outputs.argmax(axis=1))
    # without the prior it would end at the least that is looked at, 0.05
    assert 0.2 < temperature < 1
    assert fit_temperature(outputs[:0], np.zeros(0, np.int64)) == pytest.approx(1, abs=1e-4)


def test_the_likelihood_is_better_than_without():
    z = logits(500)
    truth = sampled(softmax(z, axis=1))
    outputs = softmax(z * 0.5, axis=1)
    temperatures = (1.0, fit_temperature(outputs, truth))
    losses = [-np.log(scaled(outputs, t)[np.arange(500), truth]).mean() for t in temperatures]
    assert losses[1] < losses[0]
