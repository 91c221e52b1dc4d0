"""Reads the columns of a piece: the chosen ones as numbers, the others as text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from zm_cli.data.block import MAX_LISTED, Labels, Rejected, Skipped
from zm_cli.data.texts import TextColumn, TextSummary
from zm_cli.errors import DataError
from zm_cli.formats.csv.bad_rows import (
    BadCells,
    BadRows,
    RowsLeftOut,
    WithoutNumbers,
    find_rows_without_numbers,
)
from zm_cli.formats.csv.carried import CarriedText, carry_text
from zm_cli.formats.csv.encodings import BOM
from zm_cli.formats.csv.extras import BadWeights, Extras, read_labels, read_weights
from zm_cli.formats.csv.layout import Layout
from zm_cli.formats.csv.null_values import NullValues
from zm_cli.formats.csv.pieces import Piece
from zm_cli.formats.csv.records import is_outside_quotes
from zm_cli.formats.csv.text_columns import describe_numbers, describe_text

if TYPE_CHECKING:
    import polars as pl

NO_EXTRAS = Extras()
FIRST_ROWS = 100
"""Rows that decide which columns of a piece are worth parsing as numbers directly."""


@dataclass(frozen=True)
class Numbers:
    """The chosen columns of a piece as numbers: `values`, float64, shape (rows, features), in Fortran order.

    Missing cells are NaN, and so are cells that are not numbers, which `bad` has by the feature's index. `carried` and
    `texts` are None if they were not asked for. `rows` are the numbers of the rows in the table. `skipped` lists the
    first rows that were left out, `skipped_more` counts the others. `labels` and `weights` are None if they were not
    asked for; `bad_weights` are the cells that are not weights.
    """

    values: NDArray[np.float64]
    bad: Mapping[int, BadCells]
    carried: CarriedText | None
    texts: TextSummary | None
    rows: Sequence[int] | NDArray[np.int64]
    skipped: tuple[Skipped, ...] = ()
    skipped_more: int = 0
    labels: Labels | None = None
    weights: NDArray[np.float64] | None = None
    bad_weights: BadWeights | None = None

    @property
    def rejected(self) -> dict[int, Rejected]:
        """The first cell that is not a number, by the feature's index."""
        return {
            feature: Rejected(int(self.rows[int(bad.indices[0])]), bad.first[0]) for feature, bad in self.bad.items()
        }


