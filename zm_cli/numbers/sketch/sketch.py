"""Sketch: the distribution of each feature's values, from which quantiles follow; exact for few distinct values.

It counts values by their leading bits (`leading_bits.py`): a bucket holds the values with the same leading bits. As few
of the other bits are dropped as leave at most MAX_BUCKETS buckets. The number of dropped bits depends on the set of the
values alone, and counts add up, so any partition and any order of the values give the same bits.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zm_cli.data.block import Values
from zm_cli.numbers.axes import find_shape
from zm_cli.numbers.pieces import PIECE
from zm_cli.numbers.sketch.leading_bits import Buckets, Counted, count_integers, count_values, gather, gather_sorted
from zm_cli.numbers.statistic import Shape
from zm_cli.numbers.stored import MissingCodes, find_equal, match_values
from zm_cli.numbers.sums import Counts, Floats

_SORTED = 8192
"""The most values per feature that are sorted; more are counted in tables, which is then faster."""
_TOGETHER = 1 << 18
"""The numbers that are processed at a time, so that the arrays stay in a core's cache."""
_MANY = 1 << 15
"""From this many 16-bit integers per feature on, they are counted in a table of all possible values."""


@dataclass(frozen=True)
class Sketch:
    """The buckets of each feature and how many values each holds; NaN and infinities are left out.

    `sizes`, `dropped_bits`, `lowest` and `highest` have the features' shape: the numbers of buckets and of dropped
    bits, and the extremes, inf and -inf for a feature without values. `bounds` and `counts` (total,) are the smallest
    float of each bucket, ascending, and how many values it holds, one feature after another. If no bit is dropped,
    `bounds` are the values themselves.
    """

    sizes: Counts
    dropped_bits: Counts
    lowest: Floats
    highest: Floats
    bounds: Floats
    counts: Counts

    @classmethod
    def identity(cls, shape: Shape) -> Sketch:
        """Returns the sketch of no values."""
        none = np.zeros(shape, np.int64)
        return cls(none, none, np.full(shape, np.inf), np.full(shape, -np.inf), np.zeros(0), np.zeros(0, np.int64))

    @classmethod
    def from_block(cls, values: Values, feature_axes: tuple[int, ...], missing_codes: MissingCodes = ()) -> Sketch:
        """Returns the sketch of an array of any real dtype, as float64, over all axes except `feature_axes`.

        The shape is (1,) if there are no feature axes. Values equal to one of `missing_codes` are also left out.
        """
        shape = find_shape(values.shape, feature_axes)
        if not values.size:
            return cls.identity(shape)
        matched = match_values(missing_codes, values.dtype)
        if matched:
            values = np.where(find_equal(values, matched), np.nan, values)
        return cls.combine([], [list_rows(values, feature_axes)]).reshape(shape)

    @classmethod
    def combine(cls, sketches: Sequence[Sketch], blocks: Sequence[Values]) -> Sketch:
        """Returns the sketch, shape (features,), of the values in sketches and in arrays.

        The arrays (features, M) are of any real dtype. There is at least one sketch or array. Counting many values at
        once is faster than counting a few at a time.
        """
        entries = np.full(len(blocks[0]) if blocks else sketches[0].sizes.size, _count_columns(blocks))
        for each in sketches:
            entries += each.sizes.ravel()
        parts = [
            cls._combine_some([each._take(some) for each in sketches], [block[some] for block in blocks])
            for some in _cut(entries)
        ]
        return cls._concatenate(parts) if parts else cls.identity((0,))

    @classmethod
    def _combine_some(cls, sketches: list[Sketch], blocks: list[Values]) -> Sketch:
        """Returns the sketch of a few features, as `combine` does."""
        if blocks and len(blocks[0]) > 1:
            # The values of a feature must lie side by side.
            blocks = [np.ascontiguousarray(block) for block in blocks]
        small = [block for block in blocks if _is_small(block)]
        sketches = sketches + [cls._of_rows([count_integers(row) for row in block]) for block in small]
        blocks = [block for block in blocks if not _is_small(block)]
        most = _count_columns(blocks) + sum(int(each.sizes.max()) for each in sketches)
        if most <= _SORTED and all(each.is_exact for each in sketches):
            if blocks:
                sketches.append(cls._sort_rows(_to_real(blocks)))
            return cls._gather(sketches) if len(sketches) > 1 else sketches[0]
        features = len(blocks[0]) if blocks else len(sketches[0].sizes)
        rows: Iterable[Sequence[Counted]] = [()] * features
        if sketches:
            rows = zip(*(each.split() for each in sketches), strict=True)
        return cls._of_rows([_count_row([block[row] for block in blocks], each) for row, each in enumerate(rows)])

    @classmethod
    def _sort_rows(cls, real: Floats) -> Sketch:
        """Returns the sketch of an array (features, values) without -0.0; the array is changed."""
        real[~np.isfinite(real)] = np.nan
        real.sort(axis=1)
        present = (~np.isnan(real)).astype(np.int64)
        return cls._of(gather_sorted(real, present, np.zeros(len(real), np.int64)), *_find_extremes(real))

    @classmethod
    def _gather(cls, sketches: Sequence[Sketch]) -> Sketch:
        """Returns the sketch, shape (features,), of the values in sketches with few buckets."""
        dropped_bits, lowest, highest = zip(
            *((each.dropped_bits, each.lowest, each.highest) for each in sketches), strict=True
        )
        bounds, counts = (np.concatenate(arrays, axis=1) for arrays in zip(*map(Sketch._pad, sketches), strict=True))
        buckets = gather(bounds, counts, np.maximum.reduce(dropped_bits))
        return cls._of(buckets, np.minimum.reduce(lowest), np.maximum.reduce(highest))

    @classmethod
    def from_counts(cls, counts: Counts, missing_codes: MissingCodes = ()) -> Sketch:
        """Returns the sketch of unsigned integers from how often 0, 1, 2 and so on occur, shape (features, values).

        Values equal to one of `missing_codes` are left out.
        """
        values = np.arange(counts.shape[1])
        present = (counts > 0) & ~np.isin(values, match_values(missing_codes, values.dtype))
        return cls._of_values(np.where(present, values, np.nan), np.where(present, counts, 0))

    @classmethod
    def _of_values(cls, values: Floats, counts: Counts) -> Sketch:
        """Returns the sketch of values and of how often each occurs, both (features, values).

        NaN with the count 0 stands for no value.
        """
        return cls._of(gather(values, counts, np.zeros(len(values), np.int64)), *_find_extremes(values))

    @classmethod
    def _of(cls, buckets: Buckets, lowest: Floats, highest: Floats) -> Sketch:
        return cls(buckets.sizes, buckets.dropped_bits, lowest, highest, buckets.bounds, buckets.counts)

    @classmethod
    def _of_rows(cls, rows: Sequence[Counted]) -> Sketch:
        """Returns the sketch of features, at least one, shape (features,)."""
        dropped_bits, lowest, highest, bounds, counts = zip(*rows, strict=True)
        sizes = np.array([len(each) for each in counts])
        ends = np.array(lowest), np.array(highest)
        return cls(sizes, np.array(dropped_bits), *ends, np.concatenate(bounds), np.concatenate(counts))

    @classmethod
    def _concatenate(cls, parts: Sequence[Sketch]) -> Sketch:
        """Returns the features of sketches of shape (features,), one after another."""
        if len(parts) == 1:
            return parts[0]
        sizes, dropped_bits, lowest, highest, bounds, counts = zip(
            *(part._list_arrays() for part in parts), strict=True
        )
        buckets = Buckets(*map(np.concatenate, (sizes, dropped_bits, bounds, counts)))
        return cls._of(buckets, np.concatenate(lowest), np.concatenate(highest))

    def reshape(self, shape: Shape) -> Sketch:
        """Returns the same sketch with another shape of the features."""
        return self._map(lambda array: array.reshape(shape))

    def _map(self, change: Callable[[NDArray[Any]], NDArray[Any]]) -> Sketch:
        """Returns the sketch with its arrays of the features' shape changed; the buckets stay as they are."""
        sizes, dropped_bits, lowest, highest = map(change, (self.sizes, self.dropped_bits, self.lowest, self.highest))
        return Sketch(sizes, dropped_bits, lowest, highest, self.bounds, self.counts)

    def _list_arrays(self) -> tuple[Counts, Counts, Floats, Floats, Floats, Counts]:
        return self.sizes, self.dropped_bits, self.lowest, self.highest, self.bounds, self.counts

    @property
    def shape(self) -> Shape:
        """The shape of the features."""
        return self.sizes.shape

    @property
    def is_exact(self) -> bool:
        """Whether each distinct value of every feature has a bucket of its own."""
        return not self.dropped_bits.any()

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
        """Returns the sketch of the values of both sketches."""
        return Sketch.combine([self, other], []).reshape(self.shape)

    def _take(self, features: slice) -> Sketch:
        """Returns the sketch, shape (features,), of some features by their flat indices."""
        first, last = self.starts[features][[0, -1]]
        own = slice(int(first), int(last + self.sizes.ravel()[features][-1]))
        flat = self._map(lambda array: array.ravel()[features])
        return replace(flat, bounds=self.bounds[own], counts=self.counts[own])

    def split(self) -> list[Counted]:
        """Returns the buckets of each feature, by their flat indices."""
        ends = np.cumsum(self.sizes)
        parts = zip(np.split(self.bounds, ends)[:-1], np.split(self.counts, ends)[:-1], strict=True)
        others = (array.ravel().tolist() for array in (self.dropped_bits, self.lowest, self.highest))
        return [Counted(*each, *arrays) for *each, arrays in zip(*others, parts, strict=True)]

    def _pad(self) -> tuple[Floats, Counts]:
        """Returns the buckets and their counts, both (features, buckets).

        Short rows are filled up with NaN and the count 0.
        """
        sizes = self.sizes.ravel()
        there = np.arange(int(sizes.max(initial=0))) < sizes[:, np.newaxis]
        bounds, counts = np.full(there.shape, np.nan), np.zeros(there.shape, np.int64)
        bounds[there], counts[there] = self.bounds, self.counts
        return bounds, counts

    def map_values(self, change: Callable[[Floats], Floats]) -> Sketch:
        """Returns the sketch of the values changed by a function.

        The function is given an array (total,), the values of one feature after another. The sketch must be exact.
        Values that become infinite are left out.
        """
        with np.errstate(over="ignore", invalid="ignore"):
            changed = change(self.bounds) + 0.0
        mapped = replace(self, bounds=np.where(np.isfinite(changed), changed, np.nan))
        parts = [mapped._take(some)._pad() for some in _cut(self.sizes.ravel())]
        made = [Sketch._of_values(bounds, np.where(np.isnan(bounds), 0, counts)) for bounds, counts in parts]
        return Sketch._concatenate(made).reshape(self.shape) if made else self

    def select(self, indices: list[int]) -> Sketch:
        """Returns the sketch of some features, by their indices along the first axis."""
        chosen = np.arange(self.sizes.size).reshape(self.shape)[indices].ravel()
        sizes = self.sizes.ravel()[chosen]
        buckets = np.arange(sizes.sum()) + np.repeat(self.starts[chosen] - (np.cumsum(sizes) - sizes), sizes)
        features = self._map(lambda array: array[indices])
        return replace(features, bounds=self.bounds[buckets], counts=self.counts[buckets])

    @classmethod
    def stack(cls, parts: Sequence[Sketch]) -> Sketch:
        """Returns several sketches of the same features as one.

        An axis of the parts comes before those of the features.
        """
        shape = (len(parts), *parts[0].shape)
        return cls._concatenate([part.reshape((part.sizes.size,)) for part in parts]).reshape(shape)

    def unstack(self) -> list[Sketch]:
        """Returns the sketches that were stacked."""
        return [self.select([index]).reshape(self.shape[1:]) for index in range(self.shape[0])]


