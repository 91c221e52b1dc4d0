"""Reads the start of a table: its first record, and the rows after it that show how to read the table."""

from __future__ import annotations

from dataclasses import dataclass, replace

from zm_cli.errors import DataError, NothingToMeasureError
from zm_cli.formats.csv.cells import ANY_LINE_END, Cell, scan_cell
from zm_cli.formats.csv.cutter import LONGEST_RECORD
from zm_cli.formats.csv.encodings import BOM
from zm_cli.formats.csv.stream import TextStream
from zm_cli.formats.csv.trials import DELIMITERS

FIRST_READ = 1 << 16
"""Bytes of the first read, which should hold the first record and some rows after it."""
SEVERAL_RECORDS = 8
"""How many times as long as the first record the text is that shows what the rows hold."""


@dataclass(frozen=True)
class FirstRows:
    """The part of a table read so far, `text`; its first record starts at position `start`.

    `marked` tells whether blank lines and a byte order mark stand right before it, `ended` whether the table ends with
    this text. `cells` are those of the first record, cut at the delimiter that is likely by this record alone.
    """

    text: bytes
    start: int
    marked: bool
    ended: bool
    cells: list[Cell]

    @property
    def whole(self) -> bytes:
        """The text, with the line end that the last line of a file may lack."""
        terminator = self.cells[-1].end
        return self.text + terminator if self.ended and not self.text.endswith(terminator[-1:]) else self.text

    def scan_first(self, delimiter: bytes, where: str) -> list[Cell]:
        """Returns the first record cut at a delimiter; raises DataError if a quote in it is never closed."""
        cells = _scan_record(self.whole, self.start, delimiter, final=True)
        if cells is None or any(cell.stray for cell in cells):
            raise _make_unclosed_error(where)
        return cells

    def has(self, delimiter: bytes, where: str) -> bool:
        """Returns whether a delimiter cuts the first record."""
        return len(self.scan_first(delimiter, where)) > 1


def read_first_record(stream: TextStream, delimiter: bytes | None, where: str) -> FirstRows:
    """Reads `stream` until its first record ends, and never waits for text after that record.

    If `delimiter` is None, the likely one is taken. Raises DataError for a table without a record, or if the first
    record does not end.
    """
    text, size = b"", FIRST_READ
    while True:
        fresh, undecided = stream.read_arrived(size - len(text)), text.endswith(b"\r")
        text, final = text + fresh, not fresh
        start = len(text) - len(text.lstrip(ANY_LINE_END))
        # The blank lines before a mark are not written, so it would be the first character of the output.
        marked = not stream.bom and text.startswith(BOM, start)
        start += len(BOM) if marked else 0
        if final and start == len(text):
            raise NothingToMeasureError("is empty", where=where, hint="a table needs at least a header")
        if final or undecided or b"\n" in fresh or b"\r" in fresh:
            # The last line of a file may lack its line end.
            cells = _scan_first_record(text + b"\n" if final else text, start, delimiter, final)
            if cells is not None:
                return FirstRows(text, start, marked, final, cells)
        if final or len(text) >= LONGEST_RECORD:
            raise _make_unclosed_error(where)
        size = size if len(text) < size else 2 * size


def read_more(stream: TextStream, first: FirstRows) -> FirstRows:
    """Reads on, waiting for text, until it shows what the rows hold and has a second row, if there is one."""
    text, ended = first.text, first.ended
    end = first.start + sum(len(cell.raw) + len(cell.end) for cell in first.cells)
    size = min(max(FIRST_READ, SEVERAL_RECORDS * (end - first.start)), LONGEST_RECORD)
    while not ended and len(text) < LONGEST_RECORD:
        if len(text) >= size:
            if text.find(first.cells[-1].end[-1:], end) >= 0:
                break
            size *= 2
        fresh = stream.read(size - len(text))
        ended = len(fresh) < size - len(text)
        text += fresh
    return replace(first, text=text, ended=ended)


def _make_unclosed_error(where: str) -> DataError:
    return DataError("its first record opens a quote that is never closed", where=where, hint="close the quote")


def _scan_first_record(text: bytes, start: int, delimiter: bytes | None, final: bool) -> list[Cell] | None:
    """Returns the cells of the record at position `start`; None if the text ends too early to tell."""
    if delimiter is None:
        # As long as the delimiter is not known, a quote may open after any of them.
        cells = _scan_record(text, start, DELIMITERS, final)
        if cells is None:
            return None
        ends = {cell.end for cell in cells[:-1]}
        delimiter = next((bytes((code,)) for code in DELIMITERS if bytes((code,)) in ends), b",")
    return _scan_record(text, start, delimiter, final)


def _scan_record(text: bytes, start: int, delimiters: bytes, final: bool) -> list[Cell] | None:
    """Returns the cells of the record at position `start`, each of which ends at any byte of `delimiters`."""
    cells = []
    while (cell := scan_cell(text, start, delimiters, ANY_LINE_END)) is not None:
        cells.append(cell)
        start += len(cell.raw) + len(cell.end)
        if cell.end in (b"\r", b"\n", b"\r\n"):
            # After a return at the end of the text, a newline may still follow.
            undecided = cell.end == b"\r" and start == len(text) and not final
            return None if undecided else cells
    return None
