"""The inner loops: sums, squared deviations, minima and maxima of the columns of a two-dimensional array.

The loops work on pieces that fit the processor's cache; only 64-bit integers are copied as a whole. Integers are summed
exactly. Floats are summed twice: once for the mean, once for the deviations from it, whose own sum corrects the
rounding of the first (Chan, Golub & LeVeque 1983, "Algorithms for computing the sample variance", eq. 1.7).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zm_cli.numbers.pieces import Rows, cut_pieces, find_extremes, fold_rows, unfold_sums

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]


@dataclass(frozen=True)
class Sums:
    """The sums of a block of rows, arrays with one entry per column; `tail` is what rounding dropped from `mean`."""

    count: Counts
    mean: Floats
    tail: Floats
    m2: Floats
    min: Floats
    max: Floats
    missing: Counts


def two_sum(a: Floats, b: Floats) -> tuple[Floats, Floats]:
    """The rounded sum of two arrays and exactly what the rounding dropped (Knuth, TAOCP 2, 4.2.2)."""
    total = a + b
    back = total - a
    return total, (a - (total - back)) + (b - back)


def match_value(ignore: float | None, dtype: np.dtype[Any]) -> Any:
    """The value of `dtype` that equals `ignore`, so that both compare without rounding; None if there is none.

    For floats it is the nearest value of the type, as when 0.1 is stored in float32.
    """
    if ignore is None:
        return None
    if dtype.kind == "f":
        with np.errstate(over="ignore"):
            nearest = dtype.type(ignore)
        return nearest if np.isfinite(nearest) else None
    limits = np.iinfo(dtype)
    return dtype.type(int(ignore)) if ignore == int(ignore) and limits.min <= ignore <= limits.max else None


def _may_occur(value: Any, low: NDArray[Any], high: NDArray[Any]) -> bool:
    """Whether a value may occur in columns with these extremes."""
    return value is not None and bool(np.any((low <= value) & (value <= high)))


def sum_rows(rows: Rows, ignore: float | None = None) -> Sums:
    """The sums of each column of `rows` (M, K), C-contiguous, of any real dtype, M >= 1.

    NaN, infinities and values equal to `ignore` are counted as missing.
    """
    if rows.dtype == np.bool_:
        rows = rows.view(np.uint8)
    low, high = find_extremes(rows)
    hidden = match_value(ignore, rows.dtype)
    masked = _may_occur(hidden, low, high)
    if rows.dtype.kind == "f":
        masked = masked or not (np.isfinite(low).all() and np.isfinite(high).all())
    if masked:
        return _sum_masked(rows, hidden)
    if rows.dtype.kind == "f":
        sums = _sum_floats(rows, low.astype(np.float64), high.astype(np.float64))
        # If the sum of finite values overflows, use the masked path, which divides before it adds.
        return sums if np.isfinite(sums.mean).all() else _sum_masked(rows, hidden)
    if ExactSums.fits(rows.dtype):
        exact = ExactSums(rows.shape[1], rows.dtype)
        exact.add_known(rows, low, high)
        return exact.finish()
    return (_sum_integers if rows.dtype.itemsize == 4 else _sum_wide_integers)(rows, low, high)


class ExactSums:
    """Running sums of rows of 8- or 16-bit integers: exact, so that the result does not depend on how rows are grouped.

    They hold up to 2**31 rows: the squares of so many values fit into 64 bits.
    """

    def __init__(self, width: int, dtype: np.dtype[Any]) -> None:
        limits = np.iinfo(dtype)
        self.count = 0
        self._total = np.zeros(width, dtype=np.int64)
        self._square = np.zeros(width, dtype=np.int64)
        self._low, self._high = np.full(width, limits.max, dtype), np.full(width, limits.min, dtype)

    @staticmethod
    def fits(dtype: np.dtype[Any]) -> bool:
        """Whether values of this dtype can be summed in this way."""
        return dtype.kind in "iu" and dtype.itemsize <= 2

    def add(self, rows: Rows, ignore: float | None = None) -> bool:
        """Adds rows and returns True; adds nothing and returns False if a value equal to `ignore` may occur in them."""
        low, high = find_extremes(rows)
        if _may_occur(match_value(ignore, rows.dtype), low, high):
            return False
        self.add_known(rows, low, high)
        return True

    def add_known(self, rows: Rows, low: NDArray[Any], high: NDArray[Any]) -> None:
        """Adds rows that hold no value to ignore and whose extremes are known."""
        np.minimum(self._low, low, out=self._low)
        np.maximum(self._high, high, out=self._high)
        self.count += len(rows)
        folded, rest, copies = fold_rows(rows)
        # A type of twice the width holds a square as an unsigned number, and the sum of this many values: 255 * 255 is
        # less than 2**16. The processor adds whole vectors of such small numbers.
        kind, size = rows.dtype.kind, rows.dtype.itemsize
        double, unsigned = np.dtype(f"{kind}{2 * size}"), np.dtype(f"u{2 * size}")
        total, square = self._total, self._square
        if copies > 1:
            total, square = np.zeros(folded.shape[1], dtype=np.int64), np.zeros(folded.shape[1], dtype=np.int64)
        for columns, piece in cut_pieces(folded, 255 if size == 1 else 65535):
            wide = piece.astype(double)
            total[columns] += wide.sum(axis=0, dtype=double)
            np.multiply(wide, wide, out=wide)
            square[columns] += wide.view(unsigned).sum(axis=0, dtype=f"u{4 * size}").astype(np.int64)
        if copies > 1:
            self._total += unfold_sums(total, copies)
            self._square += unfold_sums(square, copies)
        if len(rest):
            whole = rest.astype(np.int64)
            self._total += whole.sum(axis=0)
            self._square += (whole * whole).sum(axis=0)

    def finish(self) -> Sums:
        """The sums of all added rows, at least one."""
        # With q the nearest integer to the mean: sum (x-q)^2 is an exact integer, and the correction r^2/n,
        # r = sum (x-q), |r| <= n/2, is at most half of it, so that nothing cancels.
        nearest, residue = _round_mean(self._total, self.count)
        about = self._square - nearest * (self._total + residue)
        return _complete(self.count, nearest, residue, about.astype(np.float64), self._low, self._high)


def sum_counts(counts: Counts, ignore: float | None = None) -> Sums:
    """The exact sums for each row of `counts` (K, V), how often the values 0 to V - 1 occur; `ignore` is missing."""
    values = np.arange(counts.shape[1])
    present = (counts > 0) & (values != ignore)
    counted = np.where(present, counts, 0)
    count = counted.sum(axis=1)
    # Python's integers, which have no limit: of a hundred million images the squares do not fit 64 bits.
    whole, exact = values.astype(object), counted.astype(object)
    nearest, residue = _round_mean(exact @ whole, np.maximum(count, 1).astype(object))
    square = (exact * (whole - nearest[:, np.newaxis]) ** 2).sum(axis=1)
    low = np.where(present, values, np.inf).min(axis=1)
    high = np.where(present, values, -np.inf).max(axis=1)
    sums = _complete(np.maximum(count, 1), nearest, residue, square.astype(np.float64), low, high)
    return replace(sums, count=count, missing=counts.sum(axis=1) - count)


def _sum_integers(rows: Rows, low: NDArray[Any], high: NDArray[Any]) -> Sums:
    """32-bit integers: exact sums, and exact deviations from the integer nearest to the mean."""
    count = len(rows)
    folded, rest, copies = fold_rows(rows)
    total = np.zeros(folded.shape[1], dtype=np.int64)
    for columns, piece in cut_pieces(folded):
        total[columns] += piece.sum(axis=0, dtype=np.int64)
    nearest, residue = _round_mean(unfold_sums(total, copies) + rest.sum(axis=0, dtype=np.int64), count)
    _, square = _deviate(folded, rest, copies, nearest.astype(np.float64))
    return _complete(count, nearest, residue, square, low, high)


def _sum_wide_integers(rows: Rows, low: NDArray[Any], high: NDArray[Any]) -> Sums:
    """64-bit integers, by their distance from the column's minimum: exact if it fits into 32 bits, else as float64."""
    # Unsigned arithmetic wraps around, so the distance between any two 64-bit integers is right.
    distance = high.view(np.uint64) - low.view(np.uint64)
    shifted = rows.view(np.uint64) - low.view(np.uint64)
    zero, top = np.zeros(len(low)), distance.astype(np.float64)
    if (distance < 1 << 32).all():
        sums = _sum_integers(shifted.astype(np.uint32), zero, top)
    else:
        sums = _sum_floats(shifted, zero, top)
    base = low.astype(np.float64)
    dropped = np.array([int(exact) - int(rounded) for exact, rounded in zip(low, base, strict=True)], dtype=np.float64)
    mean, tail = two_sum(base, sums.mean)
    mean, tail = two_sum(mean, tail + (sums.tail + dropped))
    return replace(sums, mean=mean, tail=tail, min=base, max=high.astype(np.float64))


