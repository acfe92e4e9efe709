"""A training gives theta, an honest history and a reason why it ended, also when it failed."""

import numpy as np
import pytest

from captchanet.experiment.dataset import Part
from captchanet.experiment.train import train
from captchanet.nn import Network, Objective, one_hot

SETTINGS = {
    "hidden": [6],
    "bias": True,
    "activation": "sigmoid",
    "output": "sigmoid",
    "cost": "cross_entropy",
    "penalty": {"method": "l2", "weight": 0.1},
    "start": {"method": "uniform", "limit": 0.1},
    "optimiser": {"method": "cg", "iterations": 8},
    "schedule": {"method": "constant"},
    "dropout": [],
    "label_smoothing": 0.0,
    "early_stopping": None,
    "dtype": "float64",
    "seed": 1,
}
SGD = {"method": "sgd", "learning_rate": 0.5, "epochs": 3, "batch_size": 7, "momentum": 0.0}


def data(rows=30):
    rng = np.random.default_rng(0)
    y = rng.integers(1, 4, (rows, 1))
    return Part(rng.random((rows, 5)) + y, y, [])


@pytest.mark.parametrize("optimiser", [SETTINGS["optimiser"], SGD])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_the_same_seed_gives_the_same_bits_and_another_seed_others(optimiser, dtype):
    wanted = SETTINGS | {"optimiser": optimiser, "dtype": dtype}
    first, again, other = (train(data(), 3, wanted | {"seed": seed}) for seed in (1, 1, 2))
    assert first.theta.dtype == np.dtype(dtype)
    assert first.theta.tobytes() == again.theta.tobytes() != other.theta.tobytes()
    assert first.history == again.history


def test_the_history_of_cg_is_cost_gradient_and_accuracy_at_each_accepted_step():
    trained = train(data(), 3, SETTINGS)
    assert [row[0] for row in trained.history] == list(range(1, 9))
    network = Network((5, 6, 3))
    from captchanet.nn import l2

    objective = Objective(network, data().X, one_hot(data().y, 3), penalty=l2(weight=0.1))
    cost, gradient = objective(trained.theta)
    _, last_cost, last_norm, last_accuracy = trained.history[-1]
    assert last_cost == pytest.approx(cost, rel=1e-12)
    assert last_norm == pytest.approx(np.linalg.norm(gradient), rel=1e-9)
    assert last_accuracy == objective.correct() / 30
    assert trained.status == "finished"
    assert trained.evaluations >= 8


def test_the_history_of_sgd_has_a_row_for_each_epoch_and_no_evaluation_of_its_own():
    trained = train(data(), 3, SETTINGS | {"optimiser": SGD})
    assert [row[0] for row in trained.history] == [1, 2, 3]
    assert trained.evaluations == 3 * 5
    assert all(0 <= row[3] <= 1 for row in trained.history)


def test_a_training_that_diverges_comes_back_failed_with_its_last_good_theta():
    wild = SETTINGS | {"cost": "quadratic", "penalty": {"method": "l2", "weight": 1e9}}
    trained = train(data(), 3, wild | {"optimiser": SGD | {"learning_rate": 1e6, "epochs": 200}})
    assert trained.status == "failed"
    assert "the cost became" in trained.reason
    assert np.all(np.isfinite(trained.theta))


def test_every_run_of_the_configurations_kind_learns():
    for penalty in ({"method": "none"}, {"method": "tutorial", "weight": 0.1}):
        for bias in (True, False):
            history = train(data(), 3, SETTINGS | {"penalty": penalty, "bias": bias}).history
            assert history[-1][1] < history[0][1]


def test_every_part_that_a_configuration_can_name_trains():
    y = np.arange(60).reshape(-1, 1) % 3 + 1
    rng = np.random.default_rng(0)
    many = Part(rng.normal(size=(60, 5)) + 2 * np.eye(5)[y[:, 0]], y, [("p", "f", "l", "s")] * 15)
    base = {"batch_size": 16, "epochs": 12}
    adamw = {"method": "adamw", "learning_rate": 0.05, "beta1": 0.9, "beta2": 0.999} | base
    adamw |= {"epsilon": 1e-8, "weight_decay": 0.01}
    for changes in (
        {"activation": "tanh", "start": {"method": "glorot"}},
        {"activation": "relu", "start": {"method": "he"}, "output": "softmax", "label_smoothing": 0.1},
        {"optimiser": {"method": "l_bfgs", "iterations": 20, "memory": 5}},
        {"optimiser": adamw, "dropout": [0.05, 0.1], "output": "softmax"},
        {"optimiser": adamw, "schedule": {"method": "one_cycle", "warm_up": 0.2, "start": 0.04}},
        {"optimiser": SGD | base, "schedule": {"method": "cosine", "last": 0.0}},
        {"optimiser": SGD | base, "schedule": {"method": "steps", "every": 10, "factor": 0.5}},
        {"optimiser": adamw, "early_stopping": {"share": 0.2, "patience": 2}},
    ):
        trained = train(many, 3, SETTINGS | changes)
        assert trained.status == "finished"
        assert trained.history[-1][1] < trained.history[0][1]
        assert trained.history[-1][3] > 0.5
        assert train(many, 3, SETTINGS | changes).theta.tobytes() == trained.theta.tobytes()


