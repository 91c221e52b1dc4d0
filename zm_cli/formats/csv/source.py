"""CsvSource: the rows of a table, read piece by piece."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from zm_cli.data import block
from zm_cli.data.block import Block, Span
from zm_cli.data.options import ReadOptions
from zm_cli.data.sink import Sink, WriteOptions
from zm_cli.data.source import Facts
from zm_cli.data.spec import Spec
from zm_cli.errors import DataError
from zm_cli.formats.csv.chosen_rows import choose_rows
from zm_cli.formats.csv.columns import ColumnReader
from zm_cli.formats.csv.digits import find_lost_digits
from zm_cli.formats.csv.extras import Extras, choose_extras
from zm_cli.formats.csv.facts import describe_table
from zm_cli.formats.csv.features import Features, choose_features, explain_decimals
from zm_cli.formats.csv.loading import load_polars
from zm_cli.formats.csv.notes import note_rows, note_settings
from zm_cli.formats.csv.options import NULL_VALUES
from zm_cli.formats.csv.pieces import Piece
from zm_cli.formats.csv.preamble import refuse_preamble
from zm_cli.formats.csv.table_text import TableText
from zm_cli.formats.shared.options import AMONG, COLUMNS, DESCRIBE, NUMERIC, ON_ERROR, SHARD
from zm_cli.outputs.shard_record import add_to_shard, is_later_shard


class CsvSource:
    """The rows of the table at `path`, `-` for standard input.

    Values are float64, shape (rows, features). If no columns are named, the features are the columns that mostly hold
    numbers in the first rows. A span holds its text, because a position cannot be found again in a compressed file or
    a pipe. Once a sink was created, blocks carry the text of all other columns, too.

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
        self._text = text = TableText(path, options)
        self._where = text.where
        self.layout = text.layout
        self.one_pass = text.one_pass
        self.receipt: Mapping[str, Any] | None = text.receipt
        self._carry = False
        with text.hinting():
            load_polars()
            extras = choose_extras(options, self.layout.names, self._where)
            features = choose_features(self.layout, options, self._where, text.read_first_piece, extras)
        text.end_opening()
        self._rows = choose_rows(options, text.cut_pieces, text.count_bytes)
        shard = options.get(SHARD)
        # The text before a shard is read, the text after it is not.
        self.nbytes = text.file_bytes if shard is None else text.file_bytes * shard.index // shard.of
        named = options.get(COLUMNS) is not None or options.get(AMONG) is not None
        null_values = options.get(NULL_VALUES) or ()
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
        noted = note_settings(self.layout, null_values, text.preamble, features.chosen)
        self._notes = (*self.layout.notes, *features.notes, *(f"{self._where}: {note}" for note in noted))
        self._names = tuple(self.layout.names[column] for column in features.chosen)
        self._numeric = frozenset(self._names if named else options.get(NUMERIC) or ())
        self.sample_bytes = 8 * len(self._names)
        self.spec = self._describe(features, extras, null_values, named=named)

    def _describe(self, features: Features, extras: Extras, null_values: tuple[str, ...], *, named: bool) -> Spec:
        """Returns the spec; `named` says that the features were named by the user or by the statistics to apply."""
        return Spec(
            kind="csv",
            axes="NC",
            sample_shape=(len(self._names),),
            dtype=np.dtype(np.float64),
            names=self._names,
            named=named,
            text_columns=features.text_columns,
            limit=self._rows.asked,
            shard=self._rows.shard,
            decoding={
                "null_values": list(null_values),
                **self.layout.to_decoding(),
                "skip_rows": self._text.skip_rows,
                "comment": self._text.comment,
                **extras.to_decoding(self.layout.names),
            },
            columns=self.layout.names,
        )

    def spans(self) -> Iterator[Span]:
        """Yields the spans of the table; the address of each is its Piece.

        Raises UsageError for a second pass over a pipe, DataError if the file is damaged, BrokenPipeError if the output
        is standard output and nobody reads it any more.
        """
        pieces = self._text.start_pass()
        for index, piece in enumerate(self._rows.take(pieces, self.layout.line_end)):
            yield Span(index, piece, piece.nbytes, len(piece.text) * self._text.growth)

    def read(self, span: Span) -> Block:
        """Returns the rows of a span; values have shape (rows, features). Safe to call from several threads at once.

        Raises DataError, naming the row, if a row cannot be read.
        """
        import xxhash

        piece: Piece = span.address
        try:
            numbers = self._reader.read(piece, carry=self._carry)
        except DataError as error:
            if piece.first_row > 1 or (hint := self._text.advise()) is None:
                raise
            raise DataError(error.what, where=error.where, hint=hint) from error
        if piece.first_row == 1 and len(numbers.bad) == len(self._reader.chosen):
            refuse_preamble(numbers.rejected, self._names, self._where, self._text.advise())
        lost = find_lost_digits(piece, self.layout, self._reader.chosen, numbers, self._numeric)
        notes = note_rows(piece, self.layout, self._names, lost, written=self._carry)
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
            notes=tuple(f"{self._where}: {note}" for note in notes),
        )

    def tally(self, spans: Sequence[Span]) -> None:
        """Returns None: counting would not be faster than reading. Safe to call from several threads at once."""

    def facts(self) -> Facts:
        """Returns how many columns hold numbers and text, and the layout; reads nothing and raises nothing."""
        chosen, text_columns = set(self._reader.chosen), set(self.spec.text_columns)
        return describe_table(self.layout, chosen, text_columns, self._text.consumed, self._notes)

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
        lines = {"skip_rows": None if later else self._text.skip_rows or None, "comment": self._text.comment}
        receipt = {**options.receipt, **{name: value for name, value in lines.items() if value is not None}}
        receipt = add_to_shard(receipt, total=self._rows.total) if self._rows.shard is not None else receipt
        sink = CsvSink(self.layout, output, replace(options, receipt=receipt), self._reader.chosen, self._text.preamble)
        self._carry = True
        if output == "-":
            self._text.follow(sys.stdout)
        return sink

    def close(self) -> None:
        """Closes the file or pipe if it is still open; raises nothing."""
        self._text.close()