def _round_mean(total: Counts, count: Counts | int) -> tuple[Counts, Counts]:
    """The integer q nearest to total / count, and the residue total - count * q."""
    nearest = (2 * total + count) // (2 * count)
    return nearest, total - count * nearest


def _deviate(folded: Rows, rest: Rows, copies: int, center: Floats) -> tuple[Floats, Floats]:
    """The sums of the deviations from the center, and of their squares, both of shape (columns,)."""
    wide = np.tile(center, copies)
    drift, square = np.zeros_like(wide), np.zeros_like(wide)
    for columns, piece in cut_pieces(folded):
        deviation = np.subtract(piece, wide[columns], dtype=np.float64)
        drift[columns] += deviation.sum(axis=0)
        square[columns] += np.einsum("ij,ij->j", deviation, deviation)
    deviation = np.subtract(rest, center, dtype=np.float64)
    drift = unfold_sums(drift, copies) + deviation.sum(axis=0)
    return drift, unfold_sums(square, copies) + np.einsum("ij,ij->j", deviation, deviation)


def _sum_floats(rows: Rows, low: Floats, high: Floats) -> Sums:
    count = len(rows)
    folded, rest, copies = fold_rows(rows)
    total = np.zeros(folded.shape[1])
    with np.errstate(over="ignore", invalid="ignore"):
        for columns, piece in cut_pieces(folded):
            total[columns] += piece.sum(axis=0, dtype=np.float64)
        center = (unfold_sums(total, copies) + rest.sum(axis=0, dtype=np.float64)) / count
        drift, square = _deviate(folded, rest, copies, center)
        return _complete(count, center, drift, square, low, high)