@dataclass
class ColumnReader:
    """Reads the columns with the indices `chosen` from pieces of a table with this layout.

    A column is parsed as numbers directly, or, if some cell is not a plain number, as text that is then converted to
    numbers. Both ways give the same values. `as_text` remembers which columns need the second way; it only saves time,
    so threads may share it without a lock.

    With `skip`, rows that cannot be read are left out, as are rows that lack their weight, and those without numbers in
    the columns, as `without_numbers` says. With `describe`, every column is described as text, too. `extras` are the
    columns with labels and weights.
    """

    layout: Layout
    chosen: tuple[int, ...]
    null_values: tuple[str, ...]
    where: str
    skip: bool = False
    without_numbers: WithoutNumbers = "keep"
    describe: bool = False
    extras: Extras = NO_EXTRAS
    as_text: frozenset[int] = frozenset()
    _null_values: NullValues = field(init=False)

    def __post_init__(self) -> None:
        self._null_values = NullValues(self.null_values, self.layout.names, self.layout.decimal)
        if self.layout.decimal == ",":
            # With decimal commas, polars would still take a thousands separator for a decimal point.
            self.as_text = frozenset(self.chosen)
        self.as_text |= self.extras.columns & frozenset(self.chosen)

    def read(self, piece: Piece, *, carry: bool) -> Numbers:
        """Returns the numbers of a piece, and with `carry` the text of all other cells.

        Raises DataError, naming the row, for a row with too few or too many cells, a quote that is never closed, bytes
        that are not text, a zero byte, or no weight; with `skip`, only if most of the first rows are like that. Safe to
        call from several threads at once.
        """
        if self.skip:
            return self._read_good_rows(piece, carry)
        numbers = self._read_rows(piece, carry)
        if numbers.bad_weights is not None:
            raise numbers.bad_weights.make_error(numbers.rows, self.where)
        return numbers

    def _read_good_rows(self, piece: Piece, carry: bool) -> Numbers:
        """Returns the numbers of a piece without bad rows; raises DataError if most of the first rows are bad."""
        left_out = RowsLeftOut()
        good, hint = piece, None
        try:
            numbers = self._read_rows(piece, carry)
        except DataError as error:
            hint = error.hint
            bad_rows = BadRows(piece, self.layout)
            if not len(bad_rows.indices):
                raise
            reasons = {int(index): bad_rows.explain(index).listed for index in bad_rows.indices[:MAX_LISTED]}
            good = left_out.take_out(piece, bad_rows.indices, reasons, self.layout.line_end)
            numbers = self._read_rows(good, carry)
        names = tuple(self.layout.names[column] for column in self.chosen)
        indices, reasons = find_rows_without_numbers(numbers.bad, names, self.without_numbers)
        if numbers.bad_weights is not None:
            bad_weights = numbers.bad_weights
            indices = np.union1d(indices, bad_weights.indices)
            reasons = dict(zip(bad_weights.indices.tolist(), bad_weights.reasons, strict=False)) | reasons
            reasons = {index: reasons.get(index, "has no weight") for index in indices[:MAX_LISTED].tolist()}
        if len(indices):
            good = left_out.take_out(good, indices, reasons, self.layout.line_end)
            numbers = self._read_rows(good, carry)
        left_out.check_share(piece, self.where, hint)
        first = left_out.list_first()
        return replace(numbers, skipped=first, skipped_more=left_out.count - len(first))

    def _read_rows(self, piece: Piece, carry: bool) -> Numbers:
        """Returns the numbers of all rows of a piece; raises DataError, naming the row, if one cannot be read."""
        import polars as pl

        if b"\0" in piece.text:
            raise self._make_row_error(piece)
        as_text = self.as_text
        try:
            frame = self._parse(piece, as_text)
        except pl.exceptions.PolarsError:
            as_text |= self._guess_text_columns(piece)
            try:
                frame = self._parse(piece, as_text)
            except pl.exceptions.PolarsError:
                as_text = frozenset(self.chosen)
                frame = self._parse_or_explain(piece, as_text)
        self._check_cell_count(piece, frame.height)
        numbers = self._convert(piece, frame, as_text, carry)
        # The text of missing cells is written back.
        holes = np.flatnonzero(np.isnan(numbers.values).any(axis=0)) if carry else ()
        if doubtful := frozenset(self.chosen[feature] for feature in holes) - as_text:
            as_text |= doubtful
            numbers = self._convert(piece, self._parse_or_explain(piece, as_text), as_text, carry)
        return numbers

    def _guess_text_columns(self, piece: Piece) -> frozenset[int]:
        """Returns the chosen columns with a cell that is not a plain number in the first rows of a piece."""
        frame = self._parse_or_explain(piece, frozenset(self.chosen), FIRST_ROWS)
        return frozenset(
            column for column in self.chosen if self._null_values.parser(column).parse(frame[str(column)]).needed_text
        )

    def _parse(self, piece: Piece, as_text: frozenset[int], most_rows: int | None = None) -> pl.DataFrame:
        import polars as pl

        typed = frozenset(self.chosen) - as_text
        text = piece.text
        if text.startswith(BOM):
            # Here the mark is part of a cell; the parser drops only the first mark of its input.
            text = BOM + text
        indices = range(len(self.layout.names))
        schema = {str(column): pl.Float64 if column in typed else pl.String for column in indices}
        if not text:
            return pl.DataFrame(schema=schema)
        return pl.read_csv(
            text,
            has_header=False,
            schema=schema,
            separator=self.layout.delimiter.decode(),
            eol_char=self.layout.line_end.decode(),
            quote_char='"' if b'"' in text else None,
            n_rows=most_rows,
        )

    def _parse_or_explain(self, piece: Piece, as_text: frozenset[int], most_rows: int | None = None) -> pl.DataFrame:
        import polars as pl

        try:
            return self._parse(piece, as_text, most_rows)
        except pl.exceptions.PolarsError as error:
            raise self._make_row_error(piece, f"cannot be read: {str(error).splitlines()[0]}") from error

    def _check_cell_count(self, piece: Piece, height: int) -> None:
        """Raises DataError if a row has too few cells, which the parser does not refuse, but fills up."""
        codes = np.frombuffer(piece.text, dtype=np.uint8)
        is_delimiter = codes == self.layout.delimiter[0]
        if b'"' in piece.text:
            is_delimiter &= is_outside_quotes(codes)
        if height != piece.rows or np.count_nonzero(is_delimiter) != piece.rows * (len(self.layout.names) - 1):
            raise self._make_row_error(piece)

    def _make_row_error(self, piece: Piece, what: str = "cannot be divided into rows") -> DataError:
        """Returns the error of the first row that cannot be read;
        if all can be, one of the whole piece that says `what`."""
        bad_rows = BadRows(piece, self.layout)
        if not len(bad_rows.indices):
            return DataError(what, where=f"{self.where}, from row {piece.first_row} on")
        first = int(bad_rows.indices[0])
        found = bad_rows.explain(first)
        return DataError(found.reason, where=f"{self.where}, row {piece.row_numbers[first]}", hint=found.hint)

    def _convert(self, piece: Piece, frame: pl.DataFrame, as_text: frozenset[int], carry: bool) -> Numbers:
        import polars as pl

        columns = frame.get_columns()
        labels, weights, bad_weights = self._read_extras(columns)
        bad: dict[int, BadCells] = {}
        missing: dict[int, pl.Series] = {}
        texts: dict[int, TextColumn] = {}
        needed_text = set[int]()
        for feature, column in enumerate(self.chosen):
            parser, cells = self._null_values.parser(column), columns[column]
            if column not in as_text:
                columns[column] = parser.hide_missing(cells)
                if self.describe:
                    texts[column] = describe_numbers(columns[column], None, None)
                continue
            parsed = parser.parse(cells)
            columns[column] = parsed.numbers
            if self.describe:
                texts[column] = describe_numbers(parsed.numbers, cells, parsed)
            if parsed.needed_text:
                needed_text.add(column)
            if len(parsed.bad):
                bad[feature] = BadCells(parsed.bad, cells.gather(parsed.bad[:MAX_LISTED]).to_list())
            if carry and (is_missing := parsed.numbers.is_null() | parsed.numbers.is_nan()).any():
                needed_text.add(column)
                missing[column] = cells.zip_with(is_missing, pl.Series(["NaN"], dtype=pl.String))
        if not needed_text <= self.as_text:
            self.as_text |= needed_text
        values = pl.DataFrame([columns[column] for column in self.chosen]).to_numpy()
        if self.describe:
            others = set(range(len(columns))) - texts.keys()
            texts |= {column: describe_text(columns[column], self._null_values.parser(column)) for column in others}
        return Numbers(
            values=values,
            bad=bad,
            carried=carry_text(piece.text, frame.get_columns(), self.chosen, missing, self.layout) if carry else None,
            texts=texts if self.describe else None,
            rows=piece.row_numbers,
            labels=labels,
            weights=weights,
            bad_weights=bad_weights,
        )

    def _read_extras(
        self, columns: Sequence[pl.Series]
    ) -> tuple[Labels | None, NDArray[np.float64] | None, BadWeights | None]:
        """Returns the labels and weights in all columns of a piece, and the cells that are not weights, if any."""
        by, weight = self.extras.by, self.extras.weight
        labels = None if by is None else read_labels(columns[by], self._null_values.parser(by))
        if weight is None:
            return labels, None, None
        weights, bad = read_weights(columns[weight], self._null_values.parser(weight), self.layout.names[weight])
        return labels, weights, bad if len(bad.indices) else None
