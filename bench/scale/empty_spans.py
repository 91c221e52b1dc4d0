"""Spans that stand for the photographs of a large collection, and a task that does not read them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from zm_cli.data.block import Span
from zm_cli.formats.images.reading import Address
from zm_cli.numbers.moments.moments import Moments
from zm_cli.pipeline.measuring.measure_spans import SpanStatistics
from zm_cli.pipeline.measuring.span_batches import SpanRun

FILES = 14
"""The number of paths in the address of a block of photographs."""


@dataclass(frozen=True)
class MeasureNothing:
    """A task that reads nothing and returns statistics of no samples of three channels."""

    def __call__(self, run: SpanRun) -> SpanStatistics:
        return SpanStatistics(run.source, moments=Moments.identity((3,)), digest=bytes(16 * len(run.batches)))


def list_runs(spans: int, together: int) -> Iterator[SpanRun]:
    """Yields runs of spans whose addresses are as long as those of a large collection of photographs."""
    for start in range(0, spans, together):
        yield SpanRun(0, tuple((make_span(index),) for index in range(start, min(start + together, spans))))


def make_span(index: int) -> Span:
    """Returns a span of FILES photographs."""
    names = tuple(f"n{index % 21841:08}/n{index % 21841:08}_{FILES * index + file}.JPEG" for file in range(FILES))
    return Span(index, Address(names, (375, 500, 3)), FILES * 90_000, FILES * 375 * 500 * 3)
