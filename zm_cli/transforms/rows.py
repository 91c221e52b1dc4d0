"""RowTransform: divides each sample by its own length."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from zm_cli.data.block import Values
from zm_cli.numbers.pieces import PIECE
from zm_cli.numbers.stored import find_equal, match_values, unpack_values
from zm_cli.numbers.sums import Floats
from zm_cli.transforms.base import Transform

Piece = tuple[slice, ...]


@dataclass(frozen=True, kw_only=True)
class RowTransform(Transform):
    """`x / norm(x)` for each sample, with the Euclidean norm over all of its values that are not missing.

    Missing values first become `filled`; None: they stay missing. A sample of zeros stays one. It has no inverse.
    """

    filled: float | None = None

    def apply_values(self, values: Values) -> tuple[Values, int]:
        """The divided values in the same shape and memory order, in the output's dtype; none of them overflows."""
        result = np.empty_like(values, dtype=self.dtype)
        for pieces in _cut(values):
            several = len(pieces) > 1
            works = (self._read(values[piece]) for piece in pieces)
            kept = None if several else list(works)
            largest = np.maximum.reduce([_find_largest(work) for work in (works if kept is None else kept)])
            # Scaled by a power of two, which is exact, so that no square overflows, or vanishes.
            exponent = -np.frexp(largest)[1]
            again = (self._read(values[piece]) for piece in pieces) if kept is None else kept
            norm = np.sqrt(sum(_sum_squares(np.ldexp(work, exponent[:, np.newaxis])) for work in again))
            norm[norm == 0] = 1.0
            for index, piece in enumerate(pieces):
                work = self._read(values[piece]) if kept is None else kept[index]
                work = np.ldexp(work, exponent[:, np.newaxis]) / norm[:, np.newaxis]
                result[piece] = work.reshape(values[piece].shape)
        return result, 0

    def _read(self, values: Values) -> Floats:
        """The real values in float64, shape (samples, values), each sample in one piece of memory; missing ones NaN.

        The order in memory decides in which order values are summed, so it must not depend on that of the block.
        """
        work = unpack_values(np.ascontiguousarray(values), self.packing).reshape(
            len(values), math.prod(values.shape[1:])
        )
        if missing_codes := match_values(self.missing_codes, values.dtype):
            work[find_equal(np.ascontiguousarray(values), missing_codes).reshape(work.shape)] = np.nan
        if self.filled is not None:
            np.copyto(work, self.filled, where=~np.isfinite(work))
        return work


def _cut(values: Values) -> Iterator[list[Piece]]:
    """Some samples at a time, small enough for a float64 copy in cache, or one larger sample in several pieces."""
    size = values[:1].size
    if size <= PIECE or values.ndim < 2:
        step = max(1, PIECE // max(1, size))
        for start in range(0, len(values), step):
            yield [(slice(start, start + step),)]
        return
    length = values.shape[1]
    step = max(1, PIECE * length // size)
    for index in range(len(values)):
        yield [(slice(index, index + 1), slice(start, start + step)) for start in range(0, length, step)]


def _find_largest(work: Floats) -> Floats:
    """The largest finite magnitude of each sample, shape (samples,); 0 where there is none."""
    largest: Floats = np.where(np.isfinite(work), np.abs(work), 0.0).max(axis=1, initial=0.0)
    return largest


def _sum_squares(work: Floats) -> Floats:
    """The sum of the squares of each sample's finite values, shape (samples,)."""
    squares = np.where(np.isfinite(work), work, 0.0)
    squares *= squares
    total: Floats = squares.sum(axis=1)
    return total
