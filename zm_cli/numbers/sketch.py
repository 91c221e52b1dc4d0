"""Sketch: how the values of each feature are distributed, exact while few of them differ, from which quantiles follow.

It counts values by the buckets that their leading bits are (`zm_cli/numbers/leading_bits.py`). As few bits are dropped
as leave at most MOST_BUCKETS buckets: that depends on the set of the values alone, and counts add. So any partition and
any order of the values give the same bits.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zm_cli.data.block import Values
from zm_cli.numbers.leading_bits import Buckets, count_values, find_bounds, gather, gather_sorted
from zm_cli.numbers.pieces import PIECE
from zm_cli.numbers.statistic import Shape
from zm_cli.numbers.stored import Hidden, find_equal, match_values
from zm_cli.numbers.sums import Counts, Floats

_SORTED = 8192
"""So many values of a feature are sorted; more are counted in tables, which is faster then."""
_TOGETHER = 1 << 18
"""Numbers that are worked on at a time, so that their arrays stay in a core's cache."""


@dataclass(frozen=True)
class Sketch:
    """The buckets of each feature and how many values each holds; NaN and infinities are left out.

    `sizes`, `shift`, `lowest` and `highest` have the features' shape: the number of buckets, the number of bits that
    are dropped, and the extremes, inf and -inf of a feature without values. `bounds` and `counts` (total,) are the
    smallest float of each bucket, ascending, and how many values it holds, one feature after another. Where no bit is
    dropped, `bounds` are the values themselves.
    """

    sizes: Counts
    shift: Counts
    lowest: Floats
    highest: Floats
    bounds: Floats
    counts: Counts

    @classmethod
    def identity(cls, shape: Shape) -> Sketch:
        """The sketch of no values."""
        none = np.zeros(shape, np.int64)
        return cls(none, none, np.full(shape, np.inf), np.full(shape, -np.inf), np.zeros(0), np.zeros(0, np.int64))

    @classmethod
    def from_block(cls, values: Values, kept: tuple[int, ...], hidden: Hidden = ()) -> Sketch:
        """The sketch of an array of any real dtype, as float64, over all its axes but `kept`; shape (1,) without any.

        Values equal to one of `hidden` are left out, too.
        """
        shape = tuple(values.shape[axis] for axis in kept) or (1,)
        if not values.size:
            return cls.identity(shape)
        matched = match_values(hidden, values.dtype)
        if matched:
            values = np.where(find_equal(values, matched), np.nan, values)
        # Where all values are of one feature, their order does not matter.
        front = np.moveaxis(values, kept, range(len(kept))) if kept else values.ravel(order="K")
        rows = front.reshape(math.prod(shape), -1)
        if rows.shape[1] > _SORTED:
            return cls._concatenate([cls._count_row(row) for row in rows])._reshape(shape)
        step = max(1, _TOGETHER // rows.shape[1])
        parts = [cls._sort_rows(rows[start : start + step]) for start in range(0, len(rows), step)]
        return cls._concatenate(parts)._reshape(shape)

    @classmethod
    def _sort_rows(cls, rows: Values) -> Sketch:
        """The sketch of an array (features, values)."""
        real = _to_real(rows)
        real[~np.isfinite(real)] = np.nan
        real.sort(axis=1)
        present = (~np.isnan(real)).astype(np.int64)
        return cls._of(gather_sorted(real, present, np.zeros(len(rows), np.int64)), *_find_extremes(real))

    @classmethod
    def _count_row(cls, row: Values) -> Sketch:
        """The sketch of many values (M,) of one feature."""
        pieces = (_to_real(row[start : start + PIECE]) for start in range(0, len(row), PIECE))
        return reduce(cls.merge, map(cls._count_piece, pieces))

    @classmethod
    def _count_piece(cls, piece: Floats) -> Sketch:
        low, high = piece.min(), piece.max()
        if not np.isfinite([low, high]).all():
            piece = piece[np.isfinite(piece)]
            if not len(piece):
                return cls.identity((1,))
            low, high = piece.min(), piece.max()
        return cls._of(count_values(piece, float(low), float(high)), np.array([low]), np.array([high]))

    @classmethod
    def from_counts(cls, counts: Counts, hidden: Hidden = ()) -> Sketch:
        """The sketch of unsigned integers from how often 0, 1, 2 and so on occur, shape (features, values).

        Values equal to one of `hidden` are left out.
        """
        values = np.arange(counts.shape[1])
        present = (counts > 0) & ~np.isin(values, match_values(hidden, values.dtype))
        return cls._of_values(np.where(present, values, np.nan), np.where(present, counts, 0))

    @classmethod
    def _of_values(cls, values: Floats, counts: Counts) -> Sketch:
        """The sketch of values that occur so often, both of shape (features, values); NaN and 0 for no value."""
        return cls._of(gather(values, counts, np.zeros(len(values), np.int64)), *_find_extremes(values))

    @classmethod
    def _of(cls, buckets: Buckets, lowest: Floats, highest: Floats) -> Sketch:
        return cls(buckets.sizes, buckets.shift, lowest, highest, buckets.bounds, buckets.counts)

    @classmethod
    def _concatenate(cls, parts: Sequence[Sketch]) -> Sketch:
        """The features of sketches of shape (features,), one after another."""
        if len(parts) == 1:
            return parts[0]
        sizes, shift, lowest, highest, bounds, counts = zip(*(part._list_arrays() for part in parts), strict=True)
        buckets = Buckets(*map(np.concatenate, (sizes, shift, bounds, counts)))
        return cls._of(buckets, np.concatenate(lowest), np.concatenate(highest))

    def _reshape(self, shape: Shape) -> Sketch:
        return self._map(lambda array: array.reshape(shape))

    def _map(self, change: Callable[[NDArray[Any]], NDArray[Any]]) -> Sketch:
        """The sketch with its arrays of the features' shape changed, and the buckets as they are."""
        sizes, shift, lowest, highest = map(change, (self.sizes, self.shift, self.lowest, self.highest))
        return Sketch(sizes, shift, lowest, highest, self.bounds, self.counts)

    def _list_arrays(self) -> tuple[Counts, Counts, Floats, Floats, Floats, Counts]:
        return self.sizes, self.shift, self.lowest, self.highest, self.bounds, self.counts

    @property
    def shape(self) -> Shape:
        """The shape of the features."""
        return self.sizes.shape

    @property
    def is_exact(self) -> bool:
        """Whether each different value of every feature is counted by itself."""
        return not self.shift.any()

    @property
    def starts(self) -> Counts:
        """The index of the first bucket of each feature, shape (number of features,)."""
        sizes = self.sizes.ravel()
        return np.cumsum(sizes) - sizes

    @property
    def number(self) -> Counts:
        """The number of values of each feature, in the features' shape."""
        ends, starts = np.concatenate([[0], np.cumsum(self.counts)]), self.starts
        return np.asarray(ends[starts + self.sizes.ravel()] - ends[starts]).reshape(self.shape)

    def merge(self, other: Sketch) -> Sketch:
        """The sketch of the values of both."""
        shift = np.maximum(self.shift, other.shift).ravel()
        lowest = np.minimum(self.lowest, other.lowest).ravel()
        highest = np.maximum(self.highest, other.highest).ravel()
        parts: list[Sketch] = []
        for some in _cut(self.sizes.ravel() + other.sizes.ravel()):
            pairs = zip(self._pad(some, shift), other._pad(some, shift), strict=True)
            bounds, counts = (np.concatenate(pair, axis=1) for pair in pairs)
            buckets = gather(bounds, counts, shift[some])
            parts.append(Sketch._of(buckets, lowest[some], highest[some]))
        return Sketch._concatenate(parts)._reshape(self.shape)

    def _pad(self, features: slice, shift: Counts) -> tuple[Floats, Counts]:
        """The buckets of some features, and their counts, each feature in a row, where `shift` bits are dropped.

        Rows are filled up with NaN and the count 0 after their last bucket.
        """
        sizes, starts = self.sizes.ravel()[features], self.starts[features]
        there = np.arange(int(sizes.max())) < sizes[:, np.newaxis]
        bounds, counts = np.full(there.shape, np.nan), np.zeros(there.shape, np.int64)
        own = slice(int(starts[0]), int(starts[-1] + sizes[-1]))
        bounds[there], counts[there] = self.bounds[own], self.counts[own]
        if (shift[features] > self.shift.ravel()[features]).any():
            bounds = find_bounds(bounds, shift[features, np.newaxis])
        return bounds, counts

    def map_values(self, change: Callable[[Floats], Floats]) -> Sketch:
        """The sketch of what `change` makes of the values, in arrays (features, values) with NaN for no value.

        The sketch must be exact. What becomes infinite is left out.
        """
        bounds, counts = self._pad(slice(None), self.shift.ravel())
        with np.errstate(over="ignore", invalid="ignore"):
            changed = change(bounds) + 0.0
        finite = np.isfinite(changed)
        return Sketch._of_values(np.where(finite, changed, np.nan), np.where(finite, counts, 0))._reshape(self.shape)

    def select(self, indices: list[int]) -> Sketch:
        """The sketch of some features, by their indices along the first axis."""
        chosen = np.arange(self.sizes.size).reshape(self.shape)[indices].ravel()
        sizes = self.sizes.ravel()[chosen]
        buckets = np.arange(sizes.sum()) + np.repeat(self.starts[chosen] - (np.cumsum(sizes) - sizes), sizes)
        features = self._map(lambda array: array[indices])
        return replace(features, bounds=self.bounds[buckets], counts=self.counts[buckets])

    @classmethod
    def stack(cls, parts: Sequence[Sketch]) -> Sketch:
        """Several sketches of the same features as one, with an axis of the parts before those of the features."""
        shape = (len(parts), *parts[0].shape)
        return cls._concatenate([part._reshape((part.sizes.size,)) for part in parts])._reshape(shape)

    def unstack(self) -> list[Sketch]:
        """The sketches that were stacked."""
        return [self.select([index])._reshape(self.shape[1:]) for index in range(self.shape[0])]


def _to_real(values: Values) -> Floats:
    """A copy of the values as float64, with 0.0 for -0.0."""
    real: Floats = np.add(values, 0.0, dtype=np.float64)
    return real


def _find_extremes(values: Floats) -> tuple[Floats, Floats]:
    """The lowest and the highest of values (features, M) without NaN; inf and -inf of a feature without any."""
    return np.fmin.reduce(values, axis=1, initial=np.inf), np.fmax.reduce(values, axis=1, initial=-np.inf)


def _cut(sizes: Counts) -> Iterator[slice]:
    """Yields slices of features, with at most _TOGETHER buckets each where all have as many as the largest."""
    step = max(1, _TOGETHER // max(1, int(sizes.max(initial=0))))
    for start in range(0, len(sizes), step):
        yield slice(start, start + step)
