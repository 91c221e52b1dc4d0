"""Where records end: the text of a table cut into pieces of whole records, with its quotes put right.

A quote counts where a cell begins with it (RFC 4180); there two quotes are one, and the next single one ends it. Text
in which every quote obeys that is cut by counting quotes. Other text (`5" pipe`) is read cell by cell, and a cell with
a stray quote is quoted as a whole, so that a parser of any opinion reads the same cell. So is one that ends in a lone
carriage return.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from zm_cli.errors import DataError
from zm_cli.formats.csv.stream import TextStream

LONGEST_RECORD = 64 << 20
"""Bytes after which a record without an end is an error: a quote that nothing closes must not fill the memory."""

QUOTE, RETURN = 34, 13


class Piece(NamedTuple):
    """Whole records as text: `first_row` is the number of the first one in the table, counting from 1."""

    first_row: int
    text: bytes
    rows: int
    blank: int
    """Blank lines that were left out of `text`."""
    respelled: bool
    """Whether up to here some text has other bytes in its encoding than those it was read from."""
    nbytes: int
    """Bytes of the file, as they are stored, that were read for this piece."""


class Cell(NamedTuple):
    """A cell as it stands in the text, what it means, and what ends it: a delimiter or a line end."""

    raw: bytes
    value: bytes
    end: bytes


@cache
def _cell_pattern(delimiters: bytes, line_end: bytes) -> re.Pattern[bytes]:
    stop = re.escape(delimiters)
    ends = b"\r\n?|\n" if line_end == b"\r\n" else re.escape(line_end)
    plain = b"[^" + stop + re.escape(line_end) + b"]*+"
    # The part after a closing quote belongs to the cell too: `"a"b` is ab, as in Python's csv module.
    return re.compile(b'(?:"((?:[^"]++|"")*+)"(' + plain + b')|(?!")(' + plain + b"))([" + stop + b"]|" + ends + b")")


def scan_cell(text: bytes, start: int, delimiters: bytes, line_end: bytes) -> Cell | None:
    """The cell that begins at `start`; None where the text ends before the cell does.

    Any of `delimiters` ends a cell, and `line_end`, of which `\\r\\n` stands for every kind of line end.
    """
    match = _cell_pattern(delimiters, line_end).match(text, start)
    if match is None:
        return None
    quoted, rest, plain, end = match.groups()
    raw = text[start : match.start(4)]
    if end == b"\n" and raw.endswith(b"\r"):
        raw, end = raw[:-1], b"\r\n"
        rest, plain = rest and rest.removesuffix(b"\r"), plain and plain.removesuffix(b"\r")
    return Cell(raw, plain if quoted is None else quoted.replace(b'""', b'"') + rest, end)


def scan_records(text: bytes, delimiter: bytes, line_end: bytes) -> Iterator[list[Cell]]:
    """The records of a text, cell by cell; an unfinished one at its end is left out."""
    position, record = 0, list[Cell]()
    while position < len(text) and (cell := scan_cell(text, position, delimiter, line_end)) is not None:
        position += len(cell.raw) + len(cell.end)
        record.append(cell)
        if cell.end != delimiter:
            yield record
            record = []


class Cutter:
    """Cuts what is left of `stream`, whose records end in `terminator`, into pieces of whole records.

    Blank lines are left out where a record has several cells; in a table of one column they are empty cells.
    """

    def __init__(self, stream: TextStream, delimiter: bytes, terminator: bytes, where: str, *, single: bool) -> None:
        self._stream = stream
        self._delimiter = delimiter
        self._terminator = terminator
        self._line_end = line_end = terminator[-1:]
        self._where = where
        self._single = single
        self._after_quote = np.zeros(256, dtype=np.bool_)
        self._after_quote[[delimiter[0], line_end[0], QUOTE, RETURN]] = True
        self._before_quote = self._after_quote.copy()
        self._before_quote[RETURN] = line_end[0] == RETURN
        # Where returns end the records, none of them is part of a cell.
        odd = b'"' if line_end[0] == RETURN else b'"|\r' + re.escape(delimiter)
        self._odd = re.compile(odd)

    def pieces(self, size: int) -> Iterator[Piece]:
        """Pieces of at most `size` bytes, longer only for a single longer record; smaller where the stream is prompt.

        Raises DataError for a quoted cell that never ends.
        """
        row, tail, final, consumed = 1, b"", False, 0
        while not final:
            while True:
                if len(tail) >= LONGEST_RECORD:
                    raise self._endless(row, f"does not end within {LONGEST_RECORD >> 20} MB")
                want = min(size if len(tail) < size else 2 * len(tail), LONGEST_RECORD)
                fresh, final = self._stream.take(want - len(tail))
                if final and (tail or fresh) and not (fresh or tail).endswith(self._line_end):
                    fresh += self._terminator.removeprefix(b"\r" if (fresh or tail).endswith(b"\r") else b"")
                text, tail = self._cut(tail, fresh)
                if text or final:
                    break
            if text:
                text, rows, blank = self._count(text)
                consumed, before = self._stream.consumed, consumed
                yield Piece(row, text, rows, blank, self._stream.respelled, consumed - before)
                row += rows
        if tail:
            raise self._endless(row, "begins with a quote that nothing closes")

    def _endless(self, row: int, what: str) -> DataError:
        return DataError(f"a cell {what}", where=f"{self._where}, row {row}", hint="close the quote, or remove it")

    def _cut(self, tail: bytes, fresh: bytes) -> tuple[bytes, bytes]:
        """The whole records of two parts of the text, the first of which holds none, and the rest."""
        if self._line_end not in fresh:
            return b"", tail + fresh
        odd = tail.endswith(b"\r") or self._has_odd_return(tail) or self._has_odd_return(fresh)
        if not odd and b'"' not in tail and b'"' not in fresh:
            cut = fresh.rfind(self._line_end) + 1
            # Copied only once, and not searched again.
            return (b"".join((tail, memoryview(fresh)[:cut])), fresh[cut:]) if cut else (b"", tail + fresh)
        text = tail + fresh
        if not self._well_formed(text) or self._has_odd_return(text):
            text = self._mend(text)
        ends = record_ends(text, self._line_end)
        cut = int(ends[-1]) if len(ends) else 0
        return text[:cut], text[cut:]

    def _count(self, text: bytes) -> tuple[bytes, int, int]:
        """Whole records without blank lines, where these are no cells; how many there are, and how many were blank."""
        if b'"' not in text:
            codes = np.frombuffer(text, dtype=np.uint8)
            stops = codes == self._line_end[0]
            if self._single or not _has_blank(text, codes, stops):
                return text, int(np.count_nonzero(stops)), 0
        ends = record_ends(text, self._line_end)
        text, blank = (text, 0) if self._single else _leave_out_blank(text, ends)
        return text, len(ends) - blank, blank

    def _well_formed(self, buffer: bytes) -> bool:
        """Whether every opening quote begins a cell and every closing one ends it."""
        codes = np.frombuffer(buffer, dtype=np.uint8)
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
        returns = closing[after == RETURN] + 2
        return bool((codes[returns[returns < len(codes)]] == self._line_end[0]).all())

    def _has_odd_return(self, buffer: bytes) -> bool:
        """Whether a cell that is not the last of its record ends in a carriage return: parsers like to drop it."""
        return self._line_end == b"\n" and b"\r" in buffer and b"\r" + self._delimiter in buffer

    def _mend(self, buffer: bytes) -> bytes:
        """The text with each cell that parsers see differently quoted as a whole; an unfinished cell stays as it is."""
        parts: list[bytes] = []
        done = 0
        while (found := self._odd.search(buffer, done)) is not None:
            # Up to here there was no quote, so that the last delimiter or line end does begin the cell.
            ends = (buffer.rfind(end, done, found.start()) for end in (self._delimiter, self._line_end))
            start = max(done, max(ends) + 1)
            cell = scan_cell(buffer, start, self._delimiter, self._line_end)
            if cell is None:
                break
            parts += (buffer[done:start], b'"', cell.value.replace(b'"', b'""'), b'"', cell.end)
            done = start + len(cell.raw) + len(cell.end)
        return b"".join((*parts, buffer[done:]))


def _has_blank(text: bytes, codes: NDArray[np.uint8], stops: NDArray[np.bool_]) -> bool:
    """Whether a text without quotes, whose lines end at `stops`, has blank lines."""
    if text[0] in b"\r\n" or (stops[1:] & stops[:-1]).any():
        return True
    return b"\r" in text and bool((stops[:-1] & (codes[1:] == RETURN)).any())


def _leave_out_blank(text: bytes, ends: NDArray[np.intp]) -> tuple[bytes, int]:
    """The text without its blank lines, and how many there were."""
    starts = np.concatenate(([0], ends[:-1]))
    lengths = ends - starts
    codes = np.frombuffer(text, dtype=np.uint8)
    blank = (lengths == 1) | ((lengths == 2) & (codes[starts] == RETURN))
    if not blank.any():
        return text, 0
    keep = np.ones(len(text), dtype=np.bool_)
    keep[starts[blank]] = False
    keep[ends[blank] - 1] = False
    return codes[keep].tobytes(), int(np.count_nonzero(blank))


def record_ends(text: bytes, line_end: bytes) -> NDArray[np.intp]:
    """Where each record of a text with proper quotes ends, just after its line end."""
    codes = np.frombuffer(text, dtype=np.uint8)
    ends = np.flatnonzero(codes == line_end[0])
    if b'"' in text:
        ends = ends[np.searchsorted(np.flatnonzero(codes == QUOTE), ends) % 2 == 0]
    return ends + 1


def has_other_ends(text: bytes, terminator: bytes) -> bool:
    """Whether, of whole records that end in newlines, some end in another way than `terminator`."""
    if terminator == b"\r" or (terminator == b"\n" and b"\r" not in text):
        return False
    ends = record_ends(text, b"\n")
    returns = np.frombuffer(text, dtype=np.uint8)[np.maximum(ends - 2, 0)] == RETURN
    return bool((returns != (terminator == b"\r\n")).any())


def first_rows(piece: Piece, size: int, line_end: bytes) -> Piece:
    """The rows that end within the first `size` bytes of a piece; the whole piece where there is none."""
    if len(piece.text) <= size:
        return piece
    ends = record_ends(piece.text[:size], line_end)
    return piece if not len(ends) else piece._replace(text=piece.text[: ends[-1]], rows=len(ends))


def first_pieces(pieces: Iterator[Piece], rows: int | None, line_end: bytes) -> Iterator[Piece]:
    """The pieces as far as the first `rows` rows go, all of them where that is None."""
    for piece in pieces:
        if rows is None:
            yield piece
            continue
        if piece.rows >= rows:
            end = int(record_ends(piece.text, line_end)[rows - 1])
            yield piece._replace(text=piece.text[:end], rows=rows)
            return
        yield piece
        rows -= piece.rows


def row_at(piece: Piece, offset: int, line_end: bytes) -> int:
    """The number of the row that holds the byte at `offset` of the piece."""
    return piece.first_row + int(np.searchsorted(record_ends(piece.text, line_end), offset, side="right"))
