"""Tables of statistics on standard output, and the format of numbers in them."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import numpy as np

from zm_cli.errors import escape_controls
from zm_cli.statsfile.stats import Stats

if TYPE_CHECKING:
    from rich.table import Table

MOST_ROWS = 40
"""Features that a table lists one by one; if there are more, it shows their ranges."""


def print_table(table: Table) -> None:
    """Prints a table on standard output; if that is not a terminal, the width is not limited."""
    from rich.console import Console

    # Rendered first, then written by Python: rich itself would exit if the reader has closed the pipe.
    console = Console(width=None if sys.stdout.isatty() else 1000, highlight=False, markup=False, emoji=False)
    with console.capture() as text:
        console.print(table)
    sys.stdout.write(text.get())


def tabulate_stats(stats: Stats) -> Table:
    """The statistics feature by feature, rounded for reading; ranges where the features are many."""
    from rich.table import Table

    columns = stats.moments.to_columns()
    for statistic in stats.statistics.values():
        columns |= statistic.to_columns()
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column(stats.per, overflow="ellipsis", no_wrap=False)
    for heading in columns:
        table.add_column(heading, justify="right", no_wrap=True)
    number = stats.moments.mean.size
    if number > MOST_ROWS:
        for edge, pick in (("smallest", np.nanmin), ("largest", np.nanmax)):
            table.add_row(f"{edge} of {number:,}", *(_show_cell(pick(array)) for array in columns.values()))
        return table
    for index, name in enumerate(stats.features):
        table.add_row(escape_controls(name), *(_show_cell(array.flat[index]) for array in columns.values()))
    return table


def _show_cell(value: np.generic) -> str:
    return f"{int(value):,}" if value.dtype.kind in "iu" else show_number(float(value))


def show_number(number: float) -> str:
    """A number with six significant digits (files hold all), a dash for NaN."""
    return "-" if np.isnan(number) else f"{number:.6g}"


def show_samples(count: int) -> str:
    """A number of samples: `1 sample`, `1,200 samples`."""
    return "1 sample" if count == 1 else f"{count:,} samples"


def show_size(nbytes: int) -> str:
    """A number of bytes in units of 1000: `1.2 MB`."""
    size = float(nbytes)
    for unit in ("bytes", "kB", "MB", "GB"):
        if size < 1000 or unit == "GB":
            break
        size /= 1000
    return f"{nbytes} bytes" if unit == "bytes" else f"{size:.3g} {unit}"
