"""Targets: what the outputs should be for each class."""

import numpy as np
from numpy.typing import ArrayLike, NDArray


def one_hot(y: ArrayLike, classes: int, *, smoothing: float = 0.0) -> NDArray[np.float64]:
    """Make targets with 1 in the column of each row's class, and 0 elsewhere.

    Parameters
    ----------
    y
        The classes, shape (rows,) or (rows, 1), counted from 1 as in the tutorial.
    classes
        How many classes there are.
    smoothing
        Label smoothing: that share of the 1 is spread evenly over all classes, so that the network does not
        become more confident than its labels are.

    Returns
    -------
    array
        Shape (rows, classes), float64; each row sums to 1.

    References
    ----------
    C. Szegedy et al., "Rethinking the Inception architecture", https://arxiv.org/abs/1512.00567, section 7.
    """
    rows = np.asarray(y).reshape(-1)
    targets = np.full((len(rows), classes), smoothing / classes)
    targets[np.arange(len(rows)), rows - 1] += 1 - smoothing
    return targets
