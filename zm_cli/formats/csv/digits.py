"""Finds cells whose digits a number does not keep: codes with a leading zero, and integers that float64 cannot hold."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from zm_cli.data.block import Rejected
from zm_cli.formats.csv.columns import Numbers
from zm_cli.formats.csv.layout import Layout
from zm_cli.formats.csv.pieces import Piece
from zm_cli.formats.csv.records import QUOTE, find_record_ends, is_outside_quotes

IS_A_CODE = "which looks like a code, because of its leading zero"
FIRST_VALUES = 32
"""Values that show whether a column holds integers."""
CHUNK = 1 << 17
"""Bytes searched at once, which fit a core's cache."""
MAX_TRIED = 1000
"""The most cells of a column that are looked at, where each of them might be what is searched."""
LARGE = 16
"""All integers with fewer digits are exact in float64."""
LONGEST = 308
"""All integers with so many digits fit into float64; longer ones are infinite, or too long for Python."""
EIGHT_DIGITS = np.uint64(0x0101_0101_0101_0101)
"""Eight flags in a row that are all set."""
ZERO, SPACE, PLUS, MINUS = 48, 32, 43, 45


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
    zeros, runs = _find_starts(piece.text, layout)
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


def _find_starts(text: bytes, layout: Layout) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Returns where cells begin with a zero and another digit, and where with LARGE digits; both of shape (cells,)."""
    codes = np.frombuffer(text, dtype=np.uint8)
    before_cell = np.zeros(256, dtype=np.bool_)
    before_cell[[layout.delimiter[0], layout.line_end[0], QUOTE, SPACE]] = True
    before_digits = before_cell.copy()
    before_digits[[PLUS, MINUS]] = True
    zeros, runs = [np.empty(0, dtype=np.intp)], [np.empty(0, dtype=np.intp)]
    for begin in range(0, len(codes), CHUNK):
        part = codes[max(0, begin - 1) : begin + CHUNK + LARGE - 1]
        if not begin:
            part = np.concatenate((np.frombuffer(layout.line_end, dtype=np.uint8), part))
        # Index 0 is the byte before the first one that may begin a cell here.
        digit = (part - np.uint8(ZERO)) < 10
        # Of flags, one is greater than another if it is set and the other is not.
        zero = np.flatnonzero(((part[1:-1] == ZERO) & digit[2:]) > digit[:-2])
        zeros.append(zero[before_cell[part[zero]] & (zero < CHUNK)] + begin)
        run = _find_runs(digit)
        runs.append(run[before_digits[part[run]] & (run < CHUNK)] + begin)
    return np.concatenate(zeros), np.concatenate(runs)


def _find_runs(digit: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Returns the indices before which no digit stands, and after which LARGE digits follow; `digit` marks digits."""
    # Among LARGE digits in a row there are eight whose positions fill a whole word.
    words = digit[: len(digit) // 8 * 8].view(np.uint64)
    if not (words == EIGHT_DIGITS).any():
        return np.empty(0, dtype=np.intp)
    two = digit[1:-1] & digit[2:]
    four = two[:-2] & two[2:]
    eight = four[:-4] & four[4:]
    sixteen = eight[:-8] & eight[8:]
    return np.flatnonzero(sixteen > digit[: len(sixteen)])


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
        """Yields the first wanted cell of each column as (feature, number of the row, text).

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
