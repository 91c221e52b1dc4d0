"""Chooses the rows of a table to read: all of them, the first ones, a sample, or one part of those."""

from __future__ import annotations

import sys
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from dataclasses import dataclass

from zm_cli.data.options import ReadOptions
from zm_cli.data.shard import Shard
from zm_cli.errors import UsageError
from zm_cli.formats.csv.pieces import Piece, drop_first_rows, take_first_rows, take_rows_at, take_rows_between
from zm_cli.formats.csv.stream import TextStream
from zm_cli.formats.shared.options import LIMIT, SAMPLE, SHARD
from zm_cli.formats.shared.sampling import Choice, choose

COUNTED_BYTES = 1 << 20
"""Bytes of text read at once where they are only counted."""


@dataclass(frozen=True)
class ChosenRows:
    """The rows of a table that are read.

    `choice` says which, by their positions among all rows. If it is None, they are the rows that begin in the part
    `shard` of the text, which has `text_size` bytes from the first row on.
    """

    choice: Choice | None
    shard: Shard | None
    text_size: int = 0

    @property
    def asked(self) -> int | None:
        """The number of rows that the user asked for, None for all."""
        return None if self.choice is None else self.choice.asked

    @property
    def total(self) -> int:
        """The size of what is cut into parts: the number of rows, or of bytes of text."""
        return self.text_size if self.choice is None else self.choice.total

    def take(self, pieces: Iterator[Piece], line_end: bytes) -> Iterator[Piece]:
        """Yields the chosen rows of a table, given all of its pieces."""
        shard, choice = self.shard, self.choice
        if choice is None:
            assert shard is not None
            start, stop = shard.cut(self.text_size)
            return take_rows_between(pieces, start, None if shard.index == shard.of else stop, line_end)
        if not choice.samples:
            return iter(())
        if choice.indices is not None:
            return take_rows_at(pieces, choice.indices, line_end)
        if shard is None:
            return take_first_rows(pieces, choice.asked, line_end)
        return take_first_rows(drop_first_rows(pieces, choice.start, line_end), choice.samples, line_end)


def refuse_pipe(options: ReadOptions) -> None:
    """Raises UsageError for a sample or a part of a pipe, which can be read only once."""
    for option, fault in ((SAMPLE, "cannot be drawn from a pipe"), (SHARD, "cannot be cut out of a pipe")):
        if options.get(option) is not None:
            raise UsageError(fault, where=option.spelling, hint="save the table to a file first")


def choose_rows(
    options: ReadOptions,
    cut_pieces: Callable[[], Generator[Piece]],
    count_text: Callable[[], int],
) -> ChosenRows:
    """Returns the rows to read. For a sample, and for a part of the first rows, the rows are counted first.

    `cut_pieces` yields the pieces of the table, `count_text` returns the bytes of its text from the first row on.
    """
    limit, sample, shard = options.get(LIMIT), options.get(SAMPLE), options.get(SHARD)
    if sample is None and shard is None:
        return ChosenRows(choose(options, lambda: sys.maxsize if limit is None else limit), None)
    if sample is None and limit is None:
        return ChosenRows(None, shard, count_text())
    most = None if sample is not None else limit
    return ChosenRows(choose(options, lambda: _count_rows(cut_pieces(), most)), shard)


def _count_rows(pieces: Generator[Piece], most: int | None) -> int:
    """Returns the number of rows in all pieces; stops counting at any number larger than `most`."""
    rows = 0
    with closing(pieces):
        for piece in pieces:
            rows += piece.rows
            if most is not None and rows > most:
                break
    return rows


def count_text(path: str, encoding: str | None, before: int) -> int:
    """Returns how many bytes of UTF-8 text the table at `path` has after the first `before`, reading all of it."""
    stream = TextStream(path, encoding)
    try:
        stream.read(before)
        return sum(map(len, iter(lambda: stream.read(COUNTED_BYTES), b"")))
    finally:
        stream.close()
