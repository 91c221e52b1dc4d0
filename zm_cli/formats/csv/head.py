"""The text before the first row of an output: lines before the header, and the header with its new columns."""

from __future__ import annotations

from zm_cli.formats.csv.arrangement import Arrangement
from zm_cli.formats.csv.cells import scan_records
from zm_cli.formats.csv.encodings import BOM
from zm_cli.formats.csv.layout import Layout


def make_head(layout: Layout, preamble: bytes, arrangement: Arrangement) -> bytes:
    """Returns the text before the first row of an output, after a byte order mark if the table has one.

    The header has the columns of the arrangement; those of the table are written as they were.
    """
    mark = BOM if layout.head.startswith(BOM) else b""
    header = layout.head.removeprefix(mark)
    if header and arrangement.keys != tuple(range(len(layout.names))):
        cells = next(scan_records(header, layout.delimiter, layout.line_end))
        made = {key: _quote(name, layout) for key, name in arrangement.made.items()}
        names = [made[key] if key in made else cells[key].raw for key in arrangement.keys]
        header = layout.delimiter.join(names) + layout.terminator
    return mark + preamble + header


def _quote(name: str, layout: Layout) -> bytes:
    text = name.encode()
    if any(sign in text for sign in (layout.delimiter, b'"', b"\r", b"\n")):
        return b'"' + text.replace(b'"', b'""') + b'"'
    return text
