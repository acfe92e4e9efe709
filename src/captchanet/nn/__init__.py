"""The neural network, from scratch: NumPy for the arithmetic, SciPy for its line searches, and no more.

Read in this order:

1. `layer`, what a layer is; then the layers: `dense`, `activations`, `convolution`, `dropout`;
2. `network`, a list of layers whose parameters are views of one flat vector, and `Pass`, the one loop over
   them, there and back (backpropagation); `architectures`, the usual lists;
3. `costs`, `penalties`, and `objective`, which puts cost and gradient together;
4. `initialisation`, `targets`: where training starts from, and what it wants;
5. the optimisers, which know no network: `optimisation`, `schedules`, `mini_batch`, `full_batch`,
   `early_stopping`;
6. `gradient_check`, which compares the gradients of all this with differences of the cost.
"""

from captchanet.nn.activations import Activation, relu, sigmoid, softmax, tanh
from captchanet.nn.architectures import fully_connected
from captchanet.nn.conjugate_gradient import conjugate_gradient
from captchanet.nn.convolution import Convolution, Pooling
from captchanet.nn.costs import Cost, cross_entropy, quadratic
from captchanet.nn.dense import Dense
from captchanet.nn.dropout import Dropout
from captchanet.nn.early_stopping import EarlyStopping
from captchanet.nn.initialisation import glorot, he, uniform
from captchanet.nn.layer import Array, Layer, Place, Signal, Worker
from captchanet.nn.mini_batch import AdamW, GradientDescent, OptimiserState
from captchanet.nn.network import Network
from captchanet.nn.objective import Objective
from captchanet.nn.optimisation import Diverged, Result
from captchanet.nn.penalties import Penalty, l2, no_penalty, tutorial_penalty
from captchanet.nn.schedules import constant, cosine, one_cycle, steps
from captchanet.nn.scipy_optimisers import l_bfgs, scipy_conjugate_gradient
from captchanet.nn.targets import one_hot

__all__ = [
    "Activation",
    "AdamW",
    "Array",
    "Convolution",
    "Cost",
    "Dense",
    "Diverged",
    "Dropout",
    "EarlyStopping",
    "GradientDescent",
    "Layer",
    "Network",
    "Objective",
    "OptimiserState",
    "Penalty",
    "Place",
    "Pooling",
    "Result",
    "Signal",
    "Worker",
    "conjugate_gradient",
    "constant",
    "cosine",
    "cross_entropy",
    "fully_connected",
    "glorot",
    "he",
    "l2",
    "l_bfgs",
    "no_penalty",
    "one_cycle",
    "one_hot",
    "quadratic",
    "relu",
    "scipy_conjugate_gradient",
    "sigmoid",
    "softmax",
    "steps",
    "tanh",
    "tutorial_penalty",
    "uniform",
]
