"""Finds the layout of a table by its first rows: delimiter, line ends, header and names of the columns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from zm_cli.data.options import ReadOptions
from zm_cli.errors import DataError
from zm_cli.formats.csv.cells import Cell
from zm_cli.formats.csv.delimiter import choose_delimiter, parse_delimiter
from zm_cli.formats.csv.encodings import BOM, advise_encoding, parse_encoding
from zm_cli.formats.csv.first_rows import FirstRows, read_first_record, read_more
from zm_cli.formats.csv.header import HeaderChoice, choose_header
from zm_cli.formats.csv.options import COMMENT, DECIMAL, DELIMITER, ENCODING, HEADER, SKIP_ROWS
from zm_cli.formats.csv.preamble import read_preamble
from zm_cli.formats.csv.stream import TextStream, is_regular
from zm_cli.formats.csv.trials import DELIMITERS, Start, try_delimiter
from zm_cli.formats.shared.options import AMONG, EXPECTED
from zm_cli.inputs.standard_input import name_input


@dataclass(frozen=True)
class Layout:
    """The layout of a table.

    `line_end` is the byte at the end of each record, `terminator` the whole line end (`\\r\\n`). `names` are those of
    the columns; they differ unless the header repeats one. `decimal` is the decimal mark, a point or a comma. `head` is
    the text before the first row as the file has it, with its byte order mark, and `data_start` the position of the
    first row after the mark. Both refer to the text as UTF-8; `encoding` is that of the file.
    """

    delimiter: bytes
    line_end: bytes
    terminator: bytes
    names: tuple[str, ...]
    header: bool
    head: bytes
    data_start: int
    encoding: str
    compression: str | None
    decimal: str
    notes: tuple[str, ...]
    """What was guessed, and the option that settles each guess."""

    @property
    def is_headless(self) -> bool:
        """Whether the names are those of the header in the first part of the table, and this file has no header."""
        return self.header and not self.head.removeprefix(BOM)

    def to_decoding(self) -> dict[str, Any]:
        """Returns how the text was read, as stats files and receipts record it."""
        return {"delimiter": self.delimiter.decode(), "header": self.header, "decimal": self.decimal}


@dataclass(frozen=True)
class Settled:
    """What is known of a table before its text is looked at; if a field is None, the text decides.

    `expected` is the delimiter of the statistics to apply, `comment` the start of lines that are not rows. With
    `prompt`, nothing after the first record is waited for. `names` are those of the columns if the header is in the
    first part of the table and not in this one.
    """

    delimiter: bytes | None = None
    header: bool | None = None
    decimal: str | None = None
    expected: bytes | None = None
    comment: bytes | None = None
    prompt: bool = False
    names: tuple[str, ...] | None = None


def read_names(path: str, options: ReadOptions) -> tuple[str, ...]:
    """Returns the names of the columns of the table at `path`; none for a pipe, which can be read only once.

    Raises what `settle`, `parse_encoding`, `TextStream` and `read_layout` raise.
    """
    encoding = options.get(ENCODING)
    if not is_regular(path):
        return ()
    stream = TextStream(path, None if encoding is None else parse_encoding(encoding))
    try:
        comment = options.get(COMMENT)
        read_preamble(stream, options.get(SKIP_ROWS) or 0, None if comment is None else comment.encode(), path)
        return read_layout(stream, path, settle(options, None, one_pass=False)).names
    finally:
        stream.close()


def settle(options: ReadOptions, receipt: Mapping[str, Any] | None, *, one_pass: bool) -> Settled:
    """Returns what the options settle, or else the receipt of a table that zm wrote.

    Raises UsageError for an impossible delimiter.
    """
    written, expected = receipt or {}, (options.get(EXPECTED) or {}).get(DELIMITER.name)
    delimiter, header, comment = options.get(DELIMITER), options.get(HEADER), options.get(COMMENT)
    delimiter = written.get(DELIMITER.name) if delimiter is None else delimiter
    names = written.get("names")
    return Settled(
        delimiter=None if delimiter is None else parse_delimiter(delimiter),
        # Statistics of the whole table say that it has a header, but this part of it has none.
        header=written.get(HEADER.name) if header is None or names else header,
        decimal=options.get(DECIMAL) or written.get(DECIMAL.name),
        expected=None if expected is None else parse_delimiter(expected),
        comment=None if comment is None else comment.encode(),
        prompt=one_pass and options.get(AMONG) is not None,
        names=tuple(names) if names else None,
    )


def read_layout(stream: TextStream, path: str, settled: Settled) -> Layout:
    """Returns the layout of the table in `stream`, and leaves the stream at the first row.

    Raises DataError for an empty file, a header that is not text, a first record that never ends, or a delimiter that
    is not clear.
    """
    where = name_input(path)
    first = read_first_record(stream, settled.delimiter, where)
    if not settled.prompt and (settled.delimiter is None or settled.header is None):
        first = read_more(stream, first)
    delimiter = settled.delimiter or _find_delimiter(first, settled, where, path)
    cells = first.scan_first(delimiter, where)
    notes: list[str] = []
    if delimiter == b" " and settled.delimiter is None:
        notes.append(f"{where}: its cells are separated by spaces; use --delimiter if another character separates them")
    header = True if settled.prompt and settled.header is None else settled.header
    if header is None:
        choice = choose_header(try_delimiter(Start(first.whole, first.start, settled.comment), delimiter))
        header = choice.header
        notes += _note_header(choice, where)
    text, start = first.text, first.start
    end = start + sum(len(cell.raw) + len(cell.end) for cell in cells)
    terminator = cells[-1].end
    data_start = end if header else start if first.marked else 0
    stream.unread(text[data_start:])
    head = text[start : end - len(terminator)] + terminator if header else b""
    known = settled.names if not header and settled.names and len(settled.names) == len(cells) else None
    return Layout(
        delimiter=delimiter,
        line_end=b"\r" if terminator == b"\r" else b"\n",
        terminator=terminator,
        names=known or _name_columns(cells, header, where, stream.encoding),
        header=header or known is not None,
        head=(BOM if stream.bom or first.marked else b"") + head,
        data_start=data_start,
        encoding=stream.encoding,
        compression=stream.compression,
        decimal=settled.decimal or ".",
        notes=tuple(notes),
    )


def _find_delimiter(first: FirstRows, settled: Settled, where: str, path: str) -> bytes:
    """Returns the delimiter by the name of the table and its first rows;
    if it must be prompt, by the first record alone."""
    seen = {cell.end for cell in first.cells[:-1]}
    named_tsv = path.lower().removesuffix(".gz").removesuffix(".zst").endswith((".tsv", ".tab"))
    if named_tsv and (b"\t" in seen or settled.prompt):
        return b"\t"
    if settled.prompt:
        expected = settled.expected or b","
        likely = (expected, *(bytes((code,)) for code in DELIMITERS))
        return next((delimiter for delimiter in likely if first.has(delimiter, where)), expected)
    head = Start(first.whole, first.start, settled.comment)
    return choose_delimiter(head, settled.decimal, settled.expected, path)


def _note_header(choice: HeaderChoice, where: str) -> list[str]:
    if choice.reason is None:
        return []
    if choice.header:
        return [f"{where}: the first row is read as the header, because {choice.reason}; use --no-header if it is data"]
    return [f"{where}: the first row is read as data, because {choice.reason}; use --header if it holds names"]


def _name_columns(cells: list[Cell], header: bool, where: str, encoding: str) -> tuple[str, ...]:
    """Returns a name for each column: that of the header without spaces around it, or `column_N` if it has none."""
    if not header:
        return tuple(f"column_{number}" for number in range(1, len(cells) + 1))
    try:
        written = [cell.value.decode().strip() for cell in cells]
    except UnicodeDecodeError as error:
        raise DataError(
            f"its header is not {encoding.upper()} text", where=where, hint=advise_encoding(encoding)
        ) from error
    if any("\0" in name for name in written):
        raise DataError(
            "its header holds zero bytes", where=where, hint="if it is UTF-16 text, say so with --encoding utf-16"
        )
    names: list[str] = []
    for number, name in enumerate(written, start=1):
        given = name or f"column_{number}"
        while not name and given in written:
            given += "_"
        names.append(given)
    return tuple(names)
