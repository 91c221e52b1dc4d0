"""Compares data, or statistics, with the statistics of training data."""

from __future__ import annotations

import math
from dataclasses import asdict, replace
from typing import Any

import numpy as np

from zm_cli.data.source import Source
from zm_cli.data.spec import Spec
from zm_cli.errors import DataError
from zm_cli.inputs.name_lists import quote_few
from zm_cli.numbers.axes import find_feature_shape
from zm_cli.numbers.moments.bounds import Bounds
from zm_cli.numbers.moments.moments import Moments
from zm_cli.numbers.stored import find_unit_divisor
from zm_cli.numbers.sums import Counts, Floats
from zm_cli.outputs.receipt import format_done, is_readable
from zm_cli.pipeline.checking.drift import PROBABILITIES, measure_shift, measure_stability
from zm_cli.pipeline.checking.findings import Findings, Flags
from zm_cli.pipeline.checking.limits import Limits
from zm_cli.pipeline.checking.training import Training
from zm_cli.pipeline.checking.unseen import GroupChanges, find_changes
from zm_cli.pipeline.measuring.measure import measure_outside
from zm_cli.pipeline.options import MeasureOptions
from zm_cli.pipeline.outcome import Outcome, Tick, ignore_progress
from zm_cli.running.plan import Plan
from zm_cli.statistics import optional_statistics
from zm_cli.statistics.quantiles import Quantiles
from zm_cli.statsfile.fitting import check_fits
from zm_cli.statsfile.stats import Stats

QUANTILES = Quantiles.name
"""The statistic that distributions are compared by."""


def compare_data(
    source: Source, training: Training, limits: Limits, plan: Plan, tick: Tick = ignore_progress
) -> Findings:
    """Compares the values of a source with the training statistics, in one pass; returns the findings.

    Raises the errors of `measure`, and UsageError for chosen columns that have no statistics.
    """
    whole, chosen = training.stats, training.select_stats()
    unit = whole.unit and source.spec.holds_integers
    options = MeasureOptions(
        whole.per,
        unit,
        whole.ignore,
        bounds=_find_bounds(chosen, source.spec, find_unit_divisor(source.spec.dtype) if unit else 1.0),
        compared=True,
        wanted=chosen.names,
        **_choose_statistics(chosen, source.spec),
    )
    found, outside, outcome = measure_outside(source, options, plan, tick)
    _warn_of_trial(training, outcome)
    if is_readable(source.receipt) and not source.receipt.get("inverse") and (done := format_done(source.receipt)):
        outcome.warn(f"{source.path}: is {done} already; the statistics describe the data before that")
    groups = find_changes(found, whole, source.facts().classes)
    if groups.by is None and whole.groups is not None:
        how = f"; --by {whole.groups.by} does that" if source.one_pass else ""
        outcome.note([f"{source.path}: is not grouped by {whole.groups.by}, so its groups are not compared{how}"])
    return _compare(source.path, found, outside, training, chosen, limits, groups, outcome)


def compare_stats(path: str, found: Stats, training: Training, limits: Limits) -> Findings:
    """Compares the statistics of data with those of training data; returns the findings, without values outside the
    training range, which are not known.

    Raises DataError, naming the difference, if they are not statistics of the same features.
    """
    whole = training.stats
    if found.per != whole.per:
        raise DataError(
            f"does not fit the statistics: it is per {found.per}, they are per {whole.per}",
            where=path,
            hint=f"make it with --per {whole.per}",
        )
    if not (training.by_name and found.axes == "NC" and found.names is not None):
        dtype = np.dtype(found.dtype)
        check_fits(whole, Spec(found.kind, found.axes, found.sample_shape, dtype, found.names), path)
    outcome = Outcome(samples=found.samples)
    _warn_of_trial(training, outcome)
    groups = find_changes(found, whole)
    if groups.by is None and whole.groups is not None:
        outcome.note([f"{path}: was made without --by {whole.groups.by}, so groups are not compared"])
    scaled, chosen = _rescale(found, whole.unit), training.select_stats()
    if QUANTILES in found.statistics and QUANTILES not in scaled.statistics:
        ours, theirs = ("0-1" if unit else "stored integers" for unit in (found.unit, whole.unit))
        outcome.note(
            [
                f"{path}: its values are {ours}, those of the training data {theirs}, and more differ than are counted "
                "one by one, so distributions are not compared; compare the data themselves"
            ]
        )
        others = {name: each for name, each in chosen.statistics.items() if name != QUANTILES}
        chosen = replace(chosen, statistics=others)
    return _compare(path, scaled, None, training, chosen, limits, groups, outcome)


