"""The task of a worker that writes: reads a span, transforms it, and encodes it for the sink."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from zm_cli.data.block import Block, Span, drop_values
from zm_cli.data.sink import Sink
from zm_cli.data.source import Source
from zm_cli.numbers.moments.moments import Moments
from zm_cli.numbers.values import find_missing, mask_values
from zm_cli.pipeline.applying.indicators import Indicators
from zm_cli.pipeline.measuring.span_batches import SpanBatch, name_spans
from zm_cli.pipeline.options import Missing
from zm_cli.transforms.base import Transform


@dataclass(frozen=True)
class TransformedSpan:
    """The result of a worker for one span.

    `block` holds the transformed values, until they are `encoded` as `Sink.write` takes them. `samples` is the number
    of samples. `overflows` counts the values that the output's dtype cannot hold, `incomplete` the vectors of features
    that became missing because some of their values were. `first_missing` is the sample and the feature of the first
    missing value. `moments` are those of the transformed values or, for an inverse, of the values read; None if they
    are not measured. `unmarked` are the features with missing values that no indicator marks, where there are
    indicators. `clipped` counts the values that were cut off at the ends of a range.
    """

    block: Block
    samples: int
    overflows: int
    incomplete: int
    first_missing: tuple[int, int] | None
    moments: Moments | None
    unmarked: frozenset[int] = frozenset()
    clipped: int = 0
    encoded: Any = None


@dataclass(frozen=True)
class TransformSpan:
    """The task of a worker: read and transform a span of `source`.

    Masked values are missing in the output, too. `kept` are the axes of the statistics. `checked` are the axes of the
    moments to measure, of the output or, for an inverse, of the input; None: measure nothing.
    """

    source: Source
    transform: Transform
    kept: tuple[int, ...]
    checked: tuple[int, ...] | None
    missing: Missing
    indicators: Indicators | None = None

    def __call__(self, span: Span) -> TransformedSpan:
        block = apply_mask(self.source.read(span))
        first_missing = self._find_first_missing(block) if self.missing == "error" else None
        transformed, overflows, clipped = self.transform.apply(block)
        unmarked = frozenset[int]()
        if self.indicators is not None:
            marked, unmarked = self.indicators.mark(block, self.transform.missing_codes)
            transformed = replace(transformed, missing=marked.missing)
        return TransformedSpan(
            transformed,
            len(block.values),
            overflows,
            self.transform.count_incomplete(transformed.values),
            first_missing,
            self._measure(block, transformed),
            unmarked,
            clipped,
        )

    def _find_first_missing(self, block: Block) -> tuple[int, int] | None:
        return find_missing(block.values, self.kept, set(block.rejected), self.source.spec.missing_values)

    def _measure(self, block: Block, transformed: Block) -> Moments | None:
        """Returns the moments of the output, or for an inverse those of the input; None if they are not needed.

        Those of the output are derived from those of the input if possible: its values are smaller in memory.
        """
        if self.checked is None:
            return None
        if self.transform.inverse:
            found = Moments.from_block(block.values, self.checked, self.transform.missing_codes)
            packing = self.transform.packing
            return found if packing is None else found.unpack(packing.scale, packing.offset)
        if self.checked != self.kept or not self.transform.predicts:
            return Moments.from_block(transformed.values, self.checked)
        predicted = self.transform.predict(Moments.from_block(block.values, self.checked, self.transform.missing_codes))
        return Moments.from_block(transformed.values, self.checked) if predicted is None else predicted


def apply_mask(block: Block) -> Block:
    """Returns the block with NaN where its values are masked; integers then become float64."""
    return (
        block if block.masked is None else replace(block, values=mask_values(block.values, block.masked), masked=None)
    )


@dataclass(frozen=True)
class EncodeSpans:
    """The task of a worker: transform and encode a batch of spans, so that only writing in order is left to do."""

    transform_span: TransformSpan
    sink: Sink

    def __call__(self, batch: SpanBatch) -> list[TransformedSpan]:
        return [self._encode(span) for span in batch]

    def _encode(self, span: Span) -> TransformedSpan:
        made = self.transform_span(span)
        encoded = self.sink.encode(made.block)
        # Results wait for their turn to be written: the values are dropped, because they are encoded already.
        return replace(made, block=drop_values(made.block), encoded=encoded)

    def name_input(self, batch: SpanBatch) -> str:
        """Returns the path of the source of a batch of spans, or which of its files they are."""
        return name_spans(self.transform_span.source, batch)

    def list_paths(self) -> list[str]:
        """Returns the files and folders that a worker on another machine must see: the input, and what it writes."""
        written = self.sink.encodes_to
        return [self.transform_span.source.path, *([] if written is None else [written])]
