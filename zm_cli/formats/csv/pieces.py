"""Pieces of a table: some whole records of its text, and which rows they are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

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
    comments: int = 0
    """The number of comment lines that were left out of `text`."""
    numbers: NDArray[np.int64] | None = None
    """The number of each row in the table, shape (rows,); None: they follow one another."""

    @property
    def row_numbers(self) -> Sequence[int] | NDArray[np.int64]:
        """The number of each row, counted from 1 in the table."""
        return range(self.first_row, self.first_row + self.rows) if self.numbers is None else self.numbers


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


def take_rows_at(pieces: Iterator[Piece], indices: list[int], line_end: bytes) -> Iterator[Piece]:
    """Yields of each piece the rows whose positions in the table, counted from 0, are among `indices`, in order.

    The bytes of pieces without such a row are counted with the piece before the next one.
    """
    wanted = np.array(indices, np.int64)
    seen, nbytes = 0, 0
    for piece in pieces:
        inside = wanted[np.searchsorted(wanted, seen) : np.searchsorted(wanted, seen + piece.rows)] - seen
        seen += piece.rows
        nbytes += piece.nbytes
        if len(inside):
            edges = np.concatenate([[0], find_record_ends(piece.text, line_end)])
            text = b"".join(piece.text[edges[row] : edges[row + 1]] for row in inside)
            numbers = np.asarray(piece.row_numbers)[inside]
            yield piece._replace(first_row=int(numbers[0]), text=text, rows=len(inside), numbers=numbers, nbytes=nbytes)
            nbytes = 0
