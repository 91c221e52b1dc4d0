"""Messages and progress bars on standard error."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from zm_cli.errors import escape_controls

if TYPE_CHECKING:
    from zm_cli.data.source import Source
    from zm_cli.pipeline.outcome import Outcome, Tick


@dataclass(frozen=True)
class Report:
    """How much to print on standard error: only errors with `quiet`, details with `verbose`.

    `progress` says whether to show a progress bar; None: only at a terminal.
    """

    quiet: bool = False
    verbose: bool = False
    progress: bool | None = None

    @property
    def shows_details(self) -> bool:
        """Whether details are printed: at a terminal, or with `verbose`."""
        return not self.quiet and (self.verbose or sys.stderr.isatty())

    def print_detail(self, sentence: str) -> None:
        """Prints a message only at a terminal or with `verbose`."""
        if self.shows_details:
            _print(sentence)

    def print_message(self, sentence: str) -> None:
        """Prints a message unless `quiet`."""
        if not self.quiet:
            _print(sentence)

    def print_outcome(self, outcome: Outcome) -> None:
        """Prints notes and warnings; with `verbose` also the names of the samples left out."""
        if self.quiet:
            return
        for sentence in outcome.notes:
            _print(sentence)
        for sentence in outcome.warnings:
            _print(f"warning: {sentence}")
        if self.verbose:
            for sample in outcome.skipped:
                _print(f"left out: {sample.name}: {sample.reason}")

    def print_left_out(self, sources: Sequence[Source]) -> None:
        """Prints, with `verbose`, how many files of each folder are not samples."""
        if self.verbose and not self.quiet:
            for source in sources:
                if count := source.facts().left_out:
                    _print(f"{source.path}: other files, left out: {count}")

    @contextmanager
    def progress_bar(self, sources: Sequence[Source], what: str) -> Iterator[Tick]:
        """Yields a Tick that moves a progress bar on standard error, if one is to be shown.

        It counts samples where their number is known, else bytes.
        """
        shown = sys.stderr.isatty() and not self.quiet if self.progress is None else self.progress
        if not shown:
            from zm_cli.pipeline.outcome import ignore_progress

            yield ignore_progress
            return
        from tqdm import tqdm

        # The monitor thread of tqdm, which only serves very slow bars, would prevent the workers from being forked.
        tqdm.monitor_interval = 0
        # A bar appears after a second, unless one was asked for.
        bar_options: dict[str, Any] = {"desc": what, "delay": 0 if self.progress else 1, "file": sys.stderr}
        numbers = [source.spec.samples for source in sources]
        if None in numbers:
            total = sum(source.nbytes for source in sources) or None
            with tqdm(total=total, unit="B", unit_scale=True, leave=False, **bar_options) as bar:
                yield lambda nbytes, samples: bar.update(nbytes)
        else:
            total = sum(number or 0 for number in numbers)
            with tqdm(total=total, unit=" samples", leave=False, **bar_options) as bar:
                yield lambda nbytes, samples: bar.update(samples)


def _print(sentence: str) -> None:
    print(f"zm: {escape_controls(sentence)}", file=sys.stderr)


def drop_output() -> None:
    """Sends the rest of standard output to /dev/null: Python would report the closed pipe at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
