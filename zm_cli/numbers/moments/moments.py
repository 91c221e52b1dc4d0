"""Moments: count, mean, m2, min, max and missing of some samples, and how two parts are merged."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zm_cli.data.block import Values
from zm_cli.numbers.axes import find_shape
from zm_cli.numbers.moments.arrays import ARRAYS, read_moments
from zm_cli.numbers.moments.exact import sum_counts
from zm_cli.numbers.moments.integer_sums import IntegerSums
from zm_cli.numbers.moments.kernels import sum_rows
from zm_cli.numbers.moments.weights import WeightSums
from zm_cli.numbers.statistic import Population, Statistic
from zm_cli.numbers.stored import MissingCodes
from zm_cli.numbers.sums import ARRAY_FIELDS, ColumnMoments, Counts, Floats, find_constant, map_mean, merge_means
from zm_cli.numbers.values import lay_out


@dataclass(frozen=True)
class Moments(ColumnMoments, Statistic):
    """The moments of some samples: arrays of the features' shape.

    `m2` is the sum of squared deviations from the mean; `missing` counts the values left out (NaN, infinities, ignored
    values). `tail` is what rounding drops from `mean`, so that the errors of many merges do not add up. Without
    samples, count, mean and m2 are 0, min is inf and max -inf: the identity of `merge`.

    `integer_sums` are the sums of 8- and 16-bit integers, None for other values. Mean, tail and m2 follow from them, so
    that merging parts gives the same bits for any partition of the samples and any order of the parts. Merging parts of
    other values gives the same to 1e-14, relative to the larger of mean and standard deviation.

    `weights` are the sums of the weights of the samples, None if all have the same weight. With weights, mean and m2
    are weighted, and values of weight 0 are left out: `count` and the extremes are those of the other values.
    """

    name = "moments"
    arrays = ARRAYS

    @classmethod
    def identity(cls, shape: tuple[int, ...]) -> Moments:
        """Returns the moments of no samples."""
        none, zero, end = np.zeros(shape, dtype=np.int64), np.zeros(shape), np.full(shape, np.inf)
        return cls(count=none, mean=zero, tail=zero, m2=zero, min=end, max=-end, missing=none)

    @classmethod
    def from_block(cls, values: Values, feature_axes: tuple[int, ...], missing_codes: MissingCodes = ()) -> Moments:
        """Returns the moments of an array of any real dtype over all its axes except `feature_axes`.

        The shape is (1,) if there are no feature axes. NaN, infinities and values equal to one of `missing_codes` are
        missing. Squared deviations are taken from the block's own mean in float64; 8- and 16-bit integers are summed
        exactly, and the sums are kept.
        """
        shape = find_shape(values.shape, feature_axes)
        if values.size == 0:
            return cls.identity(shape)
        parts = [cls.from_columns(sum_rows(rows, missing_codes)) for _, rows in lay_out(values, feature_axes)]
        return parts[0].reshape(shape) if len(parts) == 1 else cls.concatenate(parts)

    @classmethod
    def from_counts(cls, counts: Counts, missing_codes: MissingCodes = ()) -> Moments:
        """Returns the moments of unsigned integers from how often 0, 1, 2 and so on occur, shape (features, values).

        The sums are exact; values equal to one of `missing_codes` are missing.
        """
        return cls.from_columns(sum_counts(counts, missing_codes))

    @classmethod
    def from_columns(cls, columns: ColumnMoments) -> Moments:
        """Returns the moments of features from those of the columns that hold their values."""
        return cls(**vars(columns))

    def merge(self, other: Moments) -> Moments:
        """Returns the moments of both parts; for 8- and 16-bit integers, they have the same bits in either order."""
        count = self.count + other.count
        low, high = np.minimum(self.min, other.min), np.maximum(self.max, other.max)
        weights = self._merge_weights(other)
        sums = self._merge_integer_sums(other) if weights is None else None
        mean, tail, m2 = self._merge_rounded(other, count, weights) if sums is None else sums.derive(count)
        return Moments(
            count=count,
            mean=mean,
            tail=tail,
            m2=m2,
            min=low,
            max=high,
            missing=self.missing + other.missing,
            integer_sums=sums,
            weights=weights,
        )

    def _merge_weights(self, other: Moments) -> WeightSums | None:
        """Returns the sums of weights of both parts; None if neither part has weights.

        If only one part has weights, the samples of the other have weight 1.
        """
        if self.weights is None and other.weights is None:
            return None
        return self._weigh().merge(other._weigh())

    def _weigh(self) -> WeightSums:
        return WeightSums.of_counts(self.count) if self.weights is None else self.weights

    def _merge_integer_sums(self, other: Moments) -> IntegerSums | None:
        """Returns the exact sums of both parts; None if a part has values without such sums, or the divisors differ."""
        mine, theirs = self.integer_sums, other.integer_sums
        if mine is not None and theirs is not None and mine.divisor == theirs.divisor:
            return mine.merge(theirs)
        # A part without values takes the sums of the other.
        if mine is not None and not other.count.any():
            return mine
        return None if self.count.any() else theirs

    def _merge_rounded(
        self, other: Moments, count: Counts, weights: WeightSums | None
    ) -> tuple[Floats, Floats, Floats]:
        """Returns the mean, its tail and m2 of both parts; m2 is infinite or NaN if the squares of values overflow.

        The formulae are those of Chan, Golub & LeVeque 1979, "Updating formulae and a pairwise algorithm"; `weights`
        take the place of counts (West 1979, "Updating mean and variance estimates").
        """
        mine: Counts | Floats = self.count
        if weights is None:
            share = other.count / np.maximum(count, 1)
        else:
            mine, share = self._weigh().total, other._weigh().total / np.where(weights.total > 0, weights.total, 1.0)
        with np.errstate(over="ignore", invalid="ignore"):
            mean, tail, gap = merge_means((self.mean, self.tail), (other.mean, other.tail), share)
            m2 = self.m2 + other.m2 + gap * gap * (mine * share)
        # If one part has no values of a feature, the result has the bits of the other.
        for empty, full in ((other.count == 0, self), (self.count == 0, other)):
            if empty.any():
                mean, m2 = np.where(empty, full.mean, mean), np.where(empty, full.m2, m2)
                tail = np.where(empty, full.tail, tail)
        return mean, tail, m2

    def variance(self, ddof: int = 0) -> Floats:
        """Returns m2 / (count - ddof); NaN for a feature without values, 0 for a feature with a single value.

        With weights, m2 is divided by V1 - ddof * V2 / V1: they are reliability weights (`WeightSums.find_freedom`).
        """
        freedom = np.maximum(self.count - ddof, 1) if self.weights is None else self.weights.find_freedom(ddof)
        return np.where(self.count > 0, self.m2 / freedom, np.nan)

    def std(self, ddof: int = 0) -> Floats:
        """Returns the square root of `variance`."""
        return np.sqrt(self.variance(ddof))

    def constant(self) -> NDArray[np.bool_]:
        """Returns which features vary no more than rounding does, by the rule of `find_constant`."""
        return find_constant(self.count, self.mean, self.variance())

    def find_scale(self, ddof: int = 0, epsilon: float = 0.0) -> Floats:
        """Returns the standard deviation, at least `epsilon`; 1 for constant features and for those without values."""
        unscaled = self.constant() | (self.count == 0)
        return np.where(unscaled, 1.0, np.maximum(self.std(ddof), epsilon))

    def transform(self, shift: Floats, scale: Floats) -> Moments:
        """Returns the moments of `(x - shift) / scale`; both arrays have the features' shape, `scale` > 0.

        Rounding of single values is not taken into account. With a shift, the tail is added to the mean and becomes 0.
        The sums of integers are kept if nothing is subtracted and `scale` is what `--unit` divides by.
        """
        mean, tail, sums = self.mean, self.tail, self.integer_sums
        with np.errstate(over="ignore", invalid="ignore"):
            if shift.any():
                mean, tail, sums = np.where(self.count > 0, mean - shift + tail, 0.0), np.zeros_like(tail), None
            return replace(
                self,
                mean=mean / scale,
                tail=tail / scale,
                m2=self.m2 / scale / scale,
                min=(self.min - shift) / scale,
                max=(self.max - shift) / scale,
                integer_sums=None if sums is None else sums.divide(scale),
            )

    def unpack(self, scale: float, offset: float) -> Moments:
        """Returns the moments of `x * scale + offset`, `scale` not 0; the extremes have the bits of the real values."""
        if (scale, offset) == (1.0, 0.0):
            return self
        with np.errstate(over="ignore", invalid="ignore"):
            mean, tail = map_mean(self.mean, self.tail, scale, np.full_like(self.mean, offset), self.count > 0)
            ends = self.min * scale + offset, self.max * scale + offset
            m2 = self.m2 * scale * scale
        low, high = ends if scale > 0 else ends[::-1]
        return replace(self, mean=mean, tail=tail, m2=m2, min=low, max=high, integer_sums=None)

    def divide(self, divisor: float) -> Moments:
        """Returns the moments of the same samples divided by `divisor` > 0."""
        return self.transform(np.zeros_like(self.mean), np.full_like(self.mean, divisor))

    @classmethod
    def concatenate(cls, parts: Sequence[Moments], axis: int = 0) -> Moments:
        """Returns the moments of the features of all parts along `axis`.

        The sums of integers and of weights are kept if all parts have them.
        """
        return cls._join(parts, lambda arrays: np.concatenate(arrays, axis))

    @classmethod
    def stack(cls, parts: Sequence[Moments]) -> Moments:
        """Returns the moments of several parts, with an axis for them before those of the features."""
        return cls._join(parts, np.stack)

    def unstack(self) -> list[Moments]:
        """Returns the moments of each part."""
        return [self._map(lambda array, index=index: array[index]) for index in range(len(self.mean))]  # type: ignore[misc]

    def select(self, indices: Sequence[int], axis: int = 0) -> Moments:
        """Returns the moments of some features, by their indices along `axis`."""
        chosen = np.asarray(indices, np.intp)
        return self._map(lambda array: array.take(chosen, axis))

    def reshape(self, shape: tuple[int, ...]) -> Moments:
        """Returns the same moments in another shape with as many features."""
        return self._map(lambda array: array.reshape(shape))

    @classmethod
    def _join(cls, parts: Sequence[Moments], join: Callable[[Sequence[NDArray[Any]]], NDArray[Any]]) -> Moments:
        """Returns the parts joined by a function such as `numpy.stack`.

        The sums of integers and of weights are kept if all parts have them.
        """
        sums = [part.integer_sums for part in parts if part.integer_sums is not None]
        weights = [part.weights for part in parts if part.weights is not None]
        return cls(
            **{name: join([getattr(part, name) for part in parts]) for name in ARRAY_FIELDS},
            integer_sums=IntegerSums.combine(sums, join) if len(sums) == len(parts) else None,
            weights=WeightSums.combine(weights, join) if len(weights) == len(parts) else None,
        )

    def _map(self, change: Callable[[NDArray[Any]], NDArray[Any]]) -> Moments:
        """Returns the moments with every array changed in the same way."""
        return Moments(
            **{name: change(getattr(self, name)) for name in ARRAY_FIELDS},
            integer_sums=None if self.integer_sums is None else self.integer_sums.map(change),
            weights=None if self.weights is None else self.weights.map(change),
        )

    def to_document(self) -> dict[str, NDArray[Any]]:
        """Returns the arrays of a stats file.

        The mean and the extremes of a feature without values are NaN (null in JSON).
        """
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
        for more in (self.integer_sums, self.weights):
            arrays |= {} if more is None else more.to_document()
        return arrays

    def to_columns(self) -> dict[str, NDArray[Any]]:
        """Returns counts, means, standard deviations and extremes for tables; NaN for a feature without values."""
        columns = self.to_document()
        weight = {} if self.weights is None else {"weight": self.weights.total}
        shown = {heading: columns[heading] for heading in ("mean", "std", "min", "max")}
        return {"count": self.count, "missing": self.missing} | weight | shown

    def _blank(self, array: Floats) -> Floats:
        return np.where(self.count == 0, np.nan, array)

    @classmethod
    def from_document(cls, arrays: Mapping[str, NDArray[Any]], population: Population) -> Moments:
        """Returns the moments in the arrays of a stats file; a feature without values has the moments of no samples.

        Raises FieldError if values contradict each other or the population. Arrays are taken from the mapping one after
        the other.
        """
        return cls.from_columns(read_moments(arrays, population))
