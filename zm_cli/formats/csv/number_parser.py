"""Parses the cells of a column as numbers: which texts are numbers, and which stand for a missing value."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

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

    `needed_text` tells whether some cells are not plain numbers, so that only their text gave the result. `first_bad`
    is the index of the first cell that is not a number, None if there is none.
    """

    numbers: pl.Series
    needed_text: bool
    first_bad: int | None


class NumberParser:
    """Parses cells as numbers; `null_values` are texts that mean missing besides those in MISSING.

    `missing_numbers` are those null values that are numbers, such as -999. Never changes, so it is safe to use from
    several threads at once.
    """

    def __init__(self, null_values: Iterable[str]) -> None:
        own = {text.strip() for text in null_values}
        self._missing = MISSING | own
        self.missing_numbers = sorted({float(text) for text in own if is_number(text)})

    def parse(self, cells: pl.Series) -> ParsedCells:
        """Returns the numbers in cells of text."""
        import polars as pl

        numbers = cells.cast(pl.Float64, strict=False)
        odd = numbers.is_null() & cells.is_not_null()
        if self.missing_numbers:
            # The text decides, because only -999 may have been named, and not -999.0.
            odd |= numbers.is_in(self.missing_numbers).fill_null(False)
        if not odd.any():
            return ParsedCells(numbers, needed_text=False, first_bad=None)
        rows = odd.arg_true()
        texts = cells.gather(rows).str.strip_chars()
        missing = texts.is_in(list(self._missing))
        found = texts.set(missing, None).cast(pl.Float64, strict=False)
        bad = rows.filter(found.is_null() & ~missing)
        return ParsedCells(numbers.scatter(rows, found), needed_text=True, first_bad=int(bad[0]) if len(bad) else None)


def is_number(text: str) -> bool:
    """Returns whether a text is a number, which NaN is not."""
    try:
        return float(text) == float(text)
    except ValueError:
        return False
