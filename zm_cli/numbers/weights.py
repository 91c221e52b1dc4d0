"""Weights: the moments of samples that count by how reliable they are, and the sums of weights behind them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zm_cli.data.block import Values
from zm_cli.numbers.pieces import PIECE, Rows
from zm_cli.numbers.stored import Hidden, find_equal, match_values
from zm_cli.numbers.sums import Counts, Floats, Sums, two_sum
from zm_cli.numbers.values import lay_out


@dataclass(frozen=True, eq=False)
class WeightSums:
    """The sums behind weighted moments, float64 arrays of the features' shape.

    `total` is V1, the sum of the weights of the values that are counted, `squares` is V2, that of their squares.
    """

    total: Floats
    squares: Floats

    @classmethod
    def of_counts(cls, count: Counts) -> WeightSums:
        """The sums of values that all have the weight 1."""
        return cls(count.astype(np.float64), count.astype(np.float64))

    def merge(self, other: WeightSums) -> WeightSums:
        """The sums of both parts."""
        return WeightSums(self.total + other.total, self.squares + other.squares)

    def find_freedom(self, ddof: int) -> Floats:
        """What m2 is divided by: V1 - ddof * V2 / V1, at least the weight that one sample has on average, V2 / V1.

        With ddof 1 the variance is unbiased for reliability weights, which say how precise a sample is and not how
        often it was seen (`numpy.cov` with `aweights`). For weights of 1 this is max(count - ddof, 1).
        """
        total = np.where(self.total > 0, self.total, 1.0)
        with np.errstate(over="ignore", invalid="ignore"):
            one = self.squares / total
            freedom = total - ddof * one
        # A single sample leaves no freedom but for the rounding of the sums.
        return np.where(freedom > np.finfo(np.float64).eps * total, freedom, np.where(one > 0, one, 1.0))

    def find_impossible(self) -> NDArray[np.bool_]:
        """For which features the squares of the weights do not fit float64: too large, or so small that they are 0."""
        return ~np.isfinite(self.squares) | ((self.total > 0) & (self.squares < np.finfo(np.float64).tiny))

    def map(self, change: Callable[[NDArray[Any]], NDArray[Any]]) -> WeightSums:
        """The sums with both arrays changed in the same way."""
        return WeightSums(change(self.total), change(self.squares))

    @classmethod
    def combine(cls, parts: Sequence[WeightSums], join: Callable[[Sequence[NDArray[Any]]], NDArray[Any]]) -> WeightSums:
        """The sums of all parts, joined by a function such as `numpy.stack`."""
        return cls(join([part.total for part in parts]), join([part.squares for part in parts]))

    def to_document(self) -> dict[str, NDArray[Any]]:
        """The arrays of a stats file."""
        return {"weight_sum": self.total, "weight_squares": self.squares}


def sum_weighted(values: Values, kept: tuple[int, ...], weights: Floats, hidden: Hidden = ()) -> list[Sums]:
    """The weighted sums of a block of any real dtype over all its axes but `kept`, of some features after the others.

    `weights` has one finite weight, not negative, for each sample. A value of weight 0 counts as missing, as do NaN,
    infinities and values equal to one of `hidden`. Everything is computed in float64 in two passes: the weighted mean,
    then the deviations from it, whose own sum corrects the rounding of the first.
    """
    matched = match_values(hidden, values.dtype)
    whole = float(weights.sum())
    # The sample axis is the first of those that are averaged over, so that its values follow one another in the rows.
    return [
        _sum_rows(rows, np.repeat(weights, len(rows) // len(weights)), whole, matched)
        for _, rows in lay_out(values, kept)
    ]


def _sum_rows(rows: Rows, weights: Floats, whole: float, matched: tuple[Any, ...]) -> Sums:
    """The weighted sums of each column of `rows` (M, K); `weights` has the shape (M,), `whole` is about their sum."""
    width = rows.shape[1]
    tall = max(1, PIECE // width)
    starts = range(0, len(rows), tall)
    count, low, high = np.zeros(width, np.int64), np.full(width, np.inf), np.full(width, -np.inf)
    total, squares, center = np.zeros(width), np.zeros(width), np.zeros(width)
    with np.errstate(over="ignore", invalid="ignore", under="ignore"):
        for top in starts:
            work, valid, part = _weigh(rows[top : top + tall], weights[top : top + tall], matched)
            count += valid.sum(axis=0)
            low = np.minimum(low, work.min(axis=0, where=valid, initial=np.inf))
            high = np.maximum(high, work.max(axis=0, where=valid, initial=-np.inf))
            total += part.sum(axis=0)
            squares += np.einsum("ij,ij->j", part, part)
            # Shares add up to at most 1, so that sums of large values do not overflow.
            center += np.einsum("ij,ij->j", part / (whole or 1.0), work)
        divisor = np.where(total > 0, total, 1.0)
        center = center / (divisor / (whole or 1.0))
        drift, square = np.zeros(width), np.zeros(width)
        for top in starts:
            work, _, part = _weigh(rows[top : top + tall], weights[top : top + tall], matched)
            work -= center
            weighted = part * work
            drift += weighted.sum(axis=0)
            square += np.einsum("ij,ij->j", weighted, work)
        mean, tail = two_sum(center, drift / divisor)
        m2 = np.maximum(square - drift * (drift / divisor), 0.0)
    # A weight can be so small that its share is 0.
    mean, tail, m2 = (np.where(count > 0, array, 0.0) for array in (mean, tail, m2))
    return Sums(count, mean, tail, m2, low, high, len(rows) - count, weights=WeightSums(total, squares))


def _weigh(piece: Rows, weights: Floats, matched: tuple[Any, ...]) -> tuple[Floats, NDArray[np.bool_], Floats]:
    """The values as float64 with 0 for missing ones, which are not missing, and the weight of each, 0 where it is."""
    valid: NDArray[np.bool_] = np.isfinite(piece) & (weights > 0)[:, None]
    if matched:
        valid &= ~find_equal(piece, matched)
    return np.where(valid, piece, 0).astype(np.float64), valid, valid * weights[:, None]
