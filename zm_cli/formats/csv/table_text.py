"""TableText: the text of one table, opened at its first row, and cut into pieces as often as it can be read."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import IO, Any

from zm_cli.data import block
from zm_cli.data.options import ReadOptions
from zm_cli.errors import DataError, UsageError
from zm_cli.formats.csv.chosen_rows import count_text, refuse_pipe
from zm_cli.formats.csv.cutter import Cutter
from zm_cli.formats.csv.encodings import BOM, UTF8, parse_encoding
from zm_cli.formats.csv.layout import Layout, read_layout, settle
from zm_cli.formats.csv.options import COMMENT, ENCODING, SKIP_ROWS
from zm_cli.formats.csv.pieces import Piece
from zm_cli.formats.csv.preamble import advise_preamble, read_preamble
from zm_cli.formats.csv.stream import TextStream, is_regular
from zm_cli.formats.shared.options import GROWTH
from zm_cli.formats.shared.receipt_beside import read_receipt
from zm_cli.inputs.standard_input import name_input
from zm_cli.outputs.shard_record import is_later_shard

MIN_PIECE_BYTES = 1 << 16
"""The fewest bytes of text in a full piece, however much longer rows become when they are written."""


class TableText:
    """The text of the table at `path`, `-` for standard input, from its first row on.

    `layout` says how the text is divided into cells, `preamble` is the text before the header. A pipe stays open after
    the first row was found; a file is opened again for every pass. It pickles without what is open. `advise` may be
    called from any thread, all other methods only from the one that opened the table.

    Raises UsageError for options that the table does not allow, DataError for a table that cannot be read.
    """

    layout: Layout

    def __init__(self, path: str, options: ReadOptions) -> None:
        self._path = path
        self.one_pass = not is_regular(path)
        if self.one_pass:
            refuse_pipe(options)
        self.file_bytes = 0 if self.one_pass else Path(path).stat().st_size
        self.where = name_input(path)
        self.growth = options.get(GROWTH) or 1
        named = options.get(ENCODING)
        self._encoding = None if named is None else parse_encoding(named)
        self.receipt: Mapping[str, Any] | None = None if self.one_pass else read_receipt(path)
        settled = settle(options, self.receipt, one_pass=self.one_pass)
        if self._encoding is None and (written := (self.receipt or {}).get(ENCODING.name)):
            # A later part of a table lacks the byte order mark of the first.
            self._encoding = parse_encoding(written)
        self.skip_rows, self.comment = _settle_lines(options, self.receipt)
        self._stream: TextStream | None = TextStream(path, self._encoding)
        self._marked = self._stream.bom
        self._beginning = b""
        self._first_pass: Iterator[Piece] | None = None
        self._delimiter = settled.delimiter
        with self.hinting():
            self.preamble = read_preamble(self._stream, self.skip_rows, self._comment_bytes, self.where)
            self.layout = read_layout(self._stream, path, settled)
        self._delimiter = self.layout.delimiter

    @contextmanager
    def hinting(self) -> Iterator[None]:
        """Closes the table if an error is raised inside, and gives the error the hint of `advise`, if there is one."""
        try:
            yield
        except (DataError, UsageError) as error:
            if self._stream is not None:
                self._beginning = self._stream.beginning
                self._stream.close()
            if (hint := self.advise()) is None:
                raise
            raise type(error)(error.what, where=error.where, hint=hint) from error

    def advise(self) -> str | None:
        """Returns a hint if the first lines do not seem to be part of the table; else None."""
        if self.comment is not None:
            return None
        # Lines that were left out are looked at, too: the right number of them is counted from the first one.
        return advise_preamble(self._beginning.removeprefix(BOM), self._delimiter, self.skip_rows)

    def read_first_piece(self) -> Piece | None:
        """Returns the first piece, None if there are no rows; that of a pipe is kept for `start_pass`."""
        pieces = self.cut_pieces()
        first = next(pieces, None)
        if self.one_pass:
            self._first_pass = chain([first] if first else [], pieces)
        return first

    def end_opening(self) -> None:
        """Closes a file until rows are read; a pipe stays open."""
        assert self._stream is not None
        self._beginning = self._stream.beginning
        if self.one_pass:
            self._first_pass = self._first_pass or self.cut_pieces()
        else:
            self._stream.close()
            self._stream = None

    def start_pass(self) -> Iterator[Piece]:
        """Returns the pieces of the whole table; raises UsageError for a second pass over a pipe."""
        if not self.one_pass:
            return self.cut_pieces()
        pieces, self._first_pass = self._first_pass, None
        if pieces is None:
            raise UsageError("can be read only once", where=self.where, hint="save it to a file first")
        return pieces

    def cut_pieces(self) -> Generator[Piece]:
        """Yields the pieces of the whole table; raises DataError if the file is damaged."""
        stream = self._stream
        if stream is None:
            stream = TextStream(self._path, self._encoding)
            stream.read(len(self.preamble) + self.layout.data_start)
        layout = self.layout
        cutter = Cutter(
            stream,
            layout.delimiter,
            layout.terminator,
            self.where,
            single=len(layout.names) == 1,
            comment=self._comment_bytes,
        )
        try:
            yield from cutter.cut(max(min(MIN_PIECE_BYTES, block.BLOCK_BYTES), block.BLOCK_BYTES // self.growth))
        finally:
            stream.close()

    def count_bytes(self) -> int:
        """Returns the bytes of text from the first row on; reads all of a table that is not plain UTF-8 for that."""
        before = len(self.preamble) + self.layout.data_start
        if self.layout.compression is not None or self.layout.encoding != UTF8:
            return count_text(self._path, self._encoding, before)
        return max(0, self.file_bytes - before - len(BOM) * self._marked)

    @property
    def consumed(self) -> int:
        """The bytes that the file has, or that were read from the pipe so far."""
        return self.file_bytes if self._stream is None else self._stream.consumed

    def follow(self, output: IO[str]) -> None:
        """Makes the pieces of a pipe hold what has arrived, and reading end once nobody reads `output`."""
        if self._stream is not None:
            self._stream.follow(output)

    def close(self) -> None:
        """Closes the file or pipe if it is still open."""
        if self._stream is not None:
            self._stream.close()

    @property
    def _comment_bytes(self) -> bytes | None:
        return None if self.comment is None else self.comment.encode()

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_stream": None, "_first_pass": None}


def _settle_lines(options: ReadOptions, receipt: Mapping[str, Any] | None) -> tuple[int, str | None]:
    """Returns the number of lines to leave out before the header, and what comments start with.

    Both are as the options say, else as the receipt of a table that zm wrote.
    """
    written = receipt or {}
    if is_later_shard(written):
        # The lines before the header are in the first part, whatever statistics of the whole table say of them.
        return 0, written.get(COMMENT.name)
    skip_rows, comment = options.get(SKIP_ROWS), options.get(COMMENT)
    return written.get(SKIP_ROWS.name, 0) if skip_rows is None else skip_rows, comment or written.get(COMMENT.name)
