"""Stats to an output: every span read, transformed and encoded by a worker, written in the order of the data."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import xxhash

from zm_cli.data.block import Block, Span, Values
from zm_cli.data.sink import Sink, WriteOptions
from zm_cli.data.source import Source
from zm_cli.errors import DataError
from zm_cli.formats import create_sink
from zm_cli.inputs.standard_input import name_input
from zm_cli.numbers.axes import Per, kept_axes
from zm_cli.numbers.moments import Moments, find_missing
from zm_cli.outputs.draft import Draft
from zm_cli.outputs.provenance import Made
from zm_cli.outputs.receipt import Operation, check_receipt, make_receipt
from zm_cli.pipeline.measure import block_cost, missing_value, not_a_number, show_digest
from zm_cli.pipeline.outcome import Outcome, Tick, ignore_progress
from zm_cli.pipeline.selfcheck import checked_per, find_broken_promise, measured, promise
from zm_cli.pipeline.transform import Transform
from zm_cli.running.guard import note_input
from zm_cli.running.plan import Plan, WorkerKind, map_in_order
from zm_cli.statsfile.stats import Stats
from zm_cli.statsfile.store import digest_stats, draft_stats


@dataclass(frozen=True)
class ApplyOptions:
    """What is to be done with the statistics; `dtype` None is float64 for float64 data and float32 for all else."""

    operation: Operation
    inverse: bool = False
    dtype: str | None = None
    form: str | None = None
    impute: bool = False
    ddof: int = 0
    epsilon: float = 0.0
    missing: Literal["skip", "error"] = "skip"
    force: bool = False
    made: Made | None = None
    """The run, where it is to be recorded with the output."""


@dataclass(frozen=True)
class TransformedSpan:
    """What a worker makes of a span: the block, `encoded` where that was its work too, and what there is to tell.

    `overflows` counts the values that the output's dtype cannot hold; `hole` is the first missing value; `moments` are
    those of the transformed values, where they are not known anyway.
    """

    block: Block
    overflows: int
    hole: tuple[int, int] | None
    moments: Moments | None
    encoded: Any = None


@dataclass(frozen=True)
class TransformSpan:
    """The task of a worker: a span of `source`, read and transformed.

    `kept` are the axes of the statistics, `checked` those of the moments of what comes out, None where none are needed.
    """

    source: Source
    transform: Transform
    kept: tuple[int, ...]
    checked: tuple[int, ...] | None
    missing: Literal["skip", "error"]

    def __call__(self, span: Span) -> TransformedSpan:
        block = self.source.read(span)
        hole = find_missing(block.values, self.kept, set(block.rejected)) if self.missing == "error" else None
        transformed, overflows = self.transform.apply(block)
        return TransformedSpan(transformed, overflows, hole, self._measure(block, transformed))

    def _measure(self, block: Block, transformed: Block) -> Moments | None:
        """The moments of what comes out, mostly from those of what goes in, which is smaller."""
        if self.checked is None:
            return None
        if self.checked != self.kept:
            return Moments.from_block(transformed.values, self.checked)
        return self.transform.apply_moments(Moments.from_block(block.values, self.checked, self.transform.ignore))


@dataclass(frozen=True)
class EncodeSpan:
    """The task of a thread: a span transformed and encoded, so that nothing but the writing is left."""

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
    """Writes the transformed source to `output`, whole or not at all, and returns what there is to tell of it.

    `own` says that the statistics were just measured of this source: it must not have changed since, and what comes
    out is known. With `save_stats`, the statistics are left there, at the moment the output appears. Raises DataError
    where the statistics do not fit the data, a cell is no number, the data changed or are transformed already.
    """
    note_input(source.path)
    stats.check_fits(source.spec, source.path)
    transform = Transform.from_stats(
        stats,
        source.spec,
        _output_dtype(source, options),
        standardize=options.operation == "standardize",
        inverse=options.inverse,
        impute=options.impute,
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
        _check_whole(stats, source, options)
        check_receipt(source.receipt, receipt, source.path)
        if not options.inverse:
            stats.check_scale(source.spec, _read_first(source), source.path)
    sink = create_sink(source, output, WriteOptions(transform.dtype, receipt, options.form))
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
    # Without moments it is known what was written, unless some of it was beyond the output's range.
    if pass_.moments is not None or not (options.inverse or pass_.overflows):
        _check_promise(stats, transform, pass_.moments, outcome)
    return outcome


def _check_whole(stats: Stats, source: Source, options: ApplyOptions) -> None:
    """Raises DataError where statistics of a trial are applied to more than a trial."""
    if stats.trial and source.spec.limit is None and not options.inverse:
        raise DataError(
            f"the statistics are of {stats.trial}",
            where=source.path,
            hint="measure all of the data, or --force",
        )


def _check_promise(stats: Stats, transform: Transform, moments: Moments | None, outcome: Outcome) -> None:
    """Tells what was written, and warns where that is not as promised; None where it is known to be."""
    promised = promise(stats, transform)
    if moments is None:
        outcome.written = promised
        return
    outcome.written = measured(stats, moments)
    if broken := find_broken_promise(promised, outcome.written, outcome.samples, moments.count.ravel()):
        outcome.warn(broken)


def changed_meanwhile(path: str, what: str | None = None) -> DataError:
    """The error of data that were not the same when they were read a second time."""
    detail = f": {what}" if what else ""
    return DataError(
        f"changed while it was read{detail}", where=path, hint="run it again when nobody writes to it any more"
    )


@dataclass
class _Pass:
    """What a pass over a source has seen: a hash of all blocks' digests, the moments of what was written, how many
    values the output's dtype could not hold."""

    digest: str
    moments: Moments | None
    overflows: int


