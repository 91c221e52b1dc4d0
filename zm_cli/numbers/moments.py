"""Moments: count, mean, m2, min, max, missing of a run of samples, and the law by which two runs become one."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zm_cli.data.block import Values
from zm_cli.numbers.kernels import Counts, ExactSums, Floats, Sums, sum_counts, sum_rows, two_sum

LONG_FEATURE = 4096
"""Values of one feature that are worth a pass of their own where they do not lie side by side."""


@dataclass(frozen=True)
class Moments:
    """The statistics of some samples, arrays of one shape with an entry for each feature.

    `m2` is the sum of squared deviations from the mean; `missing` counts what was left out (NaN, infinities, ignored
    values). `tail` is what rounding drops from `mean`: with it the errors of many merges do not add up. It is zero in
    moments that come from a file. Without samples: count 0, mean 0, m2 0, min inf, max -inf, which is the
    identity of `merge`.
    """

    count: Counts
    mean: Floats
    m2: Floats
    min: Floats
    max: Floats
    missing: Counts
    tail: Floats

    @classmethod
    def identity(cls, shape: tuple[int, ...]) -> Moments:
        """The moments of no samples."""
        none = np.zeros(shape, dtype=np.int64)
        zero = np.zeros(shape)
        return cls(none, zero, zero, np.full(shape, np.inf), np.full(shape, -np.inf), none, zero)

    @classmethod
    def from_block(cls, values: Values, kept: tuple[int, ...], ignore: float | None = None) -> Moments:
        """The moments of an array of any real dtype over all its axes but `kept`; of shape (1,) where none is kept.

        NaN, infinities and values equal to `ignore` are missing. Squared deviations are taken from the block's own
        mean in float64; 8- and 16-bit integers are summed exactly.
        """
        shape = tuple(values.shape[axis] for axis in kept) or (1,)
        if values.size == 0:
            return cls.identity(shape)
        parts = [cls._from_rows(rows, ignore) for _, rows in lay_out(values, kept)]
        if len(parts) == 1:
            return parts[0].reshape(shape)
        return cls(*(np.concatenate(column) for column in zip(*(part._arrays() for part in parts), strict=True)))

    @classmethod
    def from_counts(cls, counts: Counts, ignore: float | None = None) -> Moments:
        """The moments of unsigned integers from how often each occurs, (features, values): exact sums.

        The values are 0, 1, 2 and so on; one that equals `ignore` is missing.
        """
        return cls.from_sums(sum_counts(counts, ignore))

    @classmethod
    def _from_rows(cls, rows: Values, ignore: float | None) -> Moments:
        return cls.from_sums(sum_rows(rows, ignore))

    @classmethod
    def from_sums(cls, sums: Sums) -> Moments:
        """The moments that a kernel's sums come to."""
        return cls(sums.count, sums.mean, sums.m2, sums.min, sums.max, sums.missing, sums.tail)

    def merge(self, other: Moments) -> Moments:
        """The moments of both runs together (Chan, Golub & LeVeque 1979, "Updating formulae and a pairwise algorithm").

        What each rounding of the mean drops is carried along in `tail`. Where values are so large that their squares
        overflow, m2 is infinite or NaN.
        """
        count = self.count + other.count
        share = other.count / np.maximum(count, 1)
        with np.errstate(over="ignore", invalid="ignore"):
            gap, gap_tail = two_sum(other.mean, -self.mean)
            gap = gap + (gap_tail + (other.tail - self.tail))
            mean, rounding = two_sum(self.mean, gap * share)
            mean, tail = two_sum(mean, rounding + self.tail)
            m2 = self.m2 + other.m2 + gap * gap * (self.count * share)
        # Where one side is empty, the other is the result to the last bit.
        for empty, there in ((other.count == 0, self), (self.count == 0, other)):
            if empty.any():
                mean, m2 = np.where(empty, there.mean, mean), np.where(empty, there.m2, m2)
                tail = np.where(empty, there.tail, tail)
        low, high = np.minimum(self.min, other.min), np.maximum(self.max, other.max)
        return Moments(count, mean, m2, low, high, self.missing + other.missing, tail)

    def variance(self, ddof: int = 0) -> Floats:
        """m2 / (count - ddof); NaN where nothing was counted, 0 where one sample leaves no degree of freedom."""
        freedom = np.maximum(self.count - ddof, 1)
        return np.where(self.count > 0, self.m2 / freedom, np.nan)

    def std(self, ddof: int = 0) -> Floats:
        """The square root of `variance`."""
        return np.sqrt(self.variance(ddof))

    def constant(self) -> NDArray[np.bool_]:
        """Which features vary no more than rounding does: `var <= n*eps*var + (n*mean*eps)**2`.

        The rule and its bound are those of scikit-learn's `StandardScaler`; features without a value are not constant.
        """
        eps = np.finfo(np.float64).eps
        variance = self.variance()
        with np.errstate(invalid="ignore", over="ignore"):
            bound = self.count * eps * variance + (self.count * self.mean * eps) ** 2
        return np.asarray((variance <= bound) & (self.count > 0))

    def scale(self, ddof: int = 0, epsilon: float = 0.0) -> Floats:
        """What to divide by: the deviation, at least `epsilon`; 1 for constant features and those without a value."""
        unscaled = self.constant() | (self.count == 0)
        return np.where(unscaled, 1.0, np.maximum(self.std(ddof), epsilon))

    def divide(self, divisor: float) -> Moments:
        """The moments of the same samples divided by `divisor` > 0."""
        return Moments(
            self.count,
            self.mean / divisor,
            self.m2 / divisor / divisor,
            self.min / divisor,
            self.max / divisor,
            self.missing,
            self.tail / divisor,
        )

    def select(self, indices: list[int]) -> Moments:
        """The moments of some features, by their positions along the first axis."""
        return self._map(lambda array: array[indices])

    def reshape(self, shape: tuple[int, ...]) -> Moments:
        """The same moments in another shape of as many features."""
        return self._map(lambda array: array.reshape(shape))

    def _arrays(self) -> tuple[NDArray[Any], ...]:
        return tuple(getattr(self, entry.name) for entry in fields(self))

    def _map(self, change: Callable[[NDArray[Any]], NDArray[Any]]) -> Moments:
        return Moments(*(change(array) for array in self._arrays()))


