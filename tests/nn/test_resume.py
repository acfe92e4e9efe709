"""An optimiser that goes on from a state ends with the same bits as one that never stopped."""

import copy
from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from captchanet.nn import (
    AdamW,
    GradientDescent,
    Objective,
    OptimiserState,
    fully_connected,
    one_cycle,
    uniform,
)

NETWORK = fully_connected((4, 5, 3))
ROWS, EPOCHS = 23, 5
OPTIMISERS = {
    "plain": partial(GradientDescent),
    "momentum": partial(GradientDescent, momentum=0.9),
    "adamw": partial(AdamW, weight_decay=0.1),
}


def objective(dtype, rates):
    rng = np.random.default_rng(0)
    X, Y = rng.random((ROWS, 4)), np.eye(3)[rng.integers(0, 3, ROWS)]
    network = fully_connected((4, 5, 3), dropout=rates)
    return Objective(network, X, Y, dtype=dtype, rng=np.random.default_rng(5))


def minimise(name, on, batch, **options):
    rate = one_cycle(0.3, total=EPOCHS * (-(-ROWS // batch) if batch else 1))
    rows = []
    optimiser = OPTIMISERS[name](learning_rate=rate, epochs=EPOCHS, batch_size=batch)
    result = optimiser(
        on,
        uniform(NETWORK, np.random.default_rng(1), dtype=on.dtype),
        rng=np.random.default_rng(2) if batch else None,
        callback=lambda *row: rows.append((row[0], *row[2:])),
        **options,
    )
    return result, rows


def states(name, on, batch):
    """Every state of an unbroken optimiser, with the state of dropout's generator, and how it ended."""
    kept = []

    def keep(state):
        kept.append(copy.deepcopy((state, on.rng.bit_generator.state)))

    return kept, *minimise(name, on, batch, checkpoint=keep)


@settings(max_examples=60)
@given(
    st.sampled_from(sorted(OPTIMISERS)),
    st.sampled_from([None, 1, 7, ROWS]),
    st.sampled_from(["float32", "float64"]),
    st.sampled_from([(), (0.1, 0.3)]),
    st.integers(1, EPOCHS - 1),
)
def test_an_optimiser_resumed_after_any_epoch_ends_in_the_bits_of_an_unbroken_one(
    name, batch, dtype, rates, epoch
):
    kept, unbroken, rows = states(name, objective(dtype, rates), batch)
    state, of_dropout = kept[epoch - 1]
    assert (state.epoch, len(kept)) == (epoch, EPOCHS - 1)
    again = objective(dtype, rates)
    again.rng.bit_generator.state = of_dropout
    resumed, rest = minimise(name, again, batch, resume=state)
    assert resumed.theta.tobytes() == unbroken.theta.tobytes()
    assert resumed.theta.dtype == np.dtype(dtype)
    assert vars(resumed) | {"theta": None} == vars(unbroken) | {"theta": None}
    assert rest == rows[epoch:]


def test_resuming_leaves_the_state_as_it_was():
    (first, *_), unbroken, _ = states("adamw", objective("float64", ()), 7)
    before = copy.deepcopy(first)
    for _ in range(2):
        resumed, _ = minimise("adamw", objective("float64", ()), 7, resume=first[0])
        assert resumed.theta.tobytes() == unbroken.theta.tobytes()
    np.testing.assert_equal(vars(first[0]), vars(before[0]))


def test_keeping_a_state_changes_no_bit_and_lends_the_optimisers_own_arrays():
    lent = []
    kept, _ = minimise("momentum", objective("float64", ()), 7, checkpoint=lent.append)
    alone, _ = minimise("momentum", objective("float64", ()), 7)
    assert kept.theta.tobytes() == alone.theta.tobytes()
    assert all(state.theta is kept.theta for state in lent)


def test_no_state_is_handed_out_after_the_end():
    seen = []
    stop = {"callback": lambda step, *_: step == 3}
    GradientDescent(learning_rate=0.1, epochs=9)(
        objective("float64", ()),
        uniform(NETWORK, np.random.default_rng(1)),
        checkpoint=lambda state: seen.append(state.epoch),
        **stop,
    )
    assert seen == [1, 2]


def test_a_state_of_another_optimiser_is_refused():
    (first, *_), *_ = states("adamw", objective("float64", ()), 7)
    with pytest.raises(ValueError, match=r"resume: .*the state of the same optimiser"):
        minimise("momentum", objective("float64", ()), 7, resume=first[0])
    fewer = OptimiserState(**{**vars(first[0]), "order": np.arange(ROWS - 1)})
    with pytest.raises(ValueError, match=r"\(22,\).*\(23,\)"):
        minimise("adamw", objective("float64", ()), 7, resume=fewer)
