"""Labels, what stands on captchas: from file names or a CSV, and as class numbers."""

import csv
import io
import os
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from captchanet.errors import UserError
from captchanet.segment.numbering import no_labels

COLUMNS = ("file", "label")

LONGEST = 12
"""The most characters of a name that `labels_in_names` takes for a label. Longer ones are digests."""

FOLDS: dict[str, Callable[[str], str]] = {"none": str, "lower": str.lower, "upper": str.upper}
"""What a segmentation's `fold` does to the case of labels, before they are compared with the alphabet."""


def nfc(text: str) -> str:
    """Return a text in Unicode's normal form C: "é" is one character, however a disk writes it."""
    return unicodedata.normalize("NFC", text)


def label_from_name(name: str, part: str = "first") -> str:
    """Return the label in a file name, in normal form C.

    It is the stem up to the first "_": "knnp_2.png" is a second "knnp". With the part "last" it is what
    stands behind the last "_": "0001_knnp.png" is "knnp".
    """
    return nfc(name.rsplit(".", 1)[0].split("_")[0 if part == "first" else -1])


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
    text = _text(path)
    # `a.png, "abcd"` needs spaces to be skipped; elsewhere a space may begin a file's name
    spaced = re.search(r'(^|,) +"', text, re.MULTILINE) is not None
    rows = csv.reader(io.StringIO(text, newline=""), skipinitialspace=spaced, strict=True)
    labels: dict[str, list[str]] = {}
    try:
        header = [name.strip() for name in next(rows, [])]
        _check_header(header, path)
        where = [header.index(name) for name in COLUMNS]
        for row in rows:
            if not any(cell.strip() for cell in row):
                continue
            file, label = (row[i] if i < len(row) else "" for i in where)
            label = nfc(label.strip())
            if not file.strip() or not label:
                _check_utf8(",".join(row), path, rows.line_num)
                raise UserError(
                    f"{path}, line {rows.line_num}: the {'label' if file.strip() else 'file'} is missing in "
                    f"{','.join(row)!r}; each line needs a file and its label."
                )
            _check_utf8(label, path, rows.line_num)
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
    """Return the text of a label file, without byte order mark; bytes that are not UTF-8 are surrogates.

    The name of a file may have such bytes, as everywhere in Python (PEP 383).
    """
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
    text = data.decode("utf-8-sig", "surrogateescape")
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise UserError(f"{path}, line {line}: a zero byte is not text; save the file as a UTF-8 CSV.")
    return text


def _check_header(header: Sequence[str], path: Path) -> None:
    """Raise UserError where the first line of a label file does not name each of `COLUMNS` once."""
    missing = [name for name in COLUMNS if name not in header]
    twice = [name for name in COLUMNS if header.count(name) > 1]
    if not missing and not twice:
        return
    text = ",".join(header)
    _check_utf8(text, path, 1)
    if twice:
        raise UserError(
            f"{path}, line 1: the header {text!r} names the column {twice[0]!r} twice, and only one would "
            "count; rename the other."
        )
    other = next((mark for mark in ";\t|" if mark in text and len(header) == 1), None)
    remedy = (
        f"separate all columns by commas, not by {other!r}" if other else "make the first line 'file,label'"
    )
    raise UserError(
        f"{path}, line 1: the header is {text!r} and lacks the column {' and '.join(map(repr, missing))}; "
        f"{remedy}."
    )


def _check_utf8(text: str, path: Path, line: int) -> None:
    """Raise UserError where a part of a label file that is no file name is not UTF-8."""
    if found := re.search("[\udc80-\udcff]", text):
        raise UserError(
            f"{path}, line {line}: the byte 0x{ord(found[0]) - 0xDC00:02x} is not UTF-8; save it as a UTF-8 "
            "CSV."
        )


