"""Sources to Stats: every span measured by a worker, merged in the order of the data."""

from __future__ import annotations

import math
from collections.abc import Sequence
from contextlib import closing
from dataclasses import fields
from typing import Any

import numpy as np
import xxhash
from numpy.typing import NDArray

from zm_cli.data.block import BLOCK_BYTES, Rejected, Skipped
from zm_cli.data.source import Source
from zm_cli.data.spec import Spec
from zm_cli.errors import DataError, UsageError
from zm_cli.inputs.standard_input import name_input
from zm_cli.numbers.axes import Per, choose_per, feature_shape
from zm_cli.numbers.kernels import Counts
from zm_cli.numbers.moments import Moments
from zm_cli.pipeline.measure_run import MeasureOptions, MeasureRun, group_spans
from zm_cli.pipeline.outcome import MOST_NAMES, Outcome, Tick, ignore_progress, list_names, show_value
from zm_cli.pipeline.pooling import check_alike, check_one_size, pool_columns, pool_shapes
from zm_cli.pipeline.transform import unit_divisor
from zm_cli.running.guard import note_input
from zm_cli.running.plan import Plan, WorkerKind, map_in_order
from zm_cli.statsfile.stats import SourceRecord, Stats

SMALL_RESULT = 8
"""How many times smaller than a block moments must be to be sent from one process to another."""


def measure(
    sources: Sequence[Source], options: MeasureOptions, plan: Plan, tick: Tick = ignore_progress
) -> tuple[Stats, Outcome]:
    """The pooled statistics of sources of one kind, and what there is to tell of them.

    Raises UsageError for a choice the data cannot have; DataError where the sources do not go together, hold no
    numbers, hold text in a column that was named, or lack a value where none may be missing.
    """
    run = _measure(sources, options, plan, tick)
    return run.finish(sources), run.outcome


def measure_beyond(
    source: Source, options: MeasureOptions, plan: Plan, tick: Tick = ignore_progress
) -> tuple[Stats, Counts, Outcome]:
    """The statistics of a source, and how many values of each of its features lie beyond the bounds in the options.

    The count has the shape of the statistics. Raises what `measure` raises.
    """
    run = _measure([source], options, plan, tick)
    stats = run.finish([source])
    return stats, run.count_beyond(stats), run.outcome


def _measure(sources: Sequence[Source], options: MeasureOptions, plan: Plan, tick: Tick) -> _Run:
    first = sources[0]
    per = choose_per(first.spec, options.per, first.path)
    if options.unit and first.spec.dtype.kind not in "iu":
        raise UsageError(
            f"--unit divides integers by their type's maximum, these values are {first.spec.dtype}", where=first.path
        )
    for other in sources[1:]:
        check_alike(first, other, per)
    if per == "pixel":
        check_one_size(sources)
    outcome = Outcome()
    run = _Run(pool_columns(sources, outcome), per, options, outcome)
    for source in sources:
        run.add_source(source, plan, tick)
    return run


