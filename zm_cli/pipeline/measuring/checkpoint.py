"""Checkpoints: how far the measuring of some sources has come is kept in a file, and a later run goes on from there."""

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
"""Seconds from one checkpoint to the next. Where writing one takes over a second, as many times more."""


class ProgressStore:
    """Keeps nothing: every run begins with the first span. A Checkpoint does more."""

    samples = nbytes = 0
    """How much an earlier run had measured: samples, and bytes of input in the unit of `Source.nbytes`."""
    problems: tuple[str, ...] = ()
    """What to warn of at the end."""

    def cut_runs(self, reductions: Sequence[Reduction], together: int) -> Iterator[SpanRun]:
        """Yields what is left to measure, in runs of `together` groups, after telling the reductions what is done."""
        for reduction in reductions:
            yield from cut_runs(reduction.index, reduction.group_spans(), together)

    def check(self, parts: Iterator[SpanStatistics]) -> Iterator[SpanStatistics]:
        """Returns the parts of these runs that have to be added."""
        return parts

    def save(self, reductions: Sequence[Reduction]) -> None:
        """Keeps how far the sources up to the current one have come; called after each part that is added."""


NO_CHECKPOINT = ProgressStore()


class Checkpoint(ProgressStore):
    """Keeps the state of a run in a file, and goes on where the earlier run had come that is kept there.

    The file says which data and options it is of; other ones are a DataError that names the difference. So are a file
    that is damaged or is not a checkpoint, and another run that uses the same file. Data that can be read only once are
    a UsageError. Files that are data are believed unchanged where size and time are; of folders, the names and sizes of
    the files, of tables the text that was done, are compared while runs are cut, and the last group that was done is
    measured once more. As a context, it lets go of the file at the end.
    """

    def __init__(self, path: str, sources: Sequence[Source], options: MeasureOptions, reading: ReadOptions) -> None:
        for source in sources:
            if source.one_pass:
                raise UsageError(
                    f"cannot go on with {name_input(source.path)}, which is read only once",
                    where="--checkpoint",
                    hint="save the data to a file first",
                )
        self._path = path
        self._sources = sources
        self._run = describe_run(sources, options, reading)
        # Made at once, and held: no other run can use the file, and whether it can be written is known from the start.
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
        """How far each source had come, up to the one that was being measured; none if there is no file."""
        if (found := read_checkpoint(self._path)) is None:
            return []
        run, state = found
        if (difference := find_difference(run, self._run)) is not None:
            hint = f"repeat the command that it is of, or {BEGIN_ANEW}"
            raise DataError(f"is of {difference}", where=self._path, hint=hint)
        done = restore(state, self._path)
        if not 0 < len(done) <= len(self._sources) or not done[-1].groups:
            raise report_damage(self._path)
        return done

    def cut_runs(self, reductions: Sequence[Reduction], together: int) -> Iterator[SpanRun]:
        """Yields runs as a Keeper does; the first one is the last group that was done, if there is one.

        Raises DataError where the spans that were done are not those of the earlier run.
        """
        for reduction, progress in zip(reductions, self._done, strict=False):
            reduction.resume(progress)
        for reduction in reductions:
            yield from self._follow(reduction, together)

    def _follow(self, reduction: Reduction, together: int) -> Iterator[SpanRun]:
        """Yields the runs of one source that are not done, after the group that was done last."""
        index, earlier = reduction.index, reduction.progress
        if index + 1 < len(self._done) and find_stamp(reduction.source.path) is not None:
            # Complete, and the file is the same: nothing of it is read again.
            return
        done, trail = earlier.groups, Trail()
        groups = reduction.group_spans()
        last: SpanBatch = ()
        for last in islice(groups, done):
            trail.add(last)
        if trail.digest() != earlier.trail:
            raise self._report_change(reduction.source)
        if last and index + 1 == len(self._done):
            yield SpanRun(index, (last,))
        del last
        for run in cut_runs(index, groups, together, done):
            for group in run.groups:
                trail.add(group)
            self._trails.append(trail.digest())
            yield run
            del run

    def check(self, parts: Iterator[SpanStatistics]) -> Iterator[SpanStatistics]:
        """Yields the parts but the first, which must be what the earlier run measured last; DataError if it is not."""
        if self._done:
            again = next(parts)
            if not self._done[again.source].digest.ends_with(again.digest):
                raise self._report_change(self._sources[again.source])
        yield from parts

    def save(self, reductions: Sequence[Reduction]) -> None:
        """Writes the checkpoint if it is time; where that fails, the earlier one stays, and `problems` says so."""
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
        """The error of data that are not those of the checkpoint."""
        what = f"has changed since the checkpoint {self._path} was written"
        return DataError(what, where=source.path, hint="remove the checkpoint to begin anew")
