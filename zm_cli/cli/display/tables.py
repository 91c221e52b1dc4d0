"""Tables of statistics on standard output, and the format of numbers in them."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from zm_cli.errors import escape_controls
from zm_cli.statsfile.stats import Stats

if TYPE_CHECKING:
    from rich.table import Table

MAX_ROWS = 40
"""Features that a table lists one by one; if there are more, it shows their ranges."""
UNLIMITED = 100_000
"""Columns of an output that is not a terminal."""
GAP = 2
"""Columns between two cells."""
NARROW_NAME = 16
"""Columns that the names of features get at least, if they are longer; a narrower table has them on their own lines."""


def print_table(table: Table) -> None:
    """Prints a table on standard output; if that is not a terminal, the width is not limited."""
    from rich.console import Console

    # Rendered first, then written by Python: rich itself would exit if the reader has closed the pipe.
    console = Console(width=None if sys.stdout.isatty() else UNLIMITED, highlight=False, markup=False, emoji=False)
    with console.capture() as text:
        console.print(table)
    sys.stdout.write(text.get())


def print_features(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Prints a row for each feature, its name first, then its numbers; no name and no number is cut.

    In a narrow terminal long names are wrapped, or stand on lines of their own, above their numbers.
    """
    from rich.cells import cell_len
    from rich.table import Table

    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else UNLIMITED
    longest, *numbers = (max(map(cell_len, column)) for column in zip(headings, *rows, strict=True))
    if width - sum(numbers) - GAP * len(numbers) < min(longest, NARROW_NAME):
        for name, *cells in (headings, *rows):
            print(name)
            print(" " * GAP + (" " * GAP).join(cell.rjust(size) for cell, size in zip(cells, numbers, strict=True)))
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column(headings[0], overflow="fold")
    for heading in headings[1:]:
        table.add_column(heading, justify="right", no_wrap=True)
    for row in rows:
        table.add_row(*row)
    print_table(table)


def print_stats(stats: Stats, *, everything: bool = False) -> None:
    """Prints the statistics feature by feature, rounded for reading.

    Where the features are many, it prints their ranges, unless `everything` is asked for.
    """
    columns = stats.moments.to_columns()
    for statistic in stats.statistics.values():
        columns |= statistic.to_columns()
    number = stats.moments.mean.size
    if number <= MAX_ROWS or everything:
        rows = [
            [escape_controls(name), *(_format_cell(array.flat[index]) for array in columns.values())]
            for index, name in enumerate(stats.features)
        ]
    else:
        rows = [
            [f"{edge} of {number:,}", *(_format_cell(pick(array)) for array in columns.values())]
            for edge, pick in (("smallest", np.nanmin), ("largest", np.nanmax))
        ]
    print_features([stats.per, *columns], rows)
    if number > len(rows) and stats.per != "pixel" and sys.stdout.isatty():
        print(f"-v lists every {stats.per}")


def _format_cell(value: np.generic) -> str:
    return f"{int(value):,}" if value.dtype.kind in "iu" else format_number(float(value))


def format_number(number: float) -> str:
    """A number with six significant digits (files hold all), a dash for NaN."""
    return "-" if np.isnan(number) else f"{number:.6g}"


def format_samples(count: int) -> str:
    """A number of samples: `1 sample`, `1,200 samples`."""
    return "1 sample" if count == 1 else f"{count:,} samples"


def format_size(nbytes: int) -> str:
    """A number of bytes in units of 1000: `1.2 MB`."""
    size = float(nbytes)
    for unit in ("bytes", "kB", "MB", "GB"):
        if size < 1000 or unit == "GB":
            break
        size /= 1000
    return f"{nbytes} bytes" if unit == "bytes" else f"{size:.3g} {unit}"
