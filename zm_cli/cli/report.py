"""What the user sees: messages and progress on standard error, tables and JSON on standard output."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from zm_cli.data.source import Source
from zm_cli.errors import escape_controls
from zm_cli.pipeline.outcome import Outcome, Tick, ignore_progress
from zm_cli.statsfile.stats import Stats

if TYPE_CHECKING:
    from rich.table import Table

MOST_ROWS = 40
"""Features that a table lists one by one; of more it shows the ranges."""


@dataclass(frozen=True)
class Report:
    """How much to say: nothing but errors with `quiet`, details with `verbose`; `progress` None: at a terminal."""

    quiet: bool = False
    verbose: bool = False
    progress: bool | None = None

    def say(self, sentence: str) -> None:
        """A message of interest to somebody who watches: at a terminal, or with `verbose`."""
        if not self.quiet and (self.verbose or sys.stderr.isatty()):
            _tell(sentence)

    def inform(self, sentence: str) -> None:
        """A message that only `quiet` keeps back."""
        if not self.quiet:
            _tell(sentence)

    def tell(self, outcome: Outcome) -> None:
        """The notes and warnings of a run; with `verbose` the samples left out by name."""
        if self.quiet:
            return
        for sentence in outcome.notes:
            _tell(sentence)
        for sentence in outcome.warnings:
            _tell(f"warning: {sentence}")
        if self.verbose:
            for sample in outcome.skipped:
                _tell(f"left out: {sample.name}: {sample.reason}")

    def tell_left_out(self, sources: Sequence[Source]) -> None:
        """With `verbose`, how many files of a folder are no samples."""
        if self.verbose and not self.quiet:
            for source in sources:
                if count := source.facts().left_out:
                    _tell(f"{source.path}: files that are no images, left out: {count}")

    @contextmanager
    def progress_bar(self, sources: Sequence[Source], what: str) -> Iterator[Tick]:
        """A Tick that moves a bar on standard error."""
        shown = sys.stderr.isatty() and not self.quiet if self.progress is None else self.progress
        if not shown:
            yield ignore_progress
            return
        from tqdm import tqdm

        # Its thread, which only looks after very slow bars, would stand in the way of forking the workers.
        tqdm.monitor_interval = 0
        total = sum(source.nbytes for source in sources) or None
        # Work of less than a second shows no bar, unless one was asked for.
        delay = 0 if self.progress else 1
        with tqdm(total=total, desc=what, unit="B", unit_scale=True, delay=delay, leave=False, file=sys.stderr) as bar:

            def tick(nbytes: int) -> None:
                bar.update(nbytes)

            yield tick


def _tell(sentence: str) -> None:
    print(f"zm: {escape_controls(sentence)}", file=sys.stderr)


def drop_output() -> None:
    """Has what is still to be printed go nowhere, because nobody reads it: Python would complain at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def print_table(table: Table) -> None:
    """A table on standard output, as wide as it needs to be where that is no terminal."""
    from rich.console import Console

    # Rendered first and written by Python: rich would end the process itself where the reader of a pipe is gone.
    console = Console(width=None if sys.stdout.isatty() else 1000, highlight=False, markup=False, emoji=False)
    with console.capture() as text:
        console.print(table)
    sys.stdout.write(text.get())


def tabulate_stats(stats: Stats) -> Table:
    """The statistics feature by feature, rounded for reading; ranges where the features are many."""
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column(stats.per, overflow="ellipsis", no_wrap=False)
    for heading in ("count", "missing", "mean", "std", "min", "max"):
        table.add_column(heading, justify="right", no_wrap=True)
    moments = stats.moments
    counted = (moments.count, moments.missing)
    empty = moments.count == 0
    measured = [np.where(empty, np.nan, array) for array in (moments.mean, moments.std(), moments.min, moments.max)]
    number = moments.mean.size
    if number > MOST_ROWS:
        for edge, pick in (("smallest", np.nanmin), ("largest", np.nanmax)):
            counts = [f"{int(pick(array)):,}" for array in counted]
            table.add_row(f"{edge} of {number:,}", *counts, *(show_number(pick(array)) for array in measured))
        return table
    for index, name in enumerate(stats.features):
        counts = [f"{int(array.flat[index]):,}" for array in counted]
        numbers = [show_number(array.flat[index]) for array in measured]
        table.add_row(escape_controls(name), *counts, *numbers)
    return table


def show_number(number: float) -> str:
    """A number with six significant digits, a dash for none; files hold all digits."""
    return "-" if np.isnan(number) else f"{number:.6g}"


def show_samples(count: int) -> str:
    """A number of samples as people write it."""
    return "1 sample" if count == 1 else f"{count:,} samples"


def show_size(nbytes: int) -> str:
    """A number of bytes as people write it, in units of 1000."""
    size = float(nbytes)
    for unit in ("bytes", "kB", "MB", "GB"):
        if size < 1000 or unit == "GB":
            break
        size /= 1000
    return f"{nbytes} bytes" if unit == "bytes" else f"{size:.3g} {unit}"
