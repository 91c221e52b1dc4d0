"""SampleNormTransform: divides each sample by its own norm."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from zm_cli.data.block import Values
from zm_cli.numbers.stored import find_equal, match_values, unpack_values
from zm_cli.numbers.sums import Floats
from zm_cli.transforms.base import Transform
from zm_cli.transforms.pieces import cut_samples


@dataclass(frozen=True, kw_only=True)
class SampleNormTransform(Transform):
    """`x / norm(x)` for each sample, with the Euclidean norm of all of its values that are not missing.

    Missing values first become `filled`; None: they stay missing. A sample of zeros stays one. There is no inverse.
    """

    filled: float | None = None

    def apply_values(self, values: Values) -> tuple[Values, int]:
        """Returns the divided values in the same shape and memory order, in the output's dtype; none overflows."""
        result = np.empty_like(values, dtype=self.dtype)
        for pieces in cut_samples(values):
            # The pieces of a large sample are read three times, so that no float64 copy of all of it is kept.
            kept = [self._read(values[piece]) for piece in pieces] if len(pieces) == 1 else None
            works = (self._read(values[piece]) for piece in pieces) if kept is None else kept
            largest = np.maximum.reduce([_find_largest(work) for work in works])
            # Scaling by a power of two is exact, and keeps squares from overflowing or vanishing.
            exponent = -np.frexp(largest)[1]
            works = (self._read(values[piece]) for piece in pieces) if kept is None else kept
            norm = np.sqrt(sum(_sum_squares(np.ldexp(work, exponent[:, np.newaxis])) for work in works))
            norm[norm == 0] = 1.0
            for index, piece in enumerate(pieces):
                work = self._read(values[piece]) if kept is None else kept[index]
                work = np.ldexp(work, exponent[:, np.newaxis]) / norm[:, np.newaxis]
                result[piece] = work.reshape(values[piece].shape)
        return result, 0

    def _read(self, values: Values) -> Floats:
        """Returns the real values in float64, shape (samples, values), C-contiguous; missing ones are NaN.

        The order in memory decides the order of summation, so it must not depend on that of the block.
        """
        stored = np.ascontiguousarray(values)
        work = unpack_values(stored, self.packing).reshape(len(values), math.prod(values.shape[1:]))
        if missing_codes := match_values(self.missing_codes, values.dtype):
            work[find_equal(stored, missing_codes).reshape(work.shape)] = np.nan
        if self.filled is not None:
            np.copyto(work, self.filled, where=~np.isfinite(work))
        return work


def _find_largest(work: Floats) -> Floats:
    """Returns the largest finite magnitude of each sample, shape (samples,); 0 if there is none."""
    largest: Floats = np.where(np.isfinite(work), np.abs(work), 0.0).max(axis=1, initial=0.0)
    return largest


def _sum_squares(work: Floats) -> Floats:
    """Returns the sum of the squares of each sample's finite values, shape (samples,)."""
    squares = np.where(np.isfinite(work), work, 0.0)
    squares *= squares
    total: Floats = squares.sum(axis=1)
    return total
