"""The neural network, from nothing: NumPy for the arithmetic, SciPy for conjugate gradient, and no more.

Read in this order: `network` (layers as views of one flat vector, the forward pass), `costs`, `penalties`,
`objective` (cost and gradient in one pass: backpropagation), `start`, `descent` and `conjugate_gradient`.
"""

from captchanet.nn.conjugate_gradient import conjugate_gradient
from captchanet.nn.costs import COSTS, cross_entropy, quadratic
from captchanet.nn.descent import gradient_descent
from captchanet.nn.network import Network
from captchanet.nn.objective import Objective, Workspace
from captchanet.nn.optimisation import Diverged, Result
from captchanet.nn.penalties import l2, no_penalty, tutorial_penalty
from captchanet.nn.start import uniform

__all__ = [
    "COSTS",
    "Diverged",
    "Network",
    "Objective",
    "Result",
    "Workspace",
    "conjugate_gradient",
    "cross_entropy",
    "gradient_descent",
    "l2",
    "no_penalty",
    "quadratic",
    "tutorial_penalty",
    "uniform",
]
