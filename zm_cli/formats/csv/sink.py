"""CsvSink: writes transformed columns as the shortest texts of their numbers, and all other text as it was."""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from zm_cli.data.block import Block
from zm_cli.data.sink import WriteOptions
from zm_cli.errors import DataError, UsageError
from zm_cli.formats.csv.arrangement import arrange
from zm_cli.formats.csv.carried import CarriedText
from zm_cli.formats.csv.compression import Compressor, make_compressor
from zm_cli.formats.csv.encodings import UTF8, encode_text
from zm_cli.formats.csv.head import make_head
from zm_cli.formats.csv.layout import Layout
from zm_cli.formats.shared.receipt_beside import draft_receipt
from zm_cli.outputs.draft import Draft
from zm_cli.outputs.shard_record import is_later_shard
from zm_cli.system import is_reader_gone

if TYPE_CHECKING:
    import polars as pl

FOREIGN_SUFFIXES = frozenset(
    {".h5", ".hdf5", ".hdf", ".npy", ".npz", ".mat", ".parquet", ".feather", ".arrow", ".json", ".pkl"}
    | {".xlsx", ".xls", ".ods", ".zip", ".bz2", ".xz"}
    | {".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp", ".gif", ".webp"}
)
"""Suffixes of files that are not CSV text."""


def check_output_name(output: str, delimiter: bytes) -> None:
    """Raises UsageError if `output` is the name of a folder, or has a suffix for something else than this table."""
    suffixes = [suffix.lower() for suffix in Path(output).suffixes[-2:]]
    plain = [suffix for suffix in suffixes if suffix not in (".gz", ".zst")]
    if suffixes and suffixes[-1] in FOREIGN_SUFFIXES:
        raise UsageError(
            "a table is written as CSV text", where=output, hint="name it .csv or .tsv, with .gz or .zst to compress it"
        )
    if output.endswith(("/", os.sep)):
        raise UsageError("is the name of a folder, but a table is one file", where=output, hint="name a .csv")
    if plain and plain[-1] in (".tsv", ".tab") and delimiter != b"\t":
        raise UsageError(
            f"would hold no tabs: the output keeps the delimiter '{delimiter.decode()}'",
            where=output,
            hint="name a .csv",
        )