def list_rows(values: Values, feature_axes: tuple[int, ...]) -> Values:
    """Returns the values (features, M) of an array over all its axes except `feature_axes`: a view if possible."""
    # If all values belong to one feature, their order does not matter.
    front = np.moveaxis(values, feature_axes, range(len(feature_axes))) if feature_axes else values.ravel(order="K")
    return front.reshape(math.prod(values.shape[axis] for axis in feature_axes), -1)


def _count_row(rows: Sequence[Values], earlier: Sequence[Counted]) -> Counted:
    """Returns the buckets of one feature with the values in arrays (M,), and those that are already counted."""
    if sum(map(len, rows)) > PIECE:
        for row in rows:
            for start in range(0, len(row), PIECE):
                earlier = [count_values(_to_real([row[start : start + PIECE]]), earlier)]
    elif rows or len(earlier) > 1:
        earlier = [count_values(_to_real(rows) if rows else np.zeros(0), earlier)]
    return earlier[0]


def _is_small(block: Values) -> bool:
    """Returns whether an array (features, M) is counted faster in a table of all values that its dtype has."""
    bits = block.dtype.itemsize * 8 if block.dtype.kind in "bui" else 64
    return bits == 8 or (bits == 16 and block.shape[1] >= _MANY and block.dtype.isnative)


def _count_columns(blocks: Iterable[Values]) -> int:
    """Returns the number of values of each feature in arrays (features, M)."""
    return sum(block.shape[1] for block in blocks)


def _to_real(values: Sequence[Values]) -> Floats:
    """Returns a copy of arrays as float64, concatenated along their last axis, with 0.0 for -0.0."""
    real = np.concatenate(values, axis=-1, dtype=np.float64)
    real += 0.0
    return real


def _find_extremes(values: Floats) -> tuple[Floats, Floats]:
    """Returns the lowest and the highest of values (features, M) without NaN.

    They are inf and -inf for a feature without values.
    """
    return np.fmin.reduce(values, axis=1, initial=np.inf), np.fmax.reduce(values, axis=1, initial=-np.inf)


def _cut(sizes: Counts) -> Iterator[slice]:
    """Yields slices of features, each with at most _TOGETHER buckets or with one feature."""
    step = max(1, _TOGETHER // max(1, int(sizes.max(initial=0))))
    for start in range(0, len(sizes), step):
        yield slice(start, start + step)
