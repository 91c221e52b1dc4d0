"""CarriedText: the text of a table that goes with its numbers, so that a sink can write all columns back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from zm_cli.formats.csv.layout import Layout
from zm_cli.formats.csv.quotes import find_quoted, need_quotes, write_quotes

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True)
class CarriedText:
    """The text that a sink needs to write a block back; columns are identified by their index in the table.

    `chosen` are the columns of the block's features. `texts` holds every other column. `missing` holds, for chosen
    columns with missing cells, what to write where the transformed value is NaN: the cell's own text, or `NaN` for a
    cell that had a value. `quoted` tells whether the texts already have the quotes to be written.
    """

    chosen: tuple[int, ...]
    texts: Mapping[int, pl.Series]
    missing: Mapping[int, pl.Series]
    quoted: bool


def carry_text(
    text: bytes, columns: Sequence[pl.Series], chosen: tuple[int, ...], missing: Mapping[int, pl.Series], layout: Layout
) -> CarriedText:
    """Returns the text to write back of rows with this `text`, whose `columns` are all those of the table.

    `missing` is that of the CarriedText, without quotes. Cells get the quotes that they had if there are any in `text`.
    """
    features = set(chosen)
    texts = {column: cells for column, cells in enumerate(columns) if column not in features}
    quoted = b'"' in text
    if quoted:
        delimiter, line_end = layout.delimiter, layout.line_end
        had_quotes = find_quoted(text, delimiter, line_end, len(columns))
        # Other readers may take this byte for a line end, so cells with it are quoted.
        lone = b"\r" if line_end == b"\n" else b"\n"
        for column, cells in texts.items():
            if lone in text:
                had_quotes[:, column] |= need_quotes(cells, [lone.decode()])
            texts[column] = write_quotes(cells, had_quotes[:, column])
        signs = ['"', "\r", "\n", delimiter.decode()]
        missing = {column: write_quotes(cells, need_quotes(cells, signs)) for column, cells in missing.items()}
    return CarriedText(chosen, texts, missing, quoted)
