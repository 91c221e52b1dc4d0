"""Exact sums of 8- and 16-bit integers, over any number of blocks, and of counted values."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from zm_cli.numbers.moments.integer_sums import IntegerSums
from zm_cli.numbers.pieces import (
    Rows,
    cut_pieces,
    find_extremes,
    find_present_extremes,
    fold_rows,
    sum_columns,
    unfold_sums,
)
from zm_cli.numbers.stored import MissingCodes, find_equal, find_possible, match_values
from zm_cli.numbers.sums import ColumnMoments, Counts, complete_moments, correct_mean, round_mean

MAX_ROWS = 1 << 31
"""The most rows whose sums are kept: the squares of so many 16-bit integers add up to less than 2**63."""


class ExactSums:
    """Running sums of at most MAX_ROWS rows of 8- or 16-bit integers.

    They are exact, so that the result does not depend on how rows are grouped.
    """

    def __init__(self, width: int, dtype: np.dtype[Any]) -> None:
        limits = np.iinfo(dtype)
        self.rows = 0
        self._missing = np.zeros(width, dtype=np.int64)
        self._total = np.zeros(width, dtype=np.int64)
        self._square = np.zeros(width, dtype=np.int64)
        self._low, self._high = np.full(width, limits.max, dtype), np.full(width, limits.min, dtype)

    @staticmethod
    def fits(dtype: np.dtype[Any]) -> bool:
        """Returns whether values of this dtype can be summed in this way."""
        return dtype.kind in "iu" and dtype.itemsize <= 2

    def add(self, rows: Rows, missing_codes: MissingCodes = ()) -> bool:
        """Adds rows; returns whether any of their values is missing, because it equals one of `missing_codes`."""
        low, high = find_extremes(rows)
        possible = find_possible(match_values(missing_codes, rows.dtype), low, high)
        if possible:
            is_missing = find_equal(rows, possible)
            low, high = find_present_extremes(rows, is_missing)
            # Missing values become 0, which adds nothing; they are counted separately.
            rows = np.where(is_missing, rows.dtype.type(0), rows)
            missing = sum_columns(is_missing)
            self._missing += missing
        self._add_present(rows, low, high)
        return bool(possible) and bool(missing.any())

    def _add_present(self, rows: Rows, low: NDArray[Any], high: NDArray[Any]) -> None:
        """Adds rows to the sums; `low` and `high` are the extremes of their columns without missing values."""
        assert self.rows + len(rows) <= MAX_ROWS
        np.minimum(self._low, low, out=self._low)
        np.maximum(self._high, high, out=self._high)
        self.rows += len(rows)
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

    def finish(self) -> ColumnMoments:
        """Returns the moments of all added rows, at least one."""
        count = self.rows - self._missing
        sums = IntegerSums.from_totals(self._total, self._square)
        return complete_moments(self.rows, count, sums.derive(count), self._low, self._high, sums)


def sum_counts(counts: Counts, missing_codes: MissingCodes = ()) -> ColumnMoments:
    """Returns the exact moments of each row of `counts` (K, V), which say how often the values 0 to V - 1 occur."""
    values = np.arange(counts.shape[1])
    present = (counts > 0) & ~np.isin(values, match_values(missing_codes, values.dtype))
    counted = np.where(present, counts, 0)
    count = counted.sum(axis=1)
    # Python's integers have no limit. The squares of a hundred million images do not fit into 64 bits.
    whole, exact = values.astype(object), counted.astype(object)
    total = exact @ whole
    nearest, residue = round_mean(total, count.astype(object))
    square = (exact * (whole - nearest[:, np.newaxis]) ** 2).sum(axis=1)
    moments = correct_mean(count, nearest, residue, square.astype(np.float64))
    low = np.where(present, values, np.inf).min(axis=1)
    high = np.where(present, values, -np.inf).max(axis=1)
    sums = IntegerSums.from_unbounded(total, exact @ whole**2)
    return complete_moments(counts.sum(axis=1), count, moments, low, high, sums)
