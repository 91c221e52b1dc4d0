"""Groups the spans of a source, and cuts the groups into runs: what a worker measures at a time."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import NamedTuple

from zm_cli.data import block as blocks
from zm_cli.data.block import Span
from zm_cli.data.source import Source
from zm_cli.data.spec import Spec
from zm_cli.numbers.axes import Per, find_feature_shape

ENOUGH_SAMPLES = 256
"""Samples per group of blocks when merging moments is expensive; a constant, because it decides the last bits."""
MAX_SPANS = 32
"""The most spans in a group of large samples, so that there is work for all workers."""

SpanBatch = tuple[Span, ...]
"""Consecutive spans of one source, which are measured together."""


class SpanRun(NamedTuple):
    """Consecutive groups of spans of one source, whose index is `source`: what a worker measures at a time."""

    source: int
    groups: tuple[SpanBatch, ...]


def cut_runs(index: int, groups: Iterator[SpanBatch], together: int, done: int = 0) -> Iterator[SpanRun]:
    """Yields groups of the source at `index`, of which the first `done` were taken, in runs of `together` groups.

    The last run may have fewer. So that all others can be merged in a tree, runs begin at multiples of their length:
    up to the first multiple, groups are alone.
    """
    while taken := tuple(islice(groups, 1 if done % together else together)):
        done += len(taken)
        yield SpanRun(index, taken)
        # The spans of a table carry their text: release them before waiting for the next ones.
        del taken


def group_spans(source: Source, per: Per) -> Iterator[SpanBatch]:
    """Yields the spans of a source in groups, whose statistics are merged in a tree. Only the data decide the groups.

    A span of a block's size is a group by itself. Short spans, of samples that differ in shape, are grouped, so that a
    task is worth its overhead; so are spans measured per pixel, where merging moments is much of the work.
    """
    spans = iter(source.spans())
    if per == "pixel":
        most = _count_spans_per_pixel(source.spec)
        while taken := tuple(islice(spans, most)):
            yield taken
        return
    yield from fill_groups(spans)


def _count_spans_per_pixel(spec: Spec) -> int:
    nbytes = math.prod(find_feature_shape(spec, "pixel")) * spec.dtype.itemsize
    samples = max(1, blocks.BLOCK_BYTES // nbytes)
    return min(MAX_SPANS, -(-ENOUGH_SAMPLES // samples))


def fill_groups(spans: Iterable[Span]) -> Iterator[tuple[Span, ...]]:
    """Yields groups that decode to half a block or more. If all samples have one shape, each span does so by itself."""
    taken: list[Span] = []
    decoded = 0
    for span in spans:
        taken.append(span)
        decoded += span.decoded
        if 2 * decoded >= blocks.BLOCK_BYTES:
            yield tuple(taken)
            taken, decoded = [], 0
        # The span of a table carries its text: release it before waiting for the next span.
        del span
    if taken:
        yield tuple(taken)
