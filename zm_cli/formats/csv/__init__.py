"""Tables of comma, tab or otherwise separated text, plain or compressed: read in pieces, written back the same way."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from zm_cli.data.format import Format
from zm_cli.data.options import ReadOptions
from zm_cli.data.sink import Sink, WriteOptions
from zm_cli.data.source import Source

SUFFIXES = (".csv", ".tsv", ".tab")
COMPRESSED = ("", ".gz", ".zst")


def recognises(path: Path) -> bool:
    """Whether `path` has the name of a table, plain or compressed, and is no folder."""
    name = path.name.lower()
    return name.endswith(tuple(kind + packed for kind in SUFFIXES for packed in COMPRESSED)) and not path.is_dir()


def _open(path: str, options: ReadOptions) -> Source:
    from zm_cli.formats.csv.source import CsvSource

    return CsvSource(path, options)


def _create(source: Source, output: str, options: WriteOptions) -> Sink:
    from zm_cli.formats.csv.sink import CsvSink
    from zm_cli.formats.csv.source import CsvSource

    assert isinstance(source, CsvSource)
    sink = CsvSink(source.layout, output, options)
    # From here on blocks are read to be written back: they bring the text of what is not transformed.
    source.carry = True
    if output == "-":
        source.hurry(sys.stdout)
    return sink


def _check_output(source: Source, output: str, form: str | None) -> None:
    from zm_cli.formats.csv.sink import check_name
    from zm_cli.formats.csv.source import CsvSource

    assert isinstance(source, CsvSource)
    if output != "-":
        check_name(output, source.layout.delimiter)


def _find_receipt(output: str, dataset: str | None) -> Mapping[str, Any] | None:
    from zm_cli.formats.csv.receipts import read_receipt

    return read_receipt(output)


def _list_files(path: str, options: ReadOptions) -> Iterator[tuple[str, str]]:
    from zm_cli.formats.csv.receipts import receipt_path

    yield "table", path
    if (receipt := receipt_path(path)).exists():
        yield "receipt", str(receipt)


FORMAT = Format(
    kind="csv",
    recognises=recognises,
    open=_open,
    check_output=_check_output,
    create=_create,
    find_receipt=_find_receipt,
    list_files=_list_files,
    read_options=frozenset({"columns", "exclude", "among", "delimiter", "encoding", "header", "null_values", "limit"}),
)
