"""Early stopping: training ends when the cost on rows that took no part in it has not fallen for a while."""

from captchanet.nn.layer import NOTHING, Array
from captchanet.nn.optimisation import Minimised


class EarlyStopping:
    """A callback that stops an optimiser after `patience` steps without a lower cost of held-out rows.

    Parameters
    ----------
    held_out
        The objective of the held-out rows, best without penalty and noise, see `Objective.reading`.
    patience
        How many steps to wait for a lower cost, at least 1.
    state
        The state of the network that is trained, if it has one: it is kept with the best theta.

    Attributes
    ----------
    theta, best_state
        Copies of theta and state at the lowest held-out cost; theta is None before the first step.
    cost, step
        That cost, and the step that it came with.
    """

    def __init__(self, held_out: Minimised, patience: int, state: Array = NOTHING) -> None:
        if patience < 1:
            raise ValueError(f"patience is {patience}; expected at least 1")
        self.held_out, self.patience, self.state = held_out, patience, state
        self.theta: Array | None = None
        self.best_state = state
        self.cost, self.step = float("inf"), 0

    def __call__(self, step: int, theta: Array, cost: float, gradient_norm: float) -> bool:
        """Evaluate the held-out rows at theta; true when it is time to stop."""
        found, _ = self.held_out(theta)
        if found < self.cost:
            self.theta, self.best_state = theta.copy(), self.state.copy()
            self.cost, self.step = found, step
        return step - self.step >= self.patience
