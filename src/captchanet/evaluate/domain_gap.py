"""The domain gap between real and synthetic characters, class by class, in numbers."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from captchanet.progress import counted
from captchanet.segment.read import spread

SHOWN = 12
"""Examples of a class that are shown, of real and of synthetic ones."""
UNLIKE = 6
"""How many of the real ones are those least like any synthetic one."""
SAMPLES, CHANCE = 200, 0.05
BLOCK = 4_000_000
"""Distances that are worked out at once: 32 MB."""


@dataclass(frozen=True)
class Characters:
    """Real or synthetic characters.

    Attributes
    ----------
    ink
        Their ink, 0 to 1, floats (n, height, width).
    classes
        Their classes, from 1, int64 (n,).
    """

    ink: NDArray[np.floating]
    classes: NDArray[np.int64]


@dataclass(frozen=True)
class ClassComparison:
    """How the real characters of a class compare with the synthetic ones.

    Attributes
    ----------
    character
        The class.
    number
        Its number, from 1.
    n_real, n_synthetic
        How many examples there are.
    mean_real, mean_synthetic
        The mean ink, float64 (height, width); blank where there is no example.
    real, synthetic
        Rows of examples to show. The first `unlike` real ones are those that are farthest from every
        synthetic one, the farthest first; the first synthetic ones are the nearest to each of them, in the
        same order. The rest is evenly spaced over the others.
    unlike
        How many pairs of farthest and nearest come first.
    correlation
        The correlation of the two means (see `correlation`); None where there is nothing to compare.
    expected
        What the mean of as many synthetic ones, sampled at random, reaches 19 times in 20; None likewise.
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
        """How far the correlation is above what as many synthetic ones reach; negative where it is below.

        Few examples have a low correlation whatever their shape; the margin does not depend on how many
        there are.
        """
        if self.correlation is None or self.expected is None:
            return None
        return self.correlation - self.expected


def compare_classes(real: Characters, synthetic: Characters, alphabet: str) -> list[ClassComparison]:
    """Compare the real with the synthetic examples of every class.

    Parameters
    ----------
    real, synthetic
        The characters.
    alphabet
        The classes, in the order of their numbers.

    Returns
    -------
    list of ClassComparison
        First the classes with real and synthetic examples, the least margin first, then the others.
    """
    compared = [
        _class(number, one, real, synthetic) for number, one in enumerate(counted(alphabet, "class"), 1)
    ]
    return sorted(compared, key=lambda one: 2.0 if one.margin is None else one.margin)


def _class(number: int, character: str, real: Characters, synthetic: Characters) -> ClassComparison:
    rows, others = (np.flatnonzero(of.classes == number) for of in (real, synthetic))
    a, b = real.ink[rows].astype(np.float64), synthetic.ink[others].astype(np.float64)
    means = [ink.mean(axis=0) if len(ink) else np.zeros(ink.shape[1:]) for ink in (a, b)]
    unlike: list[int] = []
    near: list[int] = []
    fit = expected = None
    if len(a) and len(b):
        flat_a, flat_b = a.reshape(len(a), -1), b.reshape(len(b), -1)
        distances, partners = nearest(flat_a, flat_b)
        unlike = np.argsort(-distances, kind="stable")[:UNLIKE].tolist()
        near = partners[unlike].tolist()
        fit = float(correlation(flat_a.mean(axis=0), flat_b.mean(axis=0)))
        expected = _expected(flat_b, len(a), number)
    most = SHOWN - UNLIKE if unlike else SHOWN
    chosen = ((rows, unlike), (others, near))
    shown = [of[[*first, *_others(len(of), first, most)]].tolist() for of, first in chosen]
    return ClassComparison(
        character, number, len(a), len(b), means[0], means[1], shown[0], shown[1], len(unlike), fit, expected
    )


def correlation(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    """Compute the normalised correlation of pictures with one picture: Pearson's, over the pixels.

    Σ (a − ā)(b − b̄) / √(Σ (a − ā)² · Σ (b − b̄)²).

    Parameters
    ----------
    a
        Pictures, shape (…, pixels).
    b
        A picture, shape (pixels,).

    Returns
    -------
    ndarray
        Shape (…): 1 where two differ in strength alone; 0 where one tells nothing about the other, or one is
        the same all over.
    """
    a, b = a - a.mean(axis=-1, keepdims=True), b - b.mean()
    norms = np.sqrt((a * a).sum(axis=-1) * (b @ b))
    found: NDArray[np.float64] = np.where(norms > 1e-9, a @ b / np.maximum(norms, 1e-9), 0.0)
    return found


def nearest(
    real: NDArray[np.float64], synthetic: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Find the nearest synthetic row to each real one, by the Euclidean distance √Σ (a − b)².

    Parameters
    ----------
    real
        Shape (n, p).
    synthetic
        Shape (m, p), m > 0.

    Returns
    -------
    distances : ndarray
        The distance to the nearest, float64 (n,).
    rows : ndarray
        Which row of `synthetic` that is, int64 (n,).
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
    """Estimate the correlation with the mean of `synthetic` that 19 in 20 means of n of them reach."""
    some = synthetic[spread(len(synthetic), 5000)]  # more of them hardly move their mean
    times = np.random.default_rng(seed).multinomial(n, np.full(len(some), 1 / len(some)), SAMPLES)
    return float(np.quantile(correlation(times @ some / n, some.mean(axis=0)), CHANCE))


def _others(n: int, but: Sequence[int], most: int) -> list[int]:
    """Return at most so many of n indices, evenly spaced over those that are not among `but`."""
    left = sorted(set(range(n)) - set(but))
    return [left[i] for i in spread(len(left), most)]
