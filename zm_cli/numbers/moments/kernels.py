"""The inner loops: sums, squared deviations, minima and maxima of the columns of a two-dimensional array.

The loops work on pieces that fit the processor's cache; only 64-bit integers are copied as a whole. Integers are summed
exactly. Floats are summed twice: once for the mean, once for the deviations from it, whose own sum corrects the
rounding of the first (Chan, Golub & LeVeque 1983, "Algorithms for computing the sample variance", eq. 1.7).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zm_cli.numbers.moments.exact import ExactSums
from zm_cli.numbers.pieces import (
    Rows,
    cut_pieces,
    find_extremes,
    find_present_extremes,
    fold_rows,
    sum_columns,
    unfold_sums,
)
from zm_cli.numbers.stored import MissingCodes, find_equal, find_possible, find_present, match_values
from zm_cli.numbers.sums import ColumnMoments, Floats, complete_moments, correct_mean, round_mean, two_sum

MissingMask = NDArray[np.bool_]
"""Which values of an array are missing."""


def sum_rows(rows: Rows, missing_codes: MissingCodes = ()) -> ColumnMoments:
    """Returns the moments of each column of `rows` (M, K), C-contiguous, of any real dtype, M >= 1.

    NaN, infinities and values equal to one of `missing_codes` are counted as missing.
    """
    if rows.dtype == np.bool_:
        rows = rows.view(np.uint8)
    if ExactSums.fits(rows.dtype):
        exact = ExactSums(rows.shape[1], rows.dtype)
        exact.add(rows, missing_codes)
        return exact.finish()
    low, high = find_extremes(rows)
    if rows.dtype.kind != "f":
        possible = find_possible(match_values(missing_codes, rows.dtype), low, high)
        return _sum_integers(rows, low, high) if not possible else _sum_masked_integers(rows, possible)
    # The extremes of a column with NaN are NaN.
    matched = match_values(missing_codes, rows.dtype)
    if not (np.isfinite(low).all() and np.isfinite(high).all()) or find_possible(matched, low, high):
        return _sum_masked(rows, matched)
    found = _sum_floats(rows, low.astype(np.float64), high.astype(np.float64))
    # If the sum of finite values overflows, use the masked path, which divides before it adds.
    return found if np.isfinite(found.mean).all() else _sum_masked(rows, matched)


def _sum_masked_integers(rows: Rows, matched: tuple[Any, ...]) -> ColumnMoments:
    """Returns the moments of 32- or 64-bit integers without those that equal one of `matched`."""
    is_missing = find_equal(rows, matched)
    low, high = find_present_extremes(rows, is_missing)
    none, zero = is_missing.all(axis=0), rows.dtype.type(0)
    return _sum_integers(rows, np.where(none, zero, low), np.where(none, zero, high), is_missing)


def _sum_integers(
    rows: Rows, low: NDArray[Any], high: NDArray[Any], is_missing: MissingMask | None = None
) -> ColumnMoments:
    """Returns the moments of 32- or 64-bit integers with these extremes.

    `is_missing` marks the values that are left out, in the same shape; None if no value is missing.
    """
    return (_sum_narrow_integers if rows.dtype.itemsize == 4 else _sum_wide_integers)(rows, low, high, is_missing)


def _sum_narrow_integers(
    rows: Rows, low: NDArray[Any], high: NDArray[Any], is_missing: MissingMask | None
) -> ColumnMoments:
    """Returns the moments of 32-bit integers.

    The sums are exact, and so are the deviations from the integer nearest to the mean.
    """
    count = np.full(len(low), len(rows)) if is_missing is None else len(rows) - sum_columns(is_missing)
    folded, rest, copies = fold_rows(rows if is_missing is None else np.where(is_missing, rows.dtype.type(0), rows))
    total = np.zeros(folded.shape[1], dtype=np.int64)
    for columns, piece in cut_pieces(folded):
        total[columns] += piece.sum(axis=0, dtype=np.int64)
    nearest, residue = round_mean(unfold_sums(total, copies) + rest.sum(axis=0, dtype=np.int64), count)
    if is_missing is not None:
        # Missing values are set to the center, so their deviation is 0.
        folded, rest, copies = fold_rows(np.where(is_missing, nearest.astype(rows.dtype), rows))
    _, square = _deviate(folded, rest, copies, nearest.astype(np.float64))
    return complete_moments(len(rows), count, correct_mean(count, nearest, residue, square), low, high)


def _sum_wide_integers(
    rows: Rows, low: NDArray[Any], high: NDArray[Any], is_missing: MissingMask | None
) -> ColumnMoments:
    """Returns the moments of 64-bit integers, from their distances to the column's minimum.

    The distances are summed exactly if they fit into 32 bits, else as float64.
    """
    # Unsigned arithmetic wraps around, so the distance between any two 64-bit integers is right.
    distance = high.view(np.uint64) - low.view(np.uint64)
    shifted = rows.view(np.uint64) - low.view(np.uint64)
    zero, top = np.zeros(len(low)), distance.astype(np.float64)
    if (distance < 1 << 32).all():
        found = _sum_narrow_integers(shifted.astype(np.uint32), zero, top, is_missing)
    elif is_missing is None:
        found = _sum_floats(shifted, zero, top)
    else:
        found = _sum_masked(np.where(is_missing, np.nan, shifted), ())
    base = low.astype(np.float64)
    dropped = np.array([int(exact) - int(rounded) for exact, rounded in zip(low, base, strict=True)], dtype=np.float64)
    mean, tail = two_sum(base, found.mean)
    mean, tail = two_sum(mean, tail + (found.tail + dropped))
    none = found.count == 0
    low, high = np.where(none, np.inf, base), np.where(none, -np.inf, high.astype(np.float64))
    return replace(found, mean=mean, tail=tail, min=low, max=high)


def _deviate(folded: Rows, rest: Rows, copies: int, center: Floats) -> tuple[Floats, Floats]:
    """Returns the sums of the deviations from the center, and of their squares, both of shape (columns,)."""
    wide = np.tile(center, copies)
    residual, square = np.zeros_like(wide), np.zeros_like(wide)
    for columns, piece in cut_pieces(folded):
        deviation = np.subtract(piece, wide[columns], dtype=np.float64)
        residual[columns] += deviation.sum(axis=0)
        square[columns] += np.einsum("ij,ij->j", deviation, deviation)
    deviation = np.subtract(rest, center, dtype=np.float64)
    residual = unfold_sums(residual, copies) + deviation.sum(axis=0)
    return residual, unfold_sums(square, copies) + np.einsum("ij,ij->j", deviation, deviation)


def _sum_floats(rows: Rows, low: Floats, high: Floats) -> ColumnMoments:
    """Returns the moments of finite values with these extremes; a mean is not finite if its sum overflows."""
    count = len(rows)
    folded, rest, copies = fold_rows(rows)
    total = np.zeros(folded.shape[1])
    with np.errstate(over="ignore", invalid="ignore"):
        for columns, piece in cut_pieces(folded):
            total[columns] += piece.sum(axis=0, dtype=np.float64)
        center = (unfold_sums(total, copies) + rest.sum(axis=0, dtype=np.float64)) / count
        residual, square = _deviate(folded, rest, copies, center)
        counts = np.full(len(low), count)
        return complete_moments(count, counts, correct_mean(counts, center, residual, square), low, high)


def _sum_masked(rows: Rows, matched: tuple[Any, ...]) -> ColumnMoments:
    """Returns the moments of floats without missing ones: NaN, infinities and values equal to one of `matched`."""
    folded, rest, copies = fold_rows(rows)
    wide = folded.shape[1]
    count = np.zeros(wide, dtype=np.int64)
    low, high = np.full(wide, np.inf), np.full(wide, -np.inf)
    for columns, piece in cut_pieces(folded):
        work, valid = _mask(piece, matched)
        count[columns] += valid.sum(axis=0)
        low[columns] = np.minimum(low[columns], work.min(axis=0, where=valid, initial=np.inf))
        high[columns] = np.maximum(high[columns], work.max(axis=0, where=valid, initial=-np.inf))
    count, low, high = (
        unfold_sums(count, copies),
        low.reshape(copies, -1).min(axis=0),
        high.reshape(copies, -1).max(axis=0),
    )
    if len(rest):
        work, valid = _mask(rest, matched)
        count = count + valid.sum(axis=0)
        low = np.minimum(low, work.min(axis=0, where=valid, initial=np.inf))
        high = np.maximum(high, work.max(axis=0, where=valid, initial=-np.inf))
    number = np.maximum(count, 1).astype(np.float64)
    wide_number = np.tile(number, copies)
    total = np.zeros(wide)
    with np.errstate(over="ignore", invalid="ignore"):
        for columns, piece in cut_pieces(folded):
            total[columns] += (_mask(piece, matched)[0] / wide_number[columns]).sum(axis=0)
        center = unfold_sums(total, copies) + (_mask(rest, matched)[0] / number).sum(axis=0)
        wide_center = np.tile(center, copies)
        residual, square = np.zeros(wide), np.zeros(wide)
        for columns, piece in cut_pieces(folded):
            deviation = _deviate_masked(piece, matched, wide_center[columns])
            residual[columns] += deviation.sum(axis=0)
            square[columns] += np.einsum("ij,ij->j", deviation, deviation)
        deviation = _deviate_masked(rest, matched, center)
        residual = unfold_sums(residual, copies) + deviation.sum(axis=0)
        square = unfold_sums(square, copies) + np.einsum("ij,ij->j", deviation, deviation)
        mean, tail = two_sum(center, residual / number)
        m2 = np.maximum(square - residual * residual / number, 0.0)
    return ColumnMoments(count=count, mean=mean, tail=tail, m2=m2, min=low, max=high, missing=len(rows) - count)


def _mask(piece: Rows, matched: tuple[Any, ...]) -> tuple[Floats, NDArray[np.bool_]]:
    """Returns the values as float64 with 0 for missing ones, and which of them are not missing."""
    valid = find_present(piece, matched)
    return np.where(valid, piece, 0).astype(np.float64), valid


def _deviate_masked(piece: Rows, matched: tuple[Any, ...], center: Floats) -> Floats:
    """Returns the deviations from the center; 0 for missing values."""
    work, valid = _mask(piece, matched)
    work -= center
    work *= valid
    return work
