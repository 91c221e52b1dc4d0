"""Turns what was measured of all sources into Stats: merges it, drops text columns, and warns."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce

import numpy as np
from numpy.typing import NDArray

from zm_cli.data.block import Rejected, Skipped
from zm_cli.data.source import Source
from zm_cli.data.spec import Spec
from zm_cli.data.texts import TextSummary
from zm_cli.errors import DataError, NothingToMeasureError, escape_controls
from zm_cli.formats.shared.options import WEIGHT
from zm_cli.inputs.standard_input import name_input
from zm_cli.methods import methods
from zm_cli.numbers.axes import Per
from zm_cli.numbers.distinct import Distinct
from zm_cli.numbers.groups.groups import Groups
from zm_cli.numbers.moments.moments import Moments
from zm_cli.numbers.statistic import Statistic
from zm_cli.numbers.stored import find_unit_divisor
from zm_cli.numbers.sums import Counts
from zm_cli.outputs.receipt import DONE, has_receipt
from zm_cli.pipeline.doubts import choose_labels, doubt_method, drop_times, find_flags, find_ids, point_out_columns
from zm_cli.pipeline.measuring.group_statistics import describe_too_many, describe_unlabelled, divide, merge_groups
from zm_cli.pipeline.measuring.pooling import pool_classes, pool_shapes
from zm_cli.pipeline.options import MeasureOptions, Purpose
from zm_cli.pipeline.outcome import Outcome
from zm_cli.pipeline.words import MAX_NAMES, format_value, list_names, not_a_number, spell
from zm_cli.statsfile.stats import SourceRecord, Stats


@dataclass(frozen=True)
class SourceResult:
    """What was measured of one source, with its features in the order of the pooled spec.

    `rejected` maps the name of a column to its first cell that is not a number. `outside` counts the values outside the
    bounds, in the shape of the moments; None without bounds. `distinct` are its columns of whole numbers that are all
    different, where that is asked for. `groups` are the same statistics by group, None without labels.
    """

    record: SourceRecord
    moments: Moments
    statistics: tuple[Statistic, ...]
    groups: Groups | None
    rejected: Mapping[str, Rejected]
    skipped: Sequence[Skipped]
    texts: TextSummary | None
    notes: Sequence[str]
    infinities: int
    outside: Counts | None
    distinct: Mapping[str, Distinct]


@dataclass(frozen=True)
class Measured:
    """What was measured of each source, and what they have in common; `outcome` takes the warnings."""

    sources: tuple[Source, ...]
    spec: Spec
    per: Per
    options: MeasureOptions
    results: tuple[SourceResult, ...]
    outcome: Outcome

    @property
    def paths(self) -> str:
        """The paths of the sources, for messages."""
        return ", ".join(name_input(source.path) for source in self.sources)

    def count_outside(self, stats: Stats) -> Counts:
        """How many values of each feature in `stats` lie outside the bounds, in the shape of its moments."""
        zero = np.zeros(self.results[0].moments.count.shape, dtype=np.int64)
        outside: Counts = sum((result.outside for result in self.results if result.outside is not None), zero)
        if stats.names == self.spec.names:
            return outside
        indices = {name: index for index, name in enumerate(self.spec.names or ())}
        return outside[[indices[name] for name in stats.names or ()]]


def conclude(measured: Measured) -> Stats:
    """The statistics of all sources, without the columns that hold text.

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
        sources=records,
        text_columns=_list_text_columns(measured),
        partial=any(map(_reached_limit, measured.sources, records)),
        provenance=None,
        moments=moments,
        statistics={each.name: each.configure(options.settings.get(each.name)) for each in statistics},
        groups=merge_groups([result.groups for result in measured.results], spec, options, measured.paths),
    )
    if not stats.samples and spec.shard is None:
        kind = DataError if outcome.skipped else NothingToMeasureError
        is_table = spec.axes == "NC" and spec.names is not None
        hint = "a table needs rows below its header; --no-header reads the first row as data" if is_table else None
        raise kind(f"has no samples{outcome.explain_skipped()}", where=measured.paths, hint=hint)
    if spec.axes == "NC" and spec.names is not None:
        stats = _drop_text(stats, measured)
    if not stats.moments.count.any() and spec.shard is None:
        if moments.weights is not None and not moments.count.any() and not moments.missing.any():
            # Samples of weight 0 are neither counted nor missing.
            what = f"every weight is 0 ({WEIGHT.spelling} {escape_controls(spec.decoding[WEIGHT.name])})"
            raise NothingToMeasureError(what, where=measured.paths, hint="samples that count have a weight above 0")
        reason = f": {'; '.join(outcome.warnings[:3])}" if outcome.warnings else ""
        hint = _explain_one_row(measured) or "is every value missing, or text?"
        raise NothingToMeasureError(f"has no numbers{reason}", where=measured.paths, hint=hint)
    check_finite(stats, measured.paths)
    _warn(stats, measured)
    if options.purpose is not None:
        _point_out(stats, measured, options.purpose)
    return stats


