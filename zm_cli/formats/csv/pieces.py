"""Pieces of a table: whole records of its text, with the numbers of their rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from zm_cli.errors import DataError
from zm_cli.formats.csv.records import find_record_ends


class Origin(NamedTuple):
    """Where a text begins in the file at `path`: `offset` bytes after its start."""

    path: str
    offset: int

    def read(self, size: int) -> bytes | None:
        """Returns `size` bytes from there, fewer at the end of the file; None if it cannot be read."""
        if self.offset < 0:
            return None
        try:
            with open(self.path, "rb", 0) as file:
                file.seek(self.offset)
                data = bytearray(size)
                view = memoryview(data)
                while view and (count := file.readinto(view)):
                    view = view[count:]
        except OSError:
            return None
        return bytes(data[: size - len(view)])


class Piece(NamedTuple):
    """Whole records of a table as UTF-8 text with proper quotes."""

    first_row: int
    """The number of the first row, counted from 1 in the table."""
    text: bytes
    rows: int
    blank: int
    """The number of blank lines that were left out of `text`."""
    respelled: bool
    """Whether some text up to here would be encoded to other bytes than it was decoded from."""
    nbytes: int
    """Bytes of the file, as they are stored, that were read for this piece."""
    comments: int = 0
    """The number of comment lines that were left out of `text`."""
    numbers: NDArray[np.int64] | None = None
    """The number of each row in the table, shape (rows,); None: they follow one another."""
    position: int = 0
    """Where the text of the piece begins before it was changed, in bytes from the first row of the table on."""
    extent: int = 0
    """The size of that text in bytes, blank lines and comments included."""
    origin: Origin | None = None
    """Where the text is in its file, if the file has it as it is; None if it was decoded or came through a pipe."""

    def __reduce__(self) -> tuple[object, ...]:
        # Another machine is sent the address of the text, and reads it again there; but the text itself if it is not
        # found at the address.
        if self.origin is None or self.origin.read(len(self.text)) != self.text:
            return Piece, tuple(self)
        return _read_again, (len(self.text), _hash(self.text), self._replace(text=b"", origin=None), self.origin)

    @property
    def row_numbers(self) -> Sequence[int] | NDArray[np.int64]:
        """The number of each row, counted from 1 in the table."""
        return range(self.first_row, self.first_row + self.rows) if self.numbers is None else self.numbers


def _hash(text: bytes) -> bytes:
    import xxhash

    return xxhash.xxh3_128(text).digest()


def _read_again(size: int, digest: bytes, piece: Piece, origin: Origin) -> Piece:
    """Returns the piece with its text, read from its file; raises DataError if the text has changed."""
    text = origin.read(size)
    if text is None or _hash(text) != digest:
        raise DataError(
            "changed while it was read", where=origin.path, hint="run zm again when no other program writes to it"
        )
    return piece._replace(text=text, origin=origin)


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


def drop_first_rows(pieces: Iterator[Piece], rows: int, line_end: bytes) -> Iterator[Piece]:
    """Yields pieces without the first `rows` rows of the table; their bytes are counted with the first piece."""
    nbytes = 0
    for piece in pieces:
        nbytes += piece.nbytes
        if rows and piece.rows <= rows:
            rows -= piece.rows
            continue
        yield _slice_rows(piece, rows, piece.rows, line_end)._replace(nbytes=nbytes)
        rows, nbytes = 0, 0


def take_rows_between(pieces: Iterator[Piece], start: int, stop: int | None, line_end: bytes) -> Iterator[Piece]:
    """Yields the rows that begin between two positions in the text of the table; `stop` None: all from `start` on.

    Nothing is read after them. The bytes of pieces before them are counted with the first piece.
    """
    nbytes = 0
    for piece in pieces:
        if stop is not None and piece.position >= stop:
            return
        nbytes += piece.nbytes
        first, last = (0 if at is None else _count_rows_before(piece, at, line_end) for at in (start, stop))
        last = piece.rows if stop is None else last
        if first < last:
            yield _slice_rows(piece, first, last, line_end)._replace(nbytes=nbytes)
            nbytes = 0


def _count_rows_before(piece: Piece, position: int, line_end: bytes) -> int:
    """Returns how many rows of a piece begin before a position in the text of the table."""
    if position <= piece.position:
        return 0
    if position >= piece.position + piece.extent:
        return piece.rows
    ends = find_record_ends(piece.text, line_end)
    # Lines that were left out of the text, and quotes that were added to it, are assumed to be spread evenly.
    begins = np.concatenate([[0], ends[:-1]]) * piece.extent // max(1, len(piece.text))
    return int(np.searchsorted(begins, position - piece.position))


def _slice_rows(piece: Piece, first: int, last: int, line_end: bytes) -> Piece:
    """Returns the rows of a piece from index `first` to `last`."""
    if last - first == piece.rows:
        return piece
    edges = np.concatenate([[0], find_record_ends(piece.text, line_end)])
    text = piece.text[edges[first] : edges[last]]
    origin = piece.origin and piece.origin._replace(offset=piece.origin.offset + int(edges[first]))
    return piece._replace(first_row=piece.first_row + first, text=text, rows=last - first, origin=origin)


def take_rows_at(pieces: Iterator[Piece], indices: list[int], line_end: bytes) -> Iterator[Piece]:
    """Yields the rows of each piece whose positions in the table, counted from 0, are among `indices`, in order.

    The bytes of pieces without such a row are counted with the next piece that has one.
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
