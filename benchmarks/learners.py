"""The peers from scikit-learn, on the same vectors as our network: one character each, 260 pixels.

Each function learns a task and returns a reader. A few settings were tried, and those that read most with 60
and 500 labels are used.
"""

import warnings
from typing import Any

from sklearn.exceptions import ConvergenceWarning
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.svm import SVC
from splits import Read, Task, spelt


def _learnt(model: Any, task: Task) -> Read:
    """A reader with the model, fitted to the characters. The model returns numbers of classes."""
    _, k, pixels = task.known.X.shape
    model.fit(task.known.X.reshape(-1, pixels), task.y.ravel())
    return lambda shown: spelt(model.predict(shown.X.reshape(-1, pixels)).reshape(-1, k), task.alphabet)


def svc(task: Task, seed: int) -> Read:
    """A support vector machine with radial basis functions, one against one."""
    return _learnt(SVC(C=10, kernel="rbf", gamma=0.01), task)


def mlp(task: Task, seed: int) -> Read:
    """MLPClassifier of our size, 200-200 sigmoids, by L-BFGS with an L2 penalty."""
    model = MLPClassifier(
        (200, 200), activation="logistic", solver="lbfgs", alpha=0.1, max_iter=400, random_state=seed
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return _learnt(model, task)


def nearest(task: Task, seed: int) -> Read:
    """Each character gets the class of its nearest neighbour in the training data."""
    return _learnt(KNeighborsClassifier(1), task)
