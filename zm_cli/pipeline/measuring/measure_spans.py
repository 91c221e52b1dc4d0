"""The task of a worker that measures: reads the spans of a run and returns their statistics."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from zm_cli.data.block import MAX_LISTED, Block, GroupTally, Rejected, Skipped, Span, Tally
from zm_cli.data.source import Source
from zm_cli.data.spec import Spec
from zm_cli.data.texts import TextSummary, merge_texts
from zm_cli.formats.shared.options import MASK, WEIGHT
from zm_cli.numbers.accumulate import Accumulator
from zm_cli.numbers.axes import Per, find_feature_axes, find_feature_shape
from zm_cli.numbers.distinct import DistinctColumns
from zm_cli.numbers.groups.groups import Groups
from zm_cli.numbers.moments.moments import Moments
from zm_cli.numbers.statistic import Statistic
from zm_cli.numbers.stored import RealValues, find_missing_codes, find_unit_divisor
from zm_cli.numbers.sums import Counts
from zm_cli.numbers.tree import MergeTree
from zm_cli.numbers.values import count_infinities, find_missing, mask_values
from zm_cli.pipeline.measuring.group_statistics import find_by
from zm_cli.pipeline.measuring.span_batches import SpanBatch, SpanRun, name_spans
from zm_cli.pipeline.options import MeasureOptions
from zm_cli.pipeline.words import name_source
from zm_cli.running.guard import note_input


@dataclass
class SpanStatistics:
    """What was measured of consecutive spans of one source: a number of `batches`. `add` joins two of these.

    `groups` are the statistics of each group of samples, None where the samples have no labels. `digest` is the
    concatenated digests of the spans. `rejected` maps a feature's index to its first cell that is not a number.
    `skipped` lists the first samples that were left out, `skipped_total` counts all. `first_missing` is the first
    missing value: the index of its sample, and that of its feature. The index of the sample counts from the first of
    these samples or, if samples are `numbered`, from the first of the source. `outside` counts the values of each
    feature outside the bounds. `distinct` are the columns of integers that are all different, where that is asked for.
    """

    source: int
    batches: int = 0
    counts: Counts | None = None
    moments: Moments | None = None
    statistics: tuple[Statistic, ...] = ()
    groups: Groups | None = None
    samples: int = 0
    digest: bytes = b""
    nbytes: int = 0
    rejected: dict[int, Rejected] = field(default_factory=dict)
    skipped: list[Skipped] = field(default_factory=list)
    skipped_total: int = 0
    texts: TextSummary | None = None
    notes: dict[str, None] = field(default_factory=dict)
    infinities: int = 0
    first_missing: tuple[int, int] | None = None
    numbered: bool = False
    outside: Counts | None = None
    distinct: DistinctColumns = field(default_factory=DistinctColumns)

    def add(self, other: SpanStatistics) -> SpanStatistics:
        """Adds the statistics of the spans that follow in the data, and returns the sum, which is this object."""
        if self.first_missing is None and other.first_missing is not None:
            self.first_missing = (
                other.first_missing
                if other.numbered
                else (self.samples + other.first_missing[0], other.first_missing[1])
            )
            self.numbered = other.numbered
        if other.counts is not None:
            self.counts = other.counts if self.counts is None else self.counts + other.counts
        if self.moments is None or other.moments is None:
            self.moments, self.statistics = self.moments or other.moments, self.statistics or other.statistics
        else:
            self.moments = self.moments.merge(other.moments)
            pairs = zip(self.statistics, other.statistics, strict=True)
            self.statistics = tuple(mine.merge(theirs) for mine, theirs in pairs)
        if other.groups is not None:
            self.groups = other.groups if self.groups is None else self.groups.merge(other.groups)
        self.batches += other.batches
        self.samples += other.samples
        self.digest += other.digest
        self.nbytes += other.nbytes
        self.rejected = other.rejected | self.rejected
        self.skip(other.skipped, other.skipped_total)
        self.texts = merge_texts(self.texts, other.texts)
        self.notes |= other.notes
        self.infinities += other.infinities
        self.distinct.add(other.distinct)
        if other.outside is not None:
            self.add_outside(other.outside)
        return self

    def conclude(
        self, shape: tuple[int, ...], statistics: Sequence[type[Statistic]], real: RealValues
    ) -> tuple[Moments, tuple[Statistic, ...]]:
        """Returns the moments and the optional statistics of all samples; without samples, empty ones of this shape.

        They are those of the stored values, without the codes that stand for missing values in `real`; statistics of
        real values (`Statistic.real`) are of these. Counts are summed only here, exactly: the result does not depend on
        how the samples were cut into batches.
        """
        if self.counts is not None:
            optional = tuple(_count_values(each, self.counts, real) for each in statistics)
            return Moments.from_counts(self.counts, real.missing_codes), optional
        if self.moments is None:
            return Moments.identity(shape), tuple(each.identity(shape) for each in statistics)
        return self.moments, self.statistics

    def skip(self, samples: Sequence[Skipped], total: int) -> None:
        """Adds samples that were left out, `total` of them, of which the first are listed."""
        self.skipped += samples[: MAX_LISTED - len(self.skipped)]
        self.skipped_total += total

    def add_outside(self, count: Counts) -> None:
        """Adds the number of values outside the bounds, for each feature."""
        self.outside = count if self.outside is None else self.outside + count


def _count_values(statistic: type[Statistic], counts: Counts, real: RealValues) -> Statistic:
    """Returns a statistic of stored 8-bit values, or of the real ones, from how often each stored value occurs."""
    counted: Statistic | None = statistic.from_counts(counts, real.missing_codes)
    if statistic.real and counted is not None:
        shape = counts.shape[:1]
        if real.packing is not None:
            counted = counted.unpack(real.packing.scale, real.packing.offset)
        if counted is not None and real.divisor != 1.0:
            counted = counted.transform(np.zeros(shape), np.full(shape, real.divisor))
    assert counted is not None, f"{statistic.name} of real values follows from counts of stored ones"
    return counted


@dataclass
class MeasureSpans:
    """The task of a worker: read and measure a run of spans of one of the sources.

    `sources` maps the index of each source to it. `text_elsewhere` maps the same indices to those of the columns that
    are text in another source, whose missing values are not an error.
    """

    sources: Mapping[int, Source]
    per: Per
    options: MeasureOptions
    text_elsewhere: Mapping[int, frozenset[int]]
    driver: int = field(default_factory=os.getpid)
    """The id of the process that merges the results; it closes the sources itself."""
    _current: int = 0

    def __call__(self, run: SpanRun) -> SpanStatistics:
        self._open(run.source)
        tree = MergeTree(SpanStatistics.add)
        with name_source(self.sources[run.source].path):
            for batch in run.batches:
                tree.add(self._measure(run.source, batch))
            return tree.finish() or SpanStatistics(run.source)

    def narrow(self, run: SpanRun) -> MeasureSpans:
        """Returns the same task with only the source that this run needs, to be sent to another machine."""
        index = run.source
        return replace(self, sources={index: self.sources[index]}, text_elsewhere={index: self.text_elsewhere[index]})

    def _measure(self, index: int, batch: SpanBatch) -> SpanStatistics:
        source = self.sources[index]
        result = SpanStatistics(index, batches=1)
        kept = find_feature_axes(source.spec.axes, self.per)
        result.nbytes = sum(span.nbytes for span in batch)
        if tally := self._tally(source, batch):
            self._add_tally(result, tally)
            return result
        real = find_real_values(source.spec, self.options)
        accumulator = Accumulator(kept, real.missing_codes, self.options.statistics, real, find_by(source.spec))
        for span in batch:
            self._add_block(result, accumulator, source.read(span), kept)
        result.moments, result.statistics = accumulator.finish()
        result.groups = accumulator.groups
        return result

    def list_paths(self) -> list[str]:
        """Returns the paths of all sources, which a worker on another machine must see."""
        return [source.path for source in self.sources.values()]

    def name_input(self, run: SpanRun) -> str:
        """Returns the path of the source of a run of spans, or which of its files they are."""
        return name_spans(self.sources[run.source], [span for batch in run.batches for span in batch])

    def _open(self, index: int) -> None:
        if os.getpid() == self.driver:
            note_input(self.sources[index].path)
        else:
            # A worker process gets the sources in their order, so it no longer needs the earlier ones.
            for earlier in range(self._current, index):
                if earlier in self.sources:
                    self.sources[earlier].close()
            self._current = index

    def _tally(self, source: Source, spans: Sequence[Span]) -> Tally | None:
        """Returns how often each value occurs in the spans; None where that does not suffice, or the source cannot."""
        suffices = self.per in ("channel", "all") and all(each.counts_suffice for each in self.options.statistics)
        # Counts do not tell which sample a value belongs to.
        located = self.options.missing == "error" and source.spec.missing_values
        apart = any(source.spec.decoding.get(option.name) is not None for option in (WEIGHT, MASK))
        return source.tally(spans) if suffices and not located and not apart else None

    def _add_tally(self, result: SpanStatistics, tally: Tally) -> None:
        result.counts = counts = self._pool_channels(tally.counts)
        if tally.groups is not None:
            result.groups = self._count_groups(result.source, tally.groups, tally.samples)
        if self.options.bounds is not None:
            spec = self.sources[result.source].spec
            missing_codes = find_missing_codes(spec, self.options.ignore)
            result.add_outside(self.options.bounds.count_outside_counted(counts, missing_codes, spec.packing))
        result.samples += tally.samples
        result.digest += tally.digest
        result.skip(tally.skipped, len(tally.skipped))

    def _pool_channels(self, counts: Counts) -> Counts:
        """Returns the counts (features, values) of counts (channels, values)."""
        return counts.sum(axis=0, keepdims=True) if self.per == "all" else counts

    def _count_groups(self, index: int, groups: Sequence[GroupTally], samples: int) -> Groups:
        """Returns the statistics of groups of counted samples, of `samples` in all, with or without a label."""
        spec, options = self.sources[index].spec, self.options
        real = find_real_values(spec, options)
        counts = [self._pool_channels(group.counts) for group in groups]
        by = find_by(spec)
        if not counts:
            return replace(Groups.identity(by, find_feature_shape(spec, self.per)), unlabelled=samples)
        moments = Moments.from_counts(np.concatenate(counts), real.missing_codes)
        labelled = np.array([group.samples for group in groups])
        return Groups(
            by,
            tuple(group.label for group in groups),
            labelled,
            moments.reshape((len(groups), -1)),
            tuple(tuple(_count_values(each, one, real) for each in options.statistics) for one in counts),
            samples - int(labelled.sum()),
        ).sort()

    def _add_block(self, result: SpanStatistics, accumulator: Accumulator, block: Block, kept: tuple[int, ...]) -> None:
        spec = self.sources[result.source].spec
        values = mask_values(block.values, block.masked)
        if accumulator.add_block(values, block.labels, block.weights):
            result.infinities += count_infinities(values)
            # With --per all, no column can be left out: a rejected cell is reported as an error later.
            strict = self.options.missing == "error" and not (block.rejected and self.per == "all")
            leave = {*block.rejected, *self.text_elsewhere[result.source]} if self.per == "column" else ()
            sought = strict and result.first_missing is None
            first_missing = find_missing(values, kept, leave, spec.missing_values) if sought else None
            if first_missing is not None:
                result.numbered = block.numbers is not None
                index = (
                    result.samples + first_missing[0]
                    if block.numbers is None
                    else int(block.numbers[first_missing[0]]) - 1
                )
                result.first_missing = index, first_missing[1]
        if self.options.bounds is not None:
            missing_codes = find_missing_codes(spec, self.options.ignore)
            result.add_outside(self.options.bounds.count_outside(values, kept, missing_codes, spec.packing))
        if self.options.purpose is not None and self.per == "column" and spec.names is not None and not spec.named:
            result.distinct.add_block(values)
        result.rejected = dict(block.rejected) | result.rejected
        result.samples += len(block.values)
        result.digest += block.digest
        result.skip(block.skipped, block.skipped_total)
        result.texts = merge_texts(result.texts, block.texts)
        result.notes |= dict.fromkeys(block.notes)


def find_real_values(spec: Spec, options: MeasureOptions) -> RealValues:
    """Returns how stored values of such data become the real ones that are measured."""
    divisor = find_unit_divisor(spec.dtype) if options.unit else 1.0
    return RealValues(spec.affine_packing, divisor, find_missing_codes(spec, options.ignore))
