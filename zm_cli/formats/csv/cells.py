"""Reads the text of a table cell by cell: where each cell ends, and what it means without its quotes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

ANY_LINE_END = b"\r\n"
"""Stands for every kind of line end in `scan_cell`."""


class Cell(NamedTuple):
    """One cell: `raw` as the text has it, `value` without quotes, and `end`, the delimiter or line end after it.

    `stray` says that its quotes enclose line ends and that text follows them: the first quote was probably not meant to
    be closed by one on a later line.
    """

    raw: bytes
    value: bytes
    end: bytes
    stray: bool


@cache
def _cell_pattern(delimiters: bytes, line_end: bytes) -> re.Pattern[bytes]:
    stop = re.escape(delimiters)
    ends = b"\r\n?|\n" if line_end == b"\r\n" else re.escape(line_end)
    plain = b"[^" + stop + re.escape(line_end) + b"]*+"
    # Text after a closing quote belongs to the cell: `"a"b` means ab, as in Python's csv module.
    return re.compile(b'(?:"((?:[^"]++|"")*+)"(' + plain + b')|(?!")(' + plain + b"))([" + stop + b"]|" + ends + b")")


def scan_cell(text: bytes, start: int, delimiters: bytes, line_end: bytes) -> Cell | None:
    """Returns the cell that starts at position `start`; None if the text ends before the cell does.

    Any byte of `delimiters` ends a cell, and so does `line_end`, where `\\r\\n` stands for every kind of line end.
    """
    match = _cell_pattern(delimiters, line_end).match(text, start)
    if match is None:
        return None
    quoted, rest, plain, end = match.groups()
    raw = text[start : match.start(4)]
    if end == b"\n" and raw.endswith(b"\r"):
        raw, end = raw[:-1], b"\r\n"
        rest, plain = rest and rest.removesuffix(b"\r"), plain and plain.removesuffix(b"\r")
    if quoted is None:
        return Cell(raw, plain, end, stray=False)
    stray = bool(rest.strip()) and any(bytes((code,)) in quoted for code in line_end)
    return Cell(raw, quoted.replace(b'""', b'"') + rest, end, stray)


def scan_records(text: bytes, delimiter: bytes, line_end: bytes) -> Iterator[list[Cell]]:
    """Yields the cells of each record of a text; an unfinished record at the end is left out."""
    position, record = 0, list[Cell]()
    while position < len(text) and (cell := scan_cell(text, position, delimiter, line_end)) is not None:
        position += len(cell.raw) + len(cell.end)
        record.append(cell)
        if cell.end != delimiter:
            yield record
            record = []
