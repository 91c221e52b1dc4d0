"""Trial: the first rows of a table, cut into cells at a delimiter that may be right."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cached_property

from zm_cli.formats.csv.cell_kinds import NUMBERS, Kind, find_kind
from zm_cli.formats.csv.cells import ANY_LINE_END, Cell, scan_cell

DELIMITERS = b",;\t|"
"""Delimiters that are found without an option, the most likely first. A space is found only if all rows agree."""
MAX_ROWS = 100
"""The most rows of a trial."""
MAX_CELLS = 2000
"""A trial ends with the row that brings it to so many cells, but not before it has MIN_ROWS."""
MIN_ROWS = 2


@dataclass(frozen=True)
class Start:
    """The start of a table, whose rows begin at position `start`; lines that begin with `comment` are not rows."""

    text: bytes
    start: int = 0
    comment: bytes | None = None


@dataclass(frozen=True)
class Trial:
    """The first rows of a table, cut at `delimiter`; blank lines are left out."""

    delimiter: bytes
    rows: tuple[tuple[Cell, ...], ...]

    @cached_property
    def kinds(self) -> tuple[tuple[Kind, ...], ...]:
        """What each cell looks like, row by row, without the first row."""
        return tuple(tuple(find_kind(read_cell(cell)) for cell in row) for row in self.rows[1:])

    @cached_property
    def width(self) -> int:
        """The number of cells that most rows have; 1 without rows."""
        return Counter(map(len, self.rows)).most_common(1)[0][0] if self.rows else 1

    @cached_property
    def even_share(self) -> float:
        """The share of the rows, including the first, that have `width` cells."""
        return sum(len(row) == self.width for row in self.rows) / max(1, len(self.rows))

    def numeric_share(self, decimal: str | None) -> float:
        """Returns the share of numbers among the cells below the first row that are not missing.

        They are read with this decimal mark; if it is None, with the one that makes more of them numbers.
        """
        counts = Counter(kind for row in self.kinds for kind in row)
        cells = counts.total() - counts[Kind.MISSING]
        marked = {".": counts[Kind.POINT], ",": counts[Kind.COMMA]}
        numbers = counts[Kind.WHOLE] + (max(marked.values()) if decimal is None else marked[decimal])
        return numbers / cells if cells else 0.0


def begins_like_table(head: bytes) -> bool:
    """Returns whether the first bytes of a file are even rows with several cells and a column of numbers.

    Spaces do not count as delimiters: prose, lists of images with their classes, and labels of objects have them, too.
    """
    if b"\0" in head:
        return False
    trials = (try_delimiter(Start(head), bytes((code,))) for code in DELIMITERS if code in head)
    return any(trial.width > 1 and trial.even_share == 1.0 and _has_numbers(trial) for trial in trials)


def _has_numbers(trial: Trial) -> bool:
    """Returns whether some column has nothing but numbers below the first row, and several of them in all."""
    first = [find_kind(read_cell(cell)) for cell in trial.rows[0]]
    for above, *below in zip(first, *trial.kinds, strict=True):
        known = {*below} - {Kind.MISSING}
        if known and known <= NUMBERS and sum(kind in NUMBERS for kind in (above, *below)) > 1:
            return True
    return False


def read_cell(cell: Cell) -> str:
    """Returns the text of a cell without its quotes."""
    return cell.value.decode(errors="replace")


def try_delimiter(head: Start, delimiter: bytes) -> Trial:
    """Returns the first whole rows of a table, cut at a delimiter; the first line end is that of all rows."""
    text, start = head.text, head.start
    rows: list[tuple[Cell, ...]] = []
    record: list[Cell] = []
    cells, line_end = 0, ANY_LINE_END
    while start < len(text):
        cell = scan_cell(text, start, delimiter, line_end)
        if cell is None:
            break
        record.append(cell)
        start += len(cell.raw) + len(cell.end)
        if cell.end == delimiter:
            continue
        line_end = cell.end[-1:] if line_end == ANY_LINE_END else line_end
        if (len(record) > 1 or cell.raw) and not (head.comment and record[0].raw.startswith(head.comment)):
            rows.append(tuple(record))
            cells += len(record)
        record = []
        if len(rows) >= MAX_ROWS or (cells >= MAX_CELLS and len(rows) >= MIN_ROWS):
            break
    return Trial(delimiter, tuple(rows))
