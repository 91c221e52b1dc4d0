"""Finds a row at the end of a table that seems to be a total of the others."""

from __future__ import annotations

import re

from zm_cli.formats.csv.layout import Layout
from zm_cli.formats.csv.pieces import Piece

TOTAL = re.compile(
    r"(grand |sub-?|sub )?totals?|sums?|averages?|means?|summe|gesamt|mittelwert|somme|moyenne|suma|totale",
    re.IGNORECASE,
)
LONGEST = 1 << 12
"""Bytes of the longest last row that is looked at."""


def find_total(piece: Piece, layout: Layout) -> str | None:
    """Returns a note if the first cell in the last row of a piece is a word for a total; else None."""
    start = piece.text.rfind(layout.line_end, max(0, len(piece.text) - LONGEST), -1) + 1
    if not piece.rows or (start == 0 and piece.rows > 1):
        return None
    cells = piece.text[start:].rstrip(b"\r\n").split(layout.delimiter)
    first = next((cell for cell in cells if cell.strip(b'" ')), b"").decode(errors="replace").strip('" ')
    if not TOTAL.fullmatch(first.removesuffix(":")):
        return None
    start_of_line = piece.text.startswith(first.encode(), start)
    how = f"--comment '{first}' leaves it out" if start_of_line else "remove it"
    return f"row {piece.row_numbers[-1]} is called '{first}'; if it sums up the others, {how}"