def _write_blocks(task: TransformSpan, sink: Sink, per: Per, plan: Plan, tick: Tick, outcome: Outcome) -> _Pass:
    """Writes every block to the sink, which is left uncommitted; what there is to tell goes to `outcome`."""
    source, dtype = task.source, task.transform.dtype
    cost = block_cost(source, dtype)
    worker = task if source.small_samples else EncodeSpan(task, sink)
    by: WorkerKind = "processes" if source.small_samples else "threads"
    overflows, hasher = 0, xxhash.xxh3_128()
    moments: Moments | None = None
    spans, arriving = source.spans(), source.one_pass
    with closing(map_in_order(worker, spans, plan, block_cost=cost, by=by, arriving=arriving)) as transformed:
        for made in transformed:
            block = made.block
            if block.rejected:
                index = min(block.rejected)
                raise not_a_number(source.path, (source.spec.names or ())[index], block.rejected[index])
            if made.hole is not None:
                raise missing_value(source, outcome.samples + made.hole[0] + 1, made.hole[1], per)
            # A sink stays where its file is: what comes from a process is encoded here.
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
    settings |= {"impute": "mean"} if options.impute else {}
    return settings | ({"made": options.made.to_document()} if options.made else {})


def _output_dtype(source: Source, options: ApplyOptions) -> np.dtype[Any]:
    default = "float64" if source.spec.dtype == np.float64 else "float32"
    return np.dtype(options.dtype or default)


def _recorded_unit(source: Source) -> float | None:
    """What the data were divided by when they were transformed, if they say so."""
    unit = (source.receipt or {}).get("unit")
    return float(unit) if isinstance(unit, int | float) and not isinstance(unit, bool) and unit > 0 else None


def _read_first(source: Source) -> Values | None:
    """The first values of floats that can be read again: their range tells what scale they are of."""
    if source.spec.dtype.kind != "f" or source.spec.axes == "NC" or source.one_pass:
        return None
    span = next(iter(source.spans()), None)
    return None if span is None else source.read(span).values
