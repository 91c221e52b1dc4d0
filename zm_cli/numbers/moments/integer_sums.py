"""IntegerSums: exact sums of 8- and 16-bit integers, the same for any partition of the samples and any order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zm_cli.numbers.stored import find_unit_divisor
from zm_cli.numbers.sums import Counts, Floats, correct_mean, round_mean

LOW_BITS = 62
"""Bits of a sum of squares that `squares` holds: two of them can be added without overflow."""
MAX_TOTAL = 1 << 61
"""The largest sum of integers that is kept: twice as much fits into 64 bits."""

UNITS = frozenset(find_unit_divisor(np.dtype(name)) for name in ("int8", "uint8", "int16", "uint16"))
"""The divisors of `--unit` for these integers."""


@dataclass(frozen=True, eq=False)
class IntegerSums:
    """The exact sums of the stored integers behind some moments: int64 arrays of the features' shape.

    `total` is their sum, `squares + squares_high * 2**62` the sum of their squares, with `squares` from 0 to 2**62 - 1.
    The moments are those of the integers divided by `divisor`, the sums are not divided.
    """

    total: Counts
    squares: Counts
    squares_high: Counts
    divisor: float = 1.0

    @classmethod
    def from_totals(cls, total: Counts, squares: Counts) -> IntegerSums:
        """Returns the sums of integers, from int64 arrays; the sums of squares are not negative."""
        return cls(total, squares & ((1 << LOW_BITS) - 1), squares >> LOW_BITS)

    @classmethod
    def from_unbounded(cls, total: NDArray[np.object_], squares: NDArray[np.object_]) -> IntegerSums | None:
        """Returns the sums of integers, from arrays of Python's integers; None if a sum is too large to be kept."""
        if (np.abs(total) > MAX_TOTAL).any():
            return None
        low, high = squares & ((1 << LOW_BITS) - 1), squares >> LOW_BITS
        return cls(total.astype(np.int64), low.astype(np.int64), high.astype(np.int64))

    @classmethod
    def combine(
        cls, parts: Sequence[IntegerSums], join: Callable[[Sequence[NDArray[Any]]], Counts]
    ) -> IntegerSums | None:
        """Returns the sums of all parts, joined by a function such as `numpy.stack`; None if their divisors differ."""
        if len({part.divisor for part in parts}) > 1:
            return None
        columns = zip(*((part.total, part.squares, part.squares_high) for part in parts), strict=True)
        total, squares, high = (join(list(column)) for column in columns)
        return cls(total, squares, high, parts[0].divisor)

    def merge(self, other: IntegerSums) -> IntegerSums | None:
        """Returns the sums of both parts, which have the same divisor; None if a sum is too large to be kept."""
        total = self.total + other.total
        if total.max() > MAX_TOTAL or total.min() < -MAX_TOTAL:
            return None
        sums = IntegerSums.from_totals(total, self.squares + other.squares)
        high = sums.squares_high + self.squares_high + other.squares_high
        return replace(sums, squares_high=high, divisor=self.divisor)

    def derive(self, count: Counts) -> tuple[Floats, Floats, Floats]:
        """Returns the mean, its tail and m2 of `count` values each; the same sums always give the same bits."""
        # With q the integer nearest to the mean, sum (x-q)^2 is an exact integer. The correction r^2/n, with
        # r = sum (x-q) and |r| <= n/2, is at most half of it, so no digits are lost by cancellation.
        nearest, residue = round_mean(self.total, count)
        square = (self.squares - nearest * (self.total + residue)).astype(np.float64)
        large = self.squares_high > 0
        if large.any():
            factor, rest = nearest[large].astype(object), (self.total + residue)[large].astype(object)
            squares = self.map(lambda array: array[large]).find_squares()
            square[large] = (squares - factor * rest).astype(np.float64)
        mean, tail, m2 = correct_mean(count, nearest, residue, square)
        if self.divisor == 1:
            return mean, tail, m2
        return mean / self.divisor, tail / self.divisor, m2 / self.divisor / self.divisor

    def find_squares(self) -> NDArray[np.object_]:
        """Returns the sums of squares as Python's integers."""
        whole: NDArray[Any] = self.squares_high.astype(object) * (1 << LOW_BITS) + self.squares
        return whole

    def divide(self, scale: Floats) -> IntegerSums | None:
        """Returns the sums behind the values divided by `scale`.

        Returns None if `scale` is not a single divisor, or if the divisor cannot be kept.
        """
        divisor = float(scale.flat[0])
        if (scale != divisor).any():
            return None
        if divisor == 1:
            return self
        return replace(self, divisor=divisor) if self.divisor == 1 and divisor in UNITS else None

    def map(self, change: Callable[[NDArray[Any]], NDArray[Any]]) -> IntegerSums:
        """Returns the sums with every array changed in the same way."""
        return IntegerSums(change(self.total), change(self.squares), change(self.squares_high), self.divisor)

    def to_document(self) -> dict[str, NDArray[Any]]:
        """Returns the arrays of a stats file; `squares_high` is left out if it is 0 for all features."""
        document: dict[str, NDArray[Any]] = {"sum": self.total, "squares": self.squares}
        return document | {"squares_high": self.squares_high} if self.squares_high.any() else document