class CsvSink:
    """Writes blocks of a table with this layout to `output`, compressed if its suffix says so, or to `-`.

    A file appears whole on `commit`, with its receipt beside it. Standard output is written at once, without a receipt.
    `preamble` is the text to write before the header.

    `encode` may be called from several threads at once, all other methods from one thread only. Raises UsageError if
    the folder of the output does not exist or something else has its name, DataError if the file cannot be created.
    """

    encodes_to = None

    def __init__(
        self, layout: Layout, output: str, options: WriteOptions, chosen: tuple[int, ...], preamble: bytes = b""
    ) -> None:
        import xxhash

        self.notes: list[str] = []
        columns = {name: column for column, name in reversed(list(enumerate(layout.names)))}
        names = [layout.names[column] for column in chosen] if options.features is None else options.features.names
        self._marks = {names.index(name): columns[mark] for name, mark in options.dropped.items()}
        self._arrangement = arrange(layout.names, chosen, self._marks.values(), options.added, options.features)
        self._has_head = not (layout.is_headless or is_later_shard(options.receipt))
        self._head = make_head(layout, preamble, self._arrangement) if self._has_head else b""
        self._layout = layout
        self._output = output
        self._where = "standard output" if output == "-" else output
        self._options = options
        self._header_written = False
        self._draft: Draft | None = None
        self._compressor: Compressor | None = None
        self._file: IO[bytes]
        if output == "-":
            self._file = sys.stdout.buffer
        else:
            self._compressor = make_compressor(Path(output).suffix.lower())
            self._draft = Draft(Path(output))
            try:
                self._file = self._draft.path.open("wb", buffering=0)
            except OSError as error:
                self._draft.discard()
                raise self._make_write_error(error) from error
        self._nbytes = 0
        self._hasher = xxhash.xxh3_128()

    def __getstate__(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in ("_arrangement", "_layout", "_marks", "_options", "_where")}

    def encode(self, block: Block) -> bytes:
        """Returns the block as lines of text in the encoding of the table; its values have shape (rows, features).

        Safe to call from several threads at once. Raises DataError for a character that cannot be encoded.
        """
        import polars as pl

        carried = block.carried
        assert isinstance(carried, CarriedText)
        columns = dict(carried.texts)
        with np.errstate(over="ignore"):
            values = block.values.astype(self._options.dtype, order="F", copy=False)
        for feature, column in enumerate(self._arrangement.features):
            missing = carried.missing.get(column)
            columns[column] = self._write_numbers(pl.Series(values[:, feature]), missing, quoted=carried.quoted)
        for feature, mark in self._marks.items():
            column = self._arrangement.features[feature]
            was_missing = (columns.pop(mark).str.strip_chars('"') == "1").fill_null(False)
            if not self._options.emptied:
                continue
            # A value that is still missing keeps its own text.
            filled = pl.Series(~np.isnan(values[:, feature]))
            columns[column] = columns[column].set(was_missing & filled, None)
        if block.missing is not None:
            for number in range(block.missing.shape[1]):
                columns[len(self._layout.names) + number] = pl.Series(block.missing[:, number].astype(np.uint8))
        frame = pl.DataFrame([columns[column].alias(str(column)) for column in self._arrangement.keys])
        buffer = io.BytesIO()
        frame.write_csv(
            buffer,
            include_header=False,
            separator=self._layout.delimiter.decode(),
            line_terminator=self._layout.terminator.decode(),
            quote_style="never" if carried.quoted else "necessary",
        )
        return encode_text(buffer.getvalue(), self._layout.encoding, self._where)

    def _write_numbers(self, numbers: pl.Series, missing: pl.Series | None, *, quoted: bool) -> pl.Series:
        """Returns the numbers as text of the table, and for each NaN the text that `missing` has in its row.

        `quoted` tells whether texts already have their quotes.
        """
        import polars as pl

        if missing is None and self._layout.decimal == ".":
            return numbers
        texts = numbers.cast(pl.String)
        if self._layout.decimal == ",":
            texts = texts.str.replace(".", ",", literal=True)
            if quoted and self._layout.delimiter == b",":
                texts = '"' + texts + '"'
        return texts if missing is None else texts.zip_with(numbers.is_not_nan(), missing)

    def write(self, encoded: bytes) -> None:
        """Appends encoded lines, after the header if they are the first.

        Raises DataError if they cannot be written, BrokenPipeError if nobody reads standard output any more.
        """
        self._write_header()
        self._write_text(encoded)

    def _write_header(self) -> None:
        if not self._header_written:
            self._header_written = True
            self._write_text(encode_text(self._head, self._layout.encoding, self._where))

    def _write_text(self, text: bytes) -> None:
        self._write_bytes(self._compressor.compress(text) if self._compressor else text)

    def _write_bytes(self, data: bytes) -> None:
        try:
            rest = memoryview(data)
            while rest:
                rest = rest[self._file.write(rest) :]
            self._file.flush()
        except OSError as error:
            if self._draft is None and is_reader_gone(error):
                raise BrokenPipeError from error
            raise self._make_write_error(error) from error
        if self._draft is not None:
            self._nbytes += len(data)
            self._hasher.update(data)

    def _make_write_error(self, error: OSError) -> DataError:
        return DataError(f"cannot be written: {error.strerror}", where=self._where)

    def commit(self) -> None:
        """Completes the file, gives it its name, and puts its receipt beside it; without rows, it still has its header.

        Raises as `write`.
        """
        self._write_header()
        if self._compressor is not None:
            self._write_bytes(self._compressor.flush())
        if self._draft is not None:
            try:
                self._file.close()
            except OSError as error:
                raise self._make_write_error(error) from error
            # The receipt is committed first: it fits no other table, but a table without it might be centered twice.
            receipt = {**self._options.receipt, **self._layout.to_decoding(), **self._describe_headless()}
            draft_receipt(self._output, receipt, self._nbytes, self._hasher.hexdigest()).commit()
            self._draft.commit()

    def _describe_headless(self) -> dict[str, Any]:
        """Returns receipt fields in place of a header and byte order mark that the output lacks;
        none if it has them."""
        layout = self._layout
        # Without a header, the new columns would be read as column_1 and so on.
        renamed = not layout.header and self._options.features is not None
        if self._has_head and not renamed:
            return {}
        named = (layout.header or renamed) and {
            "header": False,
            "names": self._arrangement.list_names(layout.names),
        }
        return {**(named or {}), **({} if self._has_head or layout.encoding == UTF8 else {"encoding": layout.encoding})}

    def discard(self) -> None:
        """Removes the unfinished file; does nothing after `commit`, or for what was written to standard output."""
        if self._draft is not None:
            self._file.close()
            self._draft.discard()
