"""CsvSource: the rows of a table, read piece by piece."""

from __future__ import annotations

import sys
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import replace
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
from zm_cli.formats.csv.chosen_rows import choose_rows, count_text, refuse_pipe
from zm_cli.formats.csv.columns import ColumnReader
from zm_cli.formats.csv.cutter import Cutter
from zm_cli.formats.csv.delimiter import name_delimiter
from zm_cli.formats.csv.digits import LostDigits, find_lost_digits
from zm_cli.formats.csv.encodings import BOM, UTF8, parse_encoding
from zm_cli.formats.csv.extras import choose_extras
from zm_cli.formats.csv.features import choose_features, explain_decimals
from zm_cli.formats.csv.layout import Layout, read_layout, settle
from zm_cli.formats.csv.loading import load_polars
from zm_cli.formats.csv.null_values import NullValues
from zm_cli.formats.csv.options import COMMENT, ENCODING, NULL_VALUES, SKIP_ROWS
from zm_cli.formats.csv.pieces import Piece
from zm_cli.formats.csv.preamble import advise_preamble, count_rows_in, read_preamble, refuse_preamble
from zm_cli.formats.csv.records import has_other_line_ends
from zm_cli.formats.csv.stream import TextStream, is_regular
from zm_cli.formats.csv.totals import find_total
from zm_cli.formats.shared.options import AMONG, COLUMNS, DESCRIBE, GROWTH, NUMERIC, ON_ERROR, SHARD
from zm_cli.formats.shared.receipt_beside import read_receipt
from zm_cli.inputs.option_text import spell_names
from zm_cli.inputs.standard_input import name_input
from zm_cli.outputs.shard_record import add_to_shard, is_later_shard

