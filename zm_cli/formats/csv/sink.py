"""A table as a Sink: the transformed columns as the shortest text of their numbers, all else as it was."""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import IO, TYPE_CHECKING, Protocol

import numpy as np

from zm_cli.data.block import Block
from zm_cli.data.sink import WriteOptions
from zm_cli.errors import DataError, UsageError
from zm_cli.formats.csv.columns import Carried
from zm_cli.formats.csv.encodings import encode_text
from zm_cli.formats.csv.layout import Layout
from zm_cli.formats.csv.receipts import draft_receipt
from zm_cli.outputs.draft import Draft

if TYPE_CHECKING:
    import polars as pl

FOREIGN_SUFFIXES = frozenset(
    {".h5", ".hdf5", ".hdf", ".npy", ".npz", ".mat", ".parquet", ".feather", ".arrow", ".json", ".pkl"}
    | {".xlsx", ".xls", ".ods", ".zip", ".bz2", ".xz"}
    | {".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp", ".gif", ".webp"}
)
GZIP_LEVEL = 2
ZSTD_LEVEL = 1


class _Compressor(Protocol):
    def compress(self, data: bytes, /) -> bytes: ...

    def flush(self) -> bytes: ...


def _make_compressor(suffix: str) -> _Compressor | None:
    """What packs an output of this suffix; the same text always gives the same bytes, with no time in them."""
    if suffix == ".gz":
        from isal import isal_zlib

        gzip: _Compressor = isal_zlib.compressobj(GZIP_LEVEL, isal_zlib.DEFLATED, 16 + 15)
        return gzip
    if suffix == ".zst":
        import zstandard

        # One frame: there are readers that stop after the first.
        return zstandard.ZstdCompressor(level=ZSTD_LEVEL).compressobj()
    return None


def check_name(output: str, delimiter: bytes) -> None:
    """Raises UsageError for a name under which nobody would look for this table."""
    suffixes = [suffix.lower() for suffix in Path(output).suffixes[-2:]]
    plain = [suffix for suffix in suffixes if suffix not in (".gz", ".zst")]
    if suffixes and suffixes[-1] in FOREIGN_SUFFIXES:
        raise UsageError(
            "a table is written as CSV text", where=output, hint="name it .csv or .tsv, with .gz or .zst to compress it"
        )
    if output.endswith("/"):
        raise UsageError("is the name of a folder, a table is one file", where=output, hint="name a .csv")
    if plain and plain[-1] in (".tsv", ".tab") and delimiter != b"\t":
        raise UsageError(
            f"would hold no tabs: the output keeps the delimiter '{delimiter.decode()}'",
            where=output,
            hint="name a .csv",
        )


class CsvSink:
    """Writes blocks of a table laid out and encoded like `layout` to `output`, compressed if its suffix says so, or to
    `-`.

    A file appears whole on `commit`, with its receipt beside it; standard output is written as it comes and has none.
    Raises DataError where the file system refuses; a BrokenPipeError of standard output goes through.
    """

    def __init__(self, layout: Layout, output: str, options: WriteOptions) -> None:
        import xxhash

        self.notes: list[str] = []
        self._layout = layout
        self._output = output
        self._options = options
        self._begun = False
        self._draft: Draft | None = None
        self._packer: _Compressor | None = None
        self._file: IO[bytes]
        if output == "-":
            self._file = sys.stdout.buffer
        else:
            self._packer = _make_compressor(Path(output).suffix.lower())
            self._draft = Draft(Path(output))
            try:
                self._file = self._draft.path.open("wb", buffering=0)
            except OSError as error:
                self._draft.discard()
                raise self._refused(error) from error
        self._nbytes = 0
        self._hasher = xxhash.xxh3_128()

    def encode(self, block: Block) -> bytes:
        """The block as lines of text; safe to call from several threads at once."""
        import polars as pl

        carried = block.carried
        assert isinstance(carried, Carried)
        columns = dict(carried.texts)
        with np.errstate(over="ignore"):
            values = block.values.astype(self._options.dtype, order="F", copy=False)
        for feature, place in enumerate(carried.chosen):
            numbers = pl.Series(values[:, feature])
            columns[place] = _fill_holes(numbers, carried.missing[place]) if place in carried.missing else numbers
        frame = pl.DataFrame([columns[place].alias(str(place)) for place in sorted(columns)])
        buffer = io.BytesIO()
        frame.write_csv(
            buffer,
            include_header=False,
            separator=self._layout.delimiter.decode(),
            line_terminator=self._layout.terminator.decode(),
            quote_style="never" if carried.quoted else "necessary",
        )
        return self._encode(buffer.getvalue())

    def _encode(self, text: bytes) -> bytes:
        return encode_text(text, self._layout.encoding, "standard output" if self._output == "-" else self._output)

    def write(self, encoded: bytes) -> None:
        """Appends encoded lines, after the header if they are the first; standard output has them at once."""
        self._begin()
        self._put(encoded)

    def _begin(self) -> None:
        if not self._begun:
            self._begun = True
            self._put(self._encode(self._layout.head))

    def _put(self, text: bytes) -> None:
        self._store(self._packer.compress(text) if self._packer else text)

    def _store(self, data: bytes) -> None:
        try:
            rest = memoryview(data)
            while rest:
                rest = rest[self._file.write(rest) :]
            self._file.flush()
        except BrokenPipeError:
            raise
        except OSError as error:
            raise self._refused(error) from error
        if self._draft is not None:
            self._nbytes += len(data)
            self._hasher.update(data)

    def _refused(self, error: OSError) -> DataError:
        where = "standard output" if self._output == "-" else self._output
        return DataError(f"cannot be written: {error.strerror}", where=where)

    def commit(self) -> None:
        """Gives the file its name and leaves its receipt beside it; a table without rows still has its header."""
        self._begin()
        if self._packer is not None:
            self._store(self._packer.flush())
        if self._draft is not None:
            try:
                self._file.close()
            except OSError as error:
                raise self._refused(error) from error
            # First the receipt, which is believed of no other table: without one, this might be centered twice.
            draft_receipt(self._output, self._options.receipt, self._nbytes, self._hasher.hexdigest()).commit()
            self._draft.commit()

    def discard(self) -> None:
        """Removes the file begun; what went to standard output is gone."""
        if self._draft is not None:
            self._file.close()
            self._draft.discard()


def _fill_holes(numbers: pl.Series, texts: pl.Series) -> pl.Series:
    """The numbers as text, and where one is NaN what `texts` has there."""
    import polars as pl

    return numbers.cast(pl.String).zip_with(numbers.is_not_nan(), texts)