def _sum_masked(rows: Rows, hidden: Any) -> Sums:
    """The sums without missing values and those equal to `hidden`: these and their deviations are replaced by 0."""
    folded, rest, copies = fold_rows(rows)
    wide = folded.shape[1]
    count = np.zeros(wide, dtype=np.int64)
    low, high = np.full(wide, np.inf), np.full(wide, -np.inf)
    for columns, piece in cut_pieces(folded):
        work, valid = _mask(piece, hidden)
        count[columns] += valid.sum(axis=0)
        low[columns] = np.minimum(low[columns], work.min(axis=0, where=valid, initial=np.inf))
        high[columns] = np.maximum(high[columns], work.max(axis=0, where=valid, initial=-np.inf))
    count, low, high = (
        unfold_sums(count, copies),
        low.reshape(copies, -1).min(axis=0),
        high.reshape(copies, -1).max(axis=0),
    )
    if len(rest):
        work, valid = _mask(rest, hidden)
        count = count + valid.sum(axis=0)
        low = np.minimum(low, work.min(axis=0, where=valid, initial=np.inf))
        high = np.maximum(high, work.max(axis=0, where=valid, initial=-np.inf))
    number = np.maximum(count, 1).astype(np.float64)
    wide_number = np.tile(number, copies)
    total = np.zeros(wide)
    with np.errstate(over="ignore", invalid="ignore"):
        for columns, piece in cut_pieces(folded):
            total[columns] += (_mask(piece, hidden)[0] / wide_number[columns]).sum(axis=0)
        center = unfold_sums(total, copies) + (_mask(rest, hidden)[0] / number).sum(axis=0)
        wide_center = np.tile(center, copies)
        drift, square = np.zeros(wide), np.zeros(wide)
        for columns, piece in cut_pieces(folded):
            deviation = _deviate_masked(piece, hidden, wide_center[columns])
            drift[columns] += deviation.sum(axis=0)
            square[columns] += np.einsum("ij,ij->j", deviation, deviation)
        deviation = _deviate_masked(rest, hidden, center)
        drift = unfold_sums(drift, copies) + deviation.sum(axis=0)
        square = unfold_sums(square, copies) + np.einsum("ij,ij->j", deviation, deviation)
        mean, tail = two_sum(center, drift / number)
        m2 = np.maximum(square - drift * drift / number, 0.0)
    return Sums(count, mean, tail, m2, low, high, len(rows) - count)


def _mask(piece: Rows, hidden: Any) -> tuple[Floats, NDArray[np.bool_]]:
    """The values as float64 with 0 for missing ones, and a mask of the values that are not missing."""
    valid: NDArray[np.bool_] = np.isfinite(piece) if hidden is None else np.isfinite(piece) & (piece != hidden)
    return np.where(valid, piece, 0).astype(np.float64), valid


def _deviate_masked(piece: Rows, hidden: Any, center: Floats) -> Floats:
    work, valid = _mask(piece, hidden)
    work -= center
    work *= valid
    return work


def _complete(
    count: Counts | int,
    center: NDArray[Any],
    drift: NDArray[Any],
    square: Floats,
    low: NDArray[Any],
    high: NDArray[Any],
) -> Sums:
    """The sums of rows without missing values, from the sums of the deviations from `center` and of their squares."""
    counts = np.broadcast_to(count, center.shape).astype(np.int64)
    offset = drift.astype(np.float64)
    mean, tail = two_sum(center.astype(np.float64), offset / count)
    m2 = np.maximum(square - offset * offset / count, 0.0)
    return Sums(counts, mean, tail, m2, low.astype(np.float64), high.astype(np.float64), np.zeros_like(counts))
