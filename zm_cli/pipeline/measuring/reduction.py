"""Merges the statistics of the spans of one source, in the order of its data, into the result for that source."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from zm_cli.data.block import MAX_LISTED
from zm_cli.data.source import Source
from zm_cli.data.spec import Spec
from zm_cli.numbers.axes import Per, find_feature_shape
from zm_cli.numbers.moments.moments import Moments
from zm_cli.numbers.statistic import Statistic
from zm_cli.numbers.tree import Levels, MergeTree
from zm_cli.pipeline.measuring.digest import SourceDigest
from zm_cli.pipeline.measuring.group_statistics import unpack_groups
from zm_cli.pipeline.measuring.measure_spans import SpanStatistics, find_real_values
from zm_cli.pipeline.measuring.measured import SourceResult
from zm_cli.pipeline.measuring.span_batches import SpanBatch, batch_spans
from zm_cli.pipeline.measuring.trail import NO_SPANS
from zm_cli.pipeline.options import MeasureOptions
from zm_cli.pipeline.words import missing_value, name_source
from zm_cli.running.guard import note_input
from zm_cli.statsfile.stats import SourceRecord


@dataclass
class Progress:
    """How much of a source has been measured: the numbers of batches and samples, and the bytes of input.

    `levels` is the state of the tree in which the statistics of the batches are merged. `trail` is the hash of the
    addresses of the spans, where a checkpoint is written.
    """

    batches: int = 0
    samples: int = 0
    nbytes: int = 0
    digest: SourceDigest = field(default_factory=SourceDigest)
    levels: Levels[SpanStatistics] = ()
    trail: bytes = NO_SPANS


class Reduction:
    """Merges the statistics of one source in the order of its data, from the start or from saved progress."""

    def __init__(self, index: int, source: Source, per: Per, options: MeasureOptions) -> None:
        self.index = index
        self.source = source
        self._per = per
        self._options = options
        self._real = find_real_values(source.spec, options)
        self._progress = Progress()
        self._tree = MergeTree(SpanStatistics.add)

    @property
    def progress(self) -> Progress:
        """How much of the source has been measured so far; `add` changes this object."""
        self._progress.levels = self._tree.levels
        return self._progress

    def resume(self, progress: Progress) -> None:
        """Continues from the progress of an earlier run."""
        self._progress = progress
        self._tree = MergeTree(SpanStatistics.add, progress.levels)

    def batch_spans(self) -> Iterator[SpanBatch]:
        """Yields all spans of the source, in the batches in which they are measured."""
        return batch_spans(self.source, self._per)

    def add(self, result: SpanStatistics) -> None:
        """Adds the statistics of the next spans; DataError if a value is missing and none may be."""
        # Where worker processes read, this process records which source they have come to.
        note_input(self.source.path)
        progress = self._progress
        if result.first_missing is not None:
            before = 0 if result.numbered else progress.samples
            raise missing_value(self.source, before + result.first_missing[0] + 1, result.first_missing[1], self._per)
        progress.digest.add(result.digest)
        result.digest = b""
        progress.batches += result.batches
        progress.samples += result.samples
        progress.nbytes += result.nbytes
        with name_source(self.source.path):
            self._tree.add(result, result.batches)

    def finish(self, spec: Spec) -> SourceResult:
        """Closes the source and returns what was measured, in the order of the columns of `spec`."""
        source, total = self.source, self._tree.finish() or SpanStatistics(self.index)
        source.close()
        facts = source.facts()
        skipped = [*facts.skipped, *total.skipped][:MAX_LISTED]
        # The name of a file suffices to find it; the number of a row needs the reason, too.
        listed = [f"{sample.name}: {sample.reason}" if source.spec.axes == "NC" else sample.name for sample in skipped]
        record = SourceRecord(
            source.path,
            source.spec.kind,
            total.samples,
            facts.nbytes,
            str(self._progress.digest),
            tuple(listed),
            len(facts.skipped) + total.skipped_total - len(skipped),
            shard=source.spec.shard,
        )
        shape = find_feature_shape(source.spec, self._per)
        moments, statistics = _unpack(source, *total.conclude(shape, self._options.statistics, self._real))
        groups = unpack_groups(source.spec, total.groups, shape)
        own, names = source.spec.names, spec.names
        if self._per == "column" and own and own != names:
            order = [own.index(name) for name in names or ()]
            moments, statistics = moments.select(order), tuple(each.select(order) for each in statistics)
            groups = None if groups is None else groups.select(order)
        return SourceResult(
            record=record,
            moments=moments,
            statistics=statistics,
            groups=groups,
            rejected={(own or ())[index]: cell for index, cell in total.rejected.items()},
            skipped=skipped,
            notes=[*total.notes, *facts.notes],
            infinities=total.infinities,
            texts=total.texts,
            outside=total.outside,
            distinct={(own or ())[index]: column for index, column in (total.distinct.columns or {}).items()},
        )


def _unpack(
    source: Source, moments: Moments, statistics: tuple[Statistic, ...]
) -> tuple[Moments, tuple[Statistic, ...]]:
    """Returns the statistics of the real values, from those of the stored ones."""
    packing = source.spec.packing
    if packing is None or not packing.is_affine:
        return moments, statistics
    unpacked = [each if each.real else each.unpack(packing.scale, packing.offset) for each in statistics]
    return moments.unpack(packing.scale, packing.offset), tuple(each for each in unpacked if each is not None)
