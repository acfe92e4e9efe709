"""The neural network, from nothing: NumPy for the arithmetic, SciPy for its line searches, and no more.

Read in this order: `network` (layers as views of one flat vector, the forward pass), `activations`, `costs`,
`penalties`, `objective` (cost and gradient in one pass: backpropagation), `initialisation`, `targets`; then
the optimisers, which know no network: `mini_batch` and `schedules`, `full_batch`, `early_stopping`.
"""

from captchanet.nn.activations import Activation, relu, sigmoid, softmax, tanh
from captchanet.nn.convolution import Convolution
from captchanet.nn.costs import Cost, cross_entropy, quadratic
from captchanet.nn.dropout import Dropout
from captchanet.nn.early_stopping import EarlyStopping
from captchanet.nn.full_batch import conjugate_gradient, l_bfgs
from captchanet.nn.initialisation import glorot, he, uniform
from captchanet.nn.mini_batch import OptimiserState, adamw, gradient_descent
from captchanet.nn.network import Network
from captchanet.nn.objective import Objective
from captchanet.nn.optimisation import Diverged, Result
from captchanet.nn.penalties import Penalty, l2, no_penalty, tutorial_penalty
from captchanet.nn.schedules import constant, cosine, one_cycle, steps
from captchanet.nn.targets import one_hot

__all__ = [
    "Activation",
    "Convolution",
    "Cost",
    "Diverged",
    "Dropout",
    "EarlyStopping",
    "Network",
    "Objective",
    "OptimiserState",
    "Penalty",
    "Result",
    "adamw",
    "conjugate_gradient",
    "constant",
    "cosine",
    "cross_entropy",
    "glorot",
    "gradient_descent",
    "he",
    "l2",
    "l_bfgs",
    "no_penalty",
    "one_cycle",
    "one_hot",
    "quadratic",
    "relu",
    "sigmoid",
    "softmax",
    "steps",
    "tanh",
    "tutorial_penalty",
    "uniform",
]
