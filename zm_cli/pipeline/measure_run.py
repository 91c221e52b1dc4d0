"""The work of measuring that any worker can do: a run of spans read, and their moments with what else was seen."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Literal

from zm_cli.data import block as nouns
from zm_cli.data.block import Block, Rejected, Skipped, Span, Tally
from zm_cli.data.source import Source
from zm_cli.data.spec import Spec
from zm_cli.numbers.axes import Per, feature_shape, kept_axes
from zm_cli.numbers.bounds import Bounds
from zm_cli.numbers.kernels import Counts
from zm_cli.numbers.moments import Moments, RunningMoments, count_infinities, find_missing

ENOUGH_SAMPLES = 256
"""Samples after which another block's moments are worth merging; a constant, because it decides the last bits."""
MOST_SPANS = 32
"""Spans to a run at most, so that there is work for all workers."""


@dataclass(frozen=True)
class MeasureOptions:
    """What is to be measured: `per` (None: the default for the data), and what counts as a value.

    With `bounds`, values beyond them are counted. Where `compared`, the numbers are not to be kept: columns without
    a single one stay features, and what standardizing would make of them is no matter for warnings.
    """

    per: str | None = None
    unit: bool = False
    ignore: float | None = None
    missing: Literal["skip", "error"] = "skip"
    bounds: Bounds | None = None
    compared: bool = False


@dataclass
class MeasuredRun:
    """What a worker sends back for a run of spans. `digest` is that of its blocks side by side; `hole` is the first
    missing value: sample in the run, feature; `beyond` counts the values of each feature that lie beyond the bounds."""

    moments: Moments = field(init=False)
    samples: int = 0
    digest: bytes = b""
    nbytes: int = 0
    rejected: dict[int, Rejected] = field(default_factory=dict)
    skipped: list[Skipped] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    infinities: int = 0
    hole: tuple[int, int] | None = None
    beyond: Counts | None = None

    def add_beyond(self, count: Counts) -> None:
        """Adds the values of a block that lie beyond the bounds."""
        self.beyond = count if self.beyond is None else self.beyond + count


@dataclass(frozen=True)
class MeasureRun:
    """The task of a worker: a run of spans of `source`, read and measured."""

    source: Source
    per: Per
    options: MeasureOptions
    aside: frozenset[int] = frozenset()
    """Columns that are text in another source, of which nothing is missing therefore."""

    def __call__(self, spans: tuple[Span, ...]) -> MeasuredRun:
        run = MeasuredRun()
        kept = kept_axes(self.source.spec.axes, self.per)
        running = RunningMoments(kept, self.options.ignore)
        for span in spans:
            tally = self.source.tally(span) if self.per in ("channel", "all") else None
            if tally is not None:
                self._add_tally(run, running, tally)
            else:
                self._add_block(run, running, self.source.read(span), kept)
            run.nbytes += span.nbytes
        run.moments = running.total()
        return run

    def _add_tally(self, run: MeasuredRun, running: RunningMoments, tally: Tally) -> None:
        counts = tally.counts.sum(axis=0, keepdims=True) if self.per == "all" else tally.counts
        running.merge(Moments.from_counts(counts, self.options.ignore))
        if self.options.bounds is not None:
            run.add_beyond(self.options.bounds.count_beyond_counted(counts, self.options.ignore))
        run.samples += tally.samples
        run.digest += tally.digest
        run.skipped += tally.skipped

    def _add_block(self, run: MeasuredRun, running: RunningMoments, block: Block, kept: tuple[int, ...]) -> None:
        if running.add(block.values):
            run.infinities += count_infinities(block.values)
            # Values together (--per all) are no features that could be left out; a rejected cell is an error there.
            strict = self.options.missing == "error" and not (block.rejected and self.per == "all")
            leave = {*block.rejected, *self.aside} if self.per == "column" else ()
            hole = find_missing(block.values, kept, leave) if strict and run.hole is None else None
            if hole is not None:
                run.hole = run.samples + hole[0], hole[1]
        if self.options.bounds is not None:
            run.add_beyond(self.options.bounds.count_beyond(block.values, kept, self.options.ignore))
        for feature, cell in block.rejected.items():
            run.rejected.setdefault(feature, cell)
        run.samples += len(block.values)
        run.digest += block.digest
        run.skipped += block.skipped
        run.notes += block.notes


def group_spans(spans: Iterable[Span], spec: Spec, per: Per) -> Iterator[tuple[Span, ...]]:
    """The spans in runs that a worker takes at once: of so many that merging their moments is little of the work.

    That is one span, unless large samples are measured per pixel. Only the data decide it.
    """
    nbytes = math.prod(feature_shape(spec, per)) * spec.dtype.itemsize if per == "pixel" else 1
    samples = max(1, nouns.BLOCK_BYTES // nbytes)
    spans = iter(spans)
    while run := tuple(islice(spans, min(MOST_SPANS, -(-ENOUGH_SAMPLES // samples)))):
        yield run
