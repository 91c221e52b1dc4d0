"""Reads the columns of a piece: the chosen ones as numbers, the others as the text they are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from zm_cli.data.block import Rejected
from zm_cli.errors import DataError
from zm_cli.formats.csv.cells import scan_records
from zm_cli.formats.csv.encodings import BOM, advise_encoding
from zm_cli.formats.csv.layout import Layout
from zm_cli.formats.csv.number_parser import NumberParser
from zm_cli.formats.csv.pieces import Piece, find_row
from zm_cli.formats.csv.quotes import find_quoted, need_quotes, write_quotes
from zm_cli.formats.csv.records import is_outside_quotes

if TYPE_CHECKING:
    import polars as pl

FIRST_ROWS = 100
"""Rows that decide which columns of a piece are worth parsing as numbers directly."""


@dataclass(frozen=True)
class CarriedText:
    """The text that a sink needs to write a block back; columns are identified by their index in the table.

    `chosen` are the columns of the block's features. `texts` holds every other column. `missing` holds, for chosen
    columns with missing cells, what to write where the transformed value is NaN: the cell's own text, or `NaN` for a
    cell that had a value. `quoted` tells whether the texts already have the quotes to be written.
    """

    chosen: tuple[int, ...]
    texts: Mapping[int, pl.Series]
    missing: Mapping[int, pl.Series]
    quoted: bool


@dataclass(frozen=True)
class Numbers:
    """The chosen columns of a piece as numbers: `values`, float64, shape (rows, features), in Fortran order.

    Missing cells are NaN. So are cells that are not numbers; `rejected` has the first of them by the feature's index.
    `carried` is None if no text was asked for.
    """

    values: NDArray[np.float64]
    rejected: Mapping[int, Rejected]
    carried: CarriedText | None


@dataclass
class ColumnReader:
    """Reads the columns with the indices `chosen` from pieces of a table with this layout.

    A column is parsed as numbers directly, or, if some cell is not a plain number, as text that is then turned into
    numbers. Both ways give the same values. `as_text` remembers which columns need the second way; it only saves time,
    so threads may share it without a lock.
    """

    layout: Layout
    chosen: tuple[int, ...]
    null_values: tuple[str, ...]
    where: str
    as_text: frozenset[int] = frozenset()
    _parser: NumberParser = field(init=False)

    def __post_init__(self) -> None:
        self._parser = NumberParser(self.null_values)

    def read(self, piece: Piece, *, carry: bool) -> Numbers:
        """Returns the numbers of a piece, and with `carry` the text of all other cells.

        Raises DataError, naming the row, for a row with too few or too many cells, bytes that are not text, or a zero
        byte. Safe to call from several threads at once.
        """
        import polars as pl

        if b"\0" in piece.text:
            raise self._row_error(piece, piece.text.index(b"\0"), "holds a zero byte", "is it a text file?")
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
        if doubtful := self._find_doubtful_columns(numbers.values, as_text, carry):
            as_text |= doubtful
            numbers = self._convert(piece, self._parse_or_explain(piece, as_text), as_text, carry)
        return numbers

    def _guess_text_columns(self, piece: Piece) -> frozenset[int]:
        """Returns the chosen columns with a cell that is not a plain number in the first rows of a piece."""
        frame = self._parse_or_explain(piece, frozenset(self.chosen), FIRST_ROWS)
        return frozenset(column for column in self.chosen if self._parser.parse(frame[str(column)]).needed_text)

    def _parse(self, piece: Piece, as_text: frozenset[int], most_rows: int | None = None) -> pl.DataFrame:
        import polars as pl

        typed = frozenset(self.chosen) - as_text
        text = piece.text
        if text.startswith(BOM):
            # Here the mark is part of a cell, and the parser drops one mark at the start of its input.
            text = BOM + text
        indices = range(len(self.layout.names))
        return pl.read_csv(
            text,
            has_header=False,
            schema={str(column): pl.Float64 if column in typed else pl.String for column in indices},
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
            self._explain_failure(piece)
            raise DataError(
                f"cannot be read: {str(error).splitlines()[0]}", where=f"{self.where}, from row {piece.first_row} on"
            ) from error

    def _check_cell_count(self, piece: Piece, height: int) -> None:
        """Raises DataError if a row has too few cells, which the parser fills up instead of refusing."""
        codes = np.frombuffer(piece.text, dtype=np.uint8)
        is_delimiter = codes == self.layout.delimiter[0]
        if b'"' in piece.text:
            is_delimiter &= is_outside_quotes(codes)
        if height != piece.rows or np.count_nonzero(is_delimiter) != piece.rows * (len(self.layout.names) - 1):
            self._explain_failure(piece)
            raise DataError("cannot be divided into rows", where=f"{self.where}, from row {piece.first_row} on")

    def _explain_failure(self, piece: Piece) -> None:
        """Raises DataError for the first row that is not text or has the wrong number of cells, if there is one."""
        try:
            piece.text.decode()
        except UnicodeDecodeError as error:
            encoding = self.layout.encoding
            raise self._row_error(
                piece, error.start, f"is not {encoding.upper()} text", advise_encoding(encoding)
            ) from error
        wanted = len(self.layout.names)
        records = scan_records(piece.text, self.layout.delimiter, self.layout.line_end)
        for row, record in enumerate(records, start=piece.first_row):
            if len(record) != wanted:
                than = "the header" if self.layout.header else "the first row"
                raise DataError(
                    f"has {_count_cells(len(record))}, {than} has {wanted}",
                    where=f"{self.where}, row {row}",
                    hint="correct the row; a cell with the delimiter in it needs quotes",
                )

    def _row_error(self, piece: Piece, offset: int, what: str, hint: str) -> DataError:
        row = find_row(piece, offset, self.layout.line_end)
        return DataError(what, where=f"{self.where}, row {row}", hint=hint)

    def _find_doubtful_columns(
        self, values: NDArray[np.float64], as_text: frozenset[int], carry: bool
    ) -> frozenset[int]:
        """Returns the columns parsed as numbers whose text is needed after all.

        Those are columns with missing cells, if text is carried, and with numbers that may be a null value like -999.
        `values` has shape (rows, features).
        """
        if not (carry or self._parser.missing_numbers):
            return frozenset()
        found = np.zeros(len(self.chosen), dtype=np.bool_)
        if carry:
            found |= np.isnan(values).any(axis=0)
        for number in self._parser.missing_numbers:
            found |= (values == number).any(axis=0)
        return frozenset(self.chosen[feature] for feature in np.flatnonzero(found)) - as_text

    def _convert(self, piece: Piece, frame: pl.DataFrame, as_text: frozenset[int], carry: bool) -> Numbers:
        import polars as pl

        columns = frame.get_columns()
        rejected: dict[int, Rejected] = {}
        missing: dict[int, pl.Series] = {}
        needed_text = set[int]()
        for feature, column in enumerate(self.chosen):
            if column not in as_text:
                continue
            cells = columns[column]
            parsed = self._parser.parse(cells)
            columns[column] = parsed.numbers
            if parsed.needed_text:
                needed_text.add(column)
            if parsed.first_bad is not None:
                rejected[feature] = Rejected(piece.first_row + parsed.first_bad, str(cells[parsed.first_bad]))
            if carry and (is_missing := parsed.numbers.is_null() | parsed.numbers.is_nan()).any():
                needed_text.add(column)
                missing[column] = cells.zip_with(is_missing, pl.Series(["NaN"], dtype=pl.String))
        if not needed_text <= self.as_text:
            self.as_text |= needed_text
        values = pl.DataFrame([columns[column] for column in self.chosen]).to_numpy()
        return Numbers(values, rejected, self._carry_text(piece, frame, missing) if carry else None)

    def _carry_text(self, piece: Piece, frame: pl.DataFrame, missing: Mapping[int, pl.Series]) -> CarriedText:
        """Returns all text that is written back, with the quotes it had if the piece has any."""
        columns = frame.get_columns()
        chosen = set(self.chosen)
        texts = {column: cells for column, cells in enumerate(columns) if column not in chosen}
        quoted = b'"' in piece.text
        if quoted:
            delimiter, line_end = self.layout.delimiter, self.layout.line_end
            had_quotes = find_quoted(piece.text, delimiter, line_end, len(columns))
            # Other readers may take this byte for a line end, so cells with it are quoted.
            lone = b"\r" if line_end == b"\n" else b"\n"
            for column, cells in texts.items():
                if lone in piece.text:
                    had_quotes[:, column] |= need_quotes(cells, [lone.decode()])
                texts[column] = write_quotes(cells, had_quotes[:, column])
            signs = ['"', "\r", "\n", delimiter.decode()]
            missing = {column: write_quotes(cells, need_quotes(cells, signs)) for column, cells in missing.items()}
        return CarriedText(self.chosen, texts, missing, quoted)


def _count_cells(count: int) -> str:
    return "1 cell" if count == 1 else f"{count} cells"
