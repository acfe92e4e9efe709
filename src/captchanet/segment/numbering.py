"""Find labels that are none: numbers that count the pictures, dates, digests, one word for all."""

import itertools
import math
import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import date

CHANCE = 1e-4
"""The chance, at most, that labels drawn at random are taken for running numbers."""

COLLECTION = 3000
"""Labels may be a slice of a sorted collection, and lie as close together as so many labels would."""


def no_labels(labels: Sequence[str]) -> str:
    """Say what labels in file names are instead, such as "running numbers, '0001' to '0060'".

    Parameters
    ----------
    labels : sequence of str
        What stands in the place of labels, all of one length.

    Returns
    -------
    str
        "" where nothing speaks against them.
    """
    days = [label for label in labels if _is_date(label)]
    if len(days) >= 3 and len(days) > 0.9 * len(labels):
        return f"dates, such as {days[0]!r}"
    # eight random characters of 0-9a-z are all hexadecimal once in 650; captchas cut from MD5 have about five
    hexadecimal = all(re.fullmatch("[0-9a-f]{8,}|[0-9A-F]{8,}", label) for label in labels)
    if len(labels) >= 3 and hexadecimal and re.search("[a-fA-F]", "".join(labels)):
        return f"hexadecimal digests, such as {labels[0]!r}"
    if ends := running_numbers(labels):
        return "running numbers, {!r} to {!r}".format(*ends)
    # the same label again and again, or a word before a number: img1, img2
    for rule, least in (("(.+)", 10), ("([^0-9]{3,})[0-9]+", 5)):
        words = Counter(match[1] for label in labels if (match := re.fullmatch(rule, label, re.DOTALL)))
        for word, count in words.most_common(1):
            if count >= least and count > 0.5 * len(labels):
                number = "" if least == 10 else " and a number"
                return f"{word!r}{number} in {count} of {len(labels)} names"
    return ""


def running_numbers(labels: Sequence[str]) -> tuple[str, str] | None:
    """Find numbers that count the pictures among labels, also where some are missing.

    The same letters may stand before or behind all of them (`a001`), and they may go in steps (0, 5, 10).

    Parameters
    ----------
    labels : sequence of str
        Labels, all of one length.

    Returns
    -------
    tuple of str, optional
        The first and the last label of the clearest stretch; None where chance explains all.
    """
    series = defaultdict(set)
    different = set(labels)
    for label in different:
        if match := re.fullmatch("([^0-9]*)([0-9]+)([^0-9]*)", label):
            series[match[1], match[3]].add(match[2])
    for (before, behind), numbers in sorted(series.items(), key=lambda one: (-len(one[1]), one)):
        if ends := _stretch(sorted(numbers), len(numbers) >= 0.8 * len(different)):
            first, last = (f"{before}{number}{behind}" for number in ends)
            return first, last
    return None


def _stretch(numbers: Sequence[str], nearly_all: bool) -> tuple[str, str] | None:
    """Find the clearest stretch of numbers that count.

    Parameters
    ----------
    numbers : sequence of str
        Different numbers, all of one length, sorted.
    nearly_all : bool
        Whether nearly all labels are among them.

    Returns
    -------
    tuple of str, optional
        Its first and its last number; None where chance explains all.

    Notes
    -----
    If n different labels are drawn at random from the M numbers that their digits allow, each of these is
    there with the probability p = n / M. If the pictures are counted, nearly each number of a stretch is; say
    with (1 + p) / 2. So along a stretch each number that is there multiplies the likelihood ratio of
    "counted" and "random" by (1 + p) / 2p, and each that is missing halves it. At random, the ratio behind a
    given number ever reaches r with the probability 1 / r at most (Ville's inequality), and there are n
    numbers to begin behind. So a ratio of n / `CHANCE` has the chance `CHANCE`. The clearest stretch is found
    in one pass: it begins anew wherever the ratio is below 1.

    p is never less than it would be in a slice of a sorted collection of `COLLECTION` labels (or of a quarter
    of all that are possible), since the first sixty files of a folder are such a slice. Fewer than about 14
    numbers cannot reach the ratio then. They have another rule: nearly all labels are numbers, they begin at
    0 or 1, more than half of the numbers up to the last are there, and the last is in the first quarter of
    what is possible.

    Where all differences have a common divisor, and by chance they would have it at most with the chance
    `CHANCE`, that is the step: all is counted in steps.
    """
    step = math.gcd(*(int(number) - int(numbers[0]) for number in numbers)) or 1
    if step ** (len(numbers) - 1) < 1 / CHANCE:
        step = 1
    start, end, most = int(numbers[0]), int(numbers[-1]), 10 ** len(numbers[0])
    mostly = nearly_all and len(numbers) >= 3 and most > 10
    if mostly and start <= step and end < min(2 * len(numbers) * step, most / 4):
        return numbers[0], numbers[-1]
    digits = set("".join(numbers))
    first = digits if numbers[0].startswith("0") else digits - {"0"}
    possible = max(len(numbers), len(first) * len(digits) ** (len(numbers[0]) - 1) / step)
    share = max(len(numbers), min(COLLECTION, possible / 4)) / possible
    there = math.log((1 + share) / (2 * share))
    best, found = math.log(len(numbers) / CHANCE), None
    score, begin = 0.0, numbers[0]
    for before, number in itertools.pairwise(numbers):
        score += there - ((int(number) - int(before)) // step - 1) * math.log(2)
        if score <= 0:
            score, begin = 0.0, number
        if score >= best:
            best, found = score, (begin, number)
    return found


def _is_date(label: str) -> bool:
    """Whether a label begins with a day, such as 20240131, and goes on with digits, if at all."""
    match = re.fullmatch("((?:19|20)[0-9]{2})([0-9]{2})([0-9]{2})[0-9]*", label)
    try:
        return match is not None and bool(date(*map(int, match.groups())))
    except ValueError:
        return False
