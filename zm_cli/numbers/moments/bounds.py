"""Bounds: the range in which values are expected, and how many values lie outside it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zm_cli.data.block import Values
from zm_cli.data.packing import Packing
from zm_cli.numbers.pieces import Rows, cut_pieces, find_extremes, fold_rows, unfold_sums
from zm_cli.numbers.stored import MissingCodes, find_present, match_values, unpack_values
from zm_cli.numbers.sums import Counts, Floats
from zm_cli.numbers.values import lay_out


@dataclass(frozen=True, eq=False)
class Bounds:
    """The smallest and largest expected real value of each feature, arrays of the features' shape."""

    low: Floats
    high: Floats

    def count_outside(
        self,
        values: Values,
        feature_axes: tuple[int, ...],
        missing_codes: MissingCodes = (),
        packing: Packing | None = None,
    ) -> Counts:
        """Returns how many values of each feature of a block lie outside, in the features' shape.

        Missing values are not counted. The first arguments are those of `Moments.from_block`; `packing` says what the
        values stand for.
        """
        count = np.zeros(self.low.size, dtype=np.int64)
        if values.size:
            low, high = self.low.ravel(), self.high.ravel()
            for features, rows in lay_out(values, feature_axes):
                count[features] = _count_outside(rows, low[features], high[features], missing_codes, packing)
        return count.reshape(self.low.shape)

    def count_outside_counted(
        self, counts: Counts, missing_codes: MissingCodes = (), packing: Packing | None = None
    ) -> Counts:
        """Returns how many values of each feature lie outside, in the features' shape, as `count_outside` does.

        `counts` says how often 0, 1, 2 and so on occur, shape (features, values).
        """
        values = np.arange(counts.shape[1])
        real = unpack_values(values, packing)
        outside = (real < self.low[:, np.newaxis]) | (real > self.high[:, np.newaxis])
        shown = ~np.isin(values, match_values(missing_codes, values.dtype))
        count: Counts = np.where(outside & shown, counts, 0).sum(axis=1)
        return count


def _count_outside(
    rows: Rows, low: Floats, high: Floats, missing_codes: MissingCodes, packing: Packing | None
) -> Counts:
    """Returns how many values of each column of `rows` (M, K), M >= 1, lie outside.

    These are the values that stand for less than `low` (K) or more than `high` (K). Missing values are not counted:
    NaN, infinities and values equal to one of `missing_codes`.
    """
    if rows.dtype == np.bool_:
        rows = rows.view(np.uint8)
    packing = packing if packing is not None and packing.is_affine else None
    # Unpacking either keeps the order of the values or reverses it, even with rounding.
    least, most = find_extremes(rows)
    if packing is not None:
        ends = unpack_values(np.stack([least, most]), packing)
        least, most = ends.min(axis=0), ends.max(axis=0)
    # False also if the extremes are NaN.
    if ((least >= low) & (most <= high)).all():
        return np.zeros(rows.shape[1], dtype=np.int64)
    matched = match_values(missing_codes, rows.dtype)
    folded, rest, copies = fold_rows(rows)
    wide_low, wide_high = np.tile(low, copies), np.tile(high, copies)
    count = np.zeros(folded.shape[1], dtype=np.int64)
    for columns, piece in cut_pieces(folded):
        count[columns] += _find_outside(piece, wide_low[columns], wide_high[columns], matched, packing).sum(axis=0)
    count = unfold_sums(count, copies)
    count += _find_outside(rest, low, high, matched, packing).sum(axis=0)
    return count


def _find_outside(
    piece: Rows, low: Floats, high: Floats, matched: tuple[Any, ...], packing: Packing | None
) -> NDArray[np.bool_]:
    """Returns which values are not missing and stand for less than `low` (K) or more than `high` (K)."""
    real = piece if packing is None else unpack_values(piece, packing)
    return ((real < low) | (real > high)) & find_present(piece, matched)
