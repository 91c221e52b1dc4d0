"""Describes the columns of a piece as text, for `inspect`: missing cells and different values."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from zm_cli.data.texts import MAX_DISTINCT, TextColumn
from zm_cli.formats.csv.number_parser import NumberParser, ParsedCells

if TYPE_CHECKING:
    import polars as pl

FIRST_CELLS = 1 << 13
"""The first cells, in which most columns already have more different values than are counted."""


def describe_text(cells: pl.Series, parser: NumberParser) -> TextColumn:
    """Returns what a column of text holds."""
    missing = parser.find_missing(cells)
    return _count_distinct(int(missing.sum()), [cells.filter(~missing)])


def describe_numbers(numbers: pl.Series, cells: pl.Series | None, parsed: ParsedCells | None) -> TextColumn:
    """Returns what a column of numbers holds, which may turn out to be text in another piece.

    Two cells differ if their numbers differ. `cells` and `parsed` are its text and how that was parsed; None if all
    cells are plain numbers.
    """
    found = numbers.drop_nulls()
    found = found.filter(found.is_not_nan())
    if cells is None or parsed is None:
        return _count_distinct(len(numbers) - len(found), [found])
    bad = cells.gather(parsed.bad)
    return _count_distinct(len(numbers) - len(found) - len(bad), [found, bad])


def _count_distinct(missing: int, parts: list[pl.Series]) -> TextColumn:
    if any(part.head(FIRST_CELLS).n_unique() > MAX_DISTINCT for part in parts):
        return TextColumn(missing, None)
    return TextColumn.from_hashes(missing, np.concatenate([part.unique().hash().to_numpy() for part in parts]))
