"""Warns of what statistics show: constant and empty features, ids and labels, data that are transformed already."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from zm_cli.methods import doubted_methods, methods
from zm_cli.methods.shared.base import Method
from zm_cli.outputs.receipt import DONE, has_receipt
from zm_cli.pipeline.doubts import (
    choose_labels,
    doubt_method,
    drop_times,
    find_binary_columns,
    find_ids,
    point_out_columns,
)
from zm_cli.pipeline.measuring.group_statistics import describe_too_many, describe_unlabelled
from zm_cli.pipeline.measuring.measured import Measured
from zm_cli.pipeline.options import MeasureOptions, Purpose
from zm_cli.pipeline.outcome import Outcome
from zm_cli.statsfile.stats import Stats


def warn(stats: Stats, measured: Measured) -> None:
    """Adds the warnings and notes about the statistics of all sources to the outcome."""
    outcome = measured.outcome
    # One shard does not show whether a feature of all data is constant, or has no value.
    if not measured.options.compared and measured.spec.shard is None:
        method = _find_method(measured.options)
        warn_of_features(stats, outcome, standardized=method is None or not method.names_constant)
    if infinities := sum(result.infinities for result in measured.results):
        outcome.warn(f"infinite values counted as missing: {infinities}")
    if stats.partial and measured.spec.shard is not None:
        outcome.warn(
            f"part {measured.spec.shard} of a trial (--limit, --sample): zm merge refuses such parts; "
            "leave out --shard for a trial, or measure the whole part"
        )
    outcome.warn_of_skipped(rows=stats.axes == "NC")
    outcome.note([*describe_unlabelled(stats.groups), *describe_too_many(stats.groups)])
    if measured.options.purpose is not None:
        _point_out(stats, measured, measured.options.purpose)


def _find_method(options: MeasureOptions) -> Method | None:
    """Returns the method that the statistics are made for; None if they are kept, or only looked at."""
    return methods().get(options.method or options.purpose or "")


def warn_of_features(stats: Stats, outcome: Outcome, *, standardized: bool = True) -> None:
    """Warns of features without a value and, where they may be standardized, of those that are constant."""
    constant = np.flatnonzero(stats.moments.constant())
    if standardized and len(constant):
        outcome.warn(f"constant, so that standardizing divides by 1: {stats.quote_features(constant)}")
    empty = np.flatnonzero(stats.moments.count == 0)
    if len(empty):
        outcome.warn(f"without a single value: {stats.quote_features(empty)}")


def warn_of_constant(stats: Stats, what: str, flat: NDArray[np.bool_], outcome: Outcome) -> None:
    """Warns of features that a method cannot scale like the others, if there are any; `what` is a clause about them."""
    indices = np.flatnonzero(flat)
    if len(indices):
        outcome.warn(f"{what}: {stats.quote_features(indices)}")


def _point_out(stats: Stats, measured: Measured, purpose: Purpose) -> None:
    """Notes columns that look like ids or labels, and warns of data that look transformed already."""
    first, *others = (result.distinct for result in measured.results)
    distinct = {name: column for name, column in first.items() if all(name in other for other in others)}
    different, binary = ([], []) if measured.spec.named else (find_ids(stats, distinct), find_binary_columns(stats))
    ids = drop_times(stats, different)
    columns = measured.spec.columns or stats.names or ()
    labels = choose_labels(binary, columns, ids, named=stats.decoding.get("header") is not False)
    if sentence := point_out_columns(ids, labels):
        measured.outcome.note([sentence])
    if any(has_receipt(source.receipt) for source in measured.sources):
        return
    # Statistics that are kept may be applied by any of these methods.
    kept = purpose == "stats" or measured.options.forced
    intended = _find_method(measured.options)
    for method in doubted_methods() if kept or intended is None else (intended,):
        if looks := doubt_method(stats, method, {*different, *binary}):
            done = DONE[method.command]
            sentence = f"{measured.paths}: looks {done} already ({looks}); if so, give the original data"
            measured.outcome.add_messages([sentence], as_warnings=not kept)
            return
