"""Full-batch optimisers: SciPy's conjugate gradient and L-BFGS behind the interface of all our optimisers."""

from typing import Any

import numpy as np

from captchanet.nn.activations import Array
from captchanet.nn.optimisation import Callback, Minimised, Result, finite


def conjugate_gradient(
    objective: Minimised, theta: Array, *, iterations: int = 100, callback: Callback | None = None
) -> Result:
    """Polak-Ribière conjugate gradient (`scipy.optimize.minimize(method="CG")`) from `theta`.

    At most `iterations` steps; SciPy stops earlier where the largest entry of the gradient falls below 1e-5.
    SciPy works in float64; the objective is evaluated in theta's dtype. Raises Diverged when the cost is
    no finite number (SciPy itself would go on searching for thousands of evaluations).
    """
    return _minimise("CG", {}, objective, theta, iterations, callback)


def l_bfgs(
    objective: Minimised,
    theta: Array,
    *,
    iterations: int = 100,
    memory: int = 10,
    callback: Callback | None = None,
) -> Result:
    """Limited-memory BFGS (`method="L-BFGS-B"` without bounds), which keeps the last `memory` steps.

    At most `iterations` steps; SciPy stops earlier where cost or gradient hardly change. Raises Diverged when
    the cost is no finite number.
    """
    # SciPy's limit on evaluations, 15,000, is lifted: steps are what we count
    options = {"maxcor": memory, "maxfun": 100 * iterations}
    return _minimise("L-BFGS-B", options, objective, theta, iterations, callback)


def _minimise(
    method: str,
    options: dict[str, Any],
    objective: Minimised,
    theta: Array,
    iterations: int,
    callback: Callback | None,
) -> Result:
    from scipy.optimize import minimize  # half a second of import that gradient descent does without

    steps = 0
    norms: dict[float, float] = {}

    def cost_and_gradient(x: Array) -> tuple[float, Array]:
        cost, gradient = objective(x.astype(theta.dtype, copy=False))
        finite(cost, steps + 1)
        norms[cost] = float(np.linalg.norm(gradient))
        # A fresh array each time: SciPy's CG keeps the one it is handed, and the objective reuses its own
        return cost, gradient.astype(np.float64, copy=True)

    def report(intermediate_result) -> None:  # type: ignore[no-untyped-def]  # SciPy looks at this name
        nonlocal steps
        steps += 1
        cost = float(intermediate_result.fun)
        # SciPy tells cost and x but no gradient: find the evaluation that it accepted by its cost
        accepted = norms[cost]
        x = intermediate_result.x.astype(theta.dtype, copy=False)
        stop = callback and callback(steps, x, cost, accepted)
        norms.clear()
        norms[cost] = accepted
        if stop:
            raise StopIteration

    options = {"maxiter": iterations, **options}
    found = minimize(  # type: ignore[call-overload]  # its stubs know the methods as literals only
        cost_and_gradient, theta.astype(np.float64), jac=True, method=method, callback=report, options=options
    )
    return Result(found.x.astype(theta.dtype), steps, int(found.nfev), str(found.message))