def test_early_stopping_watches_whole_captchas_and_keeps_the_best_theta():
    rng = np.random.default_rng(0)
    y = rng.integers(1, 4, (40, 1))  # nothing to learn: the held-out cost soon rises
    noise = Part(rng.normal(size=(40, 5)), y, [("p", "f", "l", "s")] * 10)
    optimiser = SGD | {"epochs": 400, "learning_rate": 2.0}
    wanted = SETTINGS | {"optimiser": optimiser, "early_stopping": {"share": 0.3, "patience": 4}}
    trained = train(noise, 3, wanted)
    assert len(trained.history) < 400
    best = int(trained.reason.split("in step ")[1])
    assert best == trained.history[-1][0] - 4
    assert "lowest held-out cost" in trained.reason
    # 7 of the 10 captchas train: 28 rows in batches of 7
    assert trained.evaluations == 4 * len(trained.history)


def test_the_schedule_spans_all_steps_of_the_training(monkeypatch):
    from captchanet.experiment import train as module

    totals = []

    def spy(rate: float, *, total: int):
        totals.append(total)
        return lambda step: rate

    monkeypatch.setitem(module.SCHEDULES, "spy", spy)
    train(data(), 3, SETTINGS | {"optimiser": SGD, "schedule": {"method": "spy"}})
    assert totals == [3 * 5]


def test_an_optimiser_of_ones_own_gets_what_its_signature_asks_for(monkeypatch):
    from captchanet import nn
    from captchanet.experiment import train as module

    given = {}

    def own(objective, theta, *, jumps: int = 3, rng: np.random.Generator, callback=None):
        given.update(jumps=jumps, first=rng.random())
        cost, gradient = objective(theta)
        callback(1, theta, cost, float(np.linalg.norm(gradient)))
        return nn.Result(theta, 1, 1, "done")

    monkeypatch.setitem(module.OPTIMISERS, "own", own)
    train(data(), 3, SETTINGS | {"optimiser": {"method": "own", "jumps": 5}})
    first = given.copy()
    train(data(), 3, SETTINGS | {"optimiser": {"method": "own", "jumps": 5}})
    assert given == first
    assert given["jumps"] == 5


@pytest.mark.parametrize("epochs", [1, 2, 5])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_theta_that_is_no_number_or_costs_none_is_never_finished(epochs, dtype):
    rate = {"float32": 1e39, "float64": 1e300}[dtype]
    optimiser = SGD | {"learning_rate": rate, "epochs": epochs, "batch_size": None}
    trained = train(data(), 3, SETTINGS | {"optimiser": optimiser, "dtype": dtype})
    assert trained.status == "failed"
    network = Network((5, 6, 3))
    cost, gradient = Objective(network, data().X, one_hot(data().y, 3), dtype=dtype)(trained.theta)
    assert np.isfinite(cost)
    assert np.isfinite(gradient).all()


def test_the_history_of_plain_descent_is_exact_with_a_penalty():
    optimiser = {"method": "sgd", "learning_rate": 0.3, "epochs": 40, "batch_size": None, "momentum": 0.0}
    trained = train(data(240), 3, SETTINGS | {"optimiser": optimiser})
    seen = []

    from captchanet.nn import gradient_descent, l2, uniform

    network = Network((5, 6, 3))
    objective = Objective(network, data(240).X, one_hot(data(240).y, 3), penalty=l2(weight=0.1))
    start = uniform(network, np.random.default_rng(1).spawn(4)[0])

    def callback(*_):
        seen.append(objective.correct() / 240)

    gradient_descent(objective, start, learning_rate=0.3, epochs=40, callback=callback)
    assert [row[3] for row in trained.history] == seen
