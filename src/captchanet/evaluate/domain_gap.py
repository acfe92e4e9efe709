"""The domain gap between real and synthetic characters, class by class, in numbers."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

SHOWN = 12
"""Examples of a class that are shown, of real and of synthetic ones."""
UNLIKE = 6
"""How many of the real ones are those least like any synthetic one."""
SAMPLES, CHANCE = 200, 0.05
BLOCK = 4_000_000
"""Distances that are worked out at once: 32 MB."""


@dataclass(frozen=True)
class Characters:
    """Real or synthetic characters: their ink, floats (n, height, width), 0 … 1, and their classes, int (n,),
    from 1.
    """

    ink: NDArray[np.floating]
    classes: NDArray[np.int64]


@dataclass(frozen=True)
class ClassComparison:
    """How the real characters of a class compare with the synthetic ones.

    `number` counts from 1; `real` and `synthetic` are rows of examples to show, the first `unlike` of them
    apart: of the real ones those that are farthest from every synthetic one, the farthest first, and, in the
    same order, the synthetic one nearest to each. The rest is evenly spaced over the others. `n_real` and
    `n_synthetic` are how many there are of each, the means float64 (height, width), of none the blank paper.

    `correlation` is that of the two means (see `correlation`), and `expected` what as many of the synthetic
    ones, sampled at random, reach 19 times in 20; both None where there is nothing to compare.
    """

    character: str
    number: int
    n_real: int
    n_synthetic: int
    mean_real: NDArray[np.float64]
    mean_synthetic: NDArray[np.float64]
    real: list[int]
    synthetic: list[int]
    unlike: int = 0
    correlation: float | None = None
    expected: float | None = None

    @property
    def margin(self) -> float | None:
        """How far the real ones' fit is above what as many synthetic ones reach, or below it if negative.

        Few examples have a low fit whatever their shape; this tells the shape from the number.
        """
        if self.correlation is None or self.expected is None:
            return None
        return self.correlation - self.expected


def compare_classes(real: Characters, synthetic: Characters, alphabet: str) -> list[ClassComparison]:
    """Every class of `alphabet`: first those with real and synthetic examples, the least margin first."""
    compared = [_class(number, one, real, synthetic) for number, one in enumerate(alphabet, 1)]
    return sorted(compared, key=lambda one: 2.0 if one.margin is None else one.margin)


def _class(number: int, character: str, real: Characters, synthetic: Characters) -> ClassComparison:
    rows, others = (np.flatnonzero(of.classes == number) for of in (real, synthetic))
    a, b = real.ink[rows].astype(np.float64), synthetic.ink[others].astype(np.float64)
    means = [ink.mean(axis=0) if len(ink) else np.zeros(ink.shape[1:]) for ink in (a, b)]
    if not len(a) or not len(b):
        shown = [of[_others(len(of), [], SHOWN)].tolist() for of in (rows, others)]
        return ClassComparison(character, number, len(a), len(b), means[0], means[1], shown[0], shown[1])
    flat_a, flat_b = a.reshape(len(a), -1), b.reshape(len(b), -1)
    distances, partners = nearest(flat_a, flat_b)
    unlike = np.argsort(-distances, kind="stable")[:UNLIKE].tolist()
    near = partners[unlike].tolist()
    shown = [
        of[[*first, *_others(len(of), first, SHOWN - UNLIKE)]].tolist()
        for of, first in ((rows, unlike), (others, near))
    ]
    return ClassComparison(
        character,
        number,
        len(a),
        len(b),
        means[0],
        means[1],
        shown[0],
        shown[1],
        len(unlike),
        float(correlation(flat_a.mean(axis=0), flat_b.mean(axis=0))),
        _expected(flat_b, len(a), number),
    )


def correlation(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    """Normalised correlation of each of the pictures a (…, pixels) with the picture b (pixels,).

    Σ (a − ā)(b − b̄) / √(Σ (a − ā)² · Σ (b − b̄)²) over the pixels, which is Pearson's: 1 where they differ in
    strength alone, 0 where the one tells nothing about the other, or is the same all over.
    """
    a, b = a - a.mean(axis=-1, keepdims=True), b - b.mean()
    norms = np.sqrt((a * a).sum(axis=-1) * (b @ b))
    found: NDArray[np.float64] = np.where(norms > 1e-9, a @ b / np.maximum(norms, 1e-9), 0.0)
    return found


def nearest(
    real: NDArray[np.float64], synthetic: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """For each row of real (n, p) the distance to the nearest of synthetic (m, p), m > 0, and which that is.

    The distance is the Euclidean one, √Σ (a − b)².
    """
    distances, rows = np.empty(len(real)), np.empty(len(real), np.int64)
    squares = (synthetic * synthetic).sum(axis=1)
    step = max(1, BLOCK // len(synthetic))
    for start in range(0, len(real), step):
        some, to = real[start : start + step], slice(start, start + step)
        square = (some * some).sum(axis=1)[:, np.newaxis] + squares - 2 * some @ synthetic.T
        rows[to] = square.argmin(axis=1)
        distances[to] = np.sqrt(np.maximum(square.min(axis=1), 0))  # rounding can leave less than 0
    return distances, rows


def _expected(synthetic: NDArray[np.float64], n: int, seed: int) -> float:
    """The correlation with the mean of `synthetic` that 19 in 20 means of n of them reach, by resampling."""
    some = synthetic[spread(len(synthetic), 5000)]  # more of them hardly move their mean
    times = np.random.default_rng(seed).multinomial(n, np.full(len(some), 1 / len(some)), SAMPLES)
    return float(np.quantile(correlation(times @ some / n, some.mean(axis=0)), CHANCE))


def spread(n: int, most: int) -> list[int]:
    """At most so many of the indices 0 … n − 1, evenly spaced."""
    return [n * i // min(n, most) for i in range(min(n, most))]


def _others(n: int, but: Sequence[int], most: int) -> list[int]:
    """At most so many of n indices, evenly spaced over those that are not among `but`."""
    left = sorted(set(range(n)) - set(but))
    return [left[i] for i in spread(len(left), most)]
