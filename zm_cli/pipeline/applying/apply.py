"""Applies statistics: workers read, transform and encode spans, which are written in the order of the data."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any

import numpy as np

from zm_cli.data.block import Values
from zm_cli.data.sink import Sink, WriteOptions
from zm_cli.data.source import Source
from zm_cli.errors import DataError
from zm_cli.formats.shared.options import WEIGHT
from zm_cli.inputs.standard_input import name_input
from zm_cli.methods import methods
from zm_cli.methods.shared.base import Method, TransformRequest
from zm_cli.numbers.axes import Per, find_feature_axes
from zm_cli.numbers.moments.moments import Moments
from zm_cli.numbers.stored import find_equal, match_values, unpack_values
from zm_cli.outputs.draft import Draft
from zm_cli.outputs.receipt import check_receipt, has_receipt, make_receipt, record_weight
from zm_cli.outputs.shard_record import record_shard
from zm_cli.pipeline.applying.indicators import check_indicators, choose_indicators, find_indicators
from zm_cli.pipeline.applying.other_features import complete_features, record_features
from zm_cli.pipeline.applying.output import create_sink
from zm_cli.pipeline.applying.rounding import choose_dtype, find_rounding, list_clipped, list_losses
from zm_cli.pipeline.applying.selfcheck import check_undone, check_written, choose_checked_per
from zm_cli.pipeline.applying.summary import describe_transformed
from zm_cli.pipeline.applying.transform_span import EncodeSpans, TransformSpan, apply_mask
from zm_cli.pipeline.belonging import find_strangers
from zm_cli.pipeline.measuring.conclude import warn_of_constant
from zm_cli.pipeline.measuring.digest import SourceDigest
from zm_cli.pipeline.measuring.measure import estimate_block_bytes, estimate_encoded_bytes, estimate_mask_bytes
from zm_cli.pipeline.measuring.span_batches import fill_groups
from zm_cli.pipeline.options import ApplyOptions
from zm_cli.pipeline.outcome import Outcome, Tick, ignore_progress
from zm_cli.pipeline.words import changed_meanwhile, missing_value, name_vectors, not_a_number
from zm_cli.running.guard import note_input
from zm_cli.running.plan import Plan
from zm_cli.running.workload import Workload
from zm_cli.statsfile.digest import digest_stats
from zm_cli.statsfile.fitting import check_fits, check_scale
from zm_cli.statsfile.stats import Stats
from zm_cli.statsfile.store import draft_stats
from zm_cli.transforms.base import Transform


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
    method = methods()[options.method_name]
    options = method.settle(stats, method.complete(options))
    made = method.describe_output(stats, options)
    read = made if options.inverse else stats
    check_fits(read, source.spec, source.path)
    use = TransformRequest(
        source.spec,
        np.dtype(options.dtype or choose_dtype(stats, source.spec, inverse=options.inverse)),
        options.inverse,
        _recorded_unit(source) if options.inverse else None,
    )
    transform = method.make_transform(stats, options, use)
    features = complete_features(transform.features, source)
    receipt = make_receipt(
        options.operation,
        inverse=options.inverse,
        stats=digest_stats(stats) if method.measures else None,
        settings={
            **({"per": stats.per} if method.measures else {}),
            **_settings(method, options, transform),
            **(record_weight(stats.decoding.get(WEIGHT.name)) if method.measures else {}),
            **record_features(features, source, stats, inverse=options.inverse),
            **record_shard(source.spec.shard, source.receipt if source.spec.limit is None else None, source.path),
        },
    )
    check_indicators(source, options)
    indicators = choose_indicators(stats, source.spec, source.path) if options.indicator else None
    if indicators is not None:
        receipt["indicators"] = indicators.to_receipt(source.spec)
    if not options.force:
        _refuse_trial(stats, source, options)
        check_receipt(source.receipt, receipt, source.path)
        if not options.inverse and method.measures:
            check_scale(stats, source.spec, _read_first(source), source.path)
    write_options = WriteOptions(
        transform.dtype,
        receipt,
        options.format,
        options.force,
        added=indicators.names if indicators is not None else (),
        dropped=find_indicators(source, features) if options.inverse else {},
        # What was not filled is as it was.
        emptied=(source.receipt or {}).get("impute") is not None,
        features=features,
    )
    sink = create_sink(source, output, write_options)
    outcome = Outcome()
    if not own:
        # Of its own statistics, measuring has told the same.
        outcome.tell(find_strangers(source), as_warnings=not options.force)
    if rounding := find_rounding(stats, source.spec, transform):
        outcome.warn(rounding)
    outcome.note(list_losses(transform))
    outcome.note(method.list_notes(stats, options, inverse=options.inverse))
    if not options.inverse:
        outcome.tell(method.list_warnings(stats, options), as_warnings=True)
    if not options.inverse and (constant := method.find_constant(stats, options)):
        warn_of_constant(stats, *constant, outcome)
    draft: Draft | None = None
    try:
        outcome.transformed = describe_transformed(source, options, features)
        kept = find_feature_axes(source.spec.axes, read.per)
        is_checked = method.measures and _is_checked(source, stats, transform, options, own=own)
        axes = source.spec.axes if options.inverse or features is None else features.axes
        checked = find_feature_axes(axes, choose_checked_per(made.per)) if is_checked else None
        task = TransformSpan(source, transform, kept, checked, options.missing, indicators)
        pass_ = _write_blocks(task, sink, read.per, plan, tick, outcome)
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
    if options.inverse:
        if pass_.moments is not None:
            forward = method.make_transform(
                stats, replace(options, impute=None), replace(use, inverse=False, divisor=1.0)
            )
            check_undone(made, forward, options, source.path, pass_.moments, outcome)
    # Without moments, the written values are known, unless some were out of range for the output.
    elif method.measures and source.spec.shard is None and (pass_.moments is not None or not pass_.overflows):
        check_written(made, transform, pass_.moments, outcome)
    return outcome


def _is_checked(source: Source, stats: Stats, transform: Transform, options: ApplyOptions, *, own: bool) -> bool:
    """Whether the values are measured: for an inverse those of the data, if no receipt says that they were transformed.

    Else those of the output, unless they follow from its own statistics; not of one part of the data, which may well
    differ from all of them.
    """
    if options.inverse:
        return not has_receipt(source.receipt) and not options.force
    return source.spec.shard is None and not (own and transform.predict(stats.moments, units=False) is not None)


def _refuse_trial(stats: Stats, source: Source, options: ApplyOptions) -> None:
    """Raises DataError where statistics of a trial are applied to all of the data."""
    if stats.trial and source.spec.limit is None and not options.inverse:
        raise DataError(
            f"the statistics are of {stats.trial}",
            where=source.path,
            hint=f"{'measure all of the data' if stats.partial else 'join all parts with zm merge'}, or --force",
        )


@dataclass
class _Pass:
    """The result of a pass over a source.

    `digest` is that of the data, `moments` are those of the written values, or of the values that an inverse undoes,
    or None, `overflows` counts the values that the output's dtype could not hold.
    """

    digest: str
    moments: Moments | None
    overflows: int


def _write_blocks(task: TransformSpan, sink: Sink, per: Per, plan: Plan, tick: Tick, outcome: Outcome) -> _Pass:
    """Writes every block to the sink without committing it; notes and warnings go to `outcome`."""
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
    # What arrives through a pipe goes out as it comes in; elsewhere, a task is worth its overhead.
    groups = ((span,) for span in source.spans()) if source.one_pass else fill_groups(source.spans())
    with closing(plan.map(EncodeSpans(task, sink), groups, work)) as transformed:
        for made in chain.from_iterable(transformed):
            block = made.block
            if block.rejected:
                index = min(block.rejected)
                raise not_a_number(source.path, (source.spec.names or ())[index], block.rejected[index])
            if made.first_missing is not None:
                sample, feature = made.first_missing
                number = outcome.samples + sample + 1 if block.numbers is None else int(block.numbers[sample])
                raise missing_value(source, number, feature, per)
            sink.write(made.encoded)
            overflows += made.overflows
            outcome.incomplete += made.incomplete
            outcome.clipped += made.clipped
            unmarked |= made.unmarked
            digest.add(block.digest)
            if made.moments is not None:
                moments = made.moments if moments is None else moments.merge(made.moments)
            outcome.samples += made.samples
            outcome.note(block.notes)
            outcome.skip(block.skipped, block.skipped_total)
            tick(block.span.nbytes, made.samples)
            # The next result is made before these names are given to it.
            del made, block
    facts = source.facts()
    outcome.note(facts.notes)
    outcome.skip(facts.skipped, len(facts.skipped))
    if not outcome.samples and source.spec.shard is None:
        raise DataError(f"has no samples{outcome.explain_skipped()}", where=name_input(source.path))
    outcome.warn_of_skipped(rows=source.spec.axes == "NC", written=True)
    outcome.warn_of_incomplete(name_vectors(source.spec.axes, per))
    outcome.note(list_clipped(outcome.clipped))
    if task.indicators is not None:
        task.indicators.report(source.spec.names or (), unmarked, outcome)
    if overflows:
        outcome.warn(f"{overflows} values are beyond the range of {dtype} and became infinite")
    return _Pass(str(digest), moments, overflows)


def _settings(method: Method, options: ApplyOptions, transform: Transform) -> dict[str, Any]:
    settings: dict[str, Any] = {"unit": transform.divisor, "dtype": transform.dtype.name}
    if options.method is not None:
        settings["method"] = method.name
    settings |= {name: _list_pair(value) for name in method.settings if (value := getattr(options, name)) is not None}
    settings |= {"impute": options.impute} if options.impute is not None else {}
    return settings | ({"provenance": options.provenance.to_document()} if options.provenance else {})


def _list_pair(value: Any) -> Any:
    """The value as JSON gives it back."""
    return list(value) if isinstance(value, tuple) else value


def _recorded_unit(source: Source) -> float | None:
    """What the data were divided by when they were transformed; None where the receipt does not say."""
    unit = (source.receipt or {}).get("unit")
    return float(unit) if isinstance(unit, int | float) and not isinstance(unit, bool) and unit > 0 else None


def _read_first(source: Source) -> Values | None:
    """The first real values of float data, whose range shows their scale; None where they cannot be read again."""
    spec = source.spec
    if spec.real_dtype.kind != "f" or spec.axes == "NC" or source.one_pass:
        return None
    span = next(iter(source.spans()), None)
    if span is None:
        return None
    values = apply_mask(source.read(span)).values
    if spec.packing is None:
        return values
    real = unpack_values(values, spec.packing)
    if matched := match_values(spec.packing.missing, values.dtype):
        real[find_equal(values, matched)] = np.nan
    return real
