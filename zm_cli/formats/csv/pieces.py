"""Pieces of a table: some whole records of its text, and which rows they are."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from zm_cli.formats.csv.records import find_record_ends


class Piece(NamedTuple):
    """Whole records of a table as UTF-8 text with proper quotes."""

    first_row: int
    """The number of the first row, counted from 1 in the table."""
    text: bytes
    rows: int
    blank: int
    """The number of blank lines that were left out of `text`."""
    respelled: bool
    """Whether some text up to here would be encoded to other bytes than those it was decoded from."""
    nbytes: int
    """Bytes of the file, as they are stored, that were read for this piece."""


def take_rows_within(piece: Piece, size: int, line_end: bytes) -> Piece:
    """Returns the rows that end within the first `size` bytes of a piece; the whole piece if none does."""
    if len(piece.text) <= size:
        return piece
    ends = find_record_ends(piece.text[:size], line_end)
    return piece if not len(ends) else piece._replace(text=piece.text[: ends[-1]], rows=len(ends))


def take_first_rows(pieces: Iterator[Piece], rows: int | None, line_end: bytes) -> Iterator[Piece]:
    """Yields pieces until they hold `rows` rows, the last one shortened; all pieces if `rows` is None."""
    for piece in pieces:
        if rows is None:
            yield piece
            continue
        if piece.rows >= rows:
            end = int(find_record_ends(piece.text, line_end)[rows - 1])
            yield piece._replace(text=piece.text[:end], rows=rows)
            return
        yield piece
        rows -= piece.rows


def find_row(piece: Piece, offset: int, line_end: bytes) -> int:
    """Returns the number of the row that holds the byte at `offset` of the piece's text."""
    return piece.first_row + int(np.searchsorted(find_record_ends(piece.text, line_end), offset, side="right"))