SMALLEST_PIECE = 1 << 16
"""Bytes of text in a block at least, however much longer rows become."""
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
    overhead_bytes = 5 * block.BLOCK_BYTES
    """Measured: the text in two copies, the columns of polars, and what its allocator keeps for the next block."""
    small_samples = False
    classes: tuple[str, ...] = ()

    def __init__(self, path: str, options: ReadOptions) -> None:
        self.path = path
        self.one_pass = not is_regular(path)
        if self.one_pass:
            refuse_pipe(options)
        self.nbytes = Path(path).stat().st_size if not self.one_pass else 0
        self._carry = False
        self._growth = options.get(GROWTH) or 1
        self._where = name_input(path)
        named_encoding = options.get(ENCODING)
        self._encoding = None if named_encoding is None else parse_encoding(named_encoding)
        self.receipt: Mapping[str, Any] | None = None if self.one_pass else read_receipt(path)
        settled = settle(options, self.receipt, one_pass=self.one_pass)
        if self._encoding is None and (written := (self.receipt or {}).get(ENCODING.name)):
            # A later part of a table lacks the byte order mark of the first.
            self._encoding = parse_encoding(written)
        self._stream: TextStream | None = TextStream(path, self._encoding)
        self._marked = self._stream.bom
        self._waiting: Iterator[Piece] | None = None
        self._skip_rows, self._comment = self._settle_lines(options)
        self._delimiter: bytes | None = settled.delimiter
        try:
            self._preamble = read_preamble(self._stream, self._skip_rows, self._comment_bytes, self._where)
            self.layout: Layout = read_layout(self._stream, path, settled)
            self._delimiter = self.layout.delimiter
            load_polars()
            extras = choose_extras(options, self.layout.names, self._where)
            features = choose_features(self.layout, options, self._where, self._read_first_piece, extras)
        except (DataError, UsageError) as error:
            self._stream.close()
            if (hint := self._advise(self._stream.beginning)) is None:
                raise
            raise type(error)(error.what, where=error.where, hint=hint) from error
        self._beginning = self._stream.beginning
        if self.one_pass:
            self._waiting = self._waiting or self._cut_pieces()
        else:
            self._stream.close()
            self._stream = None
        null_values = options.get(NULL_VALUES) or ()
        named = options.get(COLUMNS) is not None or options.get(AMONG) is not None
        self._reader = ColumnReader(
            self.layout,
            features.chosen,
            null_values,
            self._where,
            skip=options.get(ON_ERROR) == "skip",
            without_numbers="leave out" if named else "leave out if all",
            describe=bool(options.get(DESCRIBE)),
            extras=extras,
        )
        self._file_bytes = self.nbytes
        self._rows = choose_rows(options, self._cut_pieces, self._count_text)
        if (shard := options.get(SHARD)) is not None:
            # The text before the part is read, that after it is not.
            self.nbytes = self._file_bytes * shard.index // shard.of
        self._notes = self.layout.notes + features.notes + self._note_settings(null_values)
        names = tuple(self.layout.names[column] for column in features.chosen)
        self._numeric = frozenset(names if named else options.get(NUMERIC) or ())
        self.sample_bytes = 8 * len(names)
        self.spec = Spec(
            kind="csv",
            axes="NC",
            sample_shape=(len(names),),
            dtype=np.dtype(np.float64),
            names=names,
            named=named,
            text_columns=features.text_columns,
            limit=self._rows.asked,
            shard=self._rows.shard,
            decoding={
                "null_values": list(null_values),
                **self.layout.to_decoding(),
                "skip_rows": self._skip_rows,
                "comment": self._comment,
                **extras.to_decoding(self.layout.names),
            },
            columns=self.layout.names,
        )

    def _settle_lines(self, options: ReadOptions) -> tuple[int, str | None]:
        """Returns the lines to leave out before the header, and what comments start with: as asked, or as zm wrote."""
        written = self.receipt or {}
        if is_later_shard(written):
            # The lines before the header are in the first part, whatever statistics of the whole table say of them.
            return 0, written.get(COMMENT.name)
        skip_rows, comment = options.get(SKIP_ROWS), options.get(COMMENT)
        return written.get(SKIP_ROWS.name, 0) if skip_rows is None else skip_rows, comment or written.get(COMMENT.name)

    @property
    def _comment_bytes(self) -> bytes | None:
        return None if self._comment is None else self._comment.encode()

    def _advise(self, beginning: bytes) -> str | None:
        """Returns a hint on the first lines, if they do not seem to be part of the table; else None."""
        # Lines that were left out are looked at, too: the right number of them is counted from the first one.
        hint = advise_preamble(beginning.removeprefix(BOM), self._delimiter, self._skip_rows)
        return hint if self._comment is None else None

    def _note_settings(self, null_values: tuple[str, ...]) -> tuple[str, ...]:
        """Returns notes on null values that name no column, and on rows among the lines that are left out."""
        notes = NullValues(null_values, self.layout.names, self.layout.decimal).list_notes()
        if count := count_rows_in(self._preamble, self.layout.delimiter, self._reader.chosen):
            notes.append(f"of the lines before the header, {count} could be rows; --skip-rows 0 reads them")
        return tuple(f"{self._where}: {note}" for note in notes)

    def _read_first_piece(self) -> Piece | None:
        """Returns the first piece, None if there are no rows; in a pipe it is kept for `spans`."""
        pieces = self._cut_pieces()
        first = next(pieces, None)
        if self.one_pass:
            self._waiting = chain([first] if first else [], pieces)
        return first

    def _count_text(self) -> int:
        """Returns the bytes of text from the first row on; a table that is not plain UTF-8 is read for that."""
        before = len(self._preamble) + self.layout.data_start
        if self.layout.compression is not None or self.layout.encoding != UTF8:
            return count_text(self.path, self._encoding, before)
        return max(0, self._file_bytes - before - len(BOM) * self._marked)

    def _cut_pieces(self) -> Generator[Piece]:
        stream = self._stream
        if stream is None:
            stream = TextStream(self.path, self._encoding)
            stream.read(len(self._preamble) + self.layout.data_start)
        layout = self.layout
        cutter = Cutter(
            stream,
            layout.delimiter,
            layout.terminator,
            self._where,
            single=len(layout.names) == 1,
            comment=self._comment_bytes,
        )
        try:
            yield from cutter.cut(max(min(SMALLEST_PIECE, block.BLOCK_BYTES), block.BLOCK_BYTES // self._growth))
        finally:
            stream.close()

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
        for index, piece in enumerate(self._rows.take(pieces, self.layout.line_end)):
            yield Span(index, piece, piece.nbytes, len(piece.text) * self._growth)

    def read(self, span: Span) -> Block:
        """Returns the rows of a span; values have shape (rows, features). Safe to call from several threads at once.

        Raises DataError, naming the row, if a row cannot be read.
        """
        import xxhash

        piece: Piece = span.address
        try:
            numbers = self._reader.read(piece, carry=self._carry)
        except DataError as error:
            if piece.first_row > 1:
                raise
            if (hint := self._advise(self._beginning)) is None:
                raise
            raise DataError(error.what, where=error.where, hint=hint) from error
        if piece.first_row == 1 and len(numbers.bad) == len(self._reader.chosen):
            refuse_preamble(numbers.rejected, self.spec.names or (), self._where, self._advise(self._beginning))
        lost = find_lost_digits(piece, self.layout, self._reader.chosen, numbers, self._numeric)
        return Block(
            span=span,
            values=numbers.values,
            digest=xxhash.xxh3_128(piece.text).digest(),
            carried=numbers.carried,
            skipped=numbers.skipped,
            skipped_more=numbers.skipped_more,
            numbers=numbers.rows,
            texts=numbers.texts,
            labels=numbers.labels,
            weights=numbers.weights,
            rejected={**lost.codes, **explain_decimals(numbers.rejected, self.layout)},
            notes=tuple(f"{self._where}: {sentence}" for sentence in self._list_notes(piece, lost)),
        )

    def _list_notes(self, piece: Piece, lost: LostDigits) -> Iterator[str]:
        for feature in sorted(lost.rounded):
            name = (self.spec.names or ())[feature]
            keeps = f"--exclude {spell_names([name])} keeps them"
            yield f"column '{name}' holds integers beyond 2^53, which are rounded; {keeps}"
        if piece.blank:
            yield "blank lines are not rows and are left out"
        if (total := find_total(piece, self.layout)) is not None:
            yield total
        if self._carry and piece.comments:
            yield "comments between the rows are left out, in the output, too"
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
            "delimiter": name_delimiter(layout.delimiter),
            "decimal mark": "comma" if layout.decimal == "," else None,
            "line ends": LINE_ENDS[layout.terminator],
            "encoding": None if layout.encoding == UTF8 else layout.encoding,
            "header": "in the first part" if layout.is_headless else None if layout.header else "none",
            "compression": layout.compression,
            "text columns": ", ".join(text),
            "left aside": ", ".join(aside),
        }
        types = {"float64": len(chosen), "text": len(text), "left aside": len(aside)}
        return Facts(
            nbytes=self._file_bytes if self._stream is None else self._stream.consumed,
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

        later = is_later_shard(options.receipt)
        lines = {"skip_rows": None if later else self._skip_rows or None, "comment": self._comment}
        receipt = {**options.receipt, **{name: value for name, value in lines.items() if value is not None}}
        receipt = add_to_shard(receipt, total=self._rows.total) if self._rows.shard is not None else receipt
        sink = CsvSink(self.layout, output, replace(options, receipt=receipt), self._reader.chosen, self._preamble)
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
