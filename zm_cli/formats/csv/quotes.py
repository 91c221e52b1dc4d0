"""The quotes around cells: which had them, and how a cell with them is written as it stood."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from zm_cli.formats.csv.records import QUOTE

if TYPE_CHECKING:
    import polars as pl


def find_quoted(text: bytes, delimiter: bytes, line_end: bytes, width: int) -> NDArray[np.bool_]:
    """Which cells of whole records with proper quotes begin with one, (rows, width)."""
    codes = np.frombuffer(text, dtype=np.uint8)
    quotes = codes == QUOTE
    ends = (codes == delimiter[0]) | (codes == line_end[0])
    # What stands after an odd number of quotes stands inside a cell.
    ends &= np.bitwise_xor.accumulate(quotes.view(np.uint8)) == 0
    begins = np.empty_like(ends)
    begins[0] = True
    begins[1:] = ends[:-1]
    quoted: NDArray[np.bool_] = quotes[begins].reshape(-1, width)
    return quoted


def need_quotes(cells: pl.Series, signs: list[str]) -> NDArray[np.bool_]:
    """Which cells are empty or hold one of the signs, so that only quotes make them what they are."""
    needed: NDArray[np.bool_] = (cells.str.contains_any(signs) | (cells == "")).fill_null(False).to_numpy()
    return needed


def write_quotes(cells: pl.Series, quoted: NDArray[np.bool_]) -> pl.Series:
    """Cells as they stand in a table, some of them in quotes; none may be `quoted` that is null."""
    import polars as pl

    if not quoted.any():
        return cells
    inner = cells.str.replace_all('"', '""', literal=True)
    return cells.zip_with(~pl.Series(quoted), '"' + inner + '"')
