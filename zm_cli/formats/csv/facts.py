"""Describes a table for `inspect`: how many of its columns hold numbers and text, and how its text is laid out."""

from __future__ import annotations

from collections.abc import Collection

from zm_cli.data.source import Facts
from zm_cli.formats.csv.delimiter import name_delimiter
from zm_cli.formats.csv.encodings import UTF8
from zm_cli.formats.csv.layout import Layout
from zm_cli.formats.csv.notes import LINE_ENDS


def describe_table(
    layout: Layout, chosen: Collection[int], text_columns: Collection[str], nbytes: int, notes: tuple[str, ...]
) -> Facts:
    """Returns the facts of a table of `nbytes` bytes, whose features have the indices `chosen`."""
    others = [name for column, name in enumerate(layout.names) if column not in chosen]
    text = [name for name in others if name in text_columns]
    aside = [name for name in others if name not in text_columns]
    found = {
        "delimiter": name_delimiter(layout.delimiter),
        "decimal mark": "comma" if layout.decimal == "," else None,
        "line ends": LINE_ENDS[layout.terminator],
        "encoding": None if layout.encoding == UTF8 else layout.encoding,
        "header": "in the first part" if layout.is_headless else None if layout.header else "none",
        "compression": layout.compression,
        "text columns": ", ".join(text),
        "left aside": ", ".join(aside),
    }
    types = {"float64": len(chosen), "text": len(text), "left aside": len(aside)}
    return Facts(
        nbytes=nbytes,
        types={name: count for name, count in types.items() if count},
        others={name: value for name, value in found.items() if value},
        notes=notes,
    )
