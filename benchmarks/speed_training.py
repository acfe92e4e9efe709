"""The parts of the speed benchmark that train: ours, its matrix products alone, and the peers."""

import os
import time
import tracemalloc
from collections.abc import Callable, Iterator

import numpy as np
import ours
import peers
import peers_jax
import peers_torch
from harness import Row, Work, median, race, ratio, ratios

from captchanet import nn
from captchanet.train.blas_threads import blas_threads

CHARACTERS = 9_060
PRODUCTS = "÷ the matrix products"


def sgd(rounds: int) -> Iterator[Row]:
    """An epoch of SGD; a peer is compared with the same products."""
    X, Y = ours.data(CHARACTERS, "float32")
    for batch in (32, 128, 512):
        contenders = {
            "products": peers.products(X, Y, batch),
            "ours": ours.sgd(X, Y, batch),
            "with an L2 penalty": ours.sgd(X, Y, batch, nn.l2(weight=0.1)),
            "PyTorch, eager": peers_torch.sgd(X, Y, batch),
            "scikit-learn": peers.scikit_learn(X, Y, batch),
            "JAX, jit, a call for each step": peers_jax.step_by_step(X, Y, batch),
            "JAX, jit, an epoch as one scan": peers_jax.scanned(X, Y, batch),
        }
        found = race(contenders, rounds)
        work = f"SGD epoch, float32, batch {batch}"
        names = [name for name in contenders if name != "products"]
        yield from ratios(work, found, *((f"{name} {PRODUCTS}", name, "products") for name in names))
        yield Row(work, "ours, milliseconds", median(found["ours"], 1e-3))


def adamw(rounds: int) -> Iterator[Row]:
    """An epoch of AdamW with dropout and softmax, and the augmentation of its batches."""
    X, Y = ours.data(CHARACTERS, "float32")
    found = race(
        {
            "products": peers.products(X, Y, 128),
            "ours": ours.adamw(X, Y, 128),
            "PyTorch": peers_torch.adamw(X, Y, 128, ours.DROPOUT),
            "augmenting": ours.augmentation(X, 128),
        },
        rounds,
    )
    yield from ratios(
        "AdamW, dropout, softmax, float32, batch 128",
        found,
        (f"ours {PRODUCTS}", "ours", "products"),
        (f"PyTorch, eager {PRODUCTS}", "PyTorch", "products"),
        ("augmenting a batch ÷ the step that it feeds", "augmenting", "ours"),
    )


def convolution(rounds: int) -> Iterator[Row]:
    """Steps of the convolutional network of another-kind, beside PyTorch in both memory formats."""
    X, Y = ours.data(640, "float32", int(np.prod(ours.PICTURE)))
    found = race(
        {
            "ours": ours.convolution(X, Y, 64),
            "default": peers_torch.convolution(X, Y, 64, ours.PICTURE, channels_last=False),
            "last": peers_torch.convolution(X, Y, 64, ours.PICTURE, channels_last=True),
        },
        rounds,
    )
    work = "convolution step (another-kind), float32, batch 64"
    yield from ratios(
        work,
        found,
        ("ours ÷ PyTorch, default format", "ours", "default"),
        ("ours ÷ PyTorch, channels-last", "ours", "last"),
    )
    yield Row(work, "ours, milliseconds", median(found["ours"] / 10, 1e-3))


def cg(rounds: int) -> Iterator[Row]:
    """Cost and gradient of 240 rows, and conjugate gradient, against the tutorial's way."""
    X, Y = ours.data(240, "float64")
    theirs = peers.tutorial_pass(X, Y)
    for dtype in ("float64", "float32"):
        mine = ours.evaluation(X.astype(dtype), Y.astype(dtype))
        found = race({"theirs": theirs, "ours": mine}, rounds, inner=20)
        work = f"cost and gradient of 240 rows, {dtype}"
        yield Row(work, "the tutorial's way ÷ ours", ratio(found["theirs"], found["ours"]))
    found = race({"theirs": peers.tutorial_cg(X, Y, 30), "ours": ours.cg(X, Y, 30)}, rounds)
    work = "conjugate gradient, float64, for each evaluation"
    yield Row(work, "the tutorial's program ÷ ours", ratio(found["theirs"], found["ours"]))
    yield Row(work, "ours, milliseconds", median(found["ours"], 1e-3))


def threads(rounds: int) -> Iterator[Row]:
    """Time by the clock with two threads of BLAS ÷ that with one."""
    if (os.cpu_count() or 1) < 2:
        return
    dense, pictures = ours.data(CHARACTERS, "float32"), ours.data(640, "float32", int(np.prod(ours.PICTURE)))
    cases = {
        "convolution step (another-kind), batch 64": ours.convolution(*pictures, 64),
        "SGD epoch, float32, batch 128": ours.sgd(*dense, 128),
        "SGD epoch, float32, batch 512": ours.sgd(*dense, 512),
        "conjugate gradient, 240 rows, float64": ours.cg(*ours.data(240, "float64"), 30),
    }
    for work, does in cases.items():
        contenders = {number: _threaded(does, int(number)) for number in ("1", "2")}
        found = race(contenders, rounds, clock=time.perf_counter)
        yield Row(work, "2 threads ÷ 1, by the clock", ratio(found["2"], found["1"]))


def _threaded(work: Work, number: int) -> Work:
    def threaded() -> object:
        with blas_threads(number):
            return work()

    return threaded


def growth(rounds: int) -> Iterator[Row]:
    """Time per row of an SGD epoch as the rows grow, and the memory of training."""
    first = None
    for rows in (CHARACTERS, 100_000, 1_000_000):
        X, Y = ours.data(rows, "float32")
        found = race({"ours": ours.sgd(X, Y, 128)}, min(rounds, 3) if rows < 1_000_000 else 1)["ours"]
        each = float(np.median(found)) / rows
        first = first or each
        figure = f"time per row ÷ that of {CHARACTERS:,}"
        yield Row(f"SGD epoch, batch 128, {rows:,} rows", figure, f"{each / first:.2f}")
    X, Y = ours.data(CHARACTERS, "float32")
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    ours.sgd(X, Y, 128)()
    held = (tracemalloc.get_traced_memory()[1] - before - X.nbytes - Y.nbytes) / 2**20
    tracemalloc.stop()
    theta = nn.fully_connected(peers.LAYERS).size * 4 / 2**20
    work = "memory of training, batch 128, without X and Y"
    yield Row(work, "MiB, and in sizes of theta", f"{held:.1f}, {held / theta:.1f}")


PARTS: dict[str, Callable[[int], Iterator[Row]]] = {
    "sgd": sgd,
    "adamw": adamw,
    "convolution": convolution,
    "cg": cg,
    "threads": threads,
    "growth": growth,
}
