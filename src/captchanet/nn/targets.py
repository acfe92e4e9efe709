"""Targets: what the outputs should be for each class."""

import numpy as np
from numpy.typing import ArrayLike, NDArray


def one_hot(y: ArrayLike, classes: int, *, smoothing: float = 0.0) -> NDArray[np.float64]:
    """Targets (rows, classes) for classes y, (rows,) or (rows, 1), counted from 1 as in the tutorial.

    1 in the column of the row's class and 0 elsewhere; with label `smoothing`, that share of the 1 is spread
    evenly over all classes, which keeps the network from being more confident than its labels are
    (C. Szegedy et al., https://arxiv.org/abs/1512.00567, section 7).
    """
    rows = np.asarray(y).reshape(-1)
    targets = np.full((len(rows), classes), smoothing / classes)
    targets[np.arange(len(rows)), rows - 1] += 1 - smoothing
    return targets
