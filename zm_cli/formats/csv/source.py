"""CsvSource: the rows of a table, read piece by piece."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from zm_cli.data import block
from zm_cli.data.block import Block, Span
from zm_cli.data.options import ReadOptions
from zm_cli.data.sink import Sink, WriteOptions
from zm_cli.data.source import Facts
from zm_cli.data.spec import Spec
from zm_cli.errors import DataError, UsageError
from zm_cli.formats.csv.columns import ColumnReader
from zm_cli.formats.csv.cutter import Cutter
from zm_cli.formats.csv.encodings import UTF8, parse_encoding
from zm_cli.formats.csv.features import choose_features
from zm_cli.formats.csv.layout import Layout, parse_delimiter, read_layout
from zm_cli.formats.csv.loading import load_polars
from zm_cli.formats.csv.number_parser import is_number
from zm_cli.formats.csv.options import DELIMITER, ENCODING, HEADER, NULL_VALUES
from zm_cli.formats.csv.pieces import Piece, take_first_rows
from zm_cli.formats.csv.records import has_other_line_ends
from zm_cli.formats.csv.stream import TextStream, is_regular
from zm_cli.formats.shared.options import AMONG, COLUMNS, LIMIT
from zm_cli.formats.shared.receipt_beside import read_receipt
from zm_cli.inputs.standard_input import name_input

LINE_ENDS = {b"\n": "LF", b"\r\n": "CRLF", b"\r": "CR"}


class CsvSource:
    """The rows of the table at `path`, `-` for standard input.

    Values are float64, shape (rows, features). If no columns are named, the features are the columns that mostly hold
    numbers in the first rows. A span holds its text, because a position cannot be found again in a compressed file or
    a pipe. Once a sink was created, blocks carry the text of all other columns too.

    `read` and `tally` may be called from several threads at once, all other methods only from the thread that opened
    the source. Raises UsageError for options that the table does not allow, DataError for a table that cannot be read.
    """

    forkable = False
    small_samples = False
    classes: tuple[str, ...] = ()

    def __init__(self, path: str, options: ReadOptions) -> None:
        self.path = path
        self.one_pass = not is_regular(path)
        self.nbytes = Path(path).stat().st_size if not self.one_pass else 0
        self._carry = False
        self._where = name_input(path)
        self._limit = options.get(LIMIT)
        named_delimiter, named_encoding = options.get(DELIMITER), options.get(ENCODING)
        delimiter = None if named_delimiter is None else parse_delimiter(named_delimiter)
        self._encoding = None if named_encoding is None else parse_encoding(named_encoding)
        self._stream: TextStream | None = TextStream(path, self._encoding)
        self._waiting: Iterator[Piece] | None = None
        try:
            self.layout: Layout = read_layout(self._stream, path, delimiter, options.get(HEADER) is not False)
            load_polars()
            features = choose_features(self.layout, options, self._where, self._read_first_piece)
        except (DataError, UsageError):
            self._stream.close()
            raise
        if self.one_pass:
            self._waiting = self._waiting or self._cut_pieces()
        else:
            self._stream.close()
            self._stream = None
        null_values = options.get(NULL_VALUES) or ()
        self._reader = ColumnReader(self.layout, features.chosen, null_values, self._where)
        header_notes = self._note_numeric_header() if options.get(HEADER) is None else ()
        self._notes = header_notes + features.notes
        self.receipt: Mapping[str, Any] | None = None if self.one_pass else read_receipt(path)
        names = tuple(self.layout.names[column] for column in features.chosen)
        self.sample_bytes = 8 * len(names)
        self.spec = Spec(
            kind="csv",
            axes="NC",
            sample_shape=(len(names),),
            dtype=np.dtype(np.float64),
            names=names,
            named=options.get(COLUMNS) is not None or options.get(AMONG) is not None,
            text_columns=features.text_columns,
            limit=self._limit,
            decoding={"null_values": list(null_values), "header": self.layout.header},
        )

    def _read_first_piece(self) -> Piece | None:
        """Returns the first piece, None if there are no rows; in a pipe it is kept for `spans`."""
        pieces = self._cut_pieces()
        first = next(pieces, None)
        if self.one_pass:
            self._waiting = chain([first] if first else [], pieces)
        return first

    def _cut_pieces(self) -> Iterator[Piece]:
        stream = self._stream
        if stream is None:
            stream = TextStream(self.path, self._encoding)
            stream.read(self.layout.data_start)
        layout = self.layout
        cutter = Cutter(stream, layout.delimiter, layout.terminator, self._where, single=len(layout.names) == 1)
        try:
            yield from cutter.cut(block.BLOCK_BYTES)
        finally:
            stream.close()

    def _note_numeric_header(self) -> tuple[str, ...]:
        """Returns a note if the header looks like a row: all names are numbers, but do not just number the columns."""
        names = self.layout.names
        counted = [[str(number) for number in range(start, start + len(names))] for start in (0, 1)]
        if not self.layout.header or list(names) in counted or not all(is_number(name) for name in names):
            return ()
        return (f"{self._where}: the first row is all numbers and was read as the header; if it is data, --no-header",)

    def spans(self) -> Iterator[Span]:
        """Yields the spans of the table; the address of each is its Piece.

        Raises UsageError for a second pass over a pipe, DataError if the file is damaged, BrokenPipeError if the output
        is standard output and nobody reads it any more.
        """
        pieces: Iterator[Piece] | None = self._cut_pieces()
        if self.one_pass:
            pieces, self._waiting = self._waiting, None
        if pieces is None:
            raise UsageError("can be read only once", where=self._where, hint="save it to a file first")
        for index, piece in enumerate(take_first_rows(pieces, self._limit, self.layout.line_end)):
            yield Span(index, piece, piece.nbytes, len(piece.text))

    def read(self, span: Span) -> Block:
        """Returns the rows of a span; values have shape (rows, features). Safe to call from several threads at once.

        Raises DataError, naming the row, if a row cannot be read.
        """
        import xxhash

        piece: Piece = span.address
        numbers = self._reader.read(piece, carry=self._carry)
        return Block(
            span=span,
            values=numbers.values,
            digest=xxhash.xxh3_128(piece.text).digest(),
            carried=numbers.carried,
            rejected=numbers.rejected,
            notes=tuple(f"{self._where}: {sentence}" for sentence in self._list_notes(piece)),
        )

    def _list_notes(self, piece: Piece) -> Iterator[str]:
        if piece.blank:
            yield "blank lines are not rows and are left out"
        if self._carry and has_other_line_ends(piece.text, self.layout.terminator):
            yield f"line ends differ; the output has {LINE_ENDS[self.layout.terminator]} everywhere"
        if self._carry and piece.respelled:
            yield f"{self.layout.encoding} has several codes for the same text; the output has the usual one"

    def tally(self, spans: Sequence[Span]) -> None:
        """Returns None: counting would not be faster than reading. Safe to call from several threads at once."""

    def facts(self) -> Facts:
        """Returns how many columns hold numbers and text, and the layout; reads nothing and raises nothing."""
        layout, chosen = self.layout, set(self._reader.chosen)
        others = [name for column, name in enumerate(layout.names) if column not in chosen]
        known = set(self.spec.text_columns)
        text = [name for name in others if name in known]
        aside = [name for name in others if name not in known]
        findings = {
            "delimiter": "tab" if layout.delimiter == b"\t" else layout.delimiter.decode(),
            "line ends": LINE_ENDS[layout.terminator],
            "encoding": None if layout.encoding == UTF8 else layout.encoding,
            "header": None if layout.header else "none",
            "compression": layout.compression,
            "text columns": ", ".join(text),
            "left aside": ", ".join(aside),
        }
        types = {"float64": len(chosen), "text": len(text), "left aside": len(aside)}
        return Facts(
            nbytes=self.nbytes if self._stream is None else self._stream.consumed,
            types={name: count for name, count in types.items() if count},
            others={name: value for name, value in findings.items() if value},
            notes=self._notes,
        )

    def check_output(self, output: str, format: str | None) -> None:
        """Raises UsageError if `output` is not a name for this table."""
        from zm_cli.formats.csv.sink import check_output_name

        if output != "-":
            check_output_name(output, self.layout.delimiter)

    def create_sink(self, output: str, options: WriteOptions) -> Sink:
        """Returns a sink that writes this table to `output`. From now on, blocks carry the text of all other columns.

        If the input is a pipe and the output is standard output, spans hold what has arrived. Raises UsageError
        and DataError if the output cannot be written.
        """
        from zm_cli.formats.csv.sink import CsvSink

        sink = CsvSink(self.layout, output, options)
        self._carry = True
        if output == "-" and self._stream is not None:
            self._stream.follow(sys.stdout)
        return sink

    def close(self) -> None:
        """Closes the file or pipe if it is still open; raises nothing."""
        if self._stream is not None:
            self._stream.close()

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_stream": None, "_waiting": None}
