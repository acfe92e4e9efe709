"""Connected components, joined and split until a picture has as many as it should have characters."""

import math
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from captchanet.segment.morphology import INK


@dataclass(frozen=True)
class Component:
    """One or several connected components of a picture, or a part of them.

    Parameters
    ----------
    labels : frozenset of int
        Which connected components.
    left : int
        The first column of their ink.
    right : int
        One past the last column of their ink.
    start : int
        Where they were split: the first column of this part.
    end : int, optional
        Where they were split: one past the last column of this part.
    """

    labels: frozenset[int]
    left: int
    right: int
    start: int = 0
    end: int | None = None

    def of(self, labelled: NDArray[np.integer]) -> NDArray[np.bool_]:
        """Return which pixels belong to it, bool (h, w), given the label of each pixel, `labelled` (h, w)."""
        mine: NDArray[np.bool_] = np.isin(labelled, list(self.labels))
        mine[:, : self.start] = False
        if self.end is not None:
            mine[:, self.end :] = False
        return mine

    @property
    def width(self) -> int:
        """How many columns it has."""
        return self.right - self.left


def components_in_number(
    ink: np.ndarray, labelled: NDArray[np.integer], number: int, smallest: int
) -> list[Component]:
    """Join and split the components of a picture until there are as many as there should be.

    See `captchanet.segment.split.components` for how they are joined and split.

    Parameters
    ----------
    ink : ndarray of float32, shape (h, w)
        An ink map.
    labelled : ndarray of int, shape (h, w)
        The label of the connected component that each pixel belongs to; 0 is none.
    number : int
        How many there should be.
    smallest : int
        Components of fewer pixels are left out.

    Returns
    -------
    list of Component
        From left to right.
    """
    found = _stacked(ink, labelled, smallest)
    while len(found) > number:
        widths = [max(b.right, a.right) - a.left for a, b in pairwise(found)]
        at = int(np.argmin(widths))
        found[at : at + 2] = [_joined(found[at], found[at + 1])]
    shares = [1] * len(found)
    while found and sum(shares) < number:
        widest = np.argmax([one.width / share for one, share in zip(found, shares, strict=True)])
        shares[int(widest)] += 1
    if not found or any(one.width < share for one, share in zip(found, shares, strict=True)):
        return _equal(ink, labelled, number)
    return [
        part for one, share in zip(found, shares, strict=True) for part in _split(ink, labelled, one, share)
    ]


def _stacked(ink: np.ndarray, labelled: NDArray[np.integer], smallest: int) -> list[Component]:
    """Return the components by left edge.

    Two that share more than half of the columns of the narrower one are joined.
    """
    inked = (ink > INK) & (labelled > 0)
    rows, columns = np.nonzero(inked)
    labels, which, sizes = np.unique(labelled[rows, columns], return_inverse=True, return_counts=True)
    components = []
    for i in np.flatnonzero(sizes >= smallest):
        own = columns[which == i]
        components.append(Component(frozenset([int(labels[i])]), int(own.min()), int(own.max()) + 1))
    components.sort(key=lambda component: (component.left, component.right))
    found: list[Component] = []
    for component in components:
        while found:
            shared = min(found[-1].right, component.right) - max(found[-1].left, component.left)
            if 2 * shared <= min(found[-1].width, component.width):
                break
            component = _joined(found.pop(), component)
        found.append(component)
    return found


def _joined(a: Component, b: Component) -> Component:
    return Component(a.labels | b.labels, min(a.left, b.left), max(a.right, b.right))


def _split(ink: np.ndarray, labelled: NDArray[np.integer], whole: Component, number: int) -> list[Component]:
    """Split a component into so many, at columns of least ink.

    Each is within a quarter of a part's width of where equal parts would be split.
    """
    if number == 1:
        return [whole]
    profile = np.where(whole.of(labelled), ink, 0).sum(axis=0)
    edges = [whole.left]
    for i in range(1, number):
        middle, reach = whole.left + whole.width * i / number, whole.width / number / 4
        near = np.arange(max(math.ceil(middle - reach), edges[-1] + 1), math.floor(middle + reach) + 1)
        # of columns with the same ink, the one nearest to the middle
        least = np.lexsort((np.abs(near - middle), profile[near])) if len(near) else None
        edges.append(max(round(middle), edges[-1] + 1) if least is None else int(near[least[0]]))
    edges.append(whole.right)
    return [
        replace(whole, left=a, right=b, start=a if i else whole.start, end=b if i < number - 1 else whole.end)
        for i, (a, b) in enumerate(pairwise(edges))
    ]


def _equal(ink: np.ndarray, labelled: NDArray[np.integer], number: int) -> list[Component]:
    """Split all ink into equal widths, from the first column of ink to the last; without ink, the picture."""
    columns = np.flatnonzero((ink > INK).any(axis=0))
    left, right = (int(columns[0]), int(columns[-1]) + 1) if len(columns) else (0, ink.shape[1])
    everything = frozenset(int(label) for label in np.unique(labelled) if label)
    edges = [left + (right - left) * i // number for i in range(number + 1)]
    return [Component(everything, a, b, a, b) for a, b in pairwise(edges)]
