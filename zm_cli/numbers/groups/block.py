"""Measures the groups of samples in a block: each long one by itself, all short ones at once."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from zm_cli.data.block import Labels, Values
from zm_cli.numbers.axes import find_shape
from zm_cli.numbers.groups.groups import Groups, check_before
from zm_cli.numbers.groups.segments import SHORT, can_be_segments, sum_segments
from zm_cli.numbers.moments.moments import Moments
from zm_cli.numbers.moments.weighted_block import MAX_AT_ONCE, measure_block
from zm_cli.numbers.statistic import Statistic
from zm_cli.numbers.stored import MissingCodes
from zm_cli.numbers.sums import Floats


def measure_groups(
    by: str,
    labels: Labels,
    values: Values,
    weights: Floats | None,
    feature_axes: tuple[int, ...],
    missing_codes: MissingCodes,
    statistics: Sequence[type[Statistic]],
    measure_optional: Callable[[Values], Sequence[Statistic]],
) -> Groups:
    """Returns the statistics of each group in a block; the samples of a group keep their order.

    `values`, `weights`, `feature_axes` and `missing_codes` are as for `measure_block`; `measure_optional` computes the
    `statistics` besides the moments. Raises DataError if there are too many groups. The size is checked before anything
    is computed.
    """
    codes = labels.codes
    features = find_shape(values.shape, feature_axes)
    unlabelled = int(np.count_nonzero(codes < 0))
    if unlabelled == len(codes):
        return replace(Groups.identity(by, features), unlabelled=unlabelled)
    order = np.argsort(codes, kind="stable")
    if unlabelled or (codes[1:] < codes[:-1]).any():
        order = order[unlabelled:]
        codes, values, weights = codes[order], _order(values, order), None if weights is None else weights[order]
    starts = np.flatnonzero(np.diff(codes, prepend=-1))
    lengths = np.diff(starts, append=len(codes))
    counted = lengths if weights is None else np.add.reduceat(weights > 0, starts, dtype=np.int64)
    check_before(by, len(starts), math.prod(features), statistics)
    short = (lengths <= SHORT) & (feature_axes == tuple(range(1, values.ndim)) and can_be_segments(values.dtype))
    slices = [slice(start, start + length) for start, length in zip(starts.tolist(), lengths.tolist(), strict=True)]
    parts = [
        measure_block(values[rows], feature_axes, missing_codes, None if weights is None else weights[rows])
        for rows, is_short in zip(slices, short, strict=True)
        if not is_short
    ]
    stacked = [Moments.stack(parts)] if parts else []
    if short.any():
        chosen = np.repeat(short, lengths)
        weighed = None if weights is None else weights[chosen]
        columns = values.reshape(len(values), -1).T
        step = max(1, MAX_AT_ONCE // len(values))
        found = (
            sum_segments(
                np.ascontiguousarray(columns[left : left + step, chosen]), lengths[short], weighed, missing_codes
            )
            for left in range(0, len(columns), step)
        )
        joined = Moments.concatenate([Moments.from_columns(each) for each in found], axis=1)
        stacked.append(joined.reshape((-1, *features)))
    order = np.concatenate([np.flatnonzero(~short), np.flatnonzero(short)])
    groups = Groups(
        by,
        tuple(labels.names[codes[starts[index]]] for index in order),
        counted[order].astype(np.int64),
        Moments.concatenate(stacked),
        tuple(tuple(measure_optional(values[slices[index]])) for index in order),
        unlabelled,
    )
    return groups.sort().check_size()


def _order(values: Values, order: NDArray[np.intp]) -> Values:
    """Returns the samples in this order; an array whose columns are contiguous stays so."""
    return values.T.take(order, axis=-1).T if values.flags.f_contiguous else values.take(order, axis=0)
