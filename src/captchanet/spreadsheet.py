"""Cells of CSVs that a spreadsheet takes for texts, although a formula could begin like them."""

import re

FORMULA = re.compile(r"'*(?![+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\Z)[=+\-@\t\r\n＝＋－＠]")
"""A text that a spreadsheet may run as a formula, also after apostrophes. Numbers are none."""


def as_text(cell: object) -> object:
    """A cell of a CSV that no spreadsheet takes for a formula: an apostrophe is put before `=1+1`.

    File names and labels come from strangers. All other cells, and numbers, stay as they are.
    """
    return f"'{cell}" if isinstance(cell, str) and FORMULA.match(cell) else cell


def as_given(cell: str) -> str:
    """The inverse of `as_text`."""
    return cell[1:] if cell[:1] == "'" and FORMULA.match(cell) else cell
