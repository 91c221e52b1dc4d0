"""Checkpoints: save the progress of a measurement to a file, so that a later run can resume it."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from time import monotonic
from types import TracebackType
from typing import Self

from zm_cli.data.options import ReadOptions
from zm_cli.data.source import Source
from zm_cli.errors import DataError, UsageError, ZmError
from zm_cli.inputs.standard_input import name_input
from zm_cli.outputs.draft import Draft
from zm_cli.pipeline.measuring.checkpoint_file import (
    BEGIN_ANEW,
    read_checkpoint,
    report_damage,
    restore,
    write_checkpoint,
)
from zm_cli.pipeline.measuring.measure_spans import SpanStatistics
from zm_cli.pipeline.measuring.reduction import Progress, Reduction
from zm_cli.pipeline.measuring.same_run import describe_run, find_difference, find_stamp
from zm_cli.pipeline.measuring.span_batches import SpanBatch, SpanRun, cut_runs
from zm_cli.pipeline.measuring.trail import Trail
from zm_cli.pipeline.options import MeasureOptions

INTERVAL = 30.0
"""Seconds between checkpoints, multiplied by the seconds that writing one takes if these are more than one."""


class ProgressStore:
    """Saves no progress: every run starts at the first span. The base class of Checkpoint."""

    samples = nbytes = 0
    """What an earlier run had measured: samples, and bytes of input in the unit of `Source.nbytes`."""
    problems: tuple[str, ...] = ()
    """Warnings to print at the end."""

    def cut_runs(self, reductions: Sequence[Reduction], together: int) -> Iterator[SpanRun]:
        """Yields what is left to measure, in runs of `together` batches. Reductions are first set to saved progress."""
        for reduction in reductions:
            yield from cut_runs(reduction.index, reduction.batch_spans(), together)

    def check(self, results: Iterator[SpanStatistics]) -> Iterator[SpanStatistics]:
        """Yields the results of these runs that are to be added to the reductions."""
        return results

    def save(self, reductions: Sequence[Reduction]) -> None:
        """Saves the progress of the sources up to the current one; called after each result that is added."""


NO_CHECKPOINT = ProgressStore()


class Checkpoint(ProgressStore):
    """Saves the progress of a run to a file, and resumes an earlier run from the progress in that file.

    The file records the data and options of its run. Raises DataError for other data or options, naming the difference,
    for a file that is damaged or is not a checkpoint, and where another run uses the file; UsageError for data that can
    be read only once. A data file counts as unchanged if its size and time are the same. The names and sizes of the
    files in a folder, and the text of a table, are compared while runs are cut, and the last batch that was done is
    measured again. As a context manager, it unlocks the file at the end.
    """

    def __init__(self, path: str, sources: Sequence[Source], options: MeasureOptions, reading: ReadOptions) -> None:
        for source in sources:
            if source.one_pass:
                raise UsageError(
                    f"cannot resume {name_input(source.path)}: it can be read only once",
                    where="--checkpoint",
                    hint="save the data to a file first",
                )
        self._path = path
        self._sources = sources
        self._run = describe_run(sources, options, reading)
        # Created now and kept locked: no other run can use the file, and a file that cannot be written is found early.
        self._draft: Draft | None = Draft(Path(path))
        try:
            self._done = self._load()
        except BaseException:
            self._draft.discard()
            raise
        self.samples = sum(progress.samples for progress in self._done)
        self.nbytes = sum(progress.nbytes for progress in self._done)
        self._trails: deque[bytes] = deque()
        self._due = monotonic() + INTERVAL

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: object, traceback: TracebackType | None) -> None:
        if self._draft is not None:
            self._draft.discard()

    def _load(self) -> list[Progress]:
        """Returns the progress of each source, up to the one that was being measured; none if there is no file."""
        if (found := read_checkpoint(self._path)) is None:
            return []
        run, state = found
        if (difference := find_difference(run, self._run)) is not None:
            hint = f"repeat the command of that run, or {BEGIN_ANEW}"
            raise DataError(f"belongs to {difference}", where=self._path, hint=hint)
        done = restore(state, self._path)
        if not 0 < len(done) <= len(self._sources) or not done[-1].batches:
            raise report_damage(self._path)
        return done

    def cut_runs(self, reductions: Sequence[Reduction], together: int) -> Iterator[SpanRun]:
        """Yields what is left to measure, after the last batch that was done, which is measured again, if there is one.

        Raises DataError where the spans that were done are not those of the earlier run.
        """
        for reduction, progress in zip(reductions, self._done, strict=False):
            reduction.resume(progress)
        for reduction in reductions:
            yield from self._follow(reduction, together)

    def _follow(self, reduction: Reduction, together: int) -> Iterator[SpanRun]:
        """Yields the runs of one source that are not done, after the batch that was done last."""
        index, earlier = reduction.index, reduction.progress
        if index + 1 < len(self._done) and find_stamp(reduction.source.path) is not None:
            # The source is complete, and its file has not changed: it is not read again.
            return
        done, trail = earlier.batches, Trail()
        batches = reduction.batch_spans()
        last: SpanBatch = ()
        for last in islice(batches, done):
            trail.add(last)
        if trail.digest() != earlier.trail:
            raise self._report_change(reduction.source)
        if last and index + 1 == len(self._done):
            yield SpanRun(index, (last,))
        del last
        for run in cut_runs(index, batches, together, done):
            for batch in run.batches:
                trail.add(batch)
            self._trails.append(trail.digest())
            yield run
            del run

    def check(self, results: Iterator[SpanStatistics]) -> Iterator[SpanStatistics]:
        """Yields the results without that of the batch measured again; DataError if its data have changed."""
        if self._done:
            again = next(results)
            if not self._done[again.source].digest.ends_with(again.digest):
                raise self._report_change(self._sources[again.source])
        yield from results

    def save(self, reductions: Sequence[Reduction]) -> None:
        """Writes the checkpoint if it is due. If that fails, the earlier one is kept, and `problems` says so."""
        reductions[-1].progress.trail = self._trails.popleft()
        started = monotonic()
        if started < self._due:
            return
        try:
            self._write([reduction.progress for reduction in reductions])
            self.problems = ()
        except (OSError, ZmError) as error:
            what = error.what if isinstance(error, ZmError) else error.strerror
            self.problems = (f"the checkpoint {self._path} was not written: {what}",)
        ended = monotonic()
        self._due = ended + INTERVAL * max(1.0, ended - started)

    def _write(self, done: Sequence[Progress]) -> None:
        draft, self._draft = self._draft or Draft(Path(self._path)), None
        try:
            write_checkpoint(draft.path, self._run, done)
            draft.commit(promised=False)
        except BaseException:
            draft.discard()
            raise
        self._draft = Draft(Path(self._path))

    def _report_change(self, source: Source) -> DataError:
        """Returns the error for data that are not those of the checkpoint."""
        what = f"has changed since the checkpoint {self._path} was written"
        return DataError(what, where=source.path, hint="remove the checkpoint to begin anew")
