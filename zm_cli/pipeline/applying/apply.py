"""Applies statistics: writes the transformed source, with warnings before and a check of the result afterwards."""

from __future__ import annotations

from dataclasses import replace

from zm_cli.data.source import Source
from zm_cli.numbers.axes import find_feature_axes
from zm_cli.outputs.draft import Draft
from zm_cli.outputs.receipt import has_receipt
from zm_cli.pipeline.applying.output import create_sink
from zm_cli.pipeline.applying.prepare import Preparation, prepare
from zm_cli.pipeline.applying.rounding import find_rounding, list_losses
from zm_cli.pipeline.applying.selfcheck import check_undone, check_written, choose_checked_per
from zm_cli.pipeline.applying.summary import describe_transformed
from zm_cli.pipeline.applying.transform_span import TransformSpan
from zm_cli.pipeline.applying.write_blocks import WrittenBlocks, write_blocks
from zm_cli.pipeline.belonging import find_strangers
from zm_cli.pipeline.measuring.warn import warn_of_constant
from zm_cli.pipeline.options import ApplyOptions
from zm_cli.pipeline.outcome import Outcome, Tick, ignore_progress
from zm_cli.pipeline.words import changed_meanwhile
from zm_cli.running.guard import note_input
from zm_cli.running.plan import Plan
from zm_cli.statsfile.stats import Stats
from zm_cli.statsfile.store import draft_stats


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
    UsageError for options that are not possible, DataError where the statistics do not fit the data, a cell is not a
    number, or the data have changed or are already transformed.
    """
    note_input(source.path)
    prepared = prepare(source, stats, options)
    sink = create_sink(source, output, prepared.choose_write_options())
    outcome = Outcome()
    draft: Draft | None = None
    try:
        _warn_before(prepared, outcome, own=own)
        outcome.transformed = describe_transformed(source, prepared.options, prepared.features)
        task = _make_task(prepared, own=own)
        written = write_blocks(task, sink, prepared.input_stats.per, plan, tick, outcome)
        if own and written.digest != stats.sources[0].digest:
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
    _check_after(prepared, written, outcome)
    return outcome


def _warn_before(prepared: Preparation, outcome: Outcome, *, own: bool) -> None:
    """Adds the warnings and notes that follow from the statistics and the options alone."""
    source, stats, options, method = prepared.source, prepared.stats, prepared.options, prepared.method
    if not own:
        # If the statistics were just measured here, this was reported already.
        outcome.add_messages(find_strangers(source), as_warnings=not options.force)
    if rounding := find_rounding(stats, source.spec, prepared.transform):
        outcome.warn(rounding)
    outcome.note(list_losses(prepared.transform))
    outcome.note(method.list_notes(stats, options, inverse=options.inverse))
    if options.inverse:
        return
    outcome.add_messages(method.list_warnings(stats, options), as_warnings=True)
    if constant := method.find_constant(stats, options):
        warn_of_constant(stats, *constant, outcome)


def _make_task(prepared: Preparation, *, own: bool) -> TransformSpan:
    """Returns the task for a worker, which measures what `_check_after` needs."""
    source, options, features = prepared.source, prepared.options, prepared.features
    kept = find_feature_axes(source.spec.axes, prepared.input_stats.per)
    checked = None
    if _is_checked(prepared, own=own):
        axes = source.spec.axes if options.inverse or features is None else features.axes
        checked = find_feature_axes(axes, choose_checked_per(prepared.transformed_stats.per))
    return TransformSpan(source, prepared.transform, kept, checked, options.missing, prepared.indicators)


def _is_checked(prepared: Preparation, *, own: bool) -> bool:
    """Returns whether values are measured on the way, to be compared with what the statistics predict.

    For an inverse, these are the values that are read: if no receipt says that they were transformed, they may not have
    been. Otherwise, they are the written values, unless they follow from the source's own statistics. A shard may well
    differ from all of the data, so its values are not compared.
    """
    source, options = prepared.source, prepared.options
    if not prepared.method.measures:
        return False
    if options.inverse:
        return not has_receipt(source.receipt) and not options.force
    is_known = own and prepared.transform.predict(prepared.stats.moments, units=False) is not None
    return source.spec.shard is None and not is_known


def _check_after(prepared: Preparation, written: WrittenBlocks, outcome: Outcome) -> None:
    """Records what was written, and warns if it is not as expected or, for an inverse, if the input was not."""
    source, options, method = prepared.source, prepared.options, prepared.method
    if options.inverse:
        if written.moments is not None:
            request = replace(prepared.request, inverse=False, divisor=1.0)
            forward = method.make_transform(prepared.stats, replace(options, impute=None), request)
            check_undone(prepared.transformed_stats, forward, options, source.path, written.moments, outcome)
        return
    # Without moments, the written values are known, unless some were out of range for the output.
    if method.measures and source.spec.shard is None and (written.moments is not None or not written.overflows):
        check_written(prepared.transformed_stats, prepared.transform, written.moments, outcome)
