"""Cuts the text of a table into pieces of whole records, and makes its quotes proper.

A quote has a meaning only if a cell starts with it (RFC 4180). Inside such a cell two quotes stand for one, and a
single quote ends the cell. Quotes that all follow this rule are proper, and records are found by counting them. Other
text (`5" pipe`) is read cell by cell, and every cell with a stray quote is quoted as a whole, so that all parsers read
the same cell. Cells that end in a lone carriage return, which parsers may drop, are quoted too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np

from zm_cli.errors import DataError
from zm_cli.formats.csv.cells import scan_cell
from zm_cli.formats.csv.pieces import Piece
from zm_cli.formats.csv.records import QUOTE, RETURN, drop_blank_lines, find_record_ends, has_blank_lines
from zm_cli.formats.csv.stream import TextStream

LONGEST_RECORD = 64 << 20
"""Bytes of the longest allowed record, so that a quote that is never closed does not fill the memory."""


class Cutter:
    """Cuts the rest of `stream`, whose records end in `terminator`, into pieces of whole records.

    Blank lines are left out, except with `single`: in a table of one column they are empty cells.
    """

    def __init__(self, stream: TextStream, delimiter: bytes, terminator: bytes, where: str, *, single: bool) -> None:
        self._stream = stream
        self._delimiter = delimiter
        self._terminator = terminator
        self._line_end = line_end = terminator[-1:]
        self._where = where
        self._single = single
        # For each byte value, whether it may stand right after a closing quote, and right before an opening one.
        self._after_quote = np.zeros(256, dtype=np.bool_)
        self._after_quote[[delimiter[0], line_end[0], QUOTE, RETURN]] = True
        self._before_quote = self._after_quote.copy()
        self._before_quote[RETURN] = line_end[0] == RETURN
        # If returns end the records, no cell contains one.
        odd = b'"' if line_end[0] == RETURN else b'"|\r' + re.escape(delimiter)
        self._odd = re.compile(odd)

    def cut(self, size: int) -> Iterator[Piece]:
        """Yields pieces of at most `size` bytes, smaller if the stream is prompt, larger only for one larger record.

        Raises DataError for a quoted cell that never ends.
        """
        row, tail, final, consumed = 1, b"", False, 0
        while not final:
            while True:
                if len(tail) >= LONGEST_RECORD:
                    raise self._unclosed_quote(row, f"does not end within {LONGEST_RECORD >> 20} MB")
                want = min(size if len(tail) < size else 2 * len(tail), LONGEST_RECORD)
                fresh, final = self._stream.read_piece(want - len(tail))
                if final and (tail or fresh) and not (fresh or tail).endswith(self._line_end):
                    fresh += self._terminator.removeprefix(b"\r" if (fresh or tail).endswith(b"\r") else b"")
                text, tail = self._split(tail, fresh)
                if text or final:
                    break
            if text:
                text, rows, blank = self._count_rows(text)
                consumed, before = self._stream.consumed, consumed
                yield Piece(row, text, rows, blank, self._stream.respelled, consumed - before)
                row += rows
        if tail:
            raise self._unclosed_quote(row, "begins with a quote that is never closed")

    def _unclosed_quote(self, row: int, what: str) -> DataError:
        return DataError(f"a cell {what}", where=f"{self._where}, row {row}", hint="close the quote, or remove it")

    def _split(self, tail: bytes, fresh: bytes) -> tuple[bytes, bytes]:
        """Returns the whole records of `tail + fresh`, and the rest; `tail` holds no whole record."""
        if self._line_end not in fresh:
            return b"", tail + fresh
        odd = tail.endswith(b"\r") or self._has_odd_return(tail) or self._has_odd_return(fresh)
        if not odd and b'"' not in tail and b'"' not in fresh:
            # The usual case, in which the text is copied and searched only once.
            cut = fresh.rfind(self._line_end) + 1
            return (b"".join((tail, memoryview(fresh)[:cut])), fresh[cut:]) if cut else (b"", tail + fresh)
        text = tail + fresh
        if not self._has_proper_quotes(text) or self._has_odd_return(text):
            text = self._quote_odd_cells(text)
        ends = find_record_ends(text, self._line_end)
        cut = int(ends[-1]) if len(ends) else 0
        return text[:cut], text[cut:]

    def _count_rows(self, text: bytes) -> tuple[bytes, int, int]:
        """Returns whole records without blank lines that are not rows, the number of rows, and that of blank lines."""
        if b'"' not in text:
            is_end = np.frombuffer(text, dtype=np.uint8) == self._line_end[0]
            if self._single or not has_blank_lines(text, is_end):
                return text, int(np.count_nonzero(is_end)), 0
        ends = find_record_ends(text, self._line_end)
        text, blank = (text, 0) if self._single else drop_blank_lines(text, ends)
        return text, len(ends) - blank, blank

    def _has_proper_quotes(self, text: bytes) -> bool:
        """Returns whether every opening quote starts a cell and every closing quote ends one."""
        codes = np.frombuffer(text, dtype=np.uint8)
        quotes = np.flatnonzero(codes == QUOTE)
        if not len(quotes):
            return True
        opening, closing = quotes[0::2], quotes[1::2]
        if opening[0] == 0:
            opening = opening[1:]
        if not self._before_quote[codes[opening - 1]].all():
            return False
        closing = closing[closing < len(codes) - 1]
        after = codes[closing + 1]
        if not self._after_quote[after].all():
            return False
        if self._line_end[0] == RETURN:
            return True
        # A return after a closing quote must be part of a line end.
        returns = closing[after == RETURN] + 2
        return bool((codes[returns[returns < len(codes)]] == self._line_end[0]).all())

    def _has_odd_return(self, text: bytes) -> bool:
        """Returns whether a cell, not the last of its record, ends in a carriage return, which parsers may drop."""
        return self._line_end == b"\n" and b"\r" in text and b"\r" + self._delimiter in text

    def _quote_odd_cells(self, text: bytes) -> bytes:
        """Returns the text with all cells quoted that parsers read differently, except an unfinished last cell."""
        parts: list[bytes] = []
        done = 0
        while (found := self._odd.search(text, done)) is not None:
            # There is no quote between `done` and here, so the last delimiter or line end is where the cell starts.
            ends = (text.rfind(end, done, found.start()) for end in (self._delimiter, self._line_end))
            start = max(done, max(ends) + 1)
            cell = scan_cell(text, start, self._delimiter, self._line_end)
            if cell is None:
                break
            parts += (text[done:start], b'"', cell.value.replace(b'"', b'""'), b'"', cell.end)
            done = start + len(cell.raw) + len(cell.end)
        return b"".join((*parts, text[done:]))