class RunningMoments:
    """The moments of blocks of one dtype and one shape of features, added one after another.

    8- and 16-bit integers whose every place in the sample is a feature are summed exactly over all blocks: for many
    features that is far less work than to merge moments block by block. `kept` and `ignore` are as for
    `Moments.from_block`.
    """

    def __init__(self, kept: tuple[int, ...], ignore: float | None = None) -> None:
        self._kept = kept
        self._ignore = ignore
        self._merged: Moments | None = None
        self._exact: ExactSums | None = None
        self._shape: tuple[int, ...] = ()

    def add(self, values: Values) -> bool:
        """Adds the samples of a block and says whether any value of it was missing."""
        if len(values) and self._kept == tuple(range(1, values.ndim)) and ExactSums.fits(values.dtype):
            rows = np.ascontiguousarray(values).reshape(len(values), -1)
            self._exact = self._exact or ExactSums(rows.shape[1], rows.dtype)
            self._shape = values.shape[1:] or (1,)
            if self._exact.add(rows, self._ignore):
                return False
        moments = Moments.from_block(values, self._kept, self._ignore)
        self.merge(moments)
        return bool(moments.missing.any())

    def total(self) -> Moments:
        """The moments of all blocks added, of which there must be at least one."""
        if self._exact is not None and self._exact.count:
            self.merge(Moments.from_sums(self._exact.finish()).reshape(self._shape))
            self._exact = None
        assert self._merged is not None
        return self._merged

    def merge(self, moments: Moments) -> None:
        """Adds samples that were measured already."""
        self._merged = self._merged.merge(moments) if self._merged else moments


def lay_out(values: Values, kept: tuple[int, ...]) -> Iterator[tuple[slice, Values]]:
    """Runs of features, each with its values as rows (M, K), C-contiguous, for the loops to work down."""
    features = math.prod(values.shape[axis] for axis in kept)
    trailing = kept == tuple(range(values.ndim - len(kept), values.ndim))
    if trailing and values.flags.c_contiguous:
        yield slice(None), values.reshape(-1, features)
    elif len(kept) == 1 and values.size // features >= LONG_FEATURE:
        for place, feature in enumerate(np.moveaxis(values, kept[0], 0)):
            yield slice(place, place + 1), np.ascontiguousarray(feature).reshape(-1, 1)
    else:
        last = np.ascontiguousarray(np.moveaxis(values, kept, range(-len(kept), 0)))
        yield slice(None), last.reshape(-1, features)


def find_missing(values: Values, kept: tuple[int, ...], leave: Collection[int] = ()) -> tuple[int, int] | None:
    """Sample and feature of the first value of a block that is NaN or infinite; None where there is none.

    `kept` are the axes of the features, as for `Moments.from_block`; the features at `leave` are not looked at.
    """
    if values.dtype.kind != "f" or np.isfinite(values).all():
        return None
    last = np.moveaxis(values, kept, range(-len(kept), 0)) if kept else values
    features = math.prod(values.shape[axis] for axis in kept)
    holes: NDArray[np.bool_] = ~np.isfinite(last.reshape(len(values), -1, features))
    found = np.argwhere(np.delete(holes, list(leave), axis=2).any(axis=1) if len(leave) < features else holes[:0, 0])
    left = np.delete(np.arange(features), list(leave))
    return (int(found[0, 0]), int(left[found[0, 1]])) if len(found) else None


def count_infinities(values: Values) -> int:
    """How many values of a block are infinite."""
    return int(np.count_nonzero(np.isinf(values))) if values.dtype.kind == "f" else 0
