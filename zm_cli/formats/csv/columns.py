"""Pieces of text to columns: the chosen ones as numbers, the others as the text they are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from zm_cli.data.block import Rejected
from zm_cli.errors import DataError
from zm_cli.formats.csv.encodings import BOM, advise_encoding
from zm_cli.formats.csv.layout import Layout
from zm_cli.formats.csv.quotes import find_quoted, need_quotes, write_quotes
from zm_cli.formats.csv.records import QUOTE, Piece, row_at, scan_records

if TYPE_CHECKING:
    import polars as pl

MISSING = frozenset(
    {""}
    | {"NA", "N/A", "n/a", "N.A.", "na", "#N/A", "#N/A N/A", "#NA", "<NA>", "<na>", "nil", "\\N"}
    | {"NaN", "NAN", "nan", "-NaN", "-nan", "1.#IND", "-1.#IND", "1.#QNAN", "-1.#QNAN"}
    | {"null", "NULL", "Null", "(null)", "None", "none", "NONE", "missing", "Missing", "MISSING"}
    | {"?", "??", ".", "..", "-", "--"}
    | {"#VALUE!", "#DIV/0!", "#REF!", "#NAME?", "#NUM!", "#NULL!"}
)
"""Cells that stand for no value, with any spaces around them."""

FIRST_ROWS = 100
"""Rows that tell which columns of a piece are worth parsing as numbers."""


@dataclass(frozen=True)
class Carried:
    """The text that a sink needs to write a block back, whose features are the columns at the places `chosen`.

    `texts` holds whole columns by their place in the table. `missing` holds, for chosen columns with missing cells,
    what to write where the transformed value is NaN: the text of such a cell, `NaN` for a cell that had a value.
    `quoted` tells that all of them have the quotes with which they are to be written.
    """

    chosen: tuple[int, ...]
    texts: Mapping[int, pl.Series]
    missing: Mapping[int, pl.Series]
    quoted: bool


@dataclass(frozen=True)
class Numbers:
    """The chosen columns of a piece: `values` has shape (rows, K), float64, Fortran order, NaN where there is none."""

    values: NDArray[np.float64]
    rejected: Mapping[int, Rejected]
    carried: Carried | None


@dataclass
class ColumnReader:
    """Reads the columns at the places `chosen` from pieces of a table laid out like `layout`.

    A column is parsed as numbers at once, or where a cell is none, as text that is then turned into numbers; both ways
    give the same values. `as_text` remembers the columns that need the second way; what it holds never changes a
    result, so that threads may share it without a lock.
    """

    layout: Layout
    chosen: tuple[int, ...]
    null_values: tuple[str, ...]
    where: str
    as_text: frozenset[int] = frozenset()
    _missing: frozenset[str] = field(init=False)
    _missing_numbers: list[float] = field(init=False)

    def __post_init__(self) -> None:
        own = {token.strip() for token in self.null_values}
        self._missing = MISSING | own
        self._missing_numbers = sorted({float(token) for token in own if is_number(token)})

    def read(self, piece: Piece, *, carry: bool) -> Numbers:
        """The numbers of a piece, with `carry` the text of all other cells too.

        Raises DataError, naming the row, for a row with too few or too many cells, bytes that are no text, zero bytes.
        """
        import polars as pl

        if b"\0" in piece.text:
            raise self._fault(piece, piece.text.index(b"\0"), "holds a zero byte", "is it a text file?")
        as_text = self.as_text
        try:
            frame = self._parse(piece, as_text)
        except pl.exceptions.PolarsError:
            as_text |= self._guess_text(piece)
            try:
                frame = self._parse(piece, as_text)
            except pl.exceptions.PolarsError:
                as_text = frozenset(self.chosen)
                frame = self._parse_checked(piece, as_text)
        self._check_cells(piece, frame.height)
        numbers = self._convert(piece, frame, as_text, carry)
        if doubtful := self._find_doubtful(numbers.values, as_text, carry):
            as_text |= doubtful
            numbers = self._convert(piece, self._parse_checked(piece, as_text), as_text, carry)
        return numbers

    def _guess_text(self, piece: Piece) -> frozenset[int]:
        """The chosen columns that hold anything but numbers in the first rows of a piece."""
        frame = self._parse_checked(piece, frozenset(self.chosen), FIRST_ROWS)
        return frozenset(place for place in self.chosen if self._to_numbers(frame[str(place)])[1])

    def _parse(self, piece: Piece, as_text: frozenset[int], most: int | None = None) -> pl.DataFrame:
        import polars as pl

        typed = frozenset(self.chosen) - as_text
        text = piece.text
        if text.startswith(BOM):
            # The parser drops a mark at the start of what it is given; here it is part of a cell.
            text = BOM + text
        return pl.read_csv(
            text,
            has_header=False,
            schema={str(place): pl.Float64 if place in typed else pl.String for place in range(len(self.layout.names))},
            separator=self.layout.delimiter.decode(),
            eol_char=self.layout.line_end.decode(),
            quote_char='"' if b'"' in text else None,
            n_rows=most,
        )

    def _parse_checked(self, piece: Piece, as_text: frozenset[int], most: int | None = None) -> pl.DataFrame:
        import polars as pl

        try:
            return self._parse(piece, as_text, most)
        except pl.exceptions.PolarsError as error:
            self._explain(piece)
            raise DataError(
                f"cannot be read: {str(error).splitlines()[0]}", where=f"{self.where}, from row {piece.first_row} on"
            ) from error

    def _check_cells(self, piece: Piece, height: int) -> None:
        """Raises DataError for a row that lacks cells: the parser fills it up with nothing, and refuses only more."""
        codes = np.frombuffer(piece.text, dtype=np.uint8)
        found = codes == self.layout.delimiter[0]
        if b'"' in piece.text:
            # Delimiters before which the quotes are odd in number stand inside a cell.
            found &= np.bitwise_xor.accumulate((codes == QUOTE).view(np.uint8)) == 0
        if height != piece.rows or np.count_nonzero(found) != piece.rows * (len(self.layout.names) - 1):
            self._explain(piece)
            raise DataError("cannot be told apart into rows", where=f"{self.where}, from row {piece.first_row} on")

    def _explain(self, piece: Piece) -> None:
        """Raises DataError for the first row that has the wrong number of cells or is no text."""
        try:
            piece.text.decode()
        except UnicodeDecodeError as error:
            encoding = self.layout.encoding
            raise self._fault(
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
                    hint="mend the row; a cell with the delimiter in it needs quotes",
                )

    def _fault(self, piece: Piece, offset: int, what: str, hint: str) -> DataError:
        row = row_at(piece, offset, self.layout.line_end)
        return DataError(what, where=f"{self.where}, row {row}", hint=hint)

    def _find_doubtful(self, values: NDArray[np.float64], as_text: frozenset[int], carry: bool) -> frozenset[int]:
        """The columns parsed as numbers whose text is needed: cells are missing, or may be a null value like -999."""
        if not (carry or self._missing_numbers):
            return frozenset()
        found = np.zeros(len(self.chosen), dtype=np.bool_)
        if carry:
            found |= np.isnan(values).any(axis=0)
        for number in self._missing_numbers:
            found |= (values == number).any(axis=0)
        return frozenset(self.chosen[feature] for feature in np.flatnonzero(found)) - as_text

    def _convert(self, piece: Piece, frame: pl.DataFrame, as_text: frozenset[int], carry: bool) -> Numbers:
        import polars as pl

        columns = frame.get_columns()
        rejected: dict[int, Rejected] = {}
        missing: dict[int, pl.Series] = {}
        odd = set[int]()
        for feature, place in enumerate(self.chosen):
            if place not in as_text:
                continue
            cells = columns[place]
            columns[place], needed, bad = self._to_numbers(cells)
            if bad is not None:
                rejected[feature] = Rejected(piece.first_row + bad, str(cells[bad]))
            none = columns[place].is_null() | columns[place].is_nan() if carry else None
            if none is not None and none.any():
                needed = True
                missing[place] = cells.zip_with(none, pl.Series(["NaN"], dtype=pl.String))
            if needed:
                odd.add(place)
        if not odd <= self.as_text:
            self.as_text |= odd
        values = pl.DataFrame([columns[place] for place in self.chosen]).to_numpy()
        return Numbers(values, rejected, self._carry(piece, frame, missing) if carry else None)

    def _carry(self, piece: Piece, frame: pl.DataFrame, missing: Mapping[int, pl.Series]) -> Carried:
        """All that is not transformed, with its quotes where the piece has any."""
        columns = frame.get_columns()
        chosen = set(self.chosen)
        texts = {place: cells for place, cells in enumerate(columns) if place not in chosen}
        quoted = b'"' in piece.text
        if quoted:
            delimiter, line_end = self.layout.delimiter, self.layout.line_end
            had = find_quoted(piece.text, delimiter, line_end, len(columns))
            # Other readers may take for a line end what is none here.
            lone = b"\r" if line_end == b"\n" else b"\n"
            for place, cells in texts.items():
                if lone in piece.text:
                    had[:, place] |= need_quotes(cells, [lone.decode()])
                texts[place] = write_quotes(cells, had[:, place])
            signs = ['"', "\r", "\n", delimiter.decode()]
            missing = {place: write_quotes(cells, need_quotes(cells, signs)) for place, cells in missing.items()}
        return Carried(self.chosen, texts, missing, quoted)

    def _to_numbers(self, cells: pl.Series) -> tuple[pl.Series, bool, int | None]:
        """Cells as float64, null where one is missing or no number; whether it took more than parsing them; the
        first that is no number."""
        import polars as pl

        numbers = cells.cast(pl.Float64, strict=False)
        odd = numbers.is_null() & cells.is_not_null()
        if self._missing_numbers:
            # A number among them is only a candidate: -999.0 is not the -999 that was named.
            odd |= numbers.is_in(self._missing_numbers).fill_null(False)
        if not odd.any():
            return numbers, False, None
        rows = odd.arg_true()
        texts = cells.gather(rows).str.strip_chars()
        missing = texts.is_in(list(self._missing))
        found = texts.set(missing, None).cast(pl.Float64, strict=False)
        bad = rows.filter(found.is_null() & ~missing)
        return numbers.scatter(rows, found), True, int(bad[0]) if len(bad) else None


def _count_cells(count: int) -> str:
    return "1 cell" if count == 1 else f"{count} cells"


def is_number(text: str) -> bool:
    """Whether a text is a number, NaN being none."""
    try:
        return float(text) == float(text)
    except ValueError:
        return False
