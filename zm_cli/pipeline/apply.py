"""Applies statistics: workers read, transform and encode spans, which are written in the order of the data."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import xxhash

from zm_cli.data.block import Block, Span, Values
from zm_cli.data.sink import Sink, WriteOptions
from zm_cli.data.source import Source
from zm_cli.errors import DataError
from zm_cli.inputs.standard_input import name_input
from zm_cli.numbers.axes import Per, kept_axes
from zm_cli.numbers.moments import Moments
from zm_cli.numbers.values import find_missing
from zm_cli.outputs.draft import Draft
from zm_cli.outputs.receipt import check_receipt, make_receipt
from zm_cli.pipeline.measure import block_bytes, show_digest
from zm_cli.pipeline.options import ApplyOptions, Missing
from zm_cli.pipeline.outcome import Outcome, Tick, ignore_progress
from zm_cli.pipeline.output import create_sink
from zm_cli.pipeline.selfcheck import checked_per, describe_written, expect_written, find_unexpected
from zm_cli.pipeline.transform import Transform
from zm_cli.pipeline.words import changed_meanwhile, missing_value, not_a_number
from zm_cli.running.guard import note_input
from zm_cli.running.plan import Plan
from zm_cli.running.workload import Workload
from zm_cli.statsfile.digest import digest_stats
from zm_cli.statsfile.fitting import check_fits, check_scale
from zm_cli.statsfile.stats import Stats
from zm_cli.statsfile.store import draft_stats


@dataclass(frozen=True)
class TransformedSpan:
    """The result of a worker for one span.

    `block` holds the transformed values, `encoded` the same as `Sink.write` takes it, None if that is left to the
    writer. `overflows` counts the values that the output's dtype cannot hold. `hole` is the sample and the feature of
    the first missing value. `moments` are those of the transformed values, None where they need not be measured.
    """

    block: Block
    overflows: int
    hole: tuple[int, int] | None
    moments: Moments | None
    encoded: Any = None


@dataclass(frozen=True)
class TransformSpan:
    """The task of a worker: read and transform a span of `source`.

    `kept` are the axes of the statistics. `checked` are the axes of the moments of the output; None: do not measure it.
    """

    source: Source
    transform: Transform
    kept: tuple[int, ...]
    checked: tuple[int, ...] | None
    missing: Missing

    def __call__(self, span: Span) -> TransformedSpan:
        block = self.source.read(span)
        hole = find_missing(block.values, self.kept, set(block.rejected)) if self.missing == "error" else None
        transformed, overflows = self.transform.apply(block)
        return TransformedSpan(transformed, overflows, hole, self._measure(block, transformed))

    def _measure(self, block: Block, transformed: Block) -> Moments | None:
        """The moments of the output, mostly derived from those of the input, whose values are smaller."""
        if self.checked is None:
            return None
        if self.checked != self.kept:
            return Moments.from_block(transformed.values, self.checked)
        return self.transform.apply_moments(Moments.from_block(block.values, self.checked, self.transform.ignore))


@dataclass(frozen=True)
class EncodeSpan:
    """The task of a thread: transform and encode a span, so that only writing is left."""

    transform_span: TransformSpan
    sink: Sink

    def __call__(self, span: Span) -> TransformedSpan:
        made = self.transform_span(span)
        return replace(made, encoded=self.sink.encode(made.block))


def apply(
    source: Source,
    stats: Stats,
    output: str,
    options: ApplyOptions,
    plan: Plan,
    *,
    own: bool = False,
    save_stats: str | None = None,
    tick: Tick = ignore_progress,
) -> Outcome:
    """Writes the transformed source to `output`, completely or not at all, and returns the outcome.

    `own` says that the statistics were just measured on this source: it must not have changed since, and the result is
    known without measuring it. With `save_stats`, the statistics are saved there when the output appears. Raises
    DataError where the statistics do not fit the data, a cell is not a number, or the data have changed or are already
    transformed.
    """
    note_input(source.path)
    check_fits(stats, source.spec, source.path)
    transform = Transform.from_stats(
        stats,
        source.spec,
        _output_dtype(source, options),
        standardize=options.operation == "standardize",
        inverse=options.inverse,
        impute=options.impute is not None,
        ddof=options.ddof,
        epsilon=options.epsilon,
        unit=_recorded_unit(source) if options.inverse else None,
    )
    receipt = make_receipt(
        options.operation,
        inverse=options.inverse,
        stats=digest_stats(stats),
        settings={"per": stats.per, **_settings(options, transform)},
    )
    if not options.force:
        _refuse_trial(stats, source, options)
        check_receipt(source.receipt, receipt, source.path)
        if not options.inverse:
            check_scale(stats, source.spec, _read_first(source), source.path)
    sink = create_sink(source, output, WriteOptions(transform.dtype, receipt, options.format))
    outcome = Outcome()
    draft: Draft | None = None
    try:
        kept = kept_axes(source.spec.axes, stats.per)
        checked = None if own or options.inverse else kept_axes(source.spec.axes, checked_per(stats.per))
        task = TransformSpan(source, transform, kept, checked, options.missing)
        pass_ = _write_blocks(task, sink, stats.per, plan, tick, outcome)
        if own and pass_.digest != stats.sources[0].digest:
            raise changed_meanwhile(source.path)
        if save_stats is not None:
            draft = draft_stats(stats, save_stats)
        sink.commit()
    except BaseException:
        sink.discard()
        if draft is not None:
            draft.discard()
        raise
    if draft is not None:
        draft.commit()
    outcome.note(sink.notes)
    # Without moments, the written values are known, unless some were out of range for the output.
    if pass_.moments is not None or not (options.inverse or pass_.overflows):
        _check_written(stats, transform, pass_.moments, outcome)
    return outcome


def _refuse_trial(stats: Stats, source: Source, options: ApplyOptions) -> None:
    """Raises DataError where statistics of a trial are applied to all of the data."""
    if stats.trial and source.spec.limit is None and not options.inverse:
        raise DataError(
            f"the statistics are of {stats.trial}",
            where=source.path,
            hint="measure all of the data, or --force",
        )


def _check_written(stats: Stats, transform: Transform, moments: Moments | None, outcome: Outcome) -> None:
    """Records what was written, and warns if it is not as expected; `moments` None: it is known to be."""
    expected = expect_written(stats, transform)
    if moments is None:
        outcome.written = expected
        return
    outcome.written = describe_written(stats, moments)
    if warning := find_unexpected(expected, outcome.written, outcome.samples, moments.count.ravel()):
        outcome.warn(warning)


@dataclass
class _Pass:
    """The result of a pass over a source.

    `digest` is that of the data, `moments` are those of the written values or None, `overflows` counts the values that
    the output's dtype could not hold.
    """

    digest: str
    moments: Moments | None
    overflows: int


def _write_blocks(task: TransformSpan, sink: Sink, per: Per, plan: Plan, tick: Tick, outcome: Outcome) -> _Pass:
    """Writes every block to the sink without committing it; notes and warnings go to `outcome`."""
    source, dtype = task.source, task.transform.dtype
    small = source.small_samples
    work = Workload(block_bytes(source, dtype), forkable=small, small_steps=small, arriving=source.one_pass)
    overflows, hasher = 0, xxhash.xxh3_128()
    moments: Moments | None = None
    with closing(plan.map(task if small else EncodeSpan(task, sink), source.spans(), work)) as transformed:
        for made in transformed:
            block = made.block
            if block.rejected:
                index = min(block.rejected)
                raise not_a_number(source.path, (source.spec.names or ())[index], block.rejected[index])
            if made.hole is not None:
                raise missing_value(source, outcome.samples + made.hole[0] + 1, made.hole[1], per)
            # The sink is used in this process only: blocks from worker processes are encoded here.
            sink.write(sink.encode(block) if made.encoded is None else made.encoded)
            overflows += made.overflows
            hasher.update(block.digest)
            if made.moments is not None:
                moments = made.moments if moments is None else moments.merge(made.moments)
            outcome.samples += len(block.values)
            outcome.note(block.notes)
            outcome.skip(block.skipped)
            tick(block.span.nbytes)
    facts = source.facts()
    outcome.note(facts.notes)
    outcome.skip(facts.skipped)
    if not outcome.samples:
        raise DataError("has no samples", where=name_input(source.path))
    outcome.warn_of_skipped()
    if overflows:
        outcome.warn(f"{overflows} values are beyond the range of {dtype} and became infinite")
    return _Pass(show_digest(hasher), moments, overflows)


def _settings(options: ApplyOptions, transform: Transform) -> dict[str, Any]:
    settings: dict[str, Any] = {"unit": transform.unit, "dtype": transform.dtype.name}
    if options.operation == "standardize":
        settings |= {"ddof": options.ddof, "epsilon": options.epsilon}
    settings |= {"impute": options.impute} if options.impute else {}
    return settings | ({"provenance": options.provenance.to_document()} if options.provenance else {})


def _output_dtype(source: Source, options: ApplyOptions) -> np.dtype[Any]:
    default = "float64" if source.spec.dtype == np.float64 else "float32"
    return np.dtype(options.dtype or default)


def _recorded_unit(source: Source) -> float | None:
    """What the data were divided by when they were transformed; None where the receipt does not say."""
    unit = (source.receipt or {}).get("unit")
    return float(unit) if isinstance(unit, int | float) and not isinstance(unit, bool) and unit > 0 else None


def _read_first(source: Source) -> Values | None:
    """The first values of float data, whose range shows their scale; None where they cannot be read again."""
    if source.spec.dtype.kind != "f" or source.spec.axes == "NC" or source.one_pass:
        return None
    span = next(iter(source.spans()), None)
    return None if span is None else source.read(span).values
