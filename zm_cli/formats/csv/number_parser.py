"""Parses the cells of a column as numbers: decides which texts are numbers, and which stand for a missing value."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import polars as pl

MISSING = frozenset(
    {""}
    | {"NA", "N/A", "n/a", "N.A.", "na", "#N/A", "#N/A N/A", "#NA", "<NA>", "<na>", "nil", "\\N"}
    | {"NaN", "NAN", "nan", "-NaN", "-nan", "1.#IND", "-1.#IND", "1.#QNAN", "-1.#QNAN"}
    | {"null", "NULL", "Null", "(null)", "None", "none", "NONE", "missing", "Missing", "MISSING"}
    | {"?", "??", ".", "..", "-", "--"}
    | {"#VALUE!", "#DIV/0!", "#REF!", "#NAME?", "#NUM!", "#NULL!"}
)
"""Cells that stand for a missing value, with any spaces around them."""


@dataclass(frozen=True)
class ParsedCells:
    """The cells of a column as numbers: float64, null for cells that are missing or not numbers.

    `needed_text` tells whether some cells are not plain numbers, so that only their text gave the result. `bad` holds
    the indices of the cells that are not numbers, in order, shape (bad cells,).
    """

    numbers: pl.Series
    needed_text: bool
    bad: NDArray[np.intp]


class NumberParser:
    """Parses cells as numbers with this decimal mark.

    `null_values` are texts that mean missing besides those in MISSING. One that is a number, such as -999, means every
    cell with that number, however it is spelled. It never changes, so several threads may use it at once.
    """

    def __init__(self, null_values: Iterable[str], decimal: str = ".") -> None:
        self.decimal = decimal
        own = {text.strip() for text in null_values}
        self._missing = sorted(MISSING | own)
        spelled = {text if decimal == "." else swap_decimal(text) for text in own}
        self._missing_numbers = sorted(
            {float(text) for text in spelled if text.isascii() and "_" not in text and is_number(text)}
        )

    def parse(self, cells: pl.Series) -> ParsedCells:
        """Returns the numbers in cells of text."""
        numbers = self._cast(cells)
        odd = numbers.is_null() & cells.is_not_null()
        if not odd.any():
            return ParsedCells(self.hide_missing(numbers), needed_text=False, bad=np.empty(0, dtype=np.intp))
        rows = odd.arg_true()
        texts = cells.gather(rows).str.strip_chars()
        missing = texts.is_in(self._missing)
        found = self._cast(texts.set(missing, None))
        bad = rows.filter(found.is_null() & ~missing).to_numpy().astype(np.intp)
        return ParsedCells(self.hide_missing(numbers.scatter(rows, found)), needed_text=True, bad=bad)

    def _cast(self, texts: pl.Series) -> pl.Series:
        """Returns the numbers in texts, null for those that are not plain numbers."""
        import polars as pl

        if self.decimal == ",":
            with_point = texts.str.contains(".", literal=True)
            texts = texts.set(with_point, None).str.replace(",", ".", literal=True)
        return texts.cast(pl.Float64, strict=False)

    def hide_missing(self, numbers: pl.Series) -> pl.Series:
        """Returns the numbers with null for those that stand for a missing value."""
        if not self._missing_numbers:
            return numbers
        return numbers.set(numbers.is_in(self._missing_numbers).fill_null(False), None)

    def find_missing(self, cells: pl.Series) -> pl.Series:
        """Returns which cells of text are missing, as in a column of numbers."""
        missing = cells.is_null() | cells.str.strip_chars().is_in(self._missing).fill_null(False)
        if self._missing_numbers:
            numbers = self._cast(cells.str.strip_chars())
            missing |= numbers.is_in(self._missing_numbers).fill_null(False)
        return missing


def swap_decimal(text: str) -> str:
    """Returns a text with points for commas, and commas for points."""
    return text.translate(str.maketrans(",.", ".,"))


def is_number(text: str) -> bool:
    """Returns whether a text is a number, which NaN is not."""
    try:
        return float(text) == float(text)
    except ValueError:
        return False
