"""How fast the network trains, compared with its own matrix products and its peers, as ratios.

    python benchmarks/speed.py            # 1 and 2 threads; prints, and writes docs/benchmarks.md

All functions of a row run once in each round, and each ratio is of two times in one round. The page shows the
median and the quartiles of these ratios, since they change little on a busy machine. Ours is the code of the
stage `train`, with the history too. Needs scikit-learn (it comes with MLflow); PyTorch is used if it is
installed.
"""

import os
import platform
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Callable
from importlib import metadata
from pathlib import Path

import click
import numpy as np
import peers
from peers import LAYERS, RATE, Work

from captchanet import nn
from captchanet.train.augment import Affine, Augmenter, Crops
from captchanet.train.provenance import provenance
from captchanet.train.train import Recorder

PAGE = Path(__file__).resolve().parents[1] / "docs/benchmarks.md"
CHARACTERS = 9_060
INTRODUCTION = """# Speed

Written by `make bench` (`python benchmarks/speed.py`), which says how it is measured;
the network is 260-200-200-36.
A peer ÷ ours tells how many times as fast ours is; ours ÷ its matrix products is 1 at best.
"""


def data(rows: int, dtype: str) -> tuple[np.ndarray, np.ndarray]:
    """Rows of noise with as much ink as characters have, and one-hot targets."""
    rng = np.random.default_rng(1)
    X = (rng.random((rows, LAYERS[0]), dtype=np.float32) > 0.7).astype(dtype)
    return X, nn.one_hot(rng.integers(1, LAYERS[-1] + 1, rows), LAYERS[-1]).astype(dtype)


def recorded(X: np.ndarray, Y: np.ndarray, penalty: nn.Penalty) -> tuple[Recorder, np.ndarray]:
    """Our objective, watched as `train` watches it, and a first theta."""
    network = nn.fully_connected(LAYERS)
    theta = nn.uniform(network, np.random.default_rng(1), dtype=X.dtype)
    return Recorder(nn.Objective(network, X, Y, penalty=penalty, dtype=X.dtype), theta), theta


def our_epoch(X: np.ndarray, Y: np.ndarray, batch: int, penalty: nn.Penalty = nn.no_penalty) -> Work:
    """An epoch of our SGD."""
    recorder, theta = recorded(X, Y, penalty)
    optimiser, rng = (
        nn.GradientDescent(learning_rate=RATE, epochs=1, batch_size=batch),
        np.random.default_rng(1),
    )
    return lambda: optimiser(recorder, theta, rng=rng, callback=recorder.callback)


def our_adamw(X: np.ndarray, Y: np.ndarray, batch: int) -> Work:
    """An epoch of AdamW with dropout of the input and both hidden layers, softmax outputs."""
    rates = (0.05, 0.1, 0.1)
    network = nn.fully_connected(LAYERS, output=nn.softmax, hidden=nn.relu, dropout=rates)
    rng = np.random.default_rng(1)
    theta = nn.he(network, rng, dtype=X.dtype)
    recorder = Recorder(nn.Objective(network, X, Y, rng=rng, dtype=X.dtype), theta)
    optimiser = nn.AdamW(learning_rate=2e-3, epochs=1, batch_size=batch)
    return lambda: optimiser(recorder, theta, rng=rng, callback=recorder.callback)


def our_augmentation(X: np.ndarray, batch: int) -> Work:
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


def our_pass(X: np.ndarray, Y: np.ndarray) -> Work:
    """One cost and gradient."""
    recorder, theta = recorded(X, Y, nn.tutorial_penalty(weight=0.1))
    return lambda: recorder.objective(theta)


def our_cg(X: np.ndarray, Y: np.ndarray, iterations: int) -> Work:
    """Our conjugate gradient; returns how many evaluations it took."""
    recorder, theta = recorded(X, Y, nn.tutorial_penalty(weight=0.1))
    return lambda: (
        nn.conjugate_gradient(recorder, theta, iterations=iterations, callback=recorder.callback).evaluations
    )


def race(contenders: dict[str, Work | None], rounds: int, inner: int = 1) -> dict[str, np.ndarray]:
    """Seconds of each function in each round, shape (rounds,), per evaluation where the work counts them."""
    there = {name: work for name, work in contenders.items() if work}
    for work in there.values():
        work()
    seconds: dict[str, list[float]] = {name: [] for name in there}
    for _ in range(rounds):
        for name, work in there.items():
            started = time.perf_counter()
            counts = [work() for _ in range(inner)]
            spent = (time.perf_counter() - started) / inner
            seconds[name].append(spent / counts[0] if isinstance(counts[0], int) else spent)
    return {name: np.array(each) for name, each in seconds.items()}


def ratio(above: np.ndarray, below: np.ndarray) -> str:
    """The median of the rounds' ratios, and their quartiles."""
    low, middle, high = np.percentile(above / below, [25, 50, 75])
    return f"{middle:.2f} ({low:.2f} – {high:.2f})"


def row(work: str, what: str, above: np.ndarray | None, below: np.ndarray) -> None:
    """One line of the table."""
    click.echo(f"| {work} | {what} | {ratio(above, below) if above is not None else 'not installed'} |")