def of_files(
    names: Sequence[str], labels: Mapping[str, Sequence[str]]
) -> tuple[dict[str, list[str]], list[str]]:
    """Give the labels in a CSV to the files of a folder.

    A CSV may write a name in another normal form than the disk, and with spaces around it.

    Parameters
    ----------
    names : sequence of str
        The files.
    labels : mapping of str to sequence of str
        What `read_label_file` returns.

    Returns
    -------
    found : dict of list of str
        The labels of each file that has any.
    missing : list of str
        The names in the CSV that no file has.
    """
    forms: tuple[Callable[[str], str], ...] = (str, nfc, lambda name: nfc(name).strip())
    spelt = [(form, {form(name): name for name in names}) for form in forms]
    found: dict[str, list[str]] = {}
    missing = []
    for given, of in labels.items():
        name = next((table[form(given)] for form, table in spelt if form(given) in table), None)
        if name is None:
            missing.append(given)
        else:
            known = found.setdefault(name, [])
            known += [label for label in of if label not in known]
    return found, missing


def alike(names: Iterable[str]) -> dict[str, str]:
    """Return the names that differ from another in case or normal form alone, each with that other.

    On many disks both would be the same file.
    """
    groups = defaultdict(list)
    for name in names:
        groups[nfc(nfc(name).lower())].append(name)
    return {
        one: next(other for other in group if other != one)
        for group in groups.values()
        if len(group) > 1
        for one in group
    }


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


def labels_in_names(names: Sequence[str], part: str = "first") -> list[str]:
    """Return the labels in file names, those of the usual length; [] where the names are no labels."""
    labels = [label for label in usual(label_from_name(name, part) for name in names) if label.isalnum()]
    if not labels or not 2 <= len(labels[0]) <= LONGEST or no_labels(labels):
        return []
    if len(labels) < 0.8 * len(names) or len(set(labels)) < 0.5 * len(labels):
        return []
    return labels


def rival_labels(names: Sequence[str]) -> list[str]:
    """Return what stands behind the last "_" of names, if it may be the labels as well as the first part is.

    [] where few names have a second part that differs, or where it is no label or of another length.
    """
    first, last = ([label_from_name(name, part) for name in names] for part in ("first", "last"))
    differ = sum(one != other for one, other in zip(first, last, strict=True))
    rivals = labels_in_names(names, "last") if differ >= 0.8 * len(names) else []
    return rivals if rivals and len(rivals[0]) == len(usual(first)[0]) else []


def match(
    names: Sequence[str],
    labels: Mapping[str, Sequence[str]] | None,
    length: int,
    alphabet: str,
    fold: str = "none",
    part: str = "first",
) -> tuple[list[tuple[str, str]], list[tuple[str, str, str]]]:
    """Find the label of each file, and the files that cannot be used for their label.

    These are files without a label or with two, with a label that is not `length` characters of `alphabet`,
    files that have a label but are not among `names`, and files whose names differ in case or normal form
    alone.

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
    part : {"first", "last"}
        The part of a file name that is the label, see `label_from_name`.

    Returns
    -------
    good : list of (file, label)
        Files and their labels.
    bad : list of (file, label, reason)
        Files that cannot be used; the label is "" where there is none.
    """
    good, bad = [], []
    found, missing = of_files(names, labels or {})
    for given in missing:
        hint = "" if given.isprintable() else " (its name is not UTF-8 there: is the label file UTF-8?)"
        bad.append(
            (given, " ".join((labels or {})[given]), f"in the label file, but not in the folder{hint}")
        )
    twins = alike([*names, *missing])
    for name in names:
        unfolded = [label_from_name(name, part)] if labels is None else found.get(name, [])
        folded = list(dict.fromkeys(nfc(FOLDS[fold](label)) for label in unfolded))
        if reason := _unusable(folded, length, alphabet) or _twin(name, twins):
            bad.append((name, " ".join(folded), reason))
        else:
            good.append((name, folded[0]))
    return good, bad


def _twin(name: str, twins: Mapping[str, str]) -> str:
    return (
        f"named like {twins[name]} but for the case or form of letters: rename one" if name in twins else ""
    )


def _unusable(labels: Sequence[str], length: int, alphabet: str) -> str:
    """Return why a file's labels cannot be used, "" if they can."""
    if not labels:
        return "not in the label file"
    label, *others = labels
    if others:
        return f"labelled {' and '.join(labels)} in the label file"
    if len(label) != length:
        return f"label has {len(label)} characters, not {length}"
    if foreign := outside(label, alphabet):
        return f"label has {' '.join(foreign)} outside the alphabet"
    return ""
