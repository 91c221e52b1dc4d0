"""The text before a table: lines that the user leaves out, and lines that look as if they should be left out."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence

from zm_cli.data.block import Rejected
from zm_cli.errors import DataError
from zm_cli.formats.csv.cells import scan_records
from zm_cli.formats.csv.cutter import LONGEST_RECORD
from zm_cli.formats.csv.number_parser import is_number
from zm_cli.formats.csv.stream import TextStream
from zm_cli.formats.csv.trials import DELIMITERS

READ = 1 << 16
"""Bytes read at once in search of the end of the preamble."""
LINE = re.compile(rb"[^\r\n]*(?:\r\n|\n|\r)")
BLANK = re.compile(rb"(?:\r\n|\n|\r)*")
QUOTED = re.compile(rb'"[^"]*"')
COMMENTS = (b"#", b"%", b"//")
"""How comment lines usually start."""
MAX_LINES = 60
"""The most lines that are looked at for a preamble."""
MIN_ROWS = 2
"""The fewest lines, the header among them, that must follow a preamble."""


def read_preamble(stream: TextStream, skip_rows: int, comment: bytes | None, where: str) -> bytes:
    """Reads the first `skip_rows` lines of a table, and the comments that follow; returns their text.

    The stream is left at the line after them. Raises DataError if there are fewer lines, or one never ends.
    """
    if not skip_rows and comment is None:
        return b""
    parts: list[bytes] = []
    text, left, final = b"", skip_rows, False
    while True:
        end, left, ends_here = find_preamble_end(text, left, comment, final)
        parts.append(text[:end])
        text = text[end:]
        if ends_here:
            stream.unread(text)
            return b"".join(parts)
        if final:
            count = skip_rows - left
            raise DataError(f"has {count} lines, fewer than --skip-rows {skip_rows} leaves out", where=where)
        if len(text) > LONGEST_RECORD:
            raise DataError("has no line ends", where=where)
        fresh = stream.read_arrived(max(READ, len(text)))
        text, final = text + fresh, not fresh


def find_preamble_end(text: bytes, left: int, comment: bytes | None, final: bool) -> tuple[int, int, bool]:
    """Returns where the preamble ends as far as `text` shows, how many lines are still to be left out, and whether it
    certainly ends there. `left` lines are left out in any case, then comments."""
    end = 0
    while left:
        line = LINE.match(text, end)
        if line is None or _may_go_on(text, line.end(), final):
            return end, left, False
        end, left = line.end(), left - 1
    while comment is not None:
        blank = BLANK.match(text, end)
        start = blank.end() if blank is not None else end
        if not final and len(text) < start + len(comment):
            return end, 0, False
        if not text.startswith(comment, start):
            break
        line = LINE.match(text, start)
        if line is None and final:
            return len(text), 0, True
        if line is None or _may_go_on(text, line.end(), final):
            return end, 0, False
        end = line.end()
    return end, 0, True


def _may_go_on(text: bytes, end: int, final: bool) -> bool:
    """Returns whether a newline may still follow the return with which the text ends."""
    return not final and end == len(text) and text.endswith(b"\r")


def count_rows_in(preamble: bytes, delimiter: bytes, numeric: Sequence[int]) -> int:
    """Returns how many lines of a preamble may be rows: lines in which most of the columns `numeric`, by index,
    are numbers."""
    lines = (line.rstrip(b"\r\n") + b"\n" for line in LINE.findall(preamble))
    records = (next(scan_records(line, delimiter, b"\n"), []) for line in lines)
    return sum(
        2 * sum(column < len(record) and _is_number(record[column].value) for column in numeric) > len(numeric)
        for record in records
    )


def advise_preamble(text: bytes, delimiter: bytes | None, skip_rows: int) -> str | None:
    """Returns a hint if the first lines of a text do not seem to be part of the table; else None.

    `delimiter` is that of the table, None if it is not known; `skip_rows` is how many lines are left out already.
    """
    lines = [line.rstrip(b"\r\n") for line in LINE.findall(text)[:MAX_LINES]]
    first = next((line for line in lines if line), b"")
    candidates = tuple(bytes((code,)) for code in DELIMITERS) if delimiter is None else (delimiter,)
    for sign in COMMENTS:
        if first.startswith(sign) and _are_comments(lines, sign, candidates):
            shown = sign.decode()
            return f"if the lines that start with {shown} are comments, --comment '{shown}' leaves them out"
    found = [count for code in candidates if (count := _count_before(lines, code))]
    if not found or found[0] == skip_rows:
        return None
    return (
        f"if the table begins after line {found[0]}, --skip-rows {found[0]} leaves out what comes before"
        if found[0] > 1
        else "if the first line is not part of the table, --skip-rows 1 leaves it out"
    )


def refuse_preamble(rejected: Mapping[int, Rejected], names: Sequence[str], where: str, hint: str | None) -> None:
    """Raises DataError for features without numbers, if there is a `hint` that the cells come before the table.

    `rejected` has the first such cell of each feature, `names` the names of all features.
    """
    if hint is not None:
        feature, cell = min(rejected.items(), key=lambda pair: pair[1].row)
        raise DataError(
            f"column '{names[feature]}' holds '{cell.value}', {cell.reason}",
            where=f"{where}, row {cell.row}",
            hint=hint,
        )


def _are_comments(lines: list[bytes], sign: bytes, delimiters: tuple[bytes, ...]) -> bool:
    """Returns whether the first lines, which start with `sign`, are comments and not a header whose name starts so."""
    count = next((index for index, line in enumerate(lines) if line and not line.startswith(sign)), len(lines))
    if len([line for line in lines[:count] if line]) > 1 or count == len(lines):
        return True
    return all(_count_cells(lines[0], code) != _count_cells(lines[count], code) for code in delimiters)


def _count_before(lines: list[bytes], delimiter: bytes) -> int:
    """Returns how many lines precede the table, because they have fewer cells; 0 if that is not clear."""
    if after_blank := _count_before_blank(lines, delimiter):
        return after_blank
    widths = [_count_cells(line, delimiter) if line else None for line in lines]
    known = [width for width in widths if width is not None]
    if not known:
        return 0
    # Rows are mostly further down: the lines before them may outnumber the rows that are in the text.
    width = Counter(known[len(known) // 2 :]).most_common(1)[0][0]
    # Spreadsheet programs fill up the lines before the table with empty cells.
    start = next((index for index, line in enumerate(lines) if _count_filled(line, delimiter) == width), 0)
    after = [found for found in widths[start:] if found is not None]
    if width < 2 or not start or len(after) < MIN_ROWS or any(found != width for found in after):
        return 0
    before = [_count_filled(line, delimiter) for line in lines[:start] if line]
    if not before or max(before) >= width:
        return 0
    # A single line with fewer cells may be the header, with one name missing.
    has_numbers = any(map(_is_number, lines[start].split(delimiter)))
    return 0 if len(before) == 1 and has_numbers else start


def _count_before_blank(lines: list[bytes], delimiter: bytes) -> int:
    """Returns how many lines precede the table, because a blank line separates them from its header; 0 if none do."""
    for blank, line in enumerate(lines):
        if line.strip(delimiter):
            continue
        cells = [_split(line, delimiter) for line in lines[blank + 1 :] if line]
        before = [_split(line, delimiter) for line in lines[:blank] if line]
        if not before or len(cells) < MIN_ROWS or not lines[blank + 1].strip(delimiter):
            continue
        even = len({len(row) for row in cells}) == 1 < len(cells[0])
        named = not any(map(_is_number, cells[0])) and any(map(_is_number, cells[1]))
        if even and named and not any(all(map(_is_number, row)) for row in before):
            return blank + 1
    return 0


def _split(line: bytes, delimiter: bytes) -> list[bytes]:
    """Returns the cells of a line; what is in quotes is left out."""
    return QUOTED.sub(b"", line).split(delimiter)


def _count_filled(line: bytes, delimiter: bytes) -> int:
    """Returns the number of cells without the empty ones at the end of the line."""
    return _count_cells(line.rstrip(delimiter), delimiter) if line else 0


def _is_number(cell: bytes) -> bool:
    return is_number(cell.decode(errors="replace"))


def _count_cells(line: bytes, delimiter: bytes) -> int:
    return QUOTED.sub(b"", line).count(delimiter) + 1
