"""Which pieces of ink make a character: joined and split until a picture has as many as it should."""

import math
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from captchanet.segment.morphology import INK


@dataclass(frozen=True)
class Group:
    """The pieces `labels` of a picture, whose ink fills the columns `left` … `right` - 1.

    Where pieces were split, only what lies in the columns `start` … `end` - 1 is of this group.
    """

    labels: frozenset[int]
    left: int
    right: int
    start: int = 0
    end: int | None = None

    def of(self, parts: NDArray[np.integer]) -> NDArray[np.bool_]:
        """Which pixels belong to it, bool (h, w), of a picture whose pieces are numbered `parts` (h, w)."""
        mine: NDArray[np.bool_] = np.isin(parts, list(self.labels))
        mine[:, : self.start] = False
        if self.end is not None:
            mine[:, self.end :] = False
        return mine

    @property
    def width(self) -> int:
        """Its columns."""
        return self.right - self.left


def in_number(ink: np.ndarray, parts: NDArray[np.integer], wanted: int, smallest: int) -> list[Group]:
    """So many groups of a picture's pieces as wanted, from left to right.

    See `captchanet.segment.split.pieces` for how they are joined and split.

    Args:
        ink: float32 (h, w).
        parts: int (h, w), the number of the piece each pixel belongs to, 0 is none.
        wanted: how many groups.
        smallest: pieces of fewer pixels are left out.
    """
    groups = _stacked(ink, parts, smallest)
    while len(groups) > wanted:
        widths = [max(b.right, a.right) - a.left for a, b in pairwise(groups)]
        at = int(np.argmin(widths))
        groups[at : at + 2] = [_joined(groups[at], groups[at + 1])]
    shares = [1] * len(groups)
    while groups and sum(shares) < wanted:
        widest = np.argmax([group.width / share for group, share in zip(groups, shares, strict=True)])
        shares[int(widest)] += 1
    if not groups or any(group.width < share for group, share in zip(groups, shares, strict=True)):
        return _equal(ink, parts, wanted)
    return [
        part for group, share in zip(groups, shares, strict=True) for part in _split(ink, parts, group, share)
    ]


def _stacked(ink: np.ndarray, parts: NDArray[np.integer], smallest: int) -> list[Group]:
    """Each piece a group, but those that lie more than half above another, which share one; by left edge."""
    inked = (ink > INK) & (parts > 0)
    rows, columns = np.nonzero(inked)
    numbers, which, sizes = np.unique(parts[rows, columns], return_inverse=True, return_counts=True)
    groups = []
    for i in np.flatnonzero(sizes >= smallest):
        own = columns[which == i]
        groups.append(Group(frozenset([int(numbers[i])]), int(own.min()), int(own.max()) + 1))
    groups.sort(key=lambda group: (group.left, group.right))
    found: list[Group] = []
    for group in groups:
        while found:
            shared = min(found[-1].right, group.right) - max(found[-1].left, group.left)
            if 2 * shared <= min(found[-1].width, group.width):
                break
            group = _joined(found.pop(), group)
        found.append(group)
    return found


def _joined(a: Group, b: Group) -> Group:
    return Group(a.labels | b.labels, min(a.left, b.left), max(a.right, b.right))


def _split(ink: np.ndarray, parts: NDArray[np.integer], group: Group, number: int) -> list[Group]:
    """A group in so many, at the columns of least ink within a quarter of a part's width of equal parts."""
    if number == 1:
        return [group]
    profile = np.where(group.of(parts), ink, 0).sum(axis=0)
    edges = [group.left]
    for i in range(1, number):
        middle, reach = group.left + group.width * i / number, group.width / number / 4
        near = np.arange(max(math.ceil(middle - reach), edges[-1] + 1), math.floor(middle + reach) + 1)
        # of equals the one nearest to the middle
        least = np.lexsort((np.abs(near - middle), profile[near])) if len(near) else None
        edges.append(max(round(middle), edges[-1] + 1) if least is None else int(near[least[0]]))
    edges.append(group.right)
    return [
        replace(group, left=a, right=b, start=a if i else group.start, end=b if i < number - 1 else group.end)
        for i, (a, b) in enumerate(pairwise(edges))
    ]


def _equal(ink: np.ndarray, parts: NDArray[np.integer], wanted: int) -> list[Group]:
    """All pieces, in equal widths from the first column of ink to the last; without ink, of the picture."""
    columns = np.flatnonzero((ink > INK).any(axis=0))
    left, right = (int(columns[0]), int(columns[-1]) + 1) if len(columns) else (0, ink.shape[1])
    everything = frozenset(int(number) for number in np.unique(parts) if number)
    edges = [left + (right - left) * i // wanted for i in range(wanted + 1)]
    return [Group(everything, a, b, a, b) for a, b in pairwise(edges)]
