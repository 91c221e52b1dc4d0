"""The text that a table begins with: lines before the header, and the header with columns added or left out."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from zm_cli.formats.csv.cells import scan_records
from zm_cli.formats.csv.encodings import BOM
from zm_cli.formats.csv.layout import Layout


def make_head(layout: Layout, preamble: bytes, dropped: Collection[int], added: Sequence[str]) -> bytes:
    """Returns the text before the first row of an output, after a byte order mark if the table has one.

    The columns with the indices `dropped` are left out of the header, and those `added` come after all others.
    """
    mark = BOM if layout.head.startswith(BOM) else b""
    header = layout.head.removeprefix(mark)
    if header and (dropped or added):
        cells = next(scan_records(header, layout.delimiter, layout.line_end))
        names = [cell.raw for column, cell in enumerate(cells) if column not in dropped]
        names += [_quote(name, layout) for name in added]
        header = layout.delimiter.join(names) + layout.terminator
    return mark + preamble + header


def _quote(name: str, layout: Layout) -> bytes:
    text = name.encode()
    if any(sign in text for sign in (layout.delimiter, b'"', b"\r", b"\n")):
        return b'"' + text.replace(b'"', b'""') + b'"'
    return text
