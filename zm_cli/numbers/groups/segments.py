"""Segments: the moments of many short runs of values at once, as measuring each by itself would be mostly overhead."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from zm_cli.numbers.moments.exact import ExactSums
from zm_cli.numbers.moments.integer_sums import IntegerSums
from zm_cli.numbers.moments.weights import WeightSums
from zm_cli.numbers.stored import MissingCodes, find_present, match_values
from zm_cli.numbers.sums import ColumnMoments, Floats, two_sum

SHORT = 1024
"""The most values in a segment: they are added up one by one, which would be inexact for more."""


def can_be_segments(dtype: np.dtype[Any]) -> bool:
    """Returns whether values of this dtype can be in segments.

    These are floats, and integers so small that their sums are exact.
    """
    return dtype.kind == "f" or ExactSums.fits(dtype)


def sum_segments(
    columns: NDArray[Any], lengths: NDArray[np.intp], weights: Floats | None, missing_codes: MissingCodes = ()
) -> ColumnMoments:
    """Returns the moments of each segment of each of `columns` (K, M), arrays of shape (segments, K).

    The segments follow one another and have these lengths, from 1 to SHORT. NaN, infinities and values equal to one of
    `missing_codes` are missing. `weights` (M,) are those of the values, None if all values have the same weight; values
    of weight 0 are left out. Floats are summed as the kernels do: the mean first, then the deviations from it.
    """
    starts = np.cumsum(lengths) - lengths

    def add(array: NDArray[Any]) -> NDArray[Any]:
        return np.add.reduceat(array, starts, axis=1)

    valid = find_present(columns, match_values(missing_codes, columns.dtype))
    missing = add((~valid if weights is None else ~valid & (weights > 0)).astype(np.int64))
    if weights is not None:
        valid &= weights > 0
    count = add(valid.astype(np.int64))
    work = np.where(valid, columns, 0).astype(np.float64)
    low = np.minimum.reduceat(np.where(valid, work, np.inf), starts, axis=1)
    high = np.maximum.reduceat(np.where(valid, work, -np.inf), starts, axis=1)
    part: NDArray[Any] = valid if weights is None else valid * weights
    found = None if weights is None else WeightSums(add(part), add(part * part))
    integer_sums = None
    if found is None and ExactSums.fits(columns.dtype):
        # The squares of so few 16-bit integers add up to less than 2**53, so float64 holds the sums exactly.
        integer_sums = IntegerSums.from_totals(add(work).astype(np.int64), add(work * work).astype(np.int64))
        mean, tail, m2 = integer_sums.derive(count)
    else:
        size = count.astype(np.float64) if found is None else found.total
        mean, tail, m2 = _deviate(work, part, np.where(size > 0, size, 1.0), lengths, starts)
    return ColumnMoments(
        count=_turn(count),
        mean=_turn(mean),
        tail=_turn(tail),
        m2=_turn(m2),
        min=_turn(low),
        max=_turn(high),
        missing=_turn(missing),
        integer_sums=None if integer_sums is None else integer_sums.map(_turn),
        weights=None if found is None else found.map(_turn),
    )


def _turn(array: NDArray[Any]) -> NDArray[Any]:
    """Returns the array with its two axes exchanged, C-contiguous."""
    return array.T.copy()


def _deviate(
    work: Floats, part: NDArray[Any], size: Floats, lengths: NDArray[np.intp], starts: NDArray[np.intp]
) -> tuple[Floats, Floats, Floats]:
    """Returns the mean, its tail and m2 of each segment; `part` are the weights, 0 or False for missing values."""
    with np.errstate(over="ignore", invalid="ignore"):
        # Values are divided before they are added, so that sums of large ones do not overflow.
        center = np.add.reduceat(work * (part / np.repeat(size, lengths, axis=1)), starts, axis=1)
        gaps = work - np.repeat(center, lengths, axis=1)
        weighted = gaps * part
        residual = np.add.reduceat(weighted, starts, axis=1)
        mean, tail = two_sum(center, residual / size)
        m2 = np.add.reduceat(weighted * gaps, starts, axis=1) - residual * (residual / size)
    return mean, tail, np.maximum(m2, 0.0)
