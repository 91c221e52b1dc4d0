"""Measures a block of samples with weights."""

from __future__ import annotations

from functools import reduce

import numpy as np

from zm_cli.data.block import Values
from zm_cli.numbers.axes import find_shape
from zm_cli.numbers.moments.moments import Moments
from zm_cli.numbers.moments.weights import WeightSums
from zm_cli.numbers.stored import MissingCodes, find_present, match_values
from zm_cli.numbers.sums import ColumnMoments, Floats, two_sum

MAX_AT_ONCE = 1 << 17
"""The most values that are measured at a time: ten float64 arrays of this size are held in memory."""
_STAGE = 1024
"""The most samples that are added up one after the other, which would be inexact for more."""


def measure_block(
    values: Values, feature_axes: tuple[int, ...], missing_codes: MissingCodes = (), weights: Floats | None = None
) -> Moments:
    """Returns the moments of a block of any real dtype, as `Moments.from_block` does.

    With `weights`, they are the weighted moments, and no exact sums of integers are kept. `weights` has one finite
    weight, not negative, for each sample. The values of a sample of weight 0 are neither counted nor missing.
    """
    if weights is None or not values.size:
        return Moments.from_block(values, feature_axes, missing_codes)
    together = max(1, MAX_AT_ONCE * len(values) // values.size)
    tops = range(0, len(values), together)
    pieces = ((values[top : top + together], weights[top : top + together]) for top in tops)
    return reduce(Moments.merge, (_weigh_piece(piece, feature_axes, missing_codes, weight) for piece, weight in pieces))


def _weigh_piece(
    values: Values, feature_axes: tuple[int, ...], missing_codes: MissingCodes, weights: Floats
) -> Moments:
    if feature_axes == tuple(range(1, values.ndim)):
        each = _list_values(values, missing_codes)
    else:
        each = Moments.from_block(values, (0, *feature_axes), missing_codes)
    return Moments.from_columns(weigh_samples(each, weights)).reshape(find_shape(values.shape, feature_axes))


def _list_values(values: Values, missing_codes: MissingCodes) -> ColumnMoments:
    """Returns the moments of each value by itself, in the shape of `values`, of any real dtype.

    NaN, infinities and values equal to one of `missing_codes` are missing. Wide integers are rounded.
    """
    valid = find_present(values, match_values(missing_codes, values.dtype))
    real = np.where(valid, values, 0).astype(np.float64)
    count, zero = valid.astype(np.int64), np.zeros(values.shape)
    return ColumnMoments(count=count, mean=real, tail=zero, m2=zero, min=real, max=real, missing=1 - count)


def weigh_samples(each: ColumnMoments, weights: Floats) -> ColumnMoments:
    """Returns the weighted moments of samples, arrays (*features).

    `each` holds the moments of each sample by itself, (samples, *features). `weights` has one finite weight, not
    negative, for each sample; samples of weight 0 are left out. Everything is computed in float64 in two passes: the
    weighted mean, then the deviations from it, whose own sum corrects the rounding of the first.
    """
    weight = weights.reshape(-1, *(1,) * (each.count.ndim - 1))
    some = (each.count > 0) & (weight > 0)
    counts = np.where(some, each.count, 0)
    count = counts.sum(axis=0)
    missing = np.where(weight > 0, each.missing, 0).sum(axis=0)
    low = np.min(each.min, axis=0, where=some, initial=np.inf)
    high = np.max(each.max, axis=0, where=some, initial=-np.inf)
    with np.errstate(over="ignore", invalid="ignore"):
        size = weight * counts
        found = WeightSums(_add(size), _add(weight * size))
        divisor = np.where(found.total > 0, found.total, 1.0)
        # Values are divided before they are added, so that sums of large ones do not overflow.
        center = _add(each.mean * (size / divisor))
        gaps = np.where(some, (each.mean - center) + each.tail, 0.0)
        residual = _add(size * gaps)
        m2 = _add(weight * np.where(some, each.m2, 0.0)) + _add(size * gaps * gaps)
        mean, tail = two_sum(center, residual / divisor)
        m2 = np.maximum(m2 - residual * (residual / divisor), 0.0)
    return ColumnMoments(count=count, mean=mean, tail=tail, m2=m2, min=low, max=high, missing=missing, weights=found)


def _add(array: Floats) -> Floats:
    """Returns the sum along the first axis, in stages, so that rounding does not grow with the number of samples."""
    total: Floats = np.add.reduceat(array, np.arange(0, len(array), _STAGE), axis=0).sum(axis=0)
    return total
