"""SciPy's conjugate gradient and L-BFGS as optimisers like ours."""

from typing import Annotated

import numpy as np
from annotated_types import Ge

from captchanet.nn.layer import Array
from captchanet.nn.optimisation import Callback, Iterations, Minimised, Result, check_repeatable, finite


def scipy_conjugate_gradient(
    objective: Minimised, theta: Array, *, iterations: Iterations = 100, callback: Callback | None = None
) -> Result:
    """Minimise by SciPy's Polak-Ribière conjugate gradient (`scipy.optimize.minimize(method="CG")`).

    It is what the tutorial trains with; `captchanet.nn.conjugate_gradient` is the same algorithm, faster.

    Parameters
    ----------
    objective
        What to minimise; every step uses all its rows.
    theta
        Where to start, shape (size,); it stays as it is. The objective is evaluated in its dtype, while
        SciPy works in float64.
    iterations
        How many steps at most; SciPy stops earlier where the largest entry of the gradient falls below 1e-5.
    callback
        Called after each step.

    Returns
    -------
    Result
        The last theta, and why it ended.

    Raises
    ------
    Diverged
        If the cost is no finite number (SciPy itself would go on searching for thousands of evaluations).
    ValueError
        If two calls of the objective with the same theta differ, through dropout, say.
    """
    return _minimise("CG", {"maxiter": iterations}, objective, theta, callback)


def l_bfgs(
    objective: Minimised,
    theta: Array,
    *,
    iterations: Iterations = 100,
    memory: Annotated[int, Ge(1)] = 10,
    callback: Callback | None = None,
) -> Result:
    """Minimise by limited-memory BFGS (`scipy.optimize.minimize(method="L-BFGS-B")` without bounds).

    Parameters
    ----------
    objective, theta, callback
        As in `scipy_conjugate_gradient`, and so are what it returns and the errors.
    iterations
        How many steps at most; SciPy stops earlier where cost or gradient hardly change.
    memory
        How many of the last steps it keeps.
    """
    # SciPy's limit on evaluations, 15,000, is lifted: steps are what we count
    options = {"maxiter": iterations, "maxcor": memory, "maxfun": 100 * iterations}
    return _minimise("L-BFGS-B", options, objective, theta, callback)


def _minimise(
    method: str, options: dict[str, int], objective: Minimised, theta: Array, callback: Callback | None
) -> Result:
    from scipy.optimize import minimize  # half a second of import that gradient descent does without

    check_repeatable(objective, method)
    steps = 0
    norms: dict[float, float] = {}

    def cost_and_gradient(x: Array) -> tuple[float, Array]:
        cost, gradient = objective(x.astype(theta.dtype, copy=False))
        norms[finite(cost, steps + 1)] = float(np.linalg.norm(gradient))
        # SciPy's CG keeps the array that it gets, and the objective reuses its own: so a fresh one each time
        return cost, gradient.astype(np.float64, copy=True)

    def report(intermediate_result) -> None:  # type: ignore[no-untyped-def]  # SciPy looks at this name
        nonlocal steps
        steps += 1
        # SciPy gives cost and x but no gradient: the cost finds the evaluation that it accepted
        cost = float(intermediate_result.fun)
        accepted = norms[cost]
        norms.clear()
        norms[cost] = accepted
        x = intermediate_result.x.astype(theta.dtype, copy=False)
        if callback and callback(steps, x, cost, accepted):
            raise StopIteration

    found = minimize(  # type: ignore[call-overload]  # its stubs know the methods as literals only
        cost_and_gradient, theta.astype(np.float64), jac=True, method=method, callback=report, options=options
    )
    return Result(found.x.astype(theta.dtype), steps, int(found.nfev), str(found.message))
