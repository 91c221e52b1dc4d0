"""Writes the transformed blocks of a source to a sink: workers encode them, this process writes them in order."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from itertools import chain

from zm_cli.data.sink import Sink
from zm_cli.data.source import Source
from zm_cli.errors import DataError
from zm_cli.inputs.standard_input import name_input
from zm_cli.numbers.axes import Per
from zm_cli.numbers.moments.moments import Moments
from zm_cli.pipeline.applying.rounding import list_clipped
from zm_cli.pipeline.applying.transform_span import EncodeSpans, TransformedSpan, TransformSpan
from zm_cli.pipeline.measuring.digest import SourceDigest
from zm_cli.pipeline.measuring.measure import estimate_block_bytes, estimate_encoded_bytes, estimate_mask_bytes
from zm_cli.pipeline.measuring.span_batches import fill_batches
from zm_cli.pipeline.outcome import Outcome, Tick
from zm_cli.pipeline.words import missing_value, name_vectors, not_a_number
from zm_cli.running.plan import Plan
from zm_cli.running.workload import Workload


@dataclass(frozen=True)
class WrittenBlocks:
    """What is known after a pass over a source.

    `digest` is that of the data. `moments` are those of the written values or, for an inverse, of the values read; None
    if they were not measured. `overflows` counts the values that the output's dtype could not hold.
    """

    digest: str
    moments: Moments | None
    overflows: int


def write_blocks(task: TransformSpan, sink: Sink, per: Per, plan: Plan, tick: Tick, outcome: Outcome) -> WrittenBlocks:
    """Writes every block to the sink without committing it; adds notes and warnings to `outcome`.

    Raises DataError where a cell is not a number, a value is missing although none may be, or there are no samples.
    """
    source, dtype = task.source, task.transform.dtype
    small = source.small_samples
    work = Workload(
        estimate_block_bytes(source, dtype) + estimate_mask_bytes(source),
        result_bytes=estimate_encoded_bytes(source, dtype),
        forkable=small,
        small_steps=small,
        arriving=source.one_pass,
    )
    overflows, digest = 0, SourceDigest()
    unmarked = frozenset[int]()
    moments: Moments | None = None
    # Spans from a pipe are processed one by one as they arrive; others are batched so that a task is worth its
    # overhead.
    batches = ((span,) for span in source.spans()) if source.one_pass else fill_batches(source.spans())
    with closing(plan.map(EncodeSpans(task, sink), batches, work)) as transformed:
        for made in chain.from_iterable(transformed):
            _check_values(made, source, per, outcome.samples)
            sink.write(made.encoded)
            overflows += made.overflows
            unmarked |= made.unmarked
            digest.add(made.block.digest)
            if made.moments is not None:
                moments = made.moments if moments is None else moments.merge(made.moments)
            _add_counts(made, outcome)
            tick(made.block.span.nbytes, made.samples)
            # Release this result before the next one is computed.
            del made
    facts = source.facts()
    outcome.note(facts.notes)
    outcome.skip(facts.skipped, len(facts.skipped))
    if not outcome.samples and source.spec.shard is None:
        raise DataError(f"has no samples{outcome.explain_skipped()}", where=name_input(source.path))
    outcome.warn_of_skipped(rows=source.spec.axes == "NC", written=True)
    outcome.warn_of_incomplete(name_vectors(source.spec.axes, per))
    outcome.note(list_clipped(outcome.clipped, outcome.samples, source.spec))
    if task.indicators is not None:
        task.indicators.report(source.spec.names or (), unmarked, outcome)
    if overflows:
        outcome.warn(f"{overflows} values are beyond the range of {dtype} and became infinite")
    return WrittenBlocks(str(digest), moments, overflows)


def _check_values(made: TransformedSpan, source: Source, per: Per, before: int) -> None:
    """Raises DataError for a cell that is not a number, and for a missing value; `before` counts earlier samples."""
    block = made.block
    if block.rejected:
        index = min(block.rejected)
        raise not_a_number(source.path, (source.spec.names or ())[index], block.rejected[index])
    if made.first_missing is not None:
        sample, feature = made.first_missing
        number = before + sample + 1 if block.numbers is None else int(block.numbers[sample])
        raise missing_value(source, number, feature, per)


def _add_counts(made: TransformedSpan, outcome: Outcome) -> None:
    """Adds what is to be told of a span to the outcome."""
    block = made.block
    outcome.samples += made.samples
    outcome.incomplete += made.incomplete
    outcome.clipped += made.clipped
    outcome.note(block.notes)
    outcome.skip(block.skipped, block.skipped_total)
