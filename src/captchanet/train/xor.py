"""The tutorial's first example: XOR, on two layers without bias, by plain gradient descent.

The ones that stand for a bias are the third input column. The tutorial sums the squared errors of the four
rows and learns at rate 1; our costs are means, so the same steps need rate 4, exact in binary.
"""

import time
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import numpy as np
from annotated_types import Gt, Interval

from captchanet.files import write_json
from captchanet.layout import FORMAT, XorFiles
from captchanet.nn import Array, GradientDescent, Objective, fully_connected, quadratic, uniform
from captchanet.progress import tell
from captchanet.settings import Settings
from captchanet.train.blas_threads import blas_threads
from captchanet.train.run import Origin, failed, write_run
from captchanet.train.train import Trained

X = np.array([[0, 0, 1], [0, 1, 1], [1, 0, 1], [1, 1, 1]], np.float64)
Y = np.array([[0], [1], [1], [0]], np.float64)
NETWORK = fully_connected((3, 4, 1), bias=False)


class XorSettings(Settings):
    """The tutorial's first example."""

    steps: Annotated[int, Interval(ge=1, le=1_000_000_000)] = 100_000
    """How many steps are taken."""
    learning_rate: Annotated[float, Gt(0)] = 4.0
    """The learning rate."""
    seed: Annotated[int, Interval(ge=0, le=4_294_967_295)] = 10
    """It decides the random weights that training starts from."""


def solve(settings: XorSettings) -> tuple[Trained, Array]:
    """Train on XOR.

    Parameters
    ----------
    settings
        Steps, learning rate, and the seed of the legacy stream `RandomState(seed)`.

    Returns
    -------
    trained : Trained
        With a row of history for every hundredth part of the steps.
    outputs : array
        The four outputs, shape (4, 1), as the tutorial prints them: those of the last forward pass, one step
        before the last theta.
    """
    steps = settings.steps
    objective = Objective(NETWORK, X, Y, cost=quadratic)
    history: list[tuple[int, float, float, float]] = []
    before = uniform(NETWORK, np.random.RandomState(settings.seed), limit=1.0)
    initial = before.copy()

    def callback(step: int, theta: Array, cost: float, gradient_norm: float) -> None:
        if step % max(1, steps // 100) == 0 or step == steps:
            history.append((step, cost, gradient_norm, objective.correct() / len(X)))
            tell("step", step, steps, f"cost {cost:.3g}")
        if step == steps - 1:
            before[:] = theta

    optimiser = GradientDescent(learning_rate=settings.learning_rate, epochs=steps)
    result = optimiser(objective, initial, callback=callback)
    trained = Trained(result.theta, history, "finished", result.reason, result.evaluations)
    return trained, NETWORK.outputs(before, X)


def perform(settings: XorSettings, files: XorFiles, code: Iterable[Path]) -> None:
    """Solve XOR and write the files of the run, with theta1, theta2 and the outputs among them."""
    started = time.time()
    try:
        with blas_threads(1):
            trained, outputs = solve(settings)
    except Exception as error:
        trained, outputs = replace(failed(error), theta=np.zeros(NETWORK.size)), np.full((4, 1), 0.5)
    theta1, theta2 = NETWORK.matrices(trained.theta)
    solution = {"theta1": theta1.tolist(), "theta2": theta2.tolist(), "outputs": outputs.tolist()}
    write_json(files.solution, solution)
    parameters = {"run": "xor", **settings.dump(), "layers": list(NETWORK.widths), "parameters": NETWORK.size}
    configuration = {"format": FORMAT, "xor": settings.dump()}
    write_run(files, trained, parameters, configuration, Origin(code, started))