def _choose_statistics(trained: Stats, spec: Spec) -> dict[str, Any]:
    """Returns the measuring options for data with this spec: with quantiles, if the training data have them."""
    statistic = optional_statistics()[QUANTILES]
    if QUANTILES not in trained.statistics or statistic.option is None:
        return {}
    if math.prod(find_feature_shape(spec, trained.per)) > statistic.most_features:
        return {}
    settings = statistic.option.parse(statistic.option.suggestions[0])
    return {"statistics": (statistic,), "settings": {QUANTILES: settings}}


def _warn_of_trial(training: Training, outcome: Outcome) -> None:
    if training.stats.trial:
        outcome.warn(f"{training.path}: these statistics are of {training.stats.trial}")


def _find_bounds(stats: Stats, spec: Spec, divisor: float) -> Bounds:
    """Returns the training range in the order and scale of the data's features; infinite for unknown columns."""
    moments = stats.moments
    if stats.per == "column" and stats.names is not None and spec.names is not None:
        indices = {name: index for index, name in enumerate(stats.names)}
        order = [indices.get(name, -1) for name in spec.names]
        # Index -1 stands for an unknown column; its values are replaced below.
        known = np.array(order) >= 0
        low, high = np.where(known, moments.min[order], -np.inf), np.where(known, moments.max[order], np.inf)
    else:
        low, high = moments.min, moments.max
    return Bounds(_undo_unit(low, divisor), _undo_unit(high, divisor))


def _undo_unit(ends: Floats, divisor: float) -> Floats:
    """Returns the ends times the divisor that made them: exact integers if they were integers before."""
    scaled = ends * divisor
    whole = np.rint(scaled)
    return np.where(whole / divisor == ends, whole, scaled)


def _rescale(stats: Stats, unit: bool) -> Stats:
    """Returns the statistics in another scale: with `unit`, integers are divided by their type's maximum."""
    divisor = find_unit_divisor(np.dtype(stats.dtype))
    if stats.unit == unit:
        return stats
    shape = stats.moments.mean.shape
    shift, scale = np.zeros(shape), np.full(shape, divisor if unit else 1 / divisor)
    scaled = {name: each.transform(shift, scale) for name, each in stats.statistics.items()}
    return replace(
        stats,
        unit=unit,
        moments=stats.moments.transform(shift, scale),
        statistics={name: each for name, each in scaled.items() if each is not None},
    )


def _compare(
    path: str,
    found: Stats,
    outside: Counts | None,
    training: Training,
    chosen: Stats,
    limits: Limits,
    groups: GroupChanges,
    outcome: Outcome,
) -> Findings:
    """Returns the findings on the features that both have, in the order of the training data."""
    missing: tuple[str, ...] = ()
    extra: tuple[str, ...] = ()
    if training.by_name and found.names is not None:
        present, known = set(found.names), set(training.stats.names or ())
        missing = tuple(name for name in chosen.names or () if name not in present)
        extra = tuple(name for name in found.names if name not in known)
        common = [name for name in chosen.names or () if name in present]
        if not common:
            raise DataError(
                "does not fit the statistics: it has none of their columns as numbers",
                where=path,
                hint=f"their columns are {quote_few(chosen.names or (), 20)}",
            )
        if extra:
            outcome.note([f"{path}: columns without statistics, not compared: {quote_few(extra, 20)}"])
        if outside is not None:
            indices = {name: index for index, name in enumerate(found.names)}
            outside = outside[[indices[name] for name in common]]
        found, chosen = found.select(common), chosen.select(common)
    new, old = (stats.moments.reshape((stats.moments.mean.size,)) for stats in (found, chosen))
    measures = _measure_distance(new, old, outside) | _measure_drift(found, chosen)
    _note_what_is_not_compared(path, found, chosen, groups, outcome)
    outcome.note(_explain_noise(path, measures, chosen, limits))
    return Findings(
        check="against",
        path=path,
        stats=replace(found, names=chosen.names or found.names),
        limits=asdict(limits),
        measures={**measures, **_show_both(new, old)},
        off=_find_off(measures, limits, new, old),
        outcome=outcome,
        against=training.path,
        missing_columns=missing,
        extra_columns=extra,
        groups=groups,
    )


def _note_what_is_not_compared(path: str, found: Stats, chosen: Stats, groups: GroupChanges, outcome: Outcome) -> None:
    if QUANTILES in chosen.statistics and QUANTILES not in found.statistics:
        outcome.note(
            [f"{path}: holds no quantiles, so distributions are not compared; zm stats --quantiles default keeps them"]
        )
    if groups.gone:
        outcome.note([f"{path}: nothing of these groups of the training data: {quote_few(groups.gone, 20)}"])


