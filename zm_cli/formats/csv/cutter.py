"""Cuts the text of a table into pieces of whole records, and makes its quotes proper.

A quote has a meaning only if a cell starts with it (RFC 4180). Inside such a cell two quotes stand for one, and a
single quote ends the cell. Quotes that all follow this rule are proper, and records are found by counting them. Other
text (`5" pipe`) is read cell by cell, and every cell with a stray quote is quoted as a whole, so that all parsers read
the same cell. Cells that end in a lone carriage return, which parsers may drop, are quoted too.

A quote that opens a cell and is never closed, or only by one that opens another cell some lines later, would swallow
rows. Its line becomes a row that cannot be read, and the next line is a row again.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np

from zm_cli.errors import DataError
from zm_cli.formats.csv.cells import scan_cell
from zm_cli.formats.csv.pieces import Piece
from zm_cli.formats.csv.records import (
    QUOTE,
    RETURN,
    STRAY,
    TOO_LONG,
    drop_blank_lines,
    find_record_ends,
    has_blank_lines,
)
from zm_cli.formats.csv.stream import TextStream

LONGEST_RECORD = 64 << 20
"""Bytes of the longest allowed record, so that a quote that is never closed does not fill the memory."""


class Cutter:
    """Cuts the rest of `stream`, whose records end in `terminator`, into pieces of whole records.

    Blank lines are left out, except with `single`: in a table of one column they are empty cells. So are lines that
    start with `comment`, if it is given.
    """

    def __init__(
        self,
        stream: TextStream,
        delimiter: bytes,
        terminator: bytes,
        where: str,
        *,
        single: bool,
        comment: bytes | None = None,
    ) -> None:
        self._stream = stream
        self._delimiter = delimiter
        self._terminator = terminator
        self._line_end = line_end = terminator[-1:]
        self._where = where
        self._single = single
        self._comment = comment
        self._row = 1
        self._left = 0
        self._read = 0
        self._comments = 0
        # For each byte value, whether it may stand right after a closing quote, and right before an opening one.
        self._after_quote = np.zeros(256, dtype=np.bool_)
        self._after_quote[[delimiter[0], line_end[0], QUOTE, RETURN]] = True
        self._before_quote = self._after_quote.copy()
        self._before_quote[RETURN] = line_end[0] == RETURN
        # If returns end the records, no cell contains one.
        odd = b'"' if line_end[0] == RETURN else b'"|\r' + re.escape(delimiter)
        self._odd = re.compile(odd if comment is None else odd + b"|" + re.escape(line_end + comment))

    def cut(self, size: int) -> Iterator[Piece]:
        """Yields pieces of at most `size` bytes; smaller ones if the stream is prompt, larger ones only for a larger
        record.

        Raises DataError for a line that never ends.
        """
        consumed, position = 0, 0
        for text in self._cut_text(size):
            text, rows, blank = self._count_rows(text)
            consumed, before = self._stream.consumed, consumed
            respelled, comments = self._stream.respelled, self._comments
            self._comments = 0
            # The position of the text in the file, if it was not changed: right before the part that is left.
            origin = self._stream.locate(self._left + len(text))
            # The part that is left may hold quotes that were added to it.
            extent = max(0, self._read - self._left - position)
            counts = rows, blank, respelled, consumed - before, comments
            yield Piece(self._row, text, *counts, position=position, extent=extent, origin=origin)
            self._row += rows
            position += extent

    def _cut_text(self, size: int) -> Iterator[bytes]:
        """Yields whole records with proper quotes."""
        tail, final = b"", False
        while tail or not final:
            if final or len(tail) >= LONGEST_RECORD:
                text, rest = self._end_row_at_its_line(tail, STRAY if final else TOO_LONG)
                self._stream.unread(rest)
                self._read -= len(rest)
                tail, final = b"", False
            else:
                want = min(size if len(tail) < size else 2 * len(tail), LONGEST_RECORD)
                fresh, final = self._stream.read_piece(want - len(tail))
                self._read += len(fresh)
                if final and (tail or fresh) and not (fresh or tail).endswith(self._line_end):
                    fresh += self._terminator.removeprefix(b"\r" if (fresh or tail).endswith(b"\r") else b"")
                text, tail = self._split(tail, fresh)
            self._left = len(tail)
            if text:
                yield text

    def _end_row_at_its_line(self, tail: bytes, reason: bytes) -> tuple[bytes, bytes]:
        """Returns a row that cannot be read, made of the line in which a quote is not closed, and the text after it.

        `tail` starts with a record and holds no whole one. Raises DataError if the line is too long to end in it.
        """
        start = 0
        while (cell := scan_cell(tail, start, self._delimiter, self._line_end)) is not None:
            start += len(cell.raw) + len(cell.end)
        stop = tail.find(self._line_end, start)
        if stop < 0:
            raise DataError(
                f"a cell does not end within {LONGEST_RECORD >> 20} MB",
                where=f"{self._where}, row {self._row}",
                hint="close the quote, or remove it",
            )
        return self._make_unreadable(tail[:stop], reason), tail[stop + 1 :]

    def _make_unreadable(self, line: bytes, reason: bytes) -> bytes:
        """Returns a line, given without its line end, as a row that cannot be read; `reason` is STRAY or TOO_LONG."""
        end = b"\r\n" if self._line_end == b"\n" and line.endswith(b"\r") else self._line_end
        return b'"' + reason + line.removesuffix(end[:-1]).replace(b'"', b'""') + b'"' + end

    def _split(self, tail: bytes, fresh: bytes) -> tuple[bytes, bytes]:
        """Returns the whole records of `tail + fresh`, and the rest; `tail` holds no whole record."""
        if self._line_end not in fresh:
            return b"", tail + fresh
        odd = tail.endswith(b"\r") or self._has_odd_return(tail) or self._has_odd_return(fresh)
        commented = self._has_comments(tail, fresh)
        if not (odd or commented) and b'"' not in tail and b'"' not in fresh:
            # The usual case, in which the text is copied and searched only once.
            cut = fresh.rfind(self._line_end) + 1
            return (b"".join((tail, memoryview(fresh)[:cut])), fresh[cut:]) if cut else (b"", tail + fresh)
        text = tail + fresh
        if commented or not self._has_proper_quotes(text) or self._has_odd_return(text):
            text = self._make_proper(text)
        ends = find_record_ends(text, self._line_end)
        cut = int(ends[-1]) if len(ends) else 0
        return text[:cut], text[cut:]

    def _has_comments(self, tail: bytes, fresh: bytes) -> bool:
        """Returns whether some line of `tail + fresh`, the first perhaps of `tail`, starts as a comment."""
        comment = self._comment
        if comment is None:
            return False
        return (tail + fresh[: len(comment)]).startswith(comment) or self._line_end + comment in fresh

    def _count_rows(self, text: bytes) -> tuple[bytes, int, int]:
        """Returns the records without blank lines, the number of rows, and the number of blank lines."""
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

    def _make_proper(self, text: bytes) -> bytes:
        """Returns the text with proper quotes and without comments, except in an unfinished last record.

        Every cell that parsers would read differently is quoted. `text` starts with a record.
        """
        made, row_start, done = bytearray(), 0, 0
        while True:
            if self._comment is not None and row_start == len(made) and text.startswith(self._comment, done):
                stop = text.find(self._line_end, done)
                if stop < 0:
                    break
                done = stop + 1
                self._comments += 1
                continue
            found = self._odd.search(text, done)
            if found is None:
                break
            # There is no quote between `done` and here, so the last delimiter or line end is where the cell starts.
            line_end = text.rfind(self._line_end, done, found.start() + 1)
            start = max(done, line_end + 1, text.rfind(self._delimiter, done, found.start()) + 1)
            is_comment = line_end == found.start()
            cell = None if is_comment else scan_cell(text, start, self._delimiter, self._line_end)
            if cell is None and not is_comment:
                break
            row_start = row_start if line_end < 0 else len(made) + line_end + 1 - done
            made += text[done:start]
            done = start
            if cell is None:
                continue
            if cell.stray:
                stop = text.index(self._line_end, start)
                line = bytes(made[row_start:]) + text[start:stop]
                made[row_start:] = self._make_unreadable(line, STRAY)
                done, row_start = stop + 1, len(made)
                continue
            made += b'"' + cell.value.replace(b'"', b'""') + b'"' + cell.end
            done = start + len(cell.raw) + len(cell.end)
            if cell.end != self._delimiter:
                row_start = len(made)
        return bytes(made) + text[done:]
