"""Finds cells whose digits would be lost in a number: codes with a leading zero, and integers that float64 rounds."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from zm_cli.data.block import Rejected
from zm_cli.formats.csv.columns import Numbers
from zm_cli.formats.csv.digit_starts import find_digit_starts
from zm_cli.formats.csv.layout import Layout
from zm_cli.formats.csv.pieces import Piece
from zm_cli.formats.csv.records import find_record_ends, is_outside_quotes

IS_A_CODE = "which looks like a code, because of its leading zero"
FIRST_VALUES = 32
"""Values that show whether a column holds integers."""
MAX_TRIED = 1000
"""The most cells of a column that are looked at, of those that might be what is searched for."""
LONGEST = 308
"""All integers with so many digits fit into float64; longer ones are infinite, or too long for Python."""


@dataclass(frozen=True)
class LostDigits:
    """What was found in a piece, by the index of the feature: the first code, and whether integers are rounded."""

    codes: Mapping[int, Rejected] = field(default_factory=dict)
    rounded: frozenset[int] = frozenset()


def find_lost_digits(
    piece: Piece, layout: Layout, chosen: Sequence[int], numbers: Numbers, numeric: Collection[str]
) -> LostDigits:
    """Returns the codes and the rounded integers in those chosen columns whose first values are integers.

    The columns called `numeric` have no codes. `numbers` is what was read from the piece; cells that are missing, and
    rows that were left out, do not count.
    """
    features = {chosen[feature]: int(feature) for feature in _find_integers(numbers.values)}
    if not features:
        return LostDigits()
    zeros, runs = find_digit_starts(piece.text, layout.delimiter, layout.line_end)
    if not (len(zeros) or len(runs)):
        return LostDigits()
    cells = _Cells(piece, layout)
    free = {column: feature for column, feature in features.items() if layout.names[column] not in numeric}
    found = cells.find_first(zeros, free, numbers, bytes.isdigit)
    return LostDigits(
        {feature: Rejected(row, text.decode(), IS_A_CODE) for feature, row, text in found},
        frozenset(feature for feature, _, _ in cells.find_first(runs, features, numbers, _is_rounded)),
    )


def _find_integers(values: NDArray[np.float64]) -> NDArray[np.intp]:
    """Returns the features whose first values have no fractions; `values` has shape (rows, features)."""
    first = values[:FIRST_VALUES]
    return np.flatnonzero(~np.any(np.isfinite(first) & (first != np.floor(first)), axis=0))


def _is_rounded(cell: bytes) -> bool:
    digits = cell.lstrip(b"+-")
    return digits.isdigit() and len(digits) <= LONGEST and int(cell) != int(float(cell))


class _Cells:
    """The cells of a piece, found by a position in its text."""

    def __init__(self, piece: Piece, layout: Layout) -> None:
        self._piece = piece
        codes = np.frombuffer(piece.text, dtype=np.uint8)
        is_delimiter = codes == layout.delimiter[0]
        if b'"' in piece.text:
            is_delimiter &= is_outside_quotes(codes)
        self._delimiters = np.flatnonzero(is_delimiter)
        self._ends = find_record_ends(piece.text, layout.line_end)

    def find_first(
        self,
        starts: NDArray[np.intp],
        features: Mapping[int, int],
        numbers: Numbers,
        is_wanted: Callable[[bytes], bool],
    ) -> Iterator[tuple[int, int, bytes]]:
        """Yields the first cell of each column that `is_wanted` accepts as (feature, number of the row, text).

        `starts`, shape (cells,), are positions in the cells to look at. `features` maps columns to features.
        """
        rows = np.searchsorted(self._ends, starts, side="right")
        row_starts = np.concatenate(([0], self._ends))[rows]
        firsts = np.searchsorted(self._delimiters, row_starts)
        columns = np.searchsorted(self._delimiters, starts) - firsts
        for column, feature in features.items():
            for index in np.flatnonzero(columns == column)[:MAX_TRIED]:
                row = int(self._piece.row_numbers[int(rows[index])])
                cell = self._read(int(firsts[index]), column, int(row_starts[index]), int(self._ends[rows[index]]))
                if is_wanted(cell) and _is_value(numbers, row, feature):
                    yield feature, row, cell
                    break

    def _read(self, first: int, column: int, row_start: int, row_end: int) -> bytes:
        """Returns a cell without the quotes and spaces around it; `first` is the index of its row's first delimiter."""
        start = row_start if column == 0 else int(self._delimiters[first + column - 1]) + 1
        last = first + column
        end = min(row_end, int(self._delimiters[last])) if last < len(self._delimiters) else row_end
        return self._piece.text[start:end].strip(b'\r\n "')


def _is_value(numbers: Numbers, row: int, feature: int) -> bool:
    """Returns whether the row with this number was read, and has a value."""
    rows = numbers.rows
    index = row - rows.start if isinstance(rows, range) else int(np.searchsorted(rows, row))
    return index < len(rows) and int(rows[index]) == row and bool(np.isfinite(numbers.values[index, feature]))
