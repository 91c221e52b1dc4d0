"""Moments: count, mean, m2, min, max and missing of some samples, and how two parts are merged."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zm_cli.data.block import Values
from zm_cli.numbers.moments.arrays import ARRAYS, read_moments
from zm_cli.numbers.moments.exact import sum_counts
from zm_cli.numbers.moments.integer_sums import IntegerSums
from zm_cli.numbers.moments.kernels import sum_rows
from zm_cli.numbers.moments.weights import WeightSums
from zm_cli.numbers.statistic import Population, Statistic
from zm_cli.numbers.stored import MissingCodes
from zm_cli.numbers.sums import Counts, Floats, Sums, find_constant, two_sum
from zm_cli.numbers.values import lay_out


@dataclass(frozen=True)
class Moments(Statistic):
    """The moments of some samples: arrays of the same shape, with an entry for each feature.

    `m2` is the sum of squared deviations from the mean; `missing` counts the values left out (NaN, infinities, ignored
    values). `tail` is what rounding drops from `mean`, so that the errors of many merges do not add up. Without
    samples, count, mean and m2 are 0, min is inf and max -inf: the identity of `merge`.

    `sums` are those of 8- and 16-bit integers, None for other values. Mean, tail and m2 follow from them, so that
    merging parts gives the same bits, however the samples are cut into parts and in whatever order they are merged.
    Merging other values gives the same to 1e-14, relative to the larger of mean and deviation.

    `weights` are the sums of the weights of samples that do not count alike, None where they do. Mean and m2 are then
    weighted, and a value of weight 0 is left out: `count` and the extremes are those of values with a weight.
    """

    name = "moments"
    arrays = ARRAYS

    count: Counts
    mean: Floats
    m2: Floats
    min: Floats
    max: Floats
    missing: Counts
    tail: Floats
    sums: IntegerSums | None = None
    weights: WeightSums | None = None

    @classmethod
    def identity(cls, shape: tuple[int, ...]) -> Moments:
        """The moments of no samples."""
        none = np.zeros(shape, dtype=np.int64)
        zero = np.zeros(shape)
        return cls(none, zero, zero, np.full(shape, np.inf), np.full(shape, -np.inf), none, zero)

    @classmethod
    def from_block(cls, values: Values, feature_axes: tuple[int, ...], missing_codes: MissingCodes = ()) -> Moments:
        """The moments of an array of any real dtype over all its axes but `feature_axes`; shape (1,) if none is kept.

        NaN, infinities and values equal to one of `missing_codes` are missing. Squared deviations are taken from the
        block's own mean in float64; 8- and 16-bit integers are summed exactly, and the sums are kept.
        """
        shape = tuple(values.shape[axis] for axis in feature_axes) or (1,)
        if values.size == 0:
            return cls.identity(shape)
        parts = [cls._from_rows(rows, missing_codes) for _, rows in lay_out(values, feature_axes)]
        return parts[0].reshape(shape) if len(parts) == 1 else cls.concatenate(parts)

    @classmethod
    def from_counts(cls, counts: Counts, missing_codes: MissingCodes = ()) -> Moments:
        """The moments of unsigned integers from how often 0, 1, 2 and so on occur, shape (features, values).

        The sums are exact; values equal to one of `missing_codes` are missing.
        """
        return cls.from_sums(sum_counts(counts, missing_codes))

    @classmethod
    def _from_rows(cls, rows: Values, missing_codes: MissingCodes) -> Moments:
        return cls.from_sums(sum_rows(rows, missing_codes))

    @classmethod
    def from_sums(cls, sums: Sums) -> Moments:
        """The moments in the sums of a kernel."""
        moments = sums.count, sums.mean, sums.m2, sums.min, sums.max, sums.missing, sums.tail
        return cls(*moments, sums.integers, sums.weights)

    def merge(self, other: Moments) -> Moments:
        """The moments of both parts; of 8- and 16-bit integers, they have the same bits in either order."""
        count = self.count + other.count
        low, high = np.minimum(self.min, other.min), np.maximum(self.max, other.max)
        missing, weights = self.missing + other.missing, self._merge_weights(other)
        sums = self._merge_sums(other) if weights is None else None
        mean, tail, m2 = self._merge_rounded(other, count, weights) if sums is None else sums.derive(count)
        return Moments(count, mean, m2, low, high, missing, tail, sums, weights)

    def _merge_weights(self, other: Moments) -> WeightSums | None:
        """The sums of weights of both parts, None where neither has any; a part without has the weight 1."""
        if self.weights is None and other.weights is None:
            return None
        return self._weigh().merge(other._weigh())

    def _weigh(self) -> WeightSums:
        return WeightSums.of_counts(self.count) if self.weights is None else self.weights

    def _merge_sums(self, other: Moments) -> IntegerSums | None:
        """The exact sums of both parts; None where one of them has other values."""
        mine, theirs = self.sums, other.sums
        if mine is not None and theirs is not None and mine.divisor == theirs.divisor:
            return mine.merge(theirs)
        # A side without values takes the sums of the other.
        if mine is not None and not other.count.any():
            return mine
        return None if self.count.any() else theirs

    def _merge_rounded(
        self, other: Moments, count: Counts, weights: WeightSums | None
    ) -> tuple[Floats, Floats, Floats]:
        """The mean, its tail and m2 of both parts (Chan, Golub & LeVeque 1979, "Updating formulae and a pairwise
        algorithm"); `weights` take the place of counts (West 1979, "Updating mean and variance estimates").

        `tail` collects what each rounding of the mean drops. If values are so large that their squares overflow, m2 is
        infinite or NaN.
        """
        mine: Counts | Floats = self.count
        if weights is None:
            share = other.count / np.maximum(count, 1)
        else:
            mine, share = self._weigh().total, other._weigh().total / np.where(weights.total > 0, weights.total, 1.0)
        with np.errstate(over="ignore", invalid="ignore"):
            gap, gap_tail = two_sum(other.mean, -self.mean)
            gap = gap + (gap_tail + (other.tail - self.tail))
            mean, rounding = two_sum(self.mean, gap * share)
            mean, tail = two_sum(mean, rounding + self.tail)
            m2 = self.m2 + other.m2 + gap * gap * (mine * share)
        # If one side is empty, the result has the bits of the other.
        for empty, full in ((other.count == 0, self), (self.count == 0, other)):
            if empty.any():
                mean, m2 = np.where(empty, full.mean, mean), np.where(empty, full.m2, m2)
                tail = np.where(empty, full.tail, tail)
        return mean, tail, m2

    def variance(self, ddof: int = 0) -> Floats:
        """m2 / (count - ddof); NaN for a feature without values, 0 for one with a single value.

        With weights, it is divided by V1 - ddof * V2 / V1: they are reliability weights (`WeightSums.find_freedom`).
        """
        freedom = np.maximum(self.count - ddof, 1) if self.weights is None else self.weights.find_freedom(ddof)
        return np.where(self.count > 0, self.m2 / freedom, np.nan)

    def std(self, ddof: int = 0) -> Floats:
        """The square root of `variance`."""
        return np.sqrt(self.variance(ddof))

    def constant(self) -> NDArray[np.bool_]:
        """Which features vary no more than rounding does: `var <= n*eps*var + (n*mean*eps)**2`.

        The rule and its bound are those of scikit-learn's `StandardScaler`; features without a value are not constant.
        """
        return find_constant(self.count, self.mean, self.variance())

    def scale(self, ddof: int = 0, epsilon: float = 0.0) -> Floats:
        """What to divide by: the deviation, at least `epsilon`; 1 for constant features and those without values."""
        unscaled = self.constant() | (self.count == 0)
        return np.where(unscaled, 1.0, np.maximum(self.std(ddof), epsilon))

    def transform(self, shift: Floats, scale: Floats) -> Moments:
        """The moments of `(x - shift) / scale`; both arrays have the features' shape, `scale` > 0.

        Rounding of single values is not taken into account. With a shift, the tail is added to the mean and becomes 0.
        The sums of integers are kept where they are divided by what `--unit` divides by, and nothing is subtracted.
        """
        mean, tail, sums = self.mean, self.tail, self.sums
        with np.errstate(all="ignore"):
            if shift.any():
                mean, tail, sums = np.where(self.count > 0, mean - shift + tail, 0.0), np.zeros_like(tail), None
            ends = (self.min - shift) / scale, (self.max - shift) / scale
            sums = None if sums is None else sums.divide(scale)
            m2 = self.m2 / scale / scale
            return Moments(self.count, mean / scale, m2, *ends, self.missing, tail / scale, sums, self.weights)

    def unpack(self, scale: float, offset: float) -> Moments:
        """The moments of `x * scale + offset`, `scale` not 0; the extremes have the bits of the real values."""
        if (scale, offset) == (1.0, 0.0):
            return self
        some = self.count > 0
        with np.errstate(over="ignore", invalid="ignore"):
            mean, tail = two_sum(self.mean * scale, np.full_like(self.mean, offset))
            mean, tail = two_sum(mean, tail + self.tail * scale)
            ends = self.min * scale + offset, self.max * scale + offset
            m2 = self.m2 * scale * scale
        mean, tail = np.where(some, mean, 0.0), np.where(some & np.isfinite(tail), tail, 0.0)
        low, high = ends if scale > 0 else ends[::-1]
        return Moments(self.count, mean, m2, low, high, self.missing, tail, weights=self.weights)

    def divide(self, divisor: float) -> Moments:
        """The moments of the same samples divided by `divisor` > 0."""
        return self.transform(np.zeros_like(self.mean), np.full_like(self.mean, divisor))

    @classmethod
    def concatenate(cls, parts: Sequence[Moments], axis: int = 0) -> Moments:
        """The moments of the features of all parts, along the first axis or another one, with what all of them have."""
        return cls._join(parts, lambda arrays: np.concatenate(arrays, axis))

    @classmethod
    def stack(cls, parts: Sequence[Moments]) -> Moments:
        """The moments of several parts, with an axis for them before those of the features.

        The sums of integers and of weights are kept where all parts have them.
        """
        return cls._join(parts, np.stack)

    def unstack(self) -> list[Moments]:
        """The moments of each part."""
        return [self._map(lambda array, index=index: array[index]) for index in range(len(self.mean))]  # type: ignore[misc]

    def select(self, indices: Sequence[int], axis: int = 0) -> Moments:
        """The moments of some features, by their indices along the first axis, or another one."""
        chosen = np.asarray(indices, np.intp)
        return self._map(lambda array: array.take(chosen, axis))

    def reshape(self, shape: tuple[int, ...]) -> Moments:
        """The same moments in another shape with as many features."""
        return self._map(lambda array: array.reshape(shape))

    @classmethod
    def _join(cls, parts: Sequence[Moments], join: Callable[[Sequence[NDArray[Any]]], NDArray[Any]]) -> Moments:
        """The parts joined by a function such as `numpy.stack`."""
        arrays = (join(column) for column in zip(*(part._list_arrays() for part in parts), strict=True))
        sums = [part.sums for part in parts if part.sums is not None]
        weights = [part.weights for part in parts if part.weights is not None]
        return cls._from_arrays(
            arrays,
            IntegerSums.combine(sums, join) if len(sums) == len(parts) else None,
            WeightSums.combine(weights, join) if len(weights) == len(parts) else None,
        )

    def _list_arrays(self) -> tuple[NDArray[Any], ...]:
        return self.count, self.mean, self.m2, self.min, self.max, self.missing, self.tail

    def _map(self, change: Callable[[NDArray[Any]], NDArray[Any]]) -> Moments:
        sums = None if self.sums is None else self.sums.map(change)
        weights = None if self.weights is None else self.weights.map(change)
        return self._from_arrays((change(array) for array in self._list_arrays()), sums, weights)

    @classmethod
    def _from_arrays(
        cls, arrays: Iterable[NDArray[Any]], sums: IntegerSums | None, weights: WeightSums | None
    ) -> Moments:
        count, mean, m2, low, high, missing, tail = arrays
        return cls(count, mean, m2, low, high, missing, tail, sums, weights)

    def to_document(self) -> dict[str, NDArray[Any]]:
        """The arrays of a stats file; NaN (null in JSON) for the mean and extremes of a feature without values."""
        arrays = {
            "count": self.count,
            "missing": self.missing,
            "mean": self._blank(self.mean),
            "std": self.std(),
            "var": self.variance(),
            "min": self._blank(self.min),
            "max": self._blank(self.max),
            "m2": self.m2,
            "tail": self.tail,
        }
        for more in (self.sums, self.weights):
            arrays |= {} if more is None else more.to_document()
        return arrays

    def to_columns(self) -> dict[str, NDArray[Any]]:
        """Counts, means, deviations and extremes for tables; NaN for a feature without values."""
        columns = self.to_document()
        weight = {} if self.weights is None else {"weight": self.weights.total}
        shown = {heading: columns[heading] for heading in ("mean", "std", "min", "max")}
        return {"count": self.count, "missing": self.missing} | weight | shown

    def _blank(self, array: Floats) -> Floats:
        return np.where(self.count == 0, np.nan, array)

    @classmethod
    def from_document(cls, arrays: Mapping[str, NDArray[Any]], population: Population) -> Moments:
        """The moments in the arrays of a stats file; a feature without values has the moments of no samples.

        `std` and `var` follow from the rest: they are checked, not kept. Raises FieldError where values contradict each
        other or the population. Arrays are taken from the mapping one after the other.
        """
        return cls.from_sums(read_moments(arrays, population))
