"""Turns what was measured of all sources into Stats: merges it, checks it, and drops text columns."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from functools import reduce

import numpy as np

from zm_cli.data.block import Rejected
from zm_cli.data.source import Source
from zm_cli.errors import DataError, NothingToMeasureError, escape_controls
from zm_cli.formats.shared.options import WEIGHT
from zm_cli.inputs.name_lists import quote_few
from zm_cli.inputs.standard_input import name_input
from zm_cli.numbers.moments.moments import Moments
from zm_cli.numbers.statistic import Statistic
from zm_cli.numbers.stored import find_unit_divisor
from zm_cli.pipeline.measuring.group_statistics import divide, merge_groups
from zm_cli.pipeline.measuring.measured import Measured
from zm_cli.pipeline.measuring.pooling import pool_classes, pool_shapes
from zm_cli.pipeline.measuring.warn import warn
from zm_cli.pipeline.outcome import Outcome
from zm_cli.pipeline.words import format_value, not_a_number, spell
from zm_cli.statsfile.combined_sources import combine_sources, note_unlisted
from zm_cli.statsfile.stats import SourceRecord, Stats


def conclude(measured: Measured) -> Stats:
    """Returns the statistics of all sources, without the columns that hold text.

    Raises DataError where there are no samples or no numbers, where a column chosen by name holds text, and where
    squares overflow.
    """
    spec, options, outcome = measured.spec, measured.options, measured.outcome
    moments, statistics = _merge(measured)
    records = tuple(result.record for result in measured.results)
    stats = Stats(
        per=measured.per,
        samples=outcome.samples,
        axes=spec.axes,
        sample_shape=spec.sample_shape
        if spec.axes == "NC" and spec.names is not None
        else pool_shapes(source.spec.sample_shape for source in measured.sources),
        names=spec.names,
        classes=pool_classes(source.classes for source in measured.sources),
        dtype=_name_dtype(measured),
        unit=options.unit,
        ignore=options.ignore,
        decoding=spec.decoding,
        sources=combine_sources(records),
        text_columns=_list_text_columns(measured),
        partial=any(map(_reached_limit, measured.sources, records)),
        provenance=None,
        moments=moments,
        statistics={each.name: each.configure(options.settings.get(each.name)) for each in statistics},
        groups=merge_groups([result.groups for result in measured.results], spec, options, measured.paths),
    )
    if spec.shard is None:
        _check_samples(stats, measured)
    if spec.axes == "NC" and spec.names is not None:
        stats = _drop_text(stats, measured)
    if spec.shard is None:
        _check_numbers(stats, measured, moments)
    check_finite(stats, measured.paths)
    warn(stats, measured)
    outcome.note(note_unlisted(stats.sources))
    return stats


def _check_samples(stats: Stats, measured: Measured) -> None:
    """Raises DataError if no sample could be read, NothingToMeasureError if there is none."""
    if stats.samples:
        return
    outcome, is_table = measured.outcome, measured.spec.axes == "NC" and measured.spec.names is not None
    kind = DataError if outcome.skipped else NothingToMeasureError
    hint = "a table needs rows below its header; --no-header reads the first row as data" if is_table else None
    raise kind(f"has no samples{outcome.explain_skipped()}", where=measured.paths, hint=hint)


def _check_numbers(stats: Stats, measured: Measured, moments: Moments) -> None:
    """Raises NothingToMeasureError if there is no number; `moments` are those of all columns, also of text."""
    if stats.moments.count.any():
        return
    if moments.weights is not None and not moments.count.any() and not moments.missing.any():
        # Samples of weight 0 are neither counted nor missing.
        what = f"every weight is 0 ({WEIGHT.spelling} {escape_controls(measured.spec.decoding[WEIGHT.name])})"
        raise NothingToMeasureError(what, where=measured.paths, hint="samples that count have a weight above 0")
    warnings = measured.outcome.warnings
    reason = f": {'; '.join(warnings[:3])}" if warnings else ""
    hint = _explain_one_row(measured) or "is every value missing, or text?"
    raise NothingToMeasureError(f"has no numbers{reason}", where=measured.paths, hint=hint)


def _name_dtype(measured: Measured) -> str:
    """Returns the dtype of the values that were measured; with `--unit`, the integer dtype that decided the divisor."""
    spec = measured.spec
    if measured.options.unit:
        return spec.dtype.name
    packings = (source.spec.packing for source in measured.sources)
    return next((packing.dtype for packing in packings if packing is not None), spec.dtype).name


def _explain_one_row(measured: Measured) -> str | None:
    """Returns a hint if one row makes several columns of a table text, as a second header does; else None."""
    cells = [cell for result in measured.results for cell in result.rejected.values()]
    rows = {cell.row for cell in cells}
    if len(rows) != 1 or len(cells) < 2:
        return None
    return f"row {rows.pop()} looks like another header: {spell('on_error')} skip leaves it out"


def _merge(measured: Measured) -> tuple[Moments, list[Statistic]]:
    """Returns the statistics of all sources, merged in their order, in the scale of stats files."""
    of_sources = [(result.moments, *result.statistics) for result in measured.results]
    shape = measured.results[0].moments.mean.shape
    if measured.options.unit:
        # Divided before they are merged: merging the stats files of the sources in order gives the same bits.
        divisor = find_unit_divisor(measured.spec.dtype)
        of_sources = [
            tuple(each if each.real else divide(each, shape, divisor) for each in of_one) for of_one in of_sources
        ]
    moments, *statistics = (reduce(lambda one, other: one.merge(other), same) for same in zip(*of_sources, strict=True))
    assert isinstance(moments, Moments)
    return moments, statistics


def check_finite(stats: Stats, paths: str) -> None:
    """Raises DataError, naming the features, where values are so large that float64 cannot hold their squares."""
    moments = stats.moments
    wrong = np.flatnonzero(~(np.isfinite(moments.mean) & np.isfinite(moments.m2)))
    if len(wrong):
        raise DataError(
            f"values too large to square: {stats.quote_features(wrong)} "
            f"between {moments.min.flat[wrong[0]]:g} and {moments.max.flat[wrong[0]]:g}",
            where=paths,
            hint="if such a value means no data, use --ignore VALUE",
        )
    if moments.weights is not None and moments.weights.find_impossible().any():
        raise DataError(
            "weights too large or too small to square", where=paths, hint="multiply all of them by a number"
        )


def _drop_text(stats: Stats, measured: Measured) -> Stats:
    """Returns the statistics of the columns that hold only numbers; DataError if a column chosen by name holds text."""
    named, outcome = measured.spec.named, measured.outcome
    rejected: dict[str, tuple[str, Rejected]] = {}
    for result in measured.results:
        for name, cell in result.rejected.items():
            rejected.setdefault(name, (result.record.path, cell))
    for name, (path, cell) in rejected.items():
        if name not in (stats.names or ()):
            continue
        if named or stats.per == "all":
            raise not_a_number(path, name, cell, named=named)
        if measured.options.wanted is not None and name not in measured.options.wanted:
            continue
        found = f"row {cell.row} holds {format_value(cell.value)}"
        outcome.warn(f"{name_input(path)}: column '{name}' is left as text: {found}, {cell.reason}")
    if stats.per != "column":
        return stats
    stats = leave_columns(stats, rejected)
    # A column without a number in one shard may have some in another.
    if named or measured.options.compared or measured.spec.shard is not None:
        return stats
    return drop_empty(stats, outcome)


def drop_empty(stats: Stats, outcome: Outcome) -> Stats:
    """Returns the statistics of the columns that hold a number; warns of the others."""
    counts = zip(stats.names or (), stats.moments.count, strict=True)
    empty = [name for name, count in counts if not count]
    if empty:
        outcome.warn(f"without a single number, left as they are: {quote_few(empty)}")
    return leave_columns(stats, empty)


def leave_columns(stats: Stats, left: Collection[str]) -> Stats:
    """Returns the statistics without some columns, which it lists as text columns."""
    columns = stats.names or ()
    dropped = [name for name in columns if name in left]
    if not dropped:
        return stats
    kept = stats.select([name for name in columns if name not in left])
    return replace(kept, text_columns=tuple(sorted({*(stats.text_columns or ()), *dropped})))


def _list_text_columns(measured: Measured) -> tuple[str, ...]:
    """Returns the columns that are text in some source, as far as that is known before reading, sorted."""
    specs = [source.spec for source in measured.sources]
    seen = {name for spec in specs for name in (*spec.text_columns, *(spec.names or ()))}
    return tuple(sorted(seen - set(measured.spec.names or ())))


def _reached_limit(source: Source, record: SourceRecord) -> bool:
    """Returns whether the source may have more samples than its limit."""
    limit = source.spec.limit
    if source.spec.shard is not None:
        # Where all shards together have fewer samples, there is no limit.
        return limit is not None
    return limit is not None and record.samples + record.skipped_total >= limit