def _name_dtype(measured: Measured) -> str:
    """The type of the values that were measured; with `--unit`, the integer type that they were divided by."""
    spec = measured.spec
    if measured.options.unit:
        return spec.dtype.name
    packings = (source.spec.packing for source in measured.sources)
    return next((packing.dtype for packing in packings if packing is not None), spec.dtype).name


def _explain_one_row(measured: Measured) -> str | None:
    """A hint if one row makes several columns of a table text, as a second header does; else None."""
    cells = [cell for result in measured.results for cell in result.rejected.values()]
    rows = {cell.row for cell in cells}
    if len(rows) != 1 or len(cells) < 2:
        return None
    return f"row {rows.pop()} looks like another header: {spell('on_error')} skip leaves it out"


def _merge(measured: Measured) -> tuple[Moments, list[Statistic]]:
    """The statistics of all sources, merged in their order, in the scale of stats files."""
    parts = [(result.moments, *result.statistics) for result in measured.results]
    shape = measured.results[0].moments.mean.shape
    if measured.options.unit:
        # Divided before they are merged: merging the stats files of the sources in order gives the same bits.
        divisor = find_unit_divisor(measured.spec.dtype)
        parts = [tuple(each if each.real else divide(each, shape, divisor) for each in part) for part in parts]
    moments, *statistics = (reduce(lambda one, other: one.merge(other), column) for column in zip(*parts, strict=True))
    assert isinstance(moments, Moments)
    return moments, statistics


def check_finite(stats: Stats, paths: str) -> None:
    """Raises DataError, naming the features, where values are so large that float64 cannot hold their squares."""
    moments = stats.moments
    wrong = np.flatnonzero(~(np.isfinite(moments.mean) & np.isfinite(moments.m2)))
    if len(wrong):
        raise DataError(
            f"values too large to square: {_list_features(stats, wrong)} "
            f"between {moments.min.flat[wrong[0]]:g} and {moments.max.flat[wrong[0]]:g}",
            where=paths,
            hint="if such a value means no data, use --ignore VALUE",
        )
    if moments.weights is not None and moments.weights.find_impossible().any():
        raise DataError(
            "weights too large or too small to square", where=paths, hint="multiply all of them by a number"
        )


def _drop_text(stats: Stats, measured: Measured) -> Stats:
    """The statistics of the columns that hold only numbers; DataError for another one that was chosen by name."""
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
    """The statistics of the columns that hold a number; warns of the others."""
    counts = zip(stats.names or (), stats.moments.count, strict=True)
    empty = [name for name, count in counts if not count]
    if empty:
        outcome.warn(f"without a single number, left as they are: {list_names(empty)}")
    return leave_columns(stats, empty)


