"""XOR, the tutorial's first example, comes out as published, to all eight printed decimals."""

import json

import numpy as np
import pytest

from captchanet.layout import FORMAT, XorFiles
from captchanet.nn import Diverged
from captchanet.train import xor
from captchanet.train.xor import NETWORK, XorSettings, solve


@pytest.fixture(scope="module")
def solution():
    return solve(XorSettings())


def test_theta_and_the_outputs_are_the_published_digits(solution):
    # "How to build a neural network from scratch", example 1: theta2, theta1 and a3 after 100,000 steps
    trained, outputs = solution
    theta1, theta2 = NETWORK.matrices(trained.theta)
    published1 = [
        [3.35916278, -3.32786847, 1.87094082],
        [5.84130712, -5.98365309, -3.07635286],
        [-6.45870855, 6.34717945, -3.30437575],
        [-3.91182875, 3.95761648, 2.17740367],
    ]
    np.testing.assert_array_equal(theta1.round(8), published1)
    np.testing.assert_array_equal(theta2.round(8), [[-3.16174322, 10.29352444, 11.40818558, -4.45945196]])
    np.testing.assert_array_equal(outputs.round(8)[:, 0], [0.00276657, 0.99710763, 0.99718615, 0.00243296])


def test_the_history_has_a_hundred_rows_and_ends_at_four_of_four(solution):
    history = solution[0].history
    assert [row[0] for row in history] == list(range(1000, 100_001, 1000))
    assert history[-1][3] == 1
    assert history[-1][1] < history[0][1]


def raising(error):
    """A solution that ends with this error."""

    def solution(_):
        raise error

    return solution


def test_a_training_that_diverges_or_raises_is_a_failed_run_with_all_its_files(tmp_path, monkeypatch):
    files = XorFiles.within(tmp_path)
    for error, reason in (
        (Diverged("the cost became nan in step 3"), "the cost became nan in step 3"),
        (ZeroDivisionError("by zero"), "its training raised ZeroDivisionError: by zero"),
    ):
        monkeypatch.setattr(xor, "solve", raising(error))
        xor.perform(XorSettings(steps=5), files, [])
        assert all(file.is_file() for file in files)
        status = json.loads(files.status.read_text())
        assert (status["status"], status["reason"]) == ("failed", reason)


def test_few_steps_do_not_solve_it():
    trained, outputs = solve(XorSettings(steps=5))
    assert np.abs(outputs - 0.5).max() < 0.4
    assert [row[0] for row in trained.history] == [1, 2, 3, 4, 5]


def test_its_files_hold_the_solution_and_a_configuration_of_its_own(tmp_path):
    files = XorFiles.within(tmp_path)
    xor.perform(XorSettings(steps=300, seed=3), files, [])
    trained, outputs = solve(XorSettings(steps=300, seed=3))
    theta1, theta2 = NETWORK.matrices(trained.theta)
    assert json.loads(files.solution.read_text()) == {
        "theta1": theta1.tolist(),
        "theta2": theta2.tolist(),
        "outputs": outputs.tolist(),
    }
    configuration = json.loads(files.configuration.read_text())
    assert configuration == {"format": FORMAT, "xor": {"steps": 300, "learning_rate": 4.0, "seed": 3}}
    parameters = json.loads(files.parameters.read_text())
    assert parameters == {"run": "xor", **configuration["xor"], "layers": [3, 4, 1], "parameters": 16}
    assert len(files.history.read_text().splitlines()) == 1 + 100