def _explain_noise(path: str, measures: dict[str, Floats], chosen: Stats, limits: Limits) -> list[str]:
    """Returns a note on the stability indices that are over the limit, but not by more than chance may add."""
    if "psi" not in measures:
        return []
    psi, noise = measures["psi"], measures["psi_noise"]
    allowed = np.flatnonzero((psi > limits.max_psi) & (psi <= limits.max_psi + noise)).tolist()
    if not allowed:
        return []
    first = allowed[0]
    more = f", and {len(allowed) - 1:,} more" if len(allowed) > 1 else ""
    return [
        f"{path}: psi of '{chosen.name_feature(first)}' is {psi[first]:.2f}, over the limit of {limits.max_psi:g}, but "
        f"chance may add {noise[first]:.2f} to it in so few samples{more}"
    ]


def _measure_distance(new: Moments, old: Moments, outside: Counts | None) -> dict[str, Floats]:
    both = (new.count > 0) & (old.count > 0)
    unit = np.where(old.constant(), 0.0, old.std())
    own = np.where(new.constant(), 0.0, new.std())
    gap = np.abs(new.mean - old.mean)
    # Two means of the same constant may differ by the rounding of their sums.
    rounding = np.finfo(np.float64).eps * np.maximum(new.count, old.count) * np.abs(old.mean)
    with np.errstate(divide="ignore", invalid="ignore"):
        shift = np.where(unit > 0, gap / unit, np.where(gap <= rounding, 0.0, np.inf))
        ratio = np.where((own == 0) & (unit == 0), 1.0, own / unit)
    known = np.full(new.mean.shape, np.nan) if outside is None else outside.ravel() / np.maximum(new.count, 1)
    return {
        "shift": np.where(both, shift, np.nan),
        "ratio": np.where(both, ratio, np.nan),
        "missing": _share_missing(new) - _share_missing(old),
        "outside": np.where(both, known, np.nan),
    }


def _measure_drift(found: Stats, trained: Stats) -> dict[str, Floats]:
    """Returns how much the distributions differ, in flat arrays; nothing if one of the two has no quantiles."""
    new, old = (stats.get_statistic(Quantiles) for stats in (found, trained))
    if new is None or old is None:
        return {}
    new_quantiles, old_quantiles = (each.quantile(PROBABILITIES).reshape(len(PROBABILITIES), -1) for each in (new, old))
    moments = trained.moments
    shift = measure_shift(new_quantiles, old_quantiles, np.where(moments.constant(), 0.0, moments.std()).ravel())
    stability = measure_stability(new.sketch, old.sketch, (found.samples, trained.samples))
    return {
        "quantile_shift": shift.size,
        "quantile_shift_at": shift.probability,
        "quantile_scale": shift.scale,
        "psi": stability.index,
        "psi_noise": stability.noise,
    }


def _share_missing(moments: Moments) -> Floats:
    share: Floats = moments.missing / np.maximum(moments.count + moments.missing, 1)
    return share


def _show_both(new: Moments, old: Moments) -> dict[str, Floats | Counts]:
    shown: dict[str, Floats | Counts] = {}
    for prefix, moments in (("", new), ("train_", old)):
        empty = moments.count == 0
        shown[f"{prefix}count"] = moments.count
        shown[f"{prefix}missing_share"] = _share_missing(moments)
        for name, array in (("mean", moments.mean), ("std", moments.std()), ("min", moments.min), ("max", moments.max)):
            shown[prefix + name] = np.where(empty, np.nan, array)
    return shown


def _find_off(measures: dict[str, Floats], limits: Limits, new: Moments, old: Moments) -> dict[str, Flags]:
    ratio = measures["ratio"]
    most_outside = np.inf if limits.max_outside is None else limits.max_outside
    # A feature with values in one of the two only cannot be compared; one without values in both is unchanged.
    off = {
        "count": (new.count == 0) != (old.count == 0),
        "shift": measures["shift"] > limits.max_shift,
        "ratio": (ratio > limits.max_ratio) | (ratio < 1 / limits.max_ratio),
        "missing": measures["missing"] > limits.max_missing,
        "outside": measures["outside"] > most_outside,
    }
    if "psi" in measures:
        most_shift = np.inf if limits.max_quantile_shift is None else limits.max_quantile_shift
        off["quantile_shift"] = measures["quantile_shift"] > most_shift
        off["psi"] = measures["psi"] > limits.max_psi + measures["psi_noise"]
    return off
