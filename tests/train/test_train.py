"""A training gives theta, a true history and the reason why it ended, also when it failed."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from small import SGD, train, training

from captchanet.dataset.dataset import Part
from captchanet.nn import Objective, fully_connected, one_hot
from captchanet.progress import heard
from captchanet.train.augment import Crops
from captchanet.train.train import Recorder, _mixture


def data(rows=30):
    rng = np.random.default_rng(0)
    y = rng.integers(1, 4, (rows, 1))
    return Part(rng.random((rows, 5)) + y, y, [])


@pytest.mark.parametrize("optimiser", [{"method": "cg", "iterations": 8}, SGD])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_the_same_seed_gives_the_same_bits_and_another_seed_others(optimiser, dtype):
    first, again, other = (
        train(data(), 3, training(optimiser=optimiser, dtype=dtype, seed=seed)) for seed in (1, 1, 2)
    )
    assert first.theta.dtype == np.dtype(dtype)
    assert first.theta.tobytes() == again.theta.tobytes() != other.theta.tobytes()
    assert first.history == again.history


def test_the_history_of_cg_is_cost_gradient_and_accuracy_at_each_accepted_step():
    trained = train(data(), 3, training())
    assert [row[0] for row in trained.history] == list(range(1, 9))
    network = fully_connected((5, 6, 3))
    from captchanet.nn import l2

    objective = Objective(network, data().X, one_hot(data().y, 3), penalty=l2(weight=0.1))
    cost, gradient = objective(trained.theta)
    _, last_cost, last_norm, last_accuracy = trained.history[-1]
    assert last_cost == pytest.approx(cost, rel=1e-12)
    assert last_norm == pytest.approx(np.linalg.norm(gradient), rel=1e-9)
    assert last_accuracy == objective.correct() / 30
    assert trained.status == "finished"
    assert trained.evaluations >= 8


def test_the_accuracy_of_a_step_is_that_of_the_evaluation_whose_cost_it_has():
    """An optimiser that searches along a line may have looked further than it went."""
    some = data()
    objective = Objective(fully_connected((5, 6, 3)), some.X, one_hot(some.y, 3))
    thetas = np.random.default_rng(5).normal(size=(6, objective.network.size)) * 3
    recorder = Recorder(objective, thetas[0])
    costs = [recorder(theta)[0] for theta in thetas]
    accuracies = []
    for theta in thetas:
        objective(theta)
        accuracies.append(objective.correct() / 30)
    assert len(set(accuracies)) > 3
    recorder(thetas[1], np.arange(7))
    recorder.callback(1, thetas[2], costs[2], 0.5)
    assert recorder.history == [(1, costs[2], 0.5, accuracies[2])]
    # of the next step too, although nothing was computed in between
    recorder.callback(2, thetas[2], costs[2], 0.5)
    assert recorder.history[1] == (2, costs[2], 0.5, accuracies[2])


def test_the_history_of_sgd_has_a_row_for_each_epoch_and_no_evaluation_of_its_own():
    trained = train(data(), 3, training(optimiser=SGD))
    assert [row[0] for row in trained.history] == [1, 2, 3]
    assert trained.evaluations == 3 * 5
    assert all(0 <= row[3] <= 1 for row in trained.history)


def test_a_training_that_diverges_comes_back_failed_with_its_last_good_theta():
    costly = {"cost": "quadratic", "penalty": {"method": "l2", "weight": 1e9}}
    wild = training(optimiser=SGD | {"learning_rate": 1e6, "epochs": 200}, **costly)
    trained = train(data(), 3, wild)
    assert trained.status == "failed"
    assert "the cost became" in trained.reason
    assert np.all(np.isfinite(trained.theta))


def test_every_run_of_the_configurations_kind_learns():
    for penalty in ({"method": "none"}, {"method": "tutorial", "weight": 0.1}):
        for bias in (True, False):
            history = train(data(), 3, training(penalty=penalty, bias=bias)).history
            assert history[-1][1] < history[0][1]


def test_every_part_that_a_configuration_can_name_trains():
    y = np.arange(60).reshape(-1, 1) % 3 + 1
    rng = np.random.default_rng(0)
    many = Part(rng.normal(size=(60, 5)) + 2 * np.eye(5)[y[:, 0]], y, [("p", "f", "l", "s")] * 15)
    base = {"batch_size": 16, "epochs": 12}
    adamw = {"method": "adamw", "learning_rate": 0.05, "beta1": 0.9, "beta2": 0.999} | base
    adamw |= {"epsilon": 1e-8, "weight_decay": 0.01}
    for changes in (
        {"activation": "tanh", "initialisation": {"method": "glorot"}},
        {
            "activation": "relu",
            "initialisation": {"method": "he"},
            "output": "softmax",
            "label_smoothing": 0.1,
        },
        {"optimiser": {"method": "l_bfgs", "iterations": 20, "memory": 5}},
        {"optimiser": adamw, "dropout": [0.05, 0.1], "output": "softmax"},
        {"optimiser": adamw, "schedule": {"method": "one_cycle", "warm_up": 0.2, "start": 0.04}},
        {"optimiser": SGD | base, "schedule": {"method": "cosine", "last": 0.0}},
        {"optimiser": SGD | base, "schedule": {"method": "steps", "every": 10, "factor": 0.5}},
        {"optimiser": adamw, "early_stopping": {"share": 0.2, "patience": 2}},
    ):
        trained = train(many, 3, training(**changes))
        assert trained.status == "finished"
        assert trained.history[-1][1] < trained.history[0][1]
        assert trained.history[-1][3] > 0.5
        assert train(many, 3, training(**changes)).theta.tobytes() == trained.theta.tobytes()


@pytest.fixture
def objectives(monkeypatch):
    """Every objective that a training makes: what trains, and with early stopping what is watched."""
    made = []

    class Noted(Objective):
        def __init__(self, *data, **options):
            super().__init__(*data, **options)
            made.append(self)

    monkeypatch.setattr("captchanet.train.train.Objective", Noted)
    return made


def test_early_stopping_watches_whole_captchas_and_keeps_the_best_theta(objectives):
    rng = np.random.default_rng(0)
    y = rng.integers(1, 4, (40, 1))  # nothing to learn: the held-out cost soon rises
    noise = Part(rng.normal(size=(40, 5)), y, [("p", "f", "l", "s")] * 10)
    optimiser = SGD | {"epochs": 400, "learning_rate": 2.0}
    wanted = training(optimiser=optimiser, early_stopping={"share": 0.3, "patience": 4})
    trained = train(noise, 3, wanted)
    assert len(trained.history) < 400
    best = int(trained.reason.split("in step ")[1])
    assert best == trained.history[-1][0] - 4
    assert "lowest held-out cost" in trained.reason
    # 7 of the 10 captchas train: 28 rows in batches of 7
    assert trained.evaluations == 4 * len(trained.history)
    _, watched = objectives
    held_out = {row.tobytes() for row in watched.X}
    rows = [
        i for i, row in enumerate(watched.network.with_ones(noise.X, np.float64)) if row.tobytes() in held_out
    ]
    captchas = sorted({row // 4 for row in rows})
    assert rows == [4 * captcha + i for captcha in captchas for i in range(4)]
    assert len(captchas) == 3
    # the theta is the one of the lowest cost, and not that of the last step
    assert f"{watched(trained.theta)[0]:.6g}" == trained.reason.split("cost ")[1].split(" in")[0]


def test_labels_are_smoothed_in_training_and_not_where_early_stopping_watches(objectives):
    known = Part(data(30).X, data(30).y, [("p", "f", "l", "s")] * 10)
    stopping = {"share": 0.3, "patience": 2}
    train(known, 3, training(optimiser=SGD, label_smoothing=0.3, early_stopping=stopping, output="softmax"))
    trained_on, watched = objectives
    np.testing.assert_allclose(np.unique(trained_on.targets), [0.1, 0.8])
    assert np.unique(watched.targets).tolist() == [0, 1]


def test_the_schedule_spans_all_steps_of_the_training(monkeypatch):
    from captchanet.train.methods import SCHEDULES

    totals = []

    def spy(rate: float, *, total: int):
        totals.append(total)
        return lambda step: rate

    monkeypatch.setitem(SCHEDULES, "spy", spy)
    train(data(), 3, training(optimiser=SGD, schedule={"method": "spy"}))
    assert totals == [3 * 5]


def test_an_optimiser_of_ones_own_gets_what_its_signature_asks_for(monkeypatch):
    from captchanet import nn
    from captchanet.train.methods import OPTIMISERS

    given = {}

    def own(objective, theta, *, jumps: int = 3, rng: np.random.Generator, callback=None):
        given.update(jumps=jumps, first=rng.random())
        cost, gradient = objective(theta)
        callback(1, theta, cost, float(np.linalg.norm(gradient)))
        return nn.Result(theta, 1, 1, "done")

    monkeypatch.setitem(OPTIMISERS, "own", own)
    train(data(), 3, training(optimiser={"method": "own", "jumps": 5}))
    first = given.copy()
    train(data(), 3, training(optimiser={"method": "own", "jumps": 5}))
    assert given == first
    assert given["jumps"] == 5


@pytest.mark.parametrize("epochs", [1, 2, 5])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_theta_that_is_no_number_or_costs_none_is_never_finished(epochs, dtype):
    rate = {"float32": 1e39, "float64": 1e300}[dtype]
    optimiser = SGD | {"learning_rate": rate, "epochs": epochs, "batch_size": None}
    trained = train(data(), 3, training(optimiser=optimiser, dtype=dtype))
    assert trained.status == "failed"
    network = fully_connected((5, 6, 3))
    cost, gradient = Objective(network, data().X, one_hot(data().y, 3), dtype=dtype)(trained.theta)
    assert np.isfinite(cost)
    assert np.isfinite(gradient).all()


def test_the_history_of_plain_gradient_descent_is_exact_with_a_penalty():
    optimiser = {"method": "sgd", "learning_rate": 0.3, "epochs": 40, "batch_size": None, "momentum": 0.0}
    trained = train(data(240), 3, training(optimiser=optimiser))
    seen = []

    from captchanet.nn import GradientDescent, l2, uniform

    network = fully_connected((5, 6, 3))
    objective = Objective(network, data(240).X, one_hot(data(240).y, 3), penalty=l2(weight=0.1))
    initial = uniform(network, np.random.default_rng(1).spawn(4)[0])

    def callback(*_):
        seen.append(objective.correct() / 240)

    GradientDescent(learning_rate=0.3, epochs=40)(objective, initial, callback=callback)
    assert [row[3] for row in trained.history] == seen


# synthetic captchas and augmentation

AFFINE = {"method": "affine", "rotation": 15.0, "shear_x": 0.0, "shear_y": 0.0, "shift": 0.6, "scale": 0.04}
AFFINE |= {"contrast": 0.0, "noise": 0.0, "pivot": (0.0, 0.0)}


def captchas(n=4, seed=0):
    """Captchas of two characters, each the ink of a window of 2 × 3 pixels, and the crops they are."""
    rng = np.random.default_rng(seed)
    cleaned = rng.random((n, 9, 12), dtype=np.float32)
    windows = np.array([[left, 4, left + 3, 6] for _ in range(n) for left in (2, 6)])
    X = np.stack([cleaned[i // 2, 4:6, w[0] : w[2]].ravel() for i, w in enumerate(windows)])
    y = rng.integers(1, 4, (2 * n, 1))
    part = Part(X.astype(np.float64), y, [("p", f"{i}", "l", "s") for i in range(n)])
    return part, Crops(cleaned, windows, (2, 3))


@given(
    rows=st.integers(1, 400),
    synthetic=st.integers(1, 4000),
    share=st.floats(0.05, 0.95),
    held_out=st.booleans(),
)
def test_the_synthetic_ones_are_as_near_to_their_share_of_an_epoch_as_whole_repeats_come(
    rows, synthetic, share, held_out
):
    known = np.arange(rows)[held_out:] if rows > 1 else np.arange(rows)
    mixed = _mixture(known, synthetic, share)
    assert np.count_nonzero(mixed == -1) == synthetic
    found, times = np.unique(mixed[mixed >= 0], return_counts=True)
    np.testing.assert_array_equal(found, known)
    (repeats,) = set(times.tolist())
    wanted = synthetic * (1 - share) / share  # rows that would make the share exact
    assert repeats == 1 or abs(repeats * len(known) - wanted) <= len(known) / 2 + 1e-6
    # more known rows are repeated less often
    assert len(_mixture(np.arange(2 * rows), synthetic, share)) <= 2 * rows * max(repeats, 2) + synthetic


def test_without_synthetic_ones_every_row_stands_once():
    np.testing.assert_array_equal(_mixture(np.array([3, 5]), 0, 0.9), [3, 5])


def test_an_epoch_goes_through_the_known_rows_repeated_and_the_synthetic_ones_once():
    known, _ = captchas(2)
    synthetic, _ = captchas(16, seed=1)
    settings = training(optimiser=SGD | {"batch_size": 8}, synthetic_share=0.8)
    trained = train(known, 3, settings, synthetic=synthetic)
    # 32 synthetic rows, 8 of the known: 4 rows twice
    assert trained.evaluations == 3 * (32 + 8) // 8
    again = Part(
        np.concatenate([known.X, known.X, synthetic.X]), np.concatenate([known.y, known.y, synthetic.y]), []
    )
    assert trained.theta.tobytes() == train(again, 3, settings).theta.tobytes()


def test_no_synthetic_captcha_is_no_change():
    known, _ = captchas()
    nothing = Part(known.X[:0], known.y[:0], [])
    settings = training(optimiser=SGD)
    plain = train(known, 3, settings)
    assert train(known, 3, settings, synthetic=nothing).theta.tobytes() == plain.theta.tobytes()


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("batch_size", [3, None])
def test_augmentation_is_decided_by_the_seed_and_changes_only_what_is_not_synthetic(dtype, batch_size):
    (known, crops), (synthetic, _) = captchas(), captchas(8, seed=1)
    before = known.X.copy()
    optimiser = SGD | {"batch_size": batch_size}
    settings = {"optimiser": optimiser, "dtype": dtype, "augment": AFFINE, "synthetic_share": 0.6}

    def theta(**changes):
        return train(
            known, 3, training(**settings | changes), synthetic=synthetic, crops=crops
        ).theta.tobytes()

    assert theta() == theta() != theta(seed=2)
    assert theta() != theta(augment={"method": "none"})
    still = AFFINE | dict.fromkeys(("rotation", "shift", "scale"), 0.0)
    assert theta(augment=still) == theta(augment={"method": "none"})
    np.testing.assert_array_equal(known.X, before)


def test_what_early_stopping_watches_is_neither_synthetic_nor_augmented(objectives):
    (known, crops), (synthetic, _) = captchas(10), captchas(8, seed=1)
    stopping = {"share": 0.3, "patience": 2}
    settings = training(optimiser=SGD, augment=AFFINE, early_stopping=stopping)
    train(known, 3, settings, synthetic=synthetic, crops=crops)
    trained_on, watched = objectives
    assert watched.augment is None
    held_out = {row.tobytes() for row in watched.X}
    assert len(held_out) == 2 * 3
    assert held_out <= {row.tobytes() for row in watched.network.with_ones(known.X, np.float64)}
    assert not held_out & {row.tobytes() for row in trained_on.X}


def test_augmentation_without_pictures_is_refused():
    known, _ = captchas()
    with pytest.raises(ValueError, match="it needs the crops"):
        train(known, 3, training(optimiser=SGD, augment=AFFINE))


@pytest.mark.parametrize(
    ("optimiser", "unit", "total"),
    [({"method": "cg", "iterations": 3}, "iteration", 3), (SGD, "epoch", SGD["epochs"])],
)
def test_a_training_tells_after_each_step_how_far_it_is(optimiser, unit, total):
    told = []
    with heard(lambda *one: told.append(one)):
        trained = train(data(), 3, training(optimiser=optimiser))
    assert [one[:3] for one in told] == [(unit, step, total) for step in range(1, total + 1)]
    _, cost, _, accuracy = trained.history[-1]
    assert told[-1][3] == f"cost {cost:.3g}, training accuracy {accuracy:.1%}"