def leave_columns(stats: Stats, left: Collection[str]) -> Stats:
    """The statistics without some columns, which are then listed among those that are not features."""
    columns = stats.names or ()
    dropped = [name for name in columns if name in left]
    if not dropped:
        return stats
    kept = stats.select([name for name in columns if name not in left])
    return replace(kept, text_columns=tuple(sorted({*(stats.text_columns or ()), *dropped})))


def _list_text_columns(measured: Measured) -> tuple[str, ...]:
    """The columns that are text in some source, as far as that is known before reading, sorted."""
    specs = [source.spec for source in measured.sources]
    seen = {name for spec in specs for name in (*spec.text_columns, *(spec.names or ()))}
    return tuple(sorted(seen - set(measured.spec.names or ())))


def _warn(stats: Stats, measured: Measured) -> None:
    outcome = measured.outcome
    # One part of the data does not show that a feature is constant, or has no value.
    if not measured.options.compared and measured.spec.shard is None:
        # What a method makes of constant features, it says itself.
        warn_of_features(stats, outcome, standardized=measured.options.purpose not in ("scale", "whiten"))
    if infinities := sum(result.infinities for result in measured.results):
        outcome.warn(f"infinite values counted as missing: {infinities}")
    outcome.warn_of_skipped(rows=stats.axes == "NC")
    outcome.note([*describe_unlabelled(stats.groups), *describe_too_many(stats.groups)])


def warn_of_features(stats: Stats, outcome: Outcome, *, standardized: bool = True) -> None:
    """Warns of features without a value and, where they may be standardized, of those that are constant."""
    constant = np.flatnonzero(stats.moments.constant())
    if standardized and len(constant):
        outcome.warn(f"constant, so that standardizing divides by 1: {_list_features(stats, constant)}")
    empty = np.flatnonzero(stats.moments.count == 0)
    if len(empty):
        outcome.warn(f"without a single value: {_list_features(stats, empty)}")


def warn_of_constant(stats: Stats, what: str, flat: NDArray[np.bool_], outcome: Outcome) -> None:
    """Warns of features that a method cannot scale as the others, if there are any: `what` says what they are."""
    indices = np.flatnonzero(flat)
    if len(indices):
        outcome.warn(f"{what}: {_list_features(stats, indices)}")


def _point_out(stats: Stats, measured: Measured, purpose: Purpose) -> None:
    """Tells of columns that look like ids or labels, and warns of data that look transformed already."""
    first, *others = (result.distinct for result in measured.results)
    distinct = {name: column for name, column in first.items() if all(name in other for other in others)}
    different, flags = ([], []) if measured.spec.named else (find_ids(stats, distinct), find_flags(stats))
    ids = drop_times(stats, different)
    columns = measured.spec.columns or stats.names or ()
    labels = choose_labels(flags, columns, ids, named=stats.decoding.get("header") is not False)
    if sentence := point_out_columns(ids, labels):
        measured.outcome.note([sentence])
    if any(has_receipt(source.receipt) for source in measured.sources):
        return
    # Statistics that are kept may be applied by either.
    kept = purpose == "stats" or measured.options.forced
    doubted = ("standardize", "center") if kept else (measured.options.method or purpose,)
    for name in doubted:
        if looks := doubt_method(stats, name, {*different, *flags}):
            done = DONE[methods()[name].command]
            sentence = f"{measured.paths}: looks {done} already ({looks}); if so, give the original data"
            measured.outcome.tell([sentence], as_warnings=not kept)
            return


def _reached_limit(source: Source, record: SourceRecord) -> bool:
    """Whether the source may have more samples than its limit."""
    limit = source.spec.limit
    if source.spec.shard is not None:
        # Where all parts together have fewer samples, there is no limit.
        return limit is not None
    return limit is not None and record.samples + record.skipped_total >= limit


def _list_features(stats: Stats, indices: NDArray[np.intp]) -> str:
    # There may be many pixels: only the ones that are listed get a name.
    return list_names([stats.name_feature(int(index)) for index in indices[:MAX_NAMES]], total=len(indices))
