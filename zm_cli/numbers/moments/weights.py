"""WeightSums: the sums of weights behind the moments of samples with weights."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zm_cli.numbers.sums import Counts, Floats


@dataclass(frozen=True, eq=False)
class WeightSums:
    """The sums behind weighted moments, float64 arrays of the features' shape.

    `total` is V1, the sum of the weights of the values that are counted, `squares` is V2, that of their squares.
    """

    total: Floats
    squares: Floats

    @classmethod
    def of_counts(cls, count: Counts) -> WeightSums:
        """Returns the sums of values that all have the weight 1."""
        return cls(count.astype(np.float64), count.astype(np.float64))

    def merge(self, other: WeightSums) -> WeightSums:
        """Returns the sums of both parts."""
        return WeightSums(self.total + other.total, self.squares + other.squares)

    def find_freedom(self, ddof: int) -> Floats:
        """Returns the number to divide m2 by: V1 - ddof * V2 / V1.

        If that leaves no freedom, it is V2 / V1, the weight of one sample. With ddof 1 the variance is unbiased for
        reliability weights, which say how precise a sample is and not how often it was seen (`numpy.cov` with
        `aweights`). For weights of 1 the number is max(count - ddof, 1).
        """
        total = np.where(self.total > 0, self.total, 1.0)
        with np.errstate(over="ignore", invalid="ignore"):
            one = self.squares / total
            freedom = total - ddof * one
        # With one sample there are no degrees of freedom, but rounding may leave a tiny number.
        return np.where(freedom > np.finfo(np.float64).eps * total, freedom, np.where(one > 0, one, 1.0))

    def find_impossible(self) -> NDArray[np.bool_]:
        """Returns which features have weights whose squares do not fit float64.

        Such weights are too large, or so small that their squares become 0.
        """
        return ~np.isfinite(self.squares) | ((self.total > 0) & (self.squares < np.finfo(np.float64).tiny))

    def map(self, change: Callable[[NDArray[Any]], NDArray[Any]]) -> WeightSums:
        """Returns the sums with both arrays changed in the same way."""
        return WeightSums(change(self.total), change(self.squares))

    @classmethod
    def combine(cls, parts: Sequence[WeightSums], join: Callable[[Sequence[NDArray[Any]]], NDArray[Any]]) -> WeightSums:
        """Returns the sums of all parts, joined by a function such as `numpy.stack`."""
        return cls(join([part.total for part in parts]), join([part.squares for part in parts]))

    def to_document(self) -> dict[str, NDArray[Any]]:
        """Returns the arrays of a stats file."""
        return {"weight_sum": self.total, "weight_squares": self.squares}
