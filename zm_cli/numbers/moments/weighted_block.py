"""Measures a block of samples that count by their weights."""

from __future__ import annotations

from functools import reduce

import numpy as np
from numpy.typing import NDArray

from zm_cli.data.block import Values
from zm_cli.numbers.moments.moments import Moments
from zm_cli.numbers.moments.weights import WeightSums
from zm_cli.numbers.stored import MissingCodes, find_equal, match_values
from zm_cli.numbers.sums import Floats, Sums, two_sum

MAX_AT_ONCE = 1 << 20
"""The most values that are worked on at a time: ten arrays of float64 with so many are held."""
_STAGE = 1024
"""Samples that are added up one after the other."""


def measure_block(
    values: Values, feature_axes: tuple[int, ...], missing_codes: MissingCodes = (), weights: Floats | None = None
) -> Moments:
    """The moments of a block of any real dtype, as `Moments.from_block` says; with `weights`, the weighted ones.

    `weights` has one finite weight, not negative, for each sample; one of weight 0 is left out, so that its values are
    neither counted nor missing. No exact sums of integers are kept with weights.
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
        alone = Moments.from_block(values, (0, *feature_axes), missing_codes)
        each = Sums(alone.count, alone.mean, alone.tail, alone.m2, alone.min, alone.max, alone.missing)
    shape = tuple(values.shape[axis] for axis in feature_axes) or (1,)
    return Moments.from_sums(weigh_samples(each, weights)).reshape(shape)


def _list_values(values: Values, missing_codes: MissingCodes) -> Sums:
    """The sums of each value by itself, in the shape of `values`, of any real dtype; wide integers are rounded.

    NaN, infinities and values equal to one of `missing_codes` are missing.
    """
    valid: NDArray[np.bool_] = np.isfinite(values)
    if matched := match_values(missing_codes, values.dtype):
        valid &= ~find_equal(values, matched)
    real = np.where(valid, values, 0).astype(np.float64)
    count, zero = valid.astype(np.int64), np.zeros(values.shape)
    return Sums(count, real, zero, zero, real, real, 1 - count)


def weigh_samples(each: Sums, weights: Floats) -> Sums:
    """The weighted sums of samples, arrays (*features), from those of each sample by itself, (samples, *features).

    `weights` has one finite weight, not negative, for each sample; one of weight 0 is left out.
    Everything is computed in float64 in two passes: the weighted mean, then the deviations from it, whose own sum
    corrects the rounding of the first.
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
        # Divided before they are added, so that sums of large values do not overflow.
        center = _add(each.mean * (size / divisor))
        gaps = np.where(some, (each.mean - center) + each.tail, 0.0)
        residual = _add(size * gaps)
        m2 = _add(weight * np.where(some, each.m2, 0.0)) + _add(size * gaps * gaps)
        mean, tail = two_sum(center, residual / divisor)
        m2 = np.maximum(m2 - residual * (residual / divisor), 0.0)
    return Sums(count, mean, tail, m2, low, high, missing, weights=found)


def _add(array: Floats) -> Floats:
    """The sum along the first axis, in stages, so that rounding does not grow with the number of samples."""
    total: Floats = np.add.reduceat(array, np.arange(0, len(array), _STAGE), axis=0).sum(axis=0)
    return total
