"""Finds the layout of a table by its first record: delimiter, line ends, header and names of the columns."""

from __future__ import annotations

from dataclasses import dataclass

from zm_cli.data.options import ReadOptions
from zm_cli.errors import DataError, UsageError
from zm_cli.formats.csv.cells import Cell, scan_cell
from zm_cli.formats.csv.cutter import LONGEST_RECORD
from zm_cli.formats.csv.encodings import BOM, advise_encoding, parse_encoding
from zm_cli.formats.csv.options import DELIMITER, ENCODING, HEADER
from zm_cli.formats.csv.stream import TextStream, is_regular
from zm_cli.inputs.standard_input import name_input

DELIMITERS = b",;\t|"
"""Delimiters that are found without an option, the most likely first."""

DELIMITER_WORDS = {"tab": "\t", "\\t": "\t", "comma": ",", "semicolon": ";", "pipe": "|", "space": " "}
FIRST_READ = 1 << 16
"""Bytes read at first in search of the end of the first record."""
ANY_LINE_END = b"\r\n"
"""Stands for every kind of line end in `scan_cell`."""


@dataclass(frozen=True)
class Layout:
    """The layout of a table.

    `line_end` is the byte at the end of each record, `terminator` the whole line end (`\\r\\n`). `names` are those of
    the columns; only a header can repeat one. `head` is the text before the first row as the file has it, with its byte
    order mark, and `data_start` the position of the first row after the mark. Both refer to the text as UTF-8;
    `encoding` is that of the file.
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


@dataclass(frozen=True)
class _FirstRecord:
    """The first record of a table, which starts at position `start` of `text`, the part of the table read so far.

    `marked` tells whether blank lines and a byte order mark stand right before it.
    """

    text: bytes
    start: int
    marked: bool
    cells: list[Cell]


def read_names(path: str, options: ReadOptions) -> tuple[str, ...]:
    """Returns the names of the columns of the table at `path`; none for a pipe, which can be read only once.

    Raises what `parse_delimiter`, `parse_encoding`, `TextStream` and `read_layout` raise.
    """
    delimiter, encoding = options.get(DELIMITER), options.get(ENCODING)
    if not is_regular(path):
        return ()
    stream = TextStream(path, None if encoding is None else parse_encoding(encoding))
    try:
        code = None if delimiter is None else parse_delimiter(delimiter)
        return read_layout(stream, path, code, options.get(HEADER) is not False).names
    finally:
        stream.close()


def parse_delimiter(text: str) -> bytes:
    """Returns the delimiter that an option's text names, perhaps by a word.

    Raises UsageError if it is not one ASCII character, or is a quote, a line end or a zero byte.
    """
    wanted = DELIMITER_WORDS.get(text.lower(), text)
    if len(wanted) != 1 or not wanted.isascii() or wanted in '"\r\n\0':
        raise UsageError(f"'{text}' is not a delimiter", where="--delimiter", hint="give one character, or tab")
    return wanted.encode()


def read_layout(stream: TextStream, path: str, delimiter: bytes | None, header: bool) -> Layout:
    """Returns the layout of the table in `stream`, and leaves the stream at the first row.

    A `delimiter` of None is found by the name and the first record. Raises DataError for an empty file, a header that
    is not text, or a first record that never ends.
    """
    where = name_input(path)
    named_tsv = path.lower().removesuffix(".gz").removesuffix(".zst").endswith((".tsv", ".tab"))
    if delimiter is None and named_tsv:
        delimiter = b"\t"
    first = _read_first_record(stream, delimiter, where)
    text, start, cells = first.text, first.start, first.cells
    found = cells[0].end if len(cells) > 1 else b","
    end = start + sum(len(cell.raw) + len(cell.end) for cell in cells)
    terminator = cells[-1].end
    data_start = end if header else start if first.marked else 0
    stream.unread(text[data_start:])
    head = text[start : end - len(terminator)] + terminator if header else b""
    return Layout(
        delimiter=delimiter or found,
        line_end=b"\r" if terminator == b"\r" else b"\n",
        terminator=terminator,
        names=_name_columns(cells, header, where, stream.encoding),
        header=header,
        head=(BOM if stream.bom or first.marked else b"") + head,
        data_start=data_start,
        encoding=stream.encoding,
        compression=stream.compression,
    )


def _read_first_record(stream: TextStream, delimiter: bytes | None, where: str) -> _FirstRecord:
    """Reads `stream` until its first record ends, and never waits for text after that record."""
    text, size = b"", FIRST_READ
    while True:
        fresh, undecided = stream.read_arrived(size - len(text)), text.endswith(b"\r")
        text, final = text + fresh, not fresh
        start = len(text) - len(text.lstrip(ANY_LINE_END))
        # The blank lines before a mark are not written, so it would be the first character of the output.
        marked = not stream.bom and text.startswith(BOM, start)
        start += len(BOM) if marked else 0
        if final and start == len(text):
            raise DataError("is empty", where=where, hint="a table needs at least a header")
        if final or undecided or b"\n" in fresh or b"\r" in fresh:
            # The last line of a file may lack its line end.
            cells = _scan_first_record(text + b"\n" if final else text, start, delimiter, final)
            if cells is not None:
                return _FirstRecord(text, start, marked, cells)
        if final or len(text) >= LONGEST_RECORD:
            raise DataError("its first record opens a quote that is never closed", where=where, hint="close the quote")
        size = size if len(text) < size else 2 * size


def _scan_first_record(text: bytes, start: int, delimiter: bytes | None, final: bool) -> list[Cell] | None:
    """Returns the cells of the record at position `start`; None if the text ends too early to tell."""
    if delimiter is None:
        # A quote may open after any delimiter as long as the delimiter is not known.
        cells = _scan_first_record(text, start, DELIMITERS, final)
        if cells is None:
            return None
        ends = {cell.end for cell in cells[:-1]}
        likely = next((bytes((code,)) for code in DELIMITERS if bytes((code,)) in ends), b",")
        return _scan_first_record(text, start, likely, final)
    cells = []
    while (cell := scan_cell(text, start, delimiter, ANY_LINE_END)) is not None:
        cells.append(cell)
        start += len(cell.raw) + len(cell.end)
        if cell.end in (b"\r", b"\n", b"\r\n"):
            # After a return at the end of the text, a newline may still follow.
            undecided = cell.end == b"\r" and start == len(text) and not final
            return None if undecided else cells
    return None


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
