"""Notes on how a table is read: on the lines before it, on null values, and on what is special about some rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from zm_cli.formats.csv.digits import LostDigits
from zm_cli.formats.csv.layout import Layout
from zm_cli.formats.csv.null_values import NullValues
from zm_cli.formats.csv.pieces import Piece
from zm_cli.formats.csv.preamble import count_rows_in
from zm_cli.formats.csv.records import has_other_line_ends
from zm_cli.formats.csv.totals import find_total
from zm_cli.inputs.option_text import spell_names

LINE_ENDS = {b"\n": "LF", b"\r\n": "CRLF", b"\r": "CR"}
"""The names of line ends."""


def note_settings(layout: Layout, null_values: tuple[str, ...], preamble: bytes, chosen: Sequence[int]) -> list[str]:
    """Returns notes on null values that name no column, and on rows among the lines that are left out.

    `chosen` are the indices of the features.
    """
    notes = NullValues(null_values, layout.names, layout.decimal).list_notes()
    if count := count_rows_in(preamble, layout.delimiter, chosen):
        notes.append(f"of the lines before the header, {count} could be rows; --skip-rows 0 reads them")
    return notes


def note_rows(piece: Piece, layout: Layout, names: Sequence[str], lost: LostDigits, *, written: bool) -> Iterator[str]:
    """Yields notes on the rows of a piece, whose features have these names; `written` says that they are written."""
    for feature in sorted(lost.rounded):
        keeps = f"--exclude {spell_names([names[feature]])} keeps them"
        yield f"column '{names[feature]}' holds integers beyond 2^53, which are rounded; {keeps}"
    if piece.blank:
        yield "blank lines are not rows and are left out"
    if (total := find_total(piece, layout)) is not None:
        yield total
    if written and piece.comments:
        yield "comments between the rows are left out, in the output, too"
    if written and has_other_line_ends(piece.text, layout.terminator):
        yield f"line ends differ; the output has {LINE_ENDS[layout.terminator]} everywhere"
    if written and piece.respelled:
        yield f"{layout.encoding} has several codes for the same text; the output has the usual one"
