"""Our side of the speed benchmark: the code of the stage `train`, with the history that it keeps."""

import numpy as np
import yaml
from harness import ROOT, Work
from peers import LAYERS, RATE

from captchanet import nn
from captchanet.train.augment import Affine, Augmenter, Crops
from captchanet.train.settings import TrainSettings
from captchanet.train.train import Recorder

DROPOUT = (0.05, 0.1, 0.1)
PICTURE = (2, 32, 30)
"""A character of `another-kind`: channels, height and width."""


def data(rows: int, dtype: str, inputs: int = LAYERS[0]) -> tuple[np.ndarray, np.ndarray]:
    """Rows of noise with as much ink as characters have, and one-hot targets."""
    rng = np.random.default_rng(1)
    X = (rng.random((rows, inputs), dtype=np.float32) > 0.7).astype(dtype)
    return X, nn.one_hot(rng.integers(1, LAYERS[-1] + 1, rows), LAYERS[-1]).astype(dtype)


def recorded(X: np.ndarray, Y: np.ndarray, penalty: nn.Penalty) -> tuple[Recorder, np.ndarray]:
    """Our objective, watched as `train` watches it, and a first theta."""
    network = nn.fully_connected(LAYERS)
    theta = nn.uniform(network, np.random.default_rng(1), dtype=X.dtype)
    return Recorder(nn.Objective(network, X, Y, penalty=penalty, dtype=X.dtype), theta), theta


def sgd(X: np.ndarray, Y: np.ndarray, batch: int, penalty: nn.Penalty = nn.no_penalty) -> Work:
    """An epoch of our SGD."""
    recorder, theta = recorded(X, Y, penalty)
    optimiser = nn.GradientDescent(learning_rate=RATE, epochs=1, batch_size=batch)
    rng = np.random.default_rng(1)
    return lambda: optimiser(recorder, theta, rng=rng, callback=recorder.callback)


def _adamw(network: nn.Network, X: np.ndarray, Y: np.ndarray, batch: int) -> Work:
    rng = np.random.default_rng(1)
    theta = nn.he(network, rng, dtype=X.dtype)
    recorder = Recorder(nn.Objective(network, X, Y, rng=rng, dtype=X.dtype), theta)
    optimiser = nn.AdamW(learning_rate=2e-3, epochs=1, batch_size=batch)
    return lambda: optimiser(recorder, theta, rng=rng, callback=recorder.callback)


def adamw(X: np.ndarray, Y: np.ndarray, batch: int) -> Work:
    """An epoch of AdamW with dropout of the input and both hidden layers, softmax outputs."""
    network = nn.fully_connected(LAYERS, output=nn.softmax, hidden=nn.relu, dropout=DROPOUT)
    return _adamw(network, X, Y, batch)


def convolution(X: np.ndarray, Y: np.ndarray, batch: int) -> Work:
    """An epoch of the network of config/another-kind.yaml, without augmentation."""
    given = yaml.safe_load((ROOT / "config/another-kind.yaml").read_text())["train"]["another-kind"]
    settings = TrainSettings.of(given)
    architecture = settings.architecture(X.shape[1], Y.shape[1], PICTURE[1:])
    return _adamw(architecture.network(settings.dropout), X, Y, batch)


def augmentation(X: np.ndarray, batch: int) -> Work:
    """Versions of all characters, of four in a picture, batch by batch."""
    rng = np.random.default_rng(1)
    cleaned = rng.random((len(X) // 4, 27, 72), dtype=np.float32)
    windows = np.array([[left, 1, left + 13, 21] for _ in cleaned for left in (4, 16, 28, 40)])
    characters = np.arange(len(windows))
    augmenter = Augmenter(Affine(), Crops(cleaned, windows, (20, 13)), characters, rng)
    order = rng.permutation(characters)
    batches = [order[start : start + batch] for start in range(0, len(order), batch)]
    inputs = np.empty((batch, LAYERS[0]), X.dtype)

    def epoch() -> None:
        for rows in batches:
            augmenter(inputs[: len(rows)], rows)

    return epoch


def evaluation(X: np.ndarray, Y: np.ndarray) -> Work:
    """One cost and gradient."""
    recorder, theta = recorded(X, Y, nn.tutorial_penalty(weight=0.1))

    def work() -> None:
        recorder.objective(theta)

    return work


def cg(X: np.ndarray, Y: np.ndarray, iterations: int) -> Work:
    """Our conjugate gradient; returns how many evaluations it took."""
    recorder, theta = recorded(X, Y, nn.tutorial_penalty(weight=0.1))
    return lambda: (
        nn.conjugate_gradient(recorder, theta, iterations=iterations, callback=recorder.callback).evaluations
    )
