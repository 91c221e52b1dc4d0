"""Messages and progress bars on standard error."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from zm_cli.errors import escape_controls

if TYPE_CHECKING:
    from tqdm import tqdm

    from zm_cli.data.format import OpeningTick
    from zm_cli.data.source import Source
    from zm_cli.pipeline.outcome import Outcome, Tick
    from zm_cli.running.plan import Plan


@dataclass(frozen=True)
class Messages:
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

    def connect(self, plan: Plan, paths: Iterable[str]) -> None:
        """Connects to the cluster of a plan, if it has one, before the work begins, and prints a detail about it.

        Raises UsageError for the first of the paths to read that does not exist: to start a cluster takes seconds.
        """
        if plan.cluster is not None:
            from zm_cli.formats import check_exists

            for path in paths:
                check_exists(path)
        if (sentence := plan.connect(self.print_message)) is not None:
            self.print_detail(sentence)

    def print_left_out(self, sources: Sequence[Source]) -> None:
        """Prints, with `verbose`, how many files of each folder are not samples."""
        if self.verbose and not self.quiet:
            for source in sources:
                if count := source.facts().left_out:
                    _print(f"{source.path}: other files, left out: {count}")

    @property
    def _shows_progress(self) -> bool:
        return sys.stderr.isatty() and not self.quiet if self.progress is None else self.progress

    def _make_bar(self, **options: Any) -> tqdm[Any]:
        from tqdm import tqdm

        # The monitor thread of tqdm, which only serves very slow bars, would prevent the workers from being forked.
        tqdm.monitor_interval = 0
        # A bar appears after a second, unless one was asked for.
        return tqdm(**options, delay=0 if self.progress else 1, file=sys.stderr, leave=False)

    @contextmanager
    def opening_bar(self) -> Iterator[OpeningTick]:
        """Yields an OpeningTick that moves progress bars while a source is opened, if they are to be shown.

        One bar shows how many files were found, the next one how many of their headers were read.
        """
        from zm_cli.data.format import ignore_opening

        if not self._shows_progress:
            yield ignore_opening
            return
        bar: tqdm[Any] | None = None

        def tick(done: int, total: int | None) -> None:
            nonlocal bar
            if bar is None or bar.total != total:
                if bar is not None:
                    bar.close()
                what = "finding files" if total is None else "reading headers"
                bar = self._make_bar(desc=what, total=total, unit=" files")
            bar.update(done - bar.n)

        try:
            yield tick
        finally:
            if bar is not None:
                bar.close()

    @contextmanager
    def file_bar(self, total: int, what: str) -> Iterator[Callable[[], object]]:
        """Yields a function to call after each of `total` files, which moves a progress bar if one is to be shown."""
        if not self._shows_progress:
            yield lambda: None
            return
        with self._make_bar(desc=what, total=total, unit=" files") as bar:
            yield bar.update

    @contextmanager
    def progress_bar(self, sources: Sequence[Source], what: str, done: tuple[int, int] = (0, 0)) -> Iterator[Tick]:
        """Yields a Tick that moves a progress bar on standard error, if one is to be shown.

        It counts samples if their number is known, else bytes. `done` is how many bytes and samples it begins with.
        """
        if not self._shows_progress:
            from zm_cli.pipeline.outcome import ignore_progress

            yield ignore_progress
            return
        numbers = [source.spec.samples for source in sources]
        if None in numbers:
            total = sum(source.nbytes for source in sources) or None
            with self._make_bar(desc=what, total=total, initial=done[0], unit="B", unit_scale=True) as bar:
                yield lambda nbytes, samples: bar.update(nbytes)
        else:
            total = sum(number or 0 for number in numbers)
            with self._make_bar(desc=what, total=total, initial=done[1], unit=" samples") as bar:
                yield lambda nbytes, samples: bar.update(samples)


def _print(sentence: str) -> None:
    print(f"zm: {escape_controls(sentence)}", file=sys.stderr)


def drop_output() -> None:
    """Sends the rest of standard output to /dev/null: Python would report the closed pipe at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