def epochs(rounds: int) -> None:
    """SGD and AdamW epochs against the floor and the libraries."""
    X, Y = data(CHARACTERS, "float32")
    for batch in (32, 128, 512):
        found = race(
            {
                "floor": peers.products(X, Y, batch),
                "ours": our_epoch(X, Y, batch),
                "with l2": our_epoch(X, Y, batch, nn.l2(weight=0.1)),
                "torch": peers.pytorch(X, Y, batch),
                "sklearn": peers.scikit_learn(X, Y, batch),
            },
            rounds,
        )
        work = f"SGD epoch, float32, batch {batch}"
        row(work, "ours ÷ its matrix products", found["ours"], found["floor"])
        row(work, "ours with an L2 penalty ÷ its matrix products", found["with l2"], found["floor"])
        row(work, "PyTorch ÷ ours", found.get("torch"), found["ours"])
        row(work, "scikit-learn ÷ ours", found["sklearn"], found["ours"])
        click.echo(f"| {work} | ours, milliseconds | {1e3 * np.median(found['ours']):.0f} |")
    found = race(
        {
            "floor": peers.products(X, Y, 128),
            "ours": our_adamw(X, Y, 128),
            "augmenting": our_augmentation(X, 128),
        },
        rounds,
    )
    work = "AdamW, dropout, softmax, float32, batch 128"
    row(work, "ours ÷ its matrix products", found["ours"], found["floor"])
    row(work, "augmenting a batch ÷ the step that it feeds", found["augmenting"], found["ours"])


def passes(rounds: int) -> None:
    """Cost and gradient of 240 rows, and conjugate gradient, against the tutorial's way."""
    X, Y = data(240, "float64")
    theirs = peers.tutorial_pass(X, Y)
    for dtype in ("float64", "float32"):
        mine = our_pass(X.astype(dtype), Y.astype(dtype))
        found = race({"theirs": theirs, "ours": mine}, rounds, inner=20)
        row(
            f"cost and gradient of 240 rows, {dtype}", "tutorial's way ÷ ours", found["theirs"], found["ours"]
        )
    found = race({"theirs": peers.tutorial_cg(X, Y, 30), "ours": our_cg(X, Y, 30)}, rounds)
    row(
        "conjugate gradient, float64, per evaluation", "tutorial's way ÷ ours", found["theirs"], found["ours"]
    )


def growth() -> None:
    """Time per row of an SGD epoch as the rows grow, and the memory of training."""
    first = None
    for rows in (CHARACTERS, 100_000, 1_000_000):
        X, Y = data(rows, "float32")
        spent = race({"ours": our_epoch(X, Y, 128)}, 3 if rows < 1_000_000 else 1)["ours"]
        each = float(np.median(spent)) / rows
        first = first or each
        work = f"SGD epoch, batch 128, {rows:,} rows"
        click.echo(f"| {work} | time per row ÷ that of {CHARACTERS:,} | {each / first:.2f} |")
    X, Y = data(CHARACTERS, "float32")
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    our_epoch(X, Y, 128)()
    held = (tracemalloc.get_traced_memory()[1] - before - X.nbytes - Y.nbytes) / 2**20
    tracemalloc.stop()
    theta = nn.fully_connected(LAYERS).size * 4 / 2**20
    work = "memory of training, batch 128, without X and Y"
    click.echo(f"| {work} | MiB, and in sizes of theta | {held:.1f}, {held / theta:.1f} |")


def heading(threads: str) -> None:
    """The machine and the versions of the measurement."""
    found = provenance([], [])
    kernels = ", ".join(sorted({f"OpenBLAS {b['version']} {b['kernel']}" for b in found["blas"]}))
    versions = ", ".join(f"{name} {version(name)}" for name in ("numpy", "scipy", "torch", "scikit-learn"))
    forced = os.environ.get("OPENBLAS_CORETYPE")
    click.echo(
        f"\n## {threads} thread{'s' * (threads != '1')}{f', OPENBLAS_CORETYPE={forced}' if forced else ''}\n"
    )
    machine = f"{found['cpu']}, {os.cpu_count()} cores; Python {platform.python_version()}"
    click.echo(f"{machine}, {versions}; {kernels}.\n")
    click.echo("| work | figure | median (quartiles) |\n|---|---|---|")


def version(name: str) -> str:
    """A library's version, or a text that it is missing."""
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "not installed"


@click.command()
@click.option("--rounds", default=11, show_default=True, help="At least 7 for numbers to publish.")
@click.option(
    "--threads", help="Measure in this process with this many threads (set the BLAS variables yourself)."
)
def main(rounds: int, threads: str | None) -> None:
    """Runs itself once for each number of threads, which BLAS reads when it starts, and writes the page."""
    if threads:
        heading(threads)
        parts: list[Callable[[], None]] = [lambda: epochs(rounds), lambda: passes(rounds)]
        for part in [*parts, growth] if threads == "1" else parts:
            part()
        return
    text = INTRODUCTION
    forced = os.environ.get("OPENBLAS_CORETYPE")
    for count in ("1", "2"):
        for kernel in (None, forced) if forced else (None,):
            names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
            env = {k: v for k, v in os.environ.items() if k not in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")}
            env |= dict.fromkeys(names, count) | ({"OPENBLAS_CORETYPE": kernel} if kernel else {})
            command = [sys.executable, __file__, "--threads", count, "--rounds", str(rounds)]
            done = subprocess.run(command, env=env, stdout=subprocess.PIPE, text=True, check=True)
            click.echo(done.stdout)
            text += done.stdout
    PAGE.write_text(text)


if __name__ == "__main__":
    main()
