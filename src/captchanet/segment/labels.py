"""Labels, what stands on captchas: from file names or a CSV, and as class numbers."""

import csv
import io
import os
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from captchanet.errors import UserError

COLUMNS = ("file", "label")

FOLDS: dict[str, Callable[[str], str]] = {"none": str, "lower": str.lower, "upper": str.upper}
"""What a segmentation's `fold` does to the case of labels, before they are compared with the alphabet."""


def label_from_name(name: str) -> str:
    """Return the label in a file name: its stem up to the first "_"; "knnp_2.png" is a second "knnp"."""
    return name.rsplit(".", 1)[0].split("_", 1)[0]


def read_label_file(path: str | os.PathLike[str]) -> dict[str, list[str]]:
    """Read the labels that a CSV gives to files.

    Parameters
    ----------
    path : path
        A CSV in UTF-8, with or without byte order mark, with the header `file,label`. Further columns are
        ignored.

    Returns
    -------
    dict of list of str
        For each file its labels, each once, in the order in which they appear. More than one is a
        contradiction.

    Raises
    ------
    UserError
        Where the CSV cannot be read, is empty, is not text, or lacks a column or a value; it names the CSV
        and the line.
    """
    path = Path(path)
    rows = csv.reader(io.StringIO(_text(path), newline=""), skipinitialspace=True, strict=True)
    labels: dict[str, list[str]] = {}
    try:
        header = [name.strip() for name in next(rows, [])]
        missing = [name for name in COLUMNS if name not in header]
        if missing:
            raise UserError(
                f"{path}, line 1: the header is {','.join(header)!r} and lacks the column "
                f"{' and '.join(map(repr, missing))}; make the first line 'file,label'."
            )
        where = [header.index(name) for name in COLUMNS]
        for row in rows:
            if not any(cell.strip() for cell in row):
                continue
            file, label = (row[i].strip() if i < len(row) else "" for i in where)
            if not file or not label:
                raise UserError(
                    f"{path}, line {rows.line_num}: the {'label' if file else 'file'} is missing in "
                    f"{','.join(row)!r}; each line needs a file and its label."
                )
            known = labels.setdefault(file, [])
            if label not in known:
                known.append(label)
    except csv.Error as error:
        raise UserError(
            f"{path}, line {rows.line_num}: this is not CSV ({error}); write one 'file,label' a line."
        ) from error
    if not labels:
        raise UserError(f"{path} has a header but no line below it; add one 'file,label' line per picture.")
    return labels


def _text(path: Path) -> str:
    """Return the text of a label file, without byte order mark."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UserError(
            f"Cannot read the label file {path}: {error.strerror}; give the path of a CSV 'file,label'."
        ) from error
    if not data.strip():
        raise UserError(
            f"The label file {path} is empty; it needs the header 'file,label' and a line per picture."
        )
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise UserError(
            f"{path}, line {line}: the byte 0x{data[error.start]:02x} is not UTF-8; save it as a UTF-8 CSV."
        ) from error
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise UserError(f"{path}, line {line}: a zero byte is not text; save the file as a UTF-8 CSV.")
    return text


def encode(label: str, alphabet: str) -> list[int]:
    """Return the classes of a label's characters.

    Classes count from 1 for the alphabet's first character, as in the tutorial that this project starts from;
    its matrices have no row 0.

    Parameters
    ----------
    label : str
        The label.
    alphabet : str
        The characters that labels are made of.

    Returns
    -------
    list of int
        For 0-9a-z, 1 is '0' and 36 is 'z'.

    Raises
    ------
    ValueError
        For a character that the alphabet lacks.
    """
    foreign = outside(label, alphabet)
    if foreign:
        raise ValueError(f"{foreign!r} is not in the alphabet {alphabet!r}")
    return [alphabet.index(character) + 1 for character in label]


def outside(label: str, alphabet: str) -> str:
    """Return the characters of a label that the alphabet lacks, each once, in their order."""
    return "".join(dict.fromkeys(character for character in label if character not in alphabet))


def usual(labels: Iterable[str]) -> list[str]:
    """Return those of the labels that have the most frequent length."""
    labels = list(labels)
    length = Counter(map(len, labels)).most_common(1)[0][0] if labels else 0
    return [label for label in labels if len(label) == length]


def labels_in_names(names: Sequence[str]) -> list[str]:
    """Return the labels in file names, those of the usual length; [] where the names are no labels."""
    labels = [label for label in usual(map(label_from_name, names)) if label.isalnum()]
    if not labels or len(labels[0]) < 2 or numbered(names):
        return []
    if len(labels) < 0.8 * len(names) or len(set(labels)) < 0.5 * len(labels):
        return []
    return labels


def numbered(names: Sequence[str]) -> tuple[str, str] | None:
    """Find out whether file names are numbers, such as img0001.png, img0002.png.

    They are, where nearly all (0.8) are the same words and a number, and where more than half of the numbers
    from the first to the last are there. With words before the number 5 names are needed, since it may be
    chance with fewer.

    Parameters
    ----------
    names : sequence of str
        File names.

    Returns
    -------
    tuple of str, optional
        The names with the lowest and the highest number; None where they are no numbers.
    """
    stems = [(name, re.fullmatch(r"(.*?)([0-9]+)", name.rsplit(".", 1)[0], re.DOTALL)) for name in names]
    found = [(match[1], int(match[2]), name) for name, match in stems if match]
    if not found:
        return None
    words, count = Counter(row[0] for row in found).most_common(1)[0]
    counted = sorted((number, name) for before, number, name in found if before == words)
    if count < 0.8 * len(names) or (words and count < 5):
        return None
    (first, one), (last, other) = counted[0], counted[-1]
    return (one, other) if last - first < 2 * count else None


def match(
    names: Sequence[str],
    labels: Mapping[str, Sequence[str]] | None,
    length: int,
    alphabet: str,
    fold: str = "none",
) -> tuple[list[tuple[str, str]], list[tuple[str, str, str]]]:
    """Find the label of each file, and the files that cannot be used for their label.

    These are files without a label or with two, with a label that is not `length` characters of `alphabet`,
    and files that have a label but are not among `names`.

    Parameters
    ----------
    names : sequence of str
        The files.
    labels : mapping of str to sequence of str, optional
        What `read_label_file` returns. None: labels come from the file names.
    length : int
        How many characters a label has.
    alphabet : str
        The characters that labels are made of.
    fold : str
        A name in `FOLDS`: what is done to labels first.

    Returns
    -------
    good : list of (file, label)
        Files and their labels.
    bad : list of (file, label, reason)
        Files that cannot be used; the label is "" where there is none.
    """
    good, bad = [], []
    present = set(names)
    for name, given in (labels or {}).items():
        if name not in present:
            bad.append((name, " ".join(given), "in the label file, but not in the folder"))
    for name in names:
        given = [label_from_name(name)] if labels is None else labels.get(name, [])
        given = list(dict.fromkeys(map(FOLDS[fold], given)))
        label = " ".join(given)
        if not given:
            bad.append((name, "", "not in the label file"))
        elif len(given) > 1:
            bad.append((name, label, f"labelled {' and '.join(given)} in the label file"))
        elif len(label) != length:
            bad.append((name, label, f"label has {len(label)} characters, not {length}"))
        elif foreign := outside(label, alphabet):
            bad.append((name, label, f"label has {' '.join(foreign)} outside the alphabet"))
        else:
            good.append((name, label))
    return good, bad