class _Run:
    """The state of a measurement: moments so far, provenance, and what is to be told at its end."""

    def __init__(self, spec: Spec, per: Per, options: MeasureOptions, outcome: Outcome) -> None:
        self._spec = spec
        self._per = per
        self._options = options
        self._moments = Moments.identity(feature_shape(spec, per))
        self._records: list[SourceRecord] = []
        self._rejected: dict[str, tuple[str, Rejected]] = {}
        self._infinities = 0
        self._beyond = np.zeros(self._moments.count.shape, dtype=np.int64)
        self.outcome = outcome

    def add_source(self, source: Source, plan: Plan, tick: Tick) -> None:
        """Measures a source and merges it; its columns are taken in the order of the first source's."""
        own, names = source.spec.names, self._spec.names
        order = [own.index(name) for name in names or ()] if self._per == "column" and own and own != names else None
        note_input(source.path)
        samples, hasher = 0, xxhash.xxh3_128()
        skipped: list[Skipped] = []
        common = set(names or ())
        aside = frozenset(index for index, name in enumerate(own or ()) if name not in common)
        task = MeasureRun(source, self._per, self._options, aside)
        runs = group_spans(source.spans(), source.spec, self._per)
        nbytes = 8 * len(fields(Moments)) * math.prod(feature_shape(source.spec, self._per))
        # Processes do not wait for one another's Python, but pay only where what they send back is small.
        small = source.forkable and nbytes * SMALL_RESULT <= BLOCK_BYTES
        by: WorkerKind = ("processes" if source.small_samples else "forks") if small else "threads"
        with closing(map_in_order(task, runs, plan, block_cost=block_cost(source) + nbytes, by=by)) as parts:
            for part in parts:
                if part.hole is not None:
                    raise missing_value(source, samples + part.hole[0] + 1, part.hole[1], self._per)
                self._moments = self._moments.merge(part.moments if order is None else part.moments.select(order))
                for index, cell in part.rejected.items():
                    self._rejected.setdefault((own or ())[index], (source.path, cell))
                self._infinities += part.infinities
                if part.beyond is not None:
                    self._beyond += part.beyond
                samples += part.samples
                skipped += part.skipped
                self.outcome.note(part.notes)
                hasher.update(part.digest)
                tick(part.nbytes)
        facts = source.facts()
        skipped = [*facts.skipped, *skipped]
        self.outcome.note(facts.notes)
        self.outcome.skip(skipped)
        self.outcome.samples += samples
        digest = show_digest(hasher)
        names_skipped = tuple(sample.name for sample in skipped)
        self._records.append(SourceRecord(source.path, source.spec.kind, samples, facts.nbytes, digest, names_skipped))

    def count_beyond(self, stats: Stats) -> Counts:
        """How many values lie beyond the bounds, for each feature that the statistics have kept."""
        if stats.names == self._spec.names:
            return self._beyond
        places = {name: place for place, name in enumerate(self._spec.names or ())}
        return self._beyond[[places[name] for name in stats.names or ()]]

    def finish(self, sources: Sequence[Source]) -> Stats:
        """The statistics, without the columns that turned out to be text; warnings go to `outcome`."""
        spec = self._spec
        moments = self._moments.divide(unit_divisor(spec.dtype)) if self._options.unit else self._moments
        stats = Stats(
            per=self._per,
            samples=self.outcome.samples,
            axes=spec.axes,
            sample_shape=spec.sample_shape if spec.axes == "NC" else pool_shapes(sources),
            names=spec.names,
            dtype=spec.dtype.name,
            unit=self._options.unit,
            ignore=self._options.ignore,
            decoding=spec.decoding,
            sources=tuple(self._records),
            partial=any(map(_reached_limit, sources, self._records)),
            made=None,
            moments=moments,
        )
        paths = ", ".join(name_input(source.path) for source in sources)
        if not stats.samples:
            raise DataError("has no samples", where=paths)
        if spec.axes == "NC" and spec.names is not None:
            stats = self._drop_text(stats, named=spec.named)
        if not stats.moments.count.any():
            reason = f": {'; '.join(self.outcome.warnings[:3])}" if self.outcome.warnings else ""
            raise DataError(f"has no numbers{reason}", where=paths, hint="is every value missing, or text?")
        self._check_finite(stats, paths)
        self._warn(stats)
        return stats

    def _check_finite(self, stats: Stats, paths: str) -> None:
        """Raises DataError, naming the features, where values are so large that float64 cannot hold their squares."""
        moments = stats.moments
        wrong = np.flatnonzero(~(np.isfinite(moments.mean) & np.isfinite(moments.m2)))
        if len(wrong):
            raise DataError(
                f"values too large to square: {_list_features(stats, wrong)} "
                f"between {moments.min.flat[wrong[0]]:g} and {moments.max.flat[wrong[0]]:g}",
                where=paths,
                hint="if such a value stands for no data, say --ignore VALUE",
            )

    def _drop_text(self, stats: Stats, *, named: bool) -> Stats:
        """The statistics of the columns that hold numbers only; DataError for one that was named and does not."""
        for name, (path, cell) in self._rejected.items():
            if name not in (stats.names or ()):
                continue
            if named or self._per == "all":
                raise not_a_number(path, name, cell)
            place = f"row {cell.row} holds {show_value(cell.value)}"
            self.outcome.warn(f"{name_input(path)}: column '{name}' is left as text: {place}, which is no number")
        columns = list(stats.names or ())
        keep = [name for name in columns if name not in self._rejected]
        if not named and self._per == "column" and not self._options.compared:
            counts = dict(zip(columns, stats.moments.count, strict=True))
            empty = [name for name in keep if not counts[name]]
            if empty:
                self.outcome.warn(f"without a single number, left as they are: {list_names(empty)}")
            keep = [name for name in keep if counts[name]]
        return stats.select(keep) if keep != columns and self._per == "column" else stats

    def _warn(self, stats: Stats) -> None:
        constant = np.flatnonzero(stats.moments.constant())
        if len(constant) and not self._options.compared:
            self.outcome.warn(f"constant, so that standardizing divides by 1: {_list_features(stats, constant)}")
        empty = np.flatnonzero(stats.moments.count == 0)
        if len(empty) and not self._options.compared:
            self.outcome.warn(f"without a single value: {_list_features(stats, empty)}")
        if self._infinities:
            self.outcome.warn(f"infinite values counted as missing: {self._infinities}")
        self.outcome.warn_of_skipped()


def _reached_limit(source: Source, record: SourceRecord) -> bool:
    """Whether there may be more samples than were asked for."""
    limit = source.spec.limit
    return limit is not None and record.samples + len(record.skipped) >= limit


def _list_features(stats: Stats, indices: NDArray[np.intp]) -> str:
    # Pixels are many: no more of them are named than are told.
    return list_names([stats.name_feature(int(index)) for index in indices[:MOST_NAMES]], there_are=len(indices))


def show_digest(hasher: xxhash.xxh3_128) -> str:
    """A source's digest, from the hash of its blocks' digests in order, as stats files hold it."""
    return f"xxh3_128:{hasher.hexdigest()}"


def block_cost(source: Source, output: np.dtype[Any] | None = None) -> int:
    """The bytes that a block takes while it is worked on: as it is read and decoded, and as it is transformed and
    encoded in the dtype of the output."""
    decoded = max(BLOCK_BYTES, source.sample_bytes)
    return 2 * decoded + (2 * decoded * output.itemsize // source.spec.dtype.itemsize if output else 0)


def not_a_number(path: str, column: str, cell: Rejected) -> DataError:
    """The error of a cell that is no number in a column that must hold numbers."""
    value = show_value(cell.value)
    return DataError(
        f"row {cell.row} holds {value}, which is no number",
        where=f"{name_input(path)}: column '{column}'",
        hint=f"--null-value {value} takes it for missing, --exclude '{column}' leaves the column as it is",
    )


def missing_value(source: Source, sample: int, feature: int, per: Per) -> DataError:
    """The error of a value that is missing where none may be; samples are counted from 1."""
    names = source.spec.names
    row = "row" if source.spec.axes == "NC" else "sample"
    column = f", column '{names[feature]}'" if names and per == "column" else ""
    return DataError(
        "is missing or not finite, and --missing error allows none",
        where=f"{name_input(source.path)}: {row} {sample}{column}",
    )
