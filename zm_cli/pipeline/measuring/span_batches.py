"""Cuts the spans of a source into batches that are measured together, and the batches into runs for the workers."""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import NamedTuple

from zm_cli.data.block import Span, get_block_bytes
from zm_cli.data.source import Source
from zm_cli.data.spec import Spec
from zm_cli.inputs.name_lists import name_one_of
from zm_cli.numbers.axes import Per, find_feature_shape

ENOUGH_SAMPLES = 256
"""Samples per batch when merging moments is expensive; a constant, because it decides the last bits."""
MAX_SPANS = 32
"""The most spans in a batch of large samples, so that there is work for all workers."""

SpanBatch = tuple[Span, ...]
"""Consecutive spans of one source, which are measured together."""


class SpanRun(NamedTuple):
    """Consecutive batches of one source, whose index is `source`: what a worker measures at a time."""

    source: int
    batches: tuple[SpanBatch, ...]


def name_spans(source: Source, spans: Sequence[Span]) -> str:
    """Returns what to name in errors about spans of which one cannot be read: their files, if the samples of the source
    are files in a folder, else its path."""
    files = [file for span in (spans[0], spans[-1]) for file in getattr(span.address, "paths", ())]
    if not files or not os.path.isdir(source.path):
        return source.path
    total = sum(len(span.address.paths) for span in spans)
    return name_one_of(os.path.join(source.path, files[0]), os.path.join(source.path, files[-1]), total)


def cut_runs(index: int, batches: Iterator[SpanBatch], together: int, done: int = 0) -> Iterator[SpanRun]:
    """Yields batches of the source at `index`, of which the first `done` were taken, in runs of `together` batches.

    The last run may have fewer. So that all others can be merged in a tree, runs begin at multiples of their length:
    up to the first multiple, each batch is a run by itself.
    """
    while taken := tuple(islice(batches, 1 if done % together else together)):
        done += len(taken)
        yield SpanRun(index, taken)
        # The spans of a table carry their text: release them before waiting for the next ones.
        del taken


def batch_spans(source: Source, per: Per) -> Iterator[SpanBatch]:
    """Yields the spans of a source in batches, whose statistics are merged in a tree. Only the data decide the batches.

    A span of a block's size is a batch by itself. Short spans, of samples that differ in shape, share a batch, so that
    a task is worth its overhead; so do spans measured per pixel, where merging moments is much of the work.
    """
    spans = iter(source.spans())
    if per == "pixel":
        most = _count_spans_per_pixel(source.spec)
        while taken := tuple(islice(spans, most)):
            yield taken
        return
    yield from fill_batches(spans)


def _count_spans_per_pixel(spec: Spec) -> int:
    nbytes = math.prod(find_feature_shape(spec, "pixel")) * spec.dtype.itemsize
    samples = max(1, get_block_bytes() // nbytes)
    return min(MAX_SPANS, -(-ENOUGH_SAMPLES // samples))


def fill_batches(spans: Iterable[Span]) -> Iterator[SpanBatch]:
    """Yields batches that decode to half a block or more. If all samples have one shape, each span is such a batch."""
    taken: list[Span] = []
    decoded = 0
    for span in spans:
        taken.append(span)
        decoded += span.decoded
        if 2 * decoded >= get_block_bytes():
            yield tuple(taken)
            taken, decoded = [], 0
        # The span of a table carries its text: release it before waiting for the next span.
        del span
    if taken:
        yield tuple(taken)
