"""Nonlinear conjugate gradient: SciPy's, as in the tutorial, behind the interface of all our optimisers."""

import numpy as np

from captchanet.nn.network import Array
from captchanet.nn.optimisation import Callback, Minimised, Result, finite


def conjugate_gradient(
    objective: Minimised,
    theta: Array,
    *,
    iterations: int = 100,
    callback: Callback | None = None,
) -> Result:
    """Polak-Ribière conjugate gradient (`scipy.optimize.minimize(method="CG")`) from `theta`.

    At most `iterations` steps; SciPy stops earlier where the largest entry of the gradient falls below 1e-5.
    SciPy works in float64; the objective is evaluated in theta's dtype. Raises Diverged when the cost is
    no finite number (SciPy itself would go on searching for thousands of evaluations).
    """
    from scipy.optimize import minimize  # half a second of import that gradient descent does without

    steps = 0
    norms: dict[float, float] = {}

    def cost_and_gradient(x: Array) -> tuple[float, Array]:
        cost, gradient = objective(x.astype(theta.dtype))
        finite(cost, steps + 1)
        norms[cost] = float(np.linalg.norm(gradient))
        # A fresh array each time: SciPy's CG keeps the one it is handed, and the objective reuses its own
        return cost, gradient.astype(np.float64, copy=True)

    def report(intermediate_result) -> None:  # type: ignore[no-untyped-def]  # SciPy looks at this name
        nonlocal steps
        steps += 1
        x, cost = intermediate_result.x, float(intermediate_result.fun)
        # SciPy tells cost and x but no gradient: find the evaluation it accepted by its cost
        stop = callback and callback(steps, x.astype(theta.dtype), cost, norms[cost])
        accepted = norms[cost]
        norms.clear()
        norms[cost] = accepted
        if stop:
            raise StopIteration

    found = minimize(
        cost_and_gradient,
        theta.astype(np.float64),
        jac=True,
        method="CG",
        callback=report,
        options={"maxiter": iterations},
    )
    return Result(found.x.astype(theta.dtype), steps, int(found.nfev), str(found.message))
