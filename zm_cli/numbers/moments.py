"""Moments: count, mean, m2, min, max and missing of some samples, and how two parts are merged."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zm_cli.data.block import Values
from zm_cli.numbers.exact import sum_counts
from zm_cli.numbers.kernels import sum_rows
from zm_cli.numbers.statistic import ArrayField, FieldError, Population, Statistic, read_counts
from zm_cli.numbers.stored import Hidden
from zm_cli.numbers.sums import Counts, Floats, Sums, two_sum
from zm_cli.numbers.values import lay_out

ROUNDING = 1e-9
"""The relative difference allowed between derived numbers in a file that another program wrote."""

ARRAYS = {
    "count": ArrayField(whole=True, described={"description": "Values that were counted."}),
    "missing": ArrayField(whole=True, described={"description": "NaN, infinities, empty cells and ignored values."}),
    "mean": ArrayField(),
    "std": ArrayField(described={"description": "sqrt(m2 / count)"}),
    "var": ArrayField(described={"description": "m2 / count"}),
    "min": ArrayField(),
    "max": ArrayField(),
    "m2": ArrayField(described={"description": "Sum of squared deviations from the mean."}),
    "tail": ArrayField(
        required=False,
        described={"description": "What rounding drops from the mean, so that merging loses nothing; 0 where absent."},
    ),
}
"""The arrays of moments in a stats file; `std` and `var` are written for readers."""


@dataclass(frozen=True)
class Moments(Statistic):
    """The moments of some samples: arrays of the same shape, with an entry for each feature.

    `m2` is the sum of squared deviations from the mean; `missing` counts the values left out (NaN, infinities, ignored
    values). `tail` is what rounding drops from `mean`, so that the errors of many merges do not add up. Without
    samples, count, mean and m2 are 0, min is inf and max -inf: the identity of `merge`.
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

    @classmethod
    def identity(cls, shape: tuple[int, ...]) -> Moments:
        """The moments of no samples."""
        none = np.zeros(shape, dtype=np.int64)
        zero = np.zeros(shape)
        return cls(none, zero, zero, np.full(shape, np.inf), np.full(shape, -np.inf), none, zero)

    @classmethod
    def from_block(cls, values: Values, kept: tuple[int, ...], hidden: Hidden = ()) -> Moments:
        """The moments of an array of any real dtype over all its axes but `kept`; shape (1,) if none is kept.

        NaN, infinities and values equal to one of `hidden` are missing. Squared deviations are taken from the block's
        own mean in float64; 8- and 16-bit integers are summed exactly.
        """
        shape = tuple(values.shape[axis] for axis in kept) or (1,)
        if values.size == 0:
            return cls.identity(shape)
        parts = [cls._from_rows(rows, hidden) for _, rows in lay_out(values, kept)]
        if len(parts) == 1:
            return parts[0].reshape(shape)
        return cls(*(np.concatenate(column) for column in zip(*(part._list_arrays() for part in parts), strict=True)))

    @classmethod
    def from_counts(cls, counts: Counts, hidden: Hidden = ()) -> Moments:
        """The moments of unsigned integers from how often 0, 1, 2 and so on occur, shape (features, values).

        The sums are exact; values equal to one of `hidden` are missing.
        """
        return cls.from_sums(sum_counts(counts, hidden))

    @classmethod
    def _from_rows(cls, rows: Values, hidden: Hidden) -> Moments:
        return cls.from_sums(sum_rows(rows, hidden))

    @classmethod
    def from_sums(cls, sums: Sums) -> Moments:
        """The moments in the sums of a kernel."""
        return cls(sums.count, sums.mean, sums.m2, sums.min, sums.max, sums.missing, sums.tail)

    def merge(self, other: Moments) -> Moments:
        """The moments of both parts (Chan, Golub & LeVeque 1979, "Updating formulae and a pairwise algorithm").

        `tail` collects what each rounding of the mean drops. If values are so large that their squares overflow, m2 is
        infinite or NaN.
        """
        count = self.count + other.count
        share = other.count / np.maximum(count, 1)
        with np.errstate(over="ignore", invalid="ignore"):
            gap, gap_tail = two_sum(other.mean, -self.mean)
            gap = gap + (gap_tail + (other.tail - self.tail))
            mean, rounding = two_sum(self.mean, gap * share)
            mean, tail = two_sum(mean, rounding + self.tail)
            m2 = self.m2 + other.m2 + gap * gap * (self.count * share)
        # If one side is empty, the result has the bits of the other.
        for empty, full in ((other.count == 0, self), (self.count == 0, other)):
            if empty.any():
                mean, m2 = np.where(empty, full.mean, mean), np.where(empty, full.m2, m2)
                tail = np.where(empty, full.tail, tail)
        low, high = np.minimum(self.min, other.min), np.maximum(self.max, other.max)
        return Moments(count, mean, m2, low, high, self.missing + other.missing, tail)

    def variance(self, ddof: int = 0) -> Floats:
        """m2 / (count - ddof); NaN for a feature without values, 0 for one with a single value."""
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
        """What to divide by: the deviation, at least `epsilon`; 1 for constant features and those without values."""
        unscaled = self.constant() | (self.count == 0)
        return np.where(unscaled, 1.0, np.maximum(self.std(ddof), epsilon))

    def transform(self, shift: Floats, scale: Floats) -> Moments:
        """The moments of `(x - shift) / scale`; both arrays have the features' shape, `scale` > 0.

        Rounding of single values is not taken into account. With a shift, the tail is added to the mean and becomes 0.
        """
        mean, tail = self.mean, self.tail
        with np.errstate(all="ignore"):
            if shift.any():
                mean, tail = np.where(self.count > 0, mean - shift + tail, 0.0), np.zeros_like(tail)
            ends = (self.min - shift) / scale, (self.max - shift) / scale
            return Moments(self.count, mean / scale, self.m2 / scale / scale, *ends, self.missing, tail / scale)

    def unpack(self, scale: float, offset: float) -> Moments:
        """The moments of `x * scale + offset`, `scale` not 0; the extremes have the bits of the real values."""
        some = self.count > 0
        with np.errstate(over="ignore", invalid="ignore"):
            mean, tail = two_sum(self.mean * scale, np.full_like(self.mean, offset))
            mean, tail = two_sum(mean, tail + self.tail * scale)
            ends = self.min * scale + offset, self.max * scale + offset
            m2 = self.m2 * scale * scale
        mean, tail = np.where(some, mean, 0.0), np.where(some & np.isfinite(tail), tail, 0.0)
        low, high = ends if scale > 0 else ends[::-1]
        return Moments(self.count, mean, m2, low, high, self.missing, tail)

    def divide(self, divisor: float) -> Moments:
        """The moments of the same samples divided by `divisor` > 0."""
        return self.transform(np.zeros_like(self.mean), np.full_like(self.mean, divisor))

    def select(self, indices: list[int]) -> Moments:
        """The moments of some features, by their indices along the first axis."""
        return self._map(lambda array: array[indices])

    def reshape(self, shape: tuple[int, ...]) -> Moments:
        """The same moments in another shape with as many features."""
        return self._map(lambda array: array.reshape(shape))

    def _list_arrays(self) -> tuple[NDArray[Any], ...]:
        return tuple(getattr(self, entry.name) for entry in fields(self))

    def _map(self, change: Callable[[NDArray[Any]], NDArray[Any]]) -> Moments:
        return Moments(*(change(array) for array in self._list_arrays()))

    def to_document(self) -> dict[str, NDArray[Any]]:
        """The arrays of a stats file; NaN (null in JSON) for the mean and extremes of a feature without values."""
        return {
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

    def to_columns(self) -> dict[str, NDArray[Any]]:
        """Counts, means, deviations and extremes for tables; NaN for a feature without values."""
        columns = self.to_document()
        return {heading: columns[heading] for heading in ("count", "missing", "mean", "std", "min", "max")}

    def _blank(self, array: Floats) -> Floats:
        return np.where(self.count == 0, np.nan, array)

    @classmethod
    def from_document(cls, arrays: Mapping[str, NDArray[Any]], population: Population) -> Moments:
        """The moments in the arrays of a stats file; a feature without values has the moments of no samples.

        `std` and `var` follow from the rest: they are checked, not kept. Raises FieldError where values contradict each
        other or the population. Arrays are taken from the mapping one after the other.
        """
        reader = _Reader(arrays, population)
        moments = reader.read()
        reader.check_derived(moments)
        return moments


class _Reader:
    """Reads the arrays of moments from a stats file, and checks them against one another."""

    def __init__(self, arrays: Mapping[str, NDArray[Any]], population: Population) -> None:
        self._arrays = arrays
        self._population = population

    def read(self) -> Moments:
        """Reads the moments without `std` and `var`; FieldError where they are not possible."""
        count, missing = read_counts(self._arrays, "count"), read_counts(self._arrays, "missing")
        self._check_totals(count, missing)
        empty = count == 0
        mean, m2 = self._take_numbers("mean", empty, 0.0), self._take_numbers("m2", empty, 0.0)
        low, high = self._take_numbers("min", empty, np.inf), self._take_numbers("max", empty, -np.inf)
        if (m2 < 0).any():
            raise FieldError("m2", "is negative")
        _check_order(low[~empty], mean[~empty], high[~empty])
        tail = self._take_numbers("tail", empty, 0.0) if "tail" in self._arrays else np.zeros_like(mean)
        if (np.abs(tail) > np.spacing(np.abs(mean))).any():
            raise FieldError("tail", "is more than rounding drops from 'mean'")
        return Moments(count, mean, m2, low, high, missing, tail)

    def check_derived(self, moments: Moments) -> None:
        """Raises FieldError where std or var do not follow from m2 and count."""
        empty = moments.count == 0
        for field, expected, least in (("std", moments.std(), 1e-150), ("var", moments.variance(), 1e-300)):
            found = self._take_numbers(field, empty, 0.0)
            if not np.allclose(found, np.where(empty, 0.0, expected), rtol=ROUNDING, atol=least):
                raise FieldError(field, "does not follow from 'm2' and 'count'")

    def _take_numbers(self, field: str, empty: NDArray[np.bool_], neutral: float) -> Floats:
        array = self._arrays[field].astype(np.float64)
        if not np.isfinite(array[~empty]).all():
            raise FieldError(field, "is not finite")
        if empty.any():
            given = array[empty]
            if not (given == 0 if field in ("m2", "tail") else np.isnan(given)).all():
                raise FieldError(field, "has a value for a feature with count 0")
            array[empty] = neutral
        return array

    def _check_totals(self, count: Counts, missing: Counts) -> None:
        """Raises FieldError where counted and missing values do not add up to the values in the samples."""
        total = count.view(np.uint64) + missing.view(np.uint64)
        expected = self._population.values
        if expected is None:
            if (total != total.flat[0]).any():
                raise FieldError("count", "and 'missing' do not add up to the same number for all features")
        elif expected >= 2**64 or (total != np.uint64(expected)).any():
            raise FieldError("count", "and 'missing' do not add up to the number of values in the samples")


def _check_order(low: Floats, mean: Floats, high: Floats) -> None:
    """Raises FieldError unless min <= mean <= max, with an allowance for the rounding of the mean."""
    if (low > high).any():
        raise FieldError("min", "is larger than 'max'")
    slack = np.maximum(np.abs(low), np.abs(high)) * ROUNDING + 1e-300
    # Halves, because the difference of two large numbers may overflow.
    if (low / 2 - mean / 2 > slack / 2).any() or (mean / 2 - high / 2 > slack / 2).any():
        raise FieldError("mean", "does not lie between 'min' and 'max'")
