"""The same work in PyTorch, eager, on the CPU. Each function returns None where PyTorch is not installed."""

import importlib.util
import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
from harness import Work
from peers import LAYERS, RATE

torch: Any = importlib.import_module("torch") if importlib.util.find_spec("torch") else None


def _epoch(
    model: Any, optimiser: Any, loss: Callable[..., Any], X: np.ndarray, Y: np.ndarray, batch: int
) -> Work:
    """An epoch in batches; `loss` is summed over the rows."""
    torch.set_num_threads(1)
    inputs, targets = torch.from_numpy(X), torch.from_numpy(Y)

    def epoch() -> None:
        for rows in torch.randperm(len(inputs)).split(batch):
            optimiser.zero_grad()
            (loss(model(inputs[rows]), targets[rows]) / len(rows)).backward()
            optimiser.step()

    return epoch


def _layers(dropout: tuple[float, ...], activation: type) -> list[Any]:
    made: list[Any] = []
    for number, (n, m) in enumerate(itertools.pairwise(LAYERS)):
        made += [torch.nn.Dropout(dropout[number])] if dropout else []
        made += [torch.nn.Linear(n, m), activation()]
    return made[:-1]


def sgd(X: np.ndarray, Y: np.ndarray, batch: int) -> Work | None:
    """An epoch of SGD: the same network, cost and batches."""
    if torch is None:
        return None
    torch.manual_seed(1)
    model = torch.nn.Sequential(*_layers((), torch.nn.Sigmoid))
    optimiser = torch.optim.SGD(model.parameters(), lr=RATE)
    return _epoch(model, optimiser, torch.nn.BCEWithLogitsLoss(reduction="sum"), X, Y, batch)


def adamw(X: np.ndarray, Y: np.ndarray, batch: int, dropout: tuple[float, ...]) -> Work | None:
    """An epoch of AdamW with dropout, ReLU and softmax."""
    if torch is None:
        return None
    torch.manual_seed(1)
    model = torch.nn.Sequential(*_layers(dropout, torch.nn.ReLU))
    optimiser = torch.optim.AdamW(model.parameters(), lr=2e-3, weight_decay=0.01)
    return _epoch(model, optimiser, torch.nn.CrossEntropyLoss(reduction="sum"), X, Y, batch)


def convolution(
    X: np.ndarray, Y: np.ndarray, batch: int, shape: tuple[int, int, int], channels_last: bool
) -> Work | None:
    """An epoch of the network of `another-kind`; `shape` is that of a picture: channels, height, width."""
    if torch is None:
        return None
    torch.manual_seed(1)
    form = torch.channels_last if channels_last else torch.contiguous_format
    made: list[Any] = []
    for inputs, outputs in itertools.pairwise((shape[0], 16, 32, 64, 128)):
        made += [torch.nn.Conv2d(inputs, outputs, 3, padding=1)]
        made += [torch.nn.MaxPool2d(2), torch.nn.ReLU()]
    made += [torch.nn.Flatten(), torch.nn.Dropout(0.2), torch.nn.LazyLinear(128), torch.nn.ReLU()]
    made += [torch.nn.Dropout(0.2), torch.nn.Linear(128, Y.shape[1])]
    model, pictures = torch.nn.Sequential(*made), X.reshape(-1, *shape)
    model(torch.from_numpy(pictures[:2]))  # the first call makes the lazy layer
    model = model.to(memory_format=form)
    optimiser = torch.optim.AdamW(model.parameters(), lr=2e-3, weight_decay=0.01)

    def formed(inputs: Any) -> Any:
        return model(inputs.contiguous(memory_format=form))

    return _epoch(formed, optimiser, torch.nn.CrossEntropyLoss(reduction="sum"), pictures, Y, batch)
