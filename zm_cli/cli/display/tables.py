"""Tables of statistics on standard output, and the format of numbers in them."""

from __future__ import annotations

import math
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from zm_cli.errors import escape_controls
from zm_cli.numbers.sketch.size import MAX_BUCKETS
from zm_cli.statistics.quantiles import Quantiles
from zm_cli.statsfile.stats import Stats

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from rich.table import Table

MAX_ROWS = 40
"""The most features that a table lists one by one; for more, it shows ranges."""
UNLIMITED = 100_000
"""The width of an output that is not a terminal, in characters."""
GAP = 2
"""The space between two cells, in characters."""
DISTINCT = "distinct"
"""The heading of the number of different values."""
NARROW_NAME = 16
"""The least width of a column of long names. If there is less room, each name is printed on a line of its own."""


def print_table(table: Table) -> None:
    """Prints a table on standard output; if that is not a terminal, the width is not limited."""
    from rich.console import Console

    # Rendered first, then written by Python: rich itself would exit if the reader has closed the pipe.
    console = Console(width=None if sys.stdout.isatty() else UNLIMITED, highlight=False, markup=False, emoji=False)
    with console.capture() as text:
        console.print(table)
    sys.stdout.write(text.get())


def fits_terminal(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> bool:
    """Returns whether `print_features` puts each row on one line, apart from long names, which it may wrap."""
    longest, *numbers = _measure_columns(headings, rows)
    return _find_width() - sum(numbers) - GAP * len(numbers) >= min(longest, NARROW_NAME)


def print_features(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Prints a row for each feature, its name first, then its numbers; no name and no number is cut.

    In a narrow terminal, long names are wrapped, or each name is printed above its numbers.
    """
    from rich.table import Table

    if not fits_terminal(headings, rows):
        _print_stacked(headings, rows)
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column(headings[0], overflow="fold")
    for heading in headings[1:]:
        table.add_column(heading, justify="right", no_wrap=True)
    for row in rows:
        table.add_row(*row)
    print_table(table)


def _print_stacked(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Prints each name above its numbers, which take as many lines as they need."""
    _, *sizes = _measure_columns(headings, rows)
    lines = list(_split_columns(sizes, _find_width()))
    for name, *cells in (headings, *rows):
        print(name)
        for line in lines:
            print(" " * GAP + (" " * GAP).join(cells[index].rjust(sizes[index]) for index in line))


def _split_columns(sizes: Sequence[int], width: int) -> Iterator[list[int]]:
    """Yields the indices of the columns on each line, so that no line is wider than `width` if that is possible."""
    line: list[int] = []
    used = 0
    for index, size in enumerate(sizes):
        if line and used + GAP + size > width:
            yield line
            line, used = [], 0
        line.append(index)
        used += GAP + size
    yield line


def _measure_columns(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> list[int]:
    """Returns the width of each column, in characters."""
    from rich.cells import cell_len

    return [max(map(cell_len, column)) for column in zip(headings, *rows, strict=True)]


def _find_width() -> int:
    """Returns the width of standard output, in characters."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else UNLIMITED


def print_stats(stats: Stats, *, everything: bool = False) -> None:
    """Prints the statistics of each feature, rounded for reading.

    If there are many features, it prints ranges, unless `everything` is asked for. How many different values each
    feature has is shown if it is known and the table fits the terminal with it.
    """
    columns = stats.moments.to_columns()
    for statistic in stats.statistics.values():
        columns |= statistic.to_columns()
    headings, rows = [stats.per, *columns], _make_rows(stats, columns, everything=everything)
    quantiles = stats.get_statistic(Quantiles)
    if quantiles is not None:
        cells = _format_distinct(quantiles, stats, as_range=len(rows) < stats.moments.mean.size)
        wider = [[*row, cell] for row, cell in zip(rows, cells, strict=True)]
        if fits_terminal([*headings, DISTINCT], wider):
            headings, rows = [*headings, DISTINCT], wider
    print_features(headings, rows)
    if stats.moments.mean.size > len(rows) and stats.per != "pixel" and sys.stdout.isatty():
        print(f"-v lists every {stats.per}")


def _make_rows(stats: Stats, columns: Mapping[str, NDArray[Any]], *, everything: bool) -> list[list[str]]:
    """Returns a row for each feature, or if there are many, one with the smallest and one with the largest numbers."""
    number = stats.moments.mean.size
    if number <= MAX_ROWS or everything:
        return [
            [escape_controls(name), *(_format_cell(array.flat[index]) for array in columns.values())]
            for index, name in enumerate(stats.features)
        ]
    return [
        [f"{edge} of {number:,}", *(_format_cell(pick(array)) for array in columns.values())]
        for edge, pick in (("smallest", np.nanmin), ("largest", np.nanmax))
    ]


def _format_distinct(quantiles: Quantiles, stats: Stats, *, as_range: bool) -> list[str]:
    """Returns how many different values each feature has; with `as_range`, the smallest and the largest number."""
    many = quantiles.sketch.dropped_bits.ravel() > 0
    counts = np.where(many, np.inf, quantiles.count_distinct(stats.dtype, unit=stats.unit).ravel())
    shown = [np.fmin.reduce(counts), np.fmax.reduce(counts)] if as_range else counts.tolist()
    return [
        f"over {MAX_BUCKETS:,}" if math.isinf(number) else "-" if math.isnan(number) else f"{int(number):,}"
        for number in shown
    ]


def _format_cell(value: np.generic) -> str:
    return f"{int(value):,}" if value.dtype.kind in "iu" else format_number(float(value))


def format_number(number: float, digits: int = 6) -> str:
    """Returns a number with so many significant digits (files hold all of them), or a dash for NaN."""
    return "-" if math.isnan(number) else f"{number:.{digits}g}"


def format_samples(count: int) -> str:
    """Returns a number of samples: `1 sample`, `1,200 samples`."""
    return "1 sample" if count == 1 else f"{count:,} samples"


def format_size(nbytes: int) -> str:
    """Returns a number of bytes in units of 1000: `1.2 MB`."""
    size = float(nbytes)
    for unit in ("bytes", "kB", "MB", "GB"):
        if size < 1000 or unit == "GB":
            break
        size /= 1000
    return f"{nbytes} bytes" if unit == "bytes" else f"{size:.3g} {unit}"
