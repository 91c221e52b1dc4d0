"""The quotes of cells that are written back: which cells had them or need them, and how they are written."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from zm_cli.formats.csv.records import QUOTE, is_outside_quotes

if TYPE_CHECKING:
    import polars as pl


def find_quoted(text: bytes, delimiter: bytes, line_end: bytes, width: int) -> NDArray[np.bool_]:
    """Returns which cells start with a quote, shape (rows, width); `text` is whole records with proper quotes."""
    codes = np.frombuffer(text, dtype=np.uint8)
    is_end = (codes == delimiter[0]) | (codes == line_end[0])
    is_end &= is_outside_quotes(codes)
    is_start = np.empty_like(is_end)
    is_start[0] = True
    is_start[1:] = is_end[:-1]
    quoted: NDArray[np.bool_] = (codes[is_start] == QUOTE).reshape(-1, width)
    return quoted


def need_quotes(cells: pl.Series, signs: list[str]) -> NDArray[np.bool_]:
    """Returns which cells need quotes, shape (rows,), because they are empty or contain one of the signs."""
    needed: NDArray[np.bool_] = (cells.str.contains_any(signs) | (cells == "")).fill_null(False).to_numpy()
    return needed


def write_quotes(cells: pl.Series, quoted: NDArray[np.bool_]) -> pl.Series:
    """Returns the cells as a table has them, in quotes where `quoted`, shape (rows,), is True; no such cell is null."""
    import polars as pl

    if not quoted.any():
        return cells
    inner = cells.str.replace_all('"', '""', literal=True)
    return cells.zip_with(~pl.Series(quoted), '"' + inner + '"')
