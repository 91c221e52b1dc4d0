"""Bounds: the range in which values are expected, and how many values lie outside it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zm_cli.data.block import Values
from zm_cli.numbers.kernels import Counts, Floats, match_value
from zm_cli.numbers.pieces import Rows, cut_pieces, find_extremes, fold_rows, unfold_sums
from zm_cli.numbers.values import lay_out


@dataclass(frozen=True, eq=False)
class Bounds:
    """The smallest and largest expected value of each feature, arrays of the features' shape.

    They have the scale of the values as read.
    """

    low: Floats
    high: Floats

    def count_outside(self, values: Values, kept: tuple[int, ...], ignore: float | None = None) -> Counts:
        """How many values of each feature of a block lie outside, in the features' shape; missing values do not count.

        The arguments are those of `Moments.from_block`.
        """
        count = np.zeros(self.low.size, dtype=np.int64)
        if values.size:
            low, high = self.low.ravel(), self.high.ravel()
            for features, rows in lay_out(values, kept):
                count[features] = _count_outside(rows, low[features], high[features], ignore)
        return count.reshape(self.low.shape)

    def count_outside_counted(self, counts: Counts, ignore: float | None = None) -> Counts:
        """The same for counted values: how often 0, 1, 2 and so on occur, shape (features, values)."""
        values = np.arange(counts.shape[1])
        outside = (values < self.low[:, np.newaxis]) | (values > self.high[:, np.newaxis])
        count: Counts = np.where(outside & (values != ignore), counts, 0).sum(axis=1)
        return count


def _count_outside(rows: Rows, low: Floats, high: Floats, ignore: float | None = None) -> Counts:
    """How many values of each column of `rows` (M, K), M >= 1, are below `low` (K) or above `high` (K).

    Missing values do not count: NaN, infinities and values equal to `ignore`.
    """
    if rows.dtype == np.bool_:
        rows = rows.view(np.uint8)
    least, most = find_extremes(rows)
    # Also False if the extremes are NaN.
    if ((least >= low) & (most <= high)).all():
        return np.zeros(rows.shape[1], dtype=np.int64)
    hidden = match_value(ignore, rows.dtype)
    folded, rest, copies = fold_rows(rows)
    wide_low, wide_high = np.tile(low, copies), np.tile(high, copies)
    count = np.zeros(folded.shape[1], dtype=np.int64)
    for columns, piece in cut_pieces(folded):
        count[columns] += _find_outside(piece, wide_low[columns], wide_high[columns], hidden).sum(axis=0)
    count = unfold_sums(count, copies)
    count += _find_outside(rest, low, high, hidden).sum(axis=0)
    return count


def _find_outside(piece: Rows, low: Floats, high: Floats, hidden: Any) -> NDArray[np.bool_]:
    found: NDArray[np.bool_] = (piece < low) | (piece > high)
    if piece.dtype.kind == "f":
        found &= np.isfinite(piece)
    if hidden is not None:
        found &= piece != hidden
    return found
