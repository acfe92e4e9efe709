"""The peers that are convolutional networks in PyTorch: over the four windows, and over the whole picture."""

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from splits import Read, Task, spelt
from torch import nn

from captchanet.train.augment import Affine, Augmenter

Batch = Callable[[NDArray[np.int64]], torch.Tensor]


def _block(inputs: int, outputs: int, *between: nn.Module) -> list[nn.Module]:
    """A 3 × 3 convolution that keeps the size, what comes `between`, normalisation, ReLU."""
    filters = nn.Conv2d(inputs, outputs, 3, padding=1, bias=False)
    return [filters, *between, nn.BatchNorm2d(outputs), nn.ReLU()]


def _fit(
    model: nn.Module,
    inputs: Batch,
    y: NDArray[np.int64],
    seed: int,
    *,
    rate: float,
    steps: int,
    batch: int,
) -> None:
    """AdamW with one cycle of the learning rate; `inputs` makes the pictures of some rows of `y`, (n, k)."""
    optimiser = torch.optim.AdamW(model.parameters(), rate, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, rate, total_steps=steps, pct_start=0.2)
    loss = nn.CrossEntropyLoss(label_smoothing=0.05)
    rng, targets, order = np.random.default_rng(seed), torch.from_numpy(y), np.array([], np.int64)
    model.train()
    for _ in range(steps):
        while len(order) < batch:
            order = np.concatenate([order, rng.permutation(len(y))])
        rows, order = order[:batch], order[batch:]
        optimiser.zero_grad()
        outputs = model(inputs(rows))
        loss(outputs.flatten(0, 1), targets[rows].flatten()).backward()
        optimiser.step()
        schedule.step()
    model.eval()


def _classes(model: nn.Module, pictures: torch.Tensor) -> NDArray[np.int64]:
    """The likeliest classes, (n, k), of pictures (n, channels, h, w)."""
    with torch.no_grad():
        found = [model(some).argmax(dim=2) for some in pictures.split(256)]
    return torch.cat(found).numpy()


def _seeded(seed: int) -> None:
    torch.set_num_threads(1)
    torch.manual_seed(seed)


def windows(task: Task, seed: int, *, steps: int = 800) -> Read:
    """One network for each of the windows, whose pictures are augmented as `labels-only` augments them."""
    _seeded(seed)
    n, k, pixels = task.known.X.shape
    height, width = task.crops.shape
    channels, classes = pixels // (height * width), len(task.alphabet)
    model = nn.Sequential(
        *_block(channels, 32),
        nn.MaxPool2d(2, ceil_mode=True),
        *_block(32, 64),
        *_block(64, 64),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Dropout(0.2),
        nn.LazyLinear(128),
        nn.ReLU(),
        nn.Dropout(0.2),
        nn.Linear(128, classes),
        nn.Unflatten(1, (1, classes)),
    )
    how = Affine(rotation=15, shift=0.6, scale=0.04, pivot=(0.35, -1.0))
    augmenter = Augmenter(how, task.crops, np.arange(n * k), np.random.default_rng(seed))

    def pictures(X: NDArray[np.float32]) -> torch.Tensor:
        shaped = torch.from_numpy(X).reshape(-1, channels, height, width)
        return shaped.contiguous(memory_format=torch.channels_last)

    model(pictures(task.known.X[:2]))  # the first call makes the lazy layer
    y = task.y.reshape(-1, 1)
    _fit(model, lambda rows: pictures(augmenter.versions(rows)), y, seed, rate=2e-3, steps=steps, batch=128)
    return lambda shown: spelt(_classes(model, pictures(shown.X)).reshape(-1, k), task.alphabet)


def picture(task: Task, seed: int, *, steps: int = 1800) -> Read:
    """One network for the whole picture, with a head for each character.

    It sees the cleaned picture without the edges that have hardly any ink. The whole picture is turned,
    sheared, scaled and moved a little; with more of this it read less. A head knows where a feature is from
    left to right, but not how high it is.
    """
    _seeded(seed)
    rows, columns = _inked(task.known.cleaned)
    k, classes = task.y.shape[1], len(task.alphabet)
    channels = 1 if task.known.cleaned.ndim == 3 else task.known.cleaned.shape[3]
    model = nn.Sequential(
        *_block(channels, 24, nn.MaxPool2d(2)),
        *_block(24, 48),
        *_block(48, 48, nn.MaxPool2d(2)),
        *_block(48, 96),
        nn.AdaptiveMaxPool2d((1, None)),
        nn.Flatten(),
        nn.Dropout(0.5),
        nn.LazyLinear(k * classes),
        nn.Unflatten(1, (k, classes)),
    )

    def pictures(cleaned: NDArray[np.float32]) -> torch.Tensor:
        maps = torch.from_numpy(np.ascontiguousarray(cleaned[:, rows, columns]))
        shaped = maps[:, None] if cleaned.ndim == 3 else maps.permute(0, 3, 1, 2)
        return shaped.contiguous(memory_format=torch.channels_last)

    known = pictures(task.known.cleaned)
    model(known[:2])  # the first call makes the lazy layer
    _fit(model, lambda some: _moved(known[some]), task.y, seed, rate=5e-3, steps=steps, batch=32)
    return lambda shown: spelt(_classes(model, pictures(shown.cleaned)), task.alphabet)


def _inked(cleaned: NDArray[np.float32]) -> tuple[slice, slice]:
    """Rows and columns with more than a hundredth of ink on average, and one more to each side."""
    ink = cleaned.mean(axis=0) if cleaned.ndim == 3 else cleaned.mean(axis=(0, 3))
    inked = [np.flatnonzero((ink > 0.01).any(axis=axis)) for axis in (1, 0)]
    rows, columns = (slice(max(0, lines[0] - 1), lines[-1] + 2) for lines in inked)
    return rows, columns


def _moved(pictures: torch.Tensor) -> torch.Tensor:
    """Each whole picture turned, sheared, scaled and moved a little, at random."""
    n, _, height, width = pictures.shape
    sampled = torch.randn(6, n)
    angle, (wider, taller) = sampled[0] * np.radians(1), torch.exp(sampled[1:3] * 0.02)
    cosine, sine, shear = torch.cos(angle), torch.sin(angle), sampled[3] * 0.07
    # .35 pixels: a picture is 2 wide
    across, down = 0.7 * sampled[4] / width, 0.7 * sampled[5] / height
    to_x = torch.stack([cosine * wider, (shear - sine) * wider * height / width, across], dim=1)
    to_y = torch.stack([sine * taller * width / height, cosine * taller, down], dim=1)
    theta = torch.stack([to_x, to_y], dim=1)
    grid = nn.functional.affine_grid(theta, list(pictures.shape), align_corners=False)
    moved = nn.functional.grid_sample(pictures, grid, align_corners=False)
    return moved.contiguous(memory_format=torch.channels_last)
