"""How a table is laid out, from its first record: delimiter, line ends, header, names of the columns."""

from __future__ import annotations

from dataclasses import dataclass

from zm_cli.errors import DataError, UsageError
from zm_cli.formats.csv.encodings import BOM, advise_encoding
from zm_cli.formats.csv.records import LONGEST_RECORD, Cell, scan_cell
from zm_cli.formats.csv.stream import TextStream
from zm_cli.inputs.standard_input import name_input

DELIMITERS = b",;\t|"
"""Delimiters that are found by themselves, the likeliest first."""

WORDS = {"tab": "\t", "\\t": "\t", "comma": ",", "semicolon": ";", "pipe": "|", "space": " "}
FIRST_READ = 1 << 16
ANY_LINE_END = b"\r\n"


@dataclass(frozen=True)
class Layout:
    """The layout of a table.

    `line_end` is the one byte that ends a record for a parser, `terminator` what stands there in full (`\\r\\n`).
    `names` are the columns', unique unless the header repeats itself; `head` is the text before the first row as it
    stands in the file, byte order mark and all, and `data_start` where, after the mark, that row begins. Both are of
    the text as UTF-8; `encoding` is what the file has it in.
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


def parse_delimiter(text: str) -> bytes:
    """The delimiter of an option's text, which may be a word; UsageError where it is not one ASCII character."""
    wanted = WORDS.get(text.lower(), text)
    if len(wanted) != 1 or not wanted.isascii() or wanted in '"\r\n\0':
        raise UsageError(f"'{text}' is no delimiter", where="--delimiter", hint="give one character, or tab")
    return wanted.encode()


def read_layout(stream: TextStream, path: str, delimiter: bytes | None, header: bool) -> Layout:
    """The layout of the table in `stream`, which is left at its first row.

    Raises DataError for an empty file, a header that is no text, a first record that never ends.
    """
    where = name_input(path)
    named_tsv = path.lower().removesuffix(".gz").removesuffix(".zst").endswith((".tsv", ".tab"))
    if delimiter is None and named_tsv:
        delimiter = b"\t"
    text, start, marked, cells, size = b"", 0, False, None, FIRST_READ
    while cells is None:
        # Never waits for more than the first record, though more of it may come in one piece.
        fresh, undecided = stream.gather(size - len(text)), text.endswith(b"\r")
        text, final = text + fresh, not fresh
        start = len(text) - len(text.lstrip(ANY_LINE_END))
        # A mark after blank lines, which are not written, would be one in the output.
        marked = not stream.bom and text.startswith(BOM, start)
        start += len(BOM) if marked else 0
        if final and start == len(text):
            raise DataError("is empty", where=where, hint="a table needs at least a header")
        # The last line may lack its end.
        if final or undecided or b"\n" in fresh or b"\r" in fresh:
            cells = _scan_record(text + b"\n" if final else text, start, delimiter, final)
        if cells is None and (final or len(text) >= LONGEST_RECORD):
            raise DataError(
                "its first record begins a quoted cell that does not end", where=where, hint="close the quote"
            )
        size = size if len(text) < size else 2 * size
    found = cells[0].end if len(cells) > 1 else b","
    end = start + sum(len(cell.raw) + len(cell.end) for cell in cells)
    terminator = cells[-1].end
    data_start = end if header else start if marked else 0
    stream.unread(text[data_start:])
    head = text[start : end - len(terminator)] + terminator if header else b""
    return Layout(
        delimiter=delimiter or found,
        line_end=b"\r" if terminator == b"\r" else b"\n",
        terminator=terminator,
        names=_name_columns(cells, header, where, stream.encoding),
        header=header,
        head=(BOM if stream.bom or marked else b"") + head,
        data_start=data_start,
        encoding=stream.encoding,
        compression=stream.compression,
    )


def _scan_record(text: bytes, start: int, delimiter: bytes | None, final: bool) -> list[Cell] | None:
    """The cells of the record at `start`; None where the text ends too early to tell."""
    if delimiter is None:
        # Quotes may open after any delimiter until it is known which one it is.
        cells = _scan_record(text, start, DELIMITERS, final)
        if cells is None:
            return None
        ends = {cell.end for cell in cells[:-1]}
        likely = next((bytes((code,)) for code in DELIMITERS if bytes((code,)) in ends), b",")
        return _scan_record(text, start, likely, final)
    cells = []
    while (cell := scan_cell(text, start, delimiter, ANY_LINE_END)) is not None:
        cells.append(cell)
        start += len(cell.raw) + len(cell.end)
        if cell.end in (b"\r", b"\n", b"\r\n"):
            # Of a return at the very end nobody knows yet whether a newline follows.
            undecided = cell.end == b"\r" and start == len(text) and not final
            return None if undecided else cells
    return None


def _name_columns(cells: list[Cell], header: bool, where: str, encoding: str) -> tuple[str, ...]:
    """A name for each column: the header's, without spaces around it; `column_N` where there is none."""
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
