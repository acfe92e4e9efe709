"""Early stopping: training ends when the cost on rows that took no part in it has not fallen for a while."""

from captchanet.nn.activations import Array
from captchanet.nn.optimisation import Minimised


class EarlyStopping:
    """A callback that stops after `patience` steps without a lower cost of `held_out`.

    `held_out` is the objective of the held-out rows, best without penalty and dropout. Afterwards `theta` is
    the best one, `cost` its held-out cost and `step` its step.
    """

    def __init__(self, held_out: Minimised, patience: int) -> None:
        if patience < 1:
            raise ValueError(f"patience is {patience}; at least one step has to be waited for")
        self.held_out, self.patience = held_out, patience
        self.theta: Array | None = None
        self.cost, self.step = float("inf"), 0

    def __call__(self, step: int, theta: Array, cost: float, gradient_norm: float) -> bool:
        """Evaluates the held-out rows; true when it is time to stop."""
        found, _ = self.held_out(theta)
        if found < self.cost:
            self.theta, self.cost, self.step = theta.copy(), found, step
        return step - self.step >= self.patience
