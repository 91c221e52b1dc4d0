"""A table as a Source: opened, its numeric columns found, its rows read piece by piece."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import IO, Any

import numpy as np

from zm_cli.data import block
from zm_cli.data.block import Block, Span
from zm_cli.data.options import ReadOptions
from zm_cli.data.source import Facts
from zm_cli.data.spec import Spec
from zm_cli.errors import DataError, UsageError
from zm_cli.formats.csv.columns import ColumnReader, is_number
from zm_cli.formats.csv.encodings import UTF8, parse_encoding
from zm_cli.formats.csv.layout import Layout, parse_delimiter, read_layout
from zm_cli.formats.csv.loading import load_polars
from zm_cli.formats.csv.receipts import read_receipt
from zm_cli.formats.csv.records import Cutter, Piece, first_pieces, first_rows, has_other_ends
from zm_cli.formats.csv.stream import TextStream, is_regular
from zm_cli.inputs.columns import explain_unknown, list_columns, select_columns
from zm_cli.inputs.standard_input import name_input

LINE_ENDS = {b"\n": "LF", b"\r\n": "CRLF", b"\r": "CR"}
LIKE_A_NUMBER = re.compile(r"\s*[-+]?[$€£]?\s*(0x[\da-f]+|\d[\d., '_]*)\s*[%$€£]?\s*", re.IGNORECASE)
THOUSANDS = re.compile(r"\s*[-+]?\d{1,3}(,\d{3})+(\.\d*)?\s*")
NO_THOUSANDS = "; write numbers without thousands separators"
FIRST_LOOK = 1 << 20
"""Bytes of text that decide which columns are numbers."""
BLANK_LINES = "blank lines are no rows and are left out"


class CsvSource:
    """The rows of the table at `path`, `-` for standard input; values are float64, (rows, columns).

    Without `columns`, the features are the columns of which no cell in the first rows is text. A span carries its
    text, because there is no finding a place again in a compressed file or a pipe. With `carry`, blocks bring the text
    of all other columns too; `stats` has no use for it and does not pay for it.

    Raises UsageError for options the table cannot follow, DataError for a table that cannot be read.
    """

    forkable = False
    small_samples = False
    classes: tuple[str, ...] = ()

    def __init__(self, path: str, options: ReadOptions) -> None:
        self.path = path
        self.one_pass = not is_regular(path)
        self.nbytes = Path(path).stat().st_size if not self.one_pass else 0
        self.carry = False
        self._where = name_input(path)
        self._null_values = options.null_values or ()
        self._limit = options.limit
        delimiter = parse_delimiter(options.delimiter) if options.delimiter is not None else None
        self._encoding = parse_encoding(options.encoding) if options.encoding is not None else None
        self._stream: TextStream | None = TextStream(path, self._encoding)
        self._waiting: Iterator[Piece] | None = None
        try:
            self.layout: Layout = read_layout(self._stream, path, delimiter, options.header is not False)
            load_polars()
            self._text_columns: tuple[str, ...] = ()
            self._notes = self._doubt_header()
            self._reader = ColumnReader(self.layout, self._choose(options), self._null_values, self._where)
        except (DataError, UsageError):
            self._stream.close()
            raise
        if self.one_pass:
            self._waiting = self._waiting or self._pieces()
        else:
            self._stream.close()
            self._stream = None
        self.receipt: Mapping[str, Any] | None = None if self.one_pass else read_receipt(path)
        names = tuple(self.layout.names[place] for place in self._reader.chosen)
        self.sample_bytes = 8 * len(names)
        self.spec = Spec(
            kind="csv",
            axes="NC",
            sample_shape=(len(names),),
            dtype=np.dtype(np.float64),
            names=names,
            named=options.columns is not None or options.among is not None,
            text_columns=self._text_columns,
            limit=self._limit,
            decoding={"null_values": list(self._null_values), "header": self.layout.header},
        )

    def _choose(self, options: ReadOptions) -> tuple[int, ...]:
        """The places of the columns that are features: in the order of the statistics to apply, else in that asked for,
        else in that of the table."""
        names = self.layout.names
        places = {name: place for place, name in reversed(list(enumerate(names)))}
        excluded = select_columns(options.exclude or (), names, self._where)
        asked = None if options.columns is None else select_columns(options.columns, names, self._where)
        if options.among is not None:
            self._check_among(options.among, options.columns or ())
            asked = {name: None for name in options.among if asked is None or name in asked}
        if asked is not None:
            chosen = [places[name] for name in asked if name not in excluded]
        else:
            chosen = [place for place in self._find_numeric() if names[place] not in excluded]
        if not chosen:
            raise UsageError("no numeric column is left", where=self._where, hint="leave out less of it with --exclude")
        counts = Counter(names)
        repeated = list(dict.fromkeys(names[place] for place in chosen if counts[names[place]] > 1))
        if repeated:
            raise DataError(
                f"several columns are called {list_columns(repeated)}",
                where=self._where,
                hint="rename them, or leave them as they are with --exclude",
            )
        return tuple(chosen)

    def _check_among(self, among: Sequence[str], asked: Sequence[str]) -> None:
        """Raises DataError where a column is not there, UsageError where another was asked for by its very name."""
        known, there = set(among), set(self.layout.names)
        for name in among:
            if name not in there:
                error = explain_unknown(name, self.layout.names, self._where)
                raise DataError(f"does not fit the statistics: {error.what}", where=error.where, hint=error.hint)
        strange = [name for name in asked if name in there and name not in known]
        if strange:
            raise UsageError(f"no statistics of {list_columns(strange)}", hint=f"there are {list_columns(among)}")

    def _find_numeric(self) -> list[int]:
        """The places of the columns without text in the first rows, whose piece a pipe keeps for `spans`."""
        pieces = self._pieces()
        first = next(pieces, None)
        if self.one_pass:
            self._waiting = chain([first] if first else [], pieces)
        places = range(len(self.layout.names))
        if first is None:
            return list(places)
        first = first_rows(first, FIRST_LOOK, self.layout.line_end)
        reader = ColumnReader(self.layout, tuple(places), self._null_values, self._where)
        numbers = reader.read(first, carry=False)
        # A column that is mostly numbers stays a candidate: the cell that is none will be told, wherever it stands.
        mostly = np.isfinite(numbers.values).sum(axis=0) > first.rows // 2
        rejected = {place: cell for place, cell in numbers.rejected.items() if not mostly[place]}
        self._text_columns = tuple(self.layout.names[place] for place in sorted(rejected))
        some = np.isfinite(numbers.values).sum(axis=0) * 10 >= first.rows
        doubtful = {
            place: cell for place, cell in rejected.items() if some[place] or LIKE_A_NUMBER.fullmatch(cell.value)
        }
        self._notes += tuple(
            f"{self._where}: column '{self.layout.names[place]}' is left as text: row {cell.row} holds '{cell.value}', "
            f"which is no number as zm reads them{NO_THOUSANDS if THOUSANDS.fullmatch(cell.value) else ''}"
            for place, cell in doubtful.items()
        )
        if len(rejected) == len(places):
            raise self._all_text({place: cell.value for place, cell in rejected.items()})
        return [place for place in places if place not in rejected]

    def _all_text(self, cells: Mapping[int, str]) -> DataError:
        place, cell = next(iter(cells.items()))
        comma = "," in cell and cell.strip().lstrip("+-").replace(",", "").replace(".", "", 1).isdigit()
        return DataError(
            f"has no numeric column: '{self.layout.names[place]}' holds '{cell}'",
            where=self._where,
            hint="write decimal points, and numbers without thousands separators" if comma else "is --delimiter right?",
        )

    def _doubt_header(self) -> tuple[str, ...]:
        """A note where the header looks like a row: all numbers, and not just the columns counted."""
        names = self.layout.names
        counted = [[str(number) for number in range(start, start + len(names))] for start in (0, 1)]
        if not self.layout.header or list(names) in counted or not all(is_number(name) for name in names):
            return ()
        return (f"{self._where}: the first row is all numbers and was taken for the header; if not so, --no-header",)

    def _pieces(self) -> Iterator[Piece]:
        stream = self._stream
        if stream is None:
            stream = TextStream(self.path, self._encoding)
            stream.read(self.layout.data_start)
        layout = self.layout
        cutter = Cutter(stream, layout.delimiter, layout.terminator, self._where, single=len(layout.names) == 1)
        try:
            yield from cutter.pieces(block.BLOCK_BYTES)
        finally:
            stream.close()

    def hurry(self, output: IO[str]) -> None:
        """From here on the spans of a pipe hold what has arrived, for as long as somebody reads `output`."""
        if self._stream is not None:
            self._stream.hurry(output)

    def spans(self) -> Iterator[Span]:
        """The spans of the table, each with its text as a Piece; UsageError for a second pass over a pipe."""
        pieces: Iterator[Piece] | None = self._pieces()
        if self.one_pass:
            pieces, self._waiting = self._waiting, None
        if pieces is None:
            raise UsageError("can be read only once", where=self._where, hint="save it to a file first")
        for index, piece in enumerate(first_pieces(pieces, self._limit, self.layout.line_end)):
            yield Span(index, piece, piece.nbytes)

    def read(self, span: Span) -> Block:
        """The rows of a span; DataError, naming the row, where they cannot be read."""
        import xxhash

        piece: Piece = span.address
        numbers = self._reader.read(piece, carry=self.carry)
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
            yield BLANK_LINES
        if self.carry and has_other_ends(piece.text, self.layout.terminator):
            yield f"line ends differ; the output has {LINE_ENDS[self.layout.terminator]} everywhere"
        if self.carry and piece.respelled:
            yield f"{self.layout.encoding} has several codes for the same text; the output has the usual one"

    def tally(self, span: Span) -> None:
        """Nothing: the values are numbers already, which are not counted faster than read."""

    def facts(self) -> Facts:
        """What the first rows tell: how many columns are numbers and text, and the layout; no row is counted."""
        layout, chosen = self.layout, set(self._reader.chosen)
        untouched = [name for place, name in enumerate(layout.names) if place not in chosen]
        known = set(self._text_columns)
        text = [name for name in untouched if name in known]
        aside = [name for name in untouched if name not in known]
        others = {
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
            others={name: value for name, value in others.items() if value},
            notes=self._notes,
        )

    def close(self) -> None:
        """Closes what a single pass still holds open."""
        if self._stream is not None:
            self._stream.close()

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_stream": None, "_waiting": None}
