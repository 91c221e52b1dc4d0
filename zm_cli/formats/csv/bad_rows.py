"""Finds the rows of a piece that cannot be read, says why, and leaves them out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from zm_cli.data.block import MAX_LISTED, Skipped
from zm_cli.errors import DataError
from zm_cli.formats.csv.cutter import LONGEST_RECORD
from zm_cli.formats.csv.encodings import advise_encoding
from zm_cli.formats.csv.layout import Layout
from zm_cli.formats.csv.pieces import Piece
from zm_cli.formats.csv.records import STRAY, TOO_LONG, find_record_ends, is_outside_quotes

ZERO = 0
"""The byte value that text never holds."""
SKIP_IT = "; --on-error skip leaves such rows out"
CLOSE_QUOTE = "close the quote, or remove it" + SKIP_IT
MAX_LETTERS = 40
"""The most letters of a cell that a reason shows."""
MANY = 20
"""If the first piece of a table has so many bad rows, and they are more than half of its rows, they are an error: it is
more likely that the table is read in the wrong way."""


@dataclass(frozen=True)
class BadRow:
    """Why a row cannot be read, as a clause (`has 3 cells, the header has 2`), and what to do about it.

    `option` is the option to check if the rows are sound, for messages that list them.
    """

    reason: str
    hint: str
    option: str = ""

    @property
    def listed(self) -> str:
        """The reason, as a list of rows that were left out shows it."""
        return f"{self.reason}; is it another {self.option}?" if self.option else self.reason


@dataclass(frozen=True)
class BadRows:
    """The rows of a piece that have the wrong number of cells, a zero byte, or bytes that are not text.

    `indices` are those of the rows in the piece, in order, shape (bad rows,).
    """

    piece: Piece
    layout: Layout
    indices: NDArray[np.intp] = field(init=False)
    _ends: NDArray[np.intp] = field(init=False)
    _widths: NDArray[np.intp] = field(init=False)

    def __post_init__(self) -> None:
        text, width = self.piece.text, len(self.layout.names)
        codes = np.frombuffer(text, dtype=np.uint8)
        ends = find_record_ends(text, self.layout.line_end)
        is_delimiter = codes == self.layout.delimiter[0]
        if b'"' in text:
            is_delimiter &= is_outside_quotes(codes)
        before = np.searchsorted(np.flatnonzero(is_delimiter), ends)
        widths = np.diff(before, prepend=0) + 1
        bad = widths != width
        bad[np.searchsorted(ends, np.flatnonzero(codes == ZERO), side="right")] = True
        object.__setattr__(self, "_ends", ends)
        object.__setattr__(self, "_widths", widths)
        try:
            text.decode()
        except UnicodeDecodeError:
            rows = np.unique(np.searchsorted(ends, np.flatnonzero(codes >= 0x80), side="right"))
            bad[[row for row in rows if not _is_text(self._row(row))]] = True
        object.__setattr__(self, "indices", np.flatnonzero(bad))

    def explain(self, index: int) -> BadRow:
        """Returns why the row at `index`, one of `indices`, cannot be read."""
        row, encoding = self._row(index), self.layout.encoding
        if row.startswith(b'"' + TOO_LONG):
            return BadRow(f"a cell does not end within {LONGEST_RECORD >> 20} MB", CLOSE_QUOTE)
        if row.startswith(b'"' + STRAY):
            return BadRow("a cell begins with a quote that is never closed", CLOSE_QUOTE)
        if ZERO in row:
            return BadRow("holds a zero byte", "is it a text file?")
        if not _is_text(row):
            return BadRow(f"is not {encoding.upper()} text", advise_encoding(encoding), "--encoding")
        found, wanted = int(self._widths[index]), len(self.layout.names)
        lines = row.count(self.layout.line_end)
        cells = ("1 cell" if found == 1 else f"{found} cells") + (f" over {lines} lines" if lines > 1 else "")
        than = "the header" if self.layout.header else "the first row"
        if found == wanted + 1 and row.rstrip(b"\r\n").endswith(self.layout.delimiter):
            return BadRow(
                f"has {cells}, {than} has {wanted}",
                "remove the delimiter at the end of the rows, or add one to the header",
            )
        return BadRow(
            f"has {cells}, {than} has {wanted}",
            "correct the row; a cell with the delimiter in it needs quotes" + SKIP_IT,
        )

    def _row(self, index: int) -> bytes:
        start = self._ends[index - 1] if index else 0
        return self.piece.text[start : self._ends[index]]


def _is_text(row: bytes) -> bool:
    try:
        row.decode()
    except UnicodeDecodeError:
        return False
    return True


@dataclass(frozen=True)
class BadCells:
    """The cells of a feature that are not numbers: `indices` of their rows in a piece,
    and the texts of the `first` ones."""

    indices: NDArray[np.intp]
    first: Sequence[str]


WithoutNumbers = Literal["keep", "leave out", "leave out if all"]
"""What to do with rows in which a cell is not a number: keep them, leave them out, or leave out only those in which no
cell of several columns is a number, such as a repeated header. If other rows have text in a column, it is a column of
text."""


def find_rows_without_numbers(
    bad: Mapping[int, BadCells], names: Sequence[str], what: WithoutNumbers
) -> tuple[NDArray[np.intp], dict[int, str]]:
    """Returns the indices of the rows to leave out, in order, and the reasons for the first ones.

    `bad` has the cells that are not numbers by the feature's index, `names` the names of all features.
    """
    in_all = 1 < len(bad) == len(names)
    if not bad or what == "keep" or (what == "leave out if all" and not in_all):
        return np.empty(0, dtype=np.intp), {}
    join = np.union1d if what == "leave out" else np.intersect1d
    indices = reduce(join, (cells.indices for cells in bad.values()))
    reasons: dict[int, str] = {}
    for feature, cells in bad.items():
        for index, text in zip(cells.indices.tolist(), cells.first, strict=False):
            shown = f"'{text}'" if len(text) <= MAX_LETTERS else f"'{text[:MAX_LETTERS]}...'"
            reasons.setdefault(index, f"holds {shown} in column '{names[feature]}', which is not a number")
    return indices, {index: reasons.get(index, "holds no numbers") for index in indices[:MAX_LISTED].tolist()}


@dataclass
class RowsLeftOut:
    """The rows of a piece that were left out: their number, and the reasons of the first ones by the row's number."""

    count: int = 0
    reasons: dict[int, str] = field(default_factory=dict)

    def take_out(self, piece: Piece, indices: NDArray[np.intp], reasons: Mapping[int, str], line_end: bytes) -> Piece:
        """Returns the piece without the rows at `indices`, shape (rows left out,); the others keep their numbers.

        `reasons` are those of the first of them, by index.
        """
        numbers = piece.numbers
        if numbers is None:
            numbers = np.arange(piece.first_row, piece.first_row + piece.rows, dtype=np.int64)
        self.count += len(indices)
        self.reasons |= {int(numbers[index]): reason for index, reason in reasons.items()}
        keep = np.ones(piece.rows, dtype=np.bool_)
        keep[indices] = False
        lengths = np.diff(find_record_ends(piece.text, line_end), prepend=0)
        text = np.frombuffer(piece.text, dtype=np.uint8)[np.repeat(keep, lengths)].tobytes()
        return piece._replace(text=text, rows=int(keep.sum()), numbers=numbers[keep])

    def check_share(self, piece: Piece, where: str, hint: str | None) -> None:
        """Raises DataError, with the hint, if most rows of the first piece of a table were left out."""
        if piece.first_row == 1 and self.count >= MANY and 2 * self.count > piece.rows:
            row = min(self.reasons)
            advice = f"{hint.removesuffix(SKIP_IT)}; " if hint else ""
            raise DataError(
                self.reasons[row],
                where=f"{where}, row {row}",
                hint=f"{advice}{self.count:,} of the first {piece.rows:,} rows are too many to be left out",
            )

    def list_first(self) -> tuple[Skipped, ...]:
        """Returns the first rows that were left out, in order, at most MAX_LISTED."""
        return tuple(Skipped(f"row {row}", self.reasons[row]) for row in sorted(self.reasons)[:MAX_LISTED])
