"""The arrays of moments in a stats file: which there are, and how they are read and checked against one another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zm_cli.numbers.moments.integer_sums import MAX_TOTAL, IntegerSums
from zm_cli.numbers.moments.weights import WeightSums
from zm_cli.numbers.statistic import ArrayField, FieldError, Population, read_counts
from zm_cli.numbers.sums import ColumnMoments, Counts, Floats

RELATIVE_TOLERANCE = 1e-9
"""The largest relative error of numbers in a file: another program may have rounded them."""

ARRAYS = {
    "count": ArrayField(whole=True, described={"description": "Values that were counted."}),
    "missing": ArrayField(whole=True, described={"description": "NaN, infinities, empty cells and ignored values."}),
    "mean": ArrayField(),
    "std": ArrayField(described={"description": "sqrt(var)"}),
    "var": ArrayField(described={"description": "m2 / count, with weights m2 / weight_sum"}),
    "min": ArrayField(),
    "max": ArrayField(),
    "m2": ArrayField(described={"description": "Sum of squared deviations from the mean."}),
    "tail": ArrayField(
        required=False,
        described={"description": "What rounding drops from the mean, so that merging loses nothing; 0 where absent."},
    ),
    "sum": ArrayField(
        whole=True,
        signed=True,
        required=False,
        described={"description": "Sum of the stored integers, before any division: what exact merging needs."},
    ),
    "squares": ArrayField(
        whole=True,
        required=False,
        described={"description": "Sum of the squares of the stored integers, up to 2**62; the rest is squares_high."},
    ),
    "squares_high": ArrayField(
        whole=True,
        required=False,
        described={"description": "How many times 2**62 is added to squares; 0 where absent."},
    ),
    "weight_sum": ArrayField(
        required=False,
        described={"description": "Sum of the weights (--weight); where it is there, mean, m2 and var are weighted."},
    ),
    "weight_squares": ArrayField(required=False, described={"description": "Sum of the squares of the weights."}),
}
"""The arrays of moments in a stats file; `std` and `var` are there for users of the file."""

SUMS = ("sum", "squares", "squares_high")
"""The arrays with the sums of integers."""
WEIGHTS = ("weight_sum", "weight_squares")
"""The arrays with the sums of weights."""


def read_moments(arrays: Mapping[str, NDArray[Any]], population: Population) -> ColumnMoments:
    """Returns the moments in the arrays of a stats file, which are taken from the mapping one after the other.

    `std` and `var` follow from the rest: they are checked, not kept. Raises FieldError if values contradict each other
    or the population.
    """
    reader = _Reader(arrays, population)
    moments = reader.read()
    reader.check_derived(moments)
    return replace(moments, integer_sums=reader.read_integers(moments))


class _Reader:
    """Reads the arrays of moments from a stats file, and checks them against one another."""

    def __init__(self, arrays: Mapping[str, NDArray[Any]], population: Population) -> None:
        self._arrays = arrays
        self._population = population

    def read(self) -> ColumnMoments:
        """Reads all arrays except `std`, `var` and the sums of integers; FieldError if their values are impossible."""
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
        return ColumnMoments(
            count=count,
            mean=mean,
            tail=tail,
            m2=m2,
            min=low,
            max=high,
            missing=missing,
            weights=self._read_weights(count),
        )

    def check_derived(self, moments: ColumnMoments) -> None:
        """Raises FieldError if std or var do not follow from m2 and count, or from m2 and the sum of weights."""
        divided = "count" if moments.weights is None else "weight_sum"
        freedom = np.maximum(moments.count, 1) if moments.weights is None else moments.weights.find_freedom(0)
        empty, variance = moments.count == 0, moments.m2 / freedom
        for field, expected, least in (("std", np.sqrt(variance), 1e-150), ("var", variance, 1e-300)):
            found = self._take_numbers(field, empty, 0.0)
            if _differ(found, expected, least):
                raise FieldError(field, f"does not follow from 'm2' and '{divided}'")

    def read_integers(self, moments: ColumnMoments) -> IntegerSums | None:
        """Reads the sums of integers; None if there are none. FieldError if `moments` do not follow from them."""
        if not any(field in self._arrays for field in SUMS):
            return None
        self._require(SUMS[:2])
        if moments.weights is not None:
            raise FieldError("sum", "is there, but 'mean' is weighted")
        self._check_integers(moments)
        found = self._take_integers(moments.count)
        number, divisor = np.maximum(moments.count, 1), self._population.divisor
        total = found.total.astype(np.float64)
        slack = np.maximum(np.abs(moments.min), np.abs(moments.max)) * RELATIVE_TOLERANCE + 1e-300
        if (np.abs(total / number / divisor - moments.mean) > slack).any():
            raise FieldError("sum", "does not follow from 'mean' and 'count'")
        # No values with this sum have a smaller sum of squares. A sum that is too large is found by comparing m2.
        square = found.squares_high * 2.0**62 + found.squares
        too_small = (square < total * (total / number) * (1 - RELATIVE_TOLERANCE)).any()
        if too_small or _differ(moments.m2, found.derive(moments.count)[2], 1e-300):
            raise FieldError("squares", "does not follow from 'sum', 'm2' and 'count'")
        return found

    def _read_weights(self, count: Counts) -> WeightSums | None:
        """Reads the sums of weights; None if there are none. FieldError if `count` weights cannot have these sums."""
        if not any(field in self._arrays for field in WEIGHTS):
            return None
        self._require(WEIGHTS)
        found = WeightSums(*(self._arrays[field].astype(np.float64) for field in WEIGHTS))
        for field, array in zip(WEIGHTS, (found.total, found.squares), strict=True):
            if not np.isfinite(array).all() or (array < 0).any() or ((array > 0) != (count > 0)).any():
                raise FieldError(field, "is not finite, is negative, or is 0 for some values only")
        # By the inequality of Cauchy and Schwarz, and because no weight is negative.
        with np.errstate(over="ignore"):
            square = found.total * found.total
            most, least = square * (1 + RELATIVE_TOLERANCE), square / np.maximum(count, 1) * (1 - RELATIVE_TOLERANCE)
        if (found.squares > most).any() or (found.squares < least).any():
            raise FieldError("weight_squares", "is not possible for so many weights with this sum")
        return found

    def _require(self, needed: Sequence[str]) -> None:
        """Raises FieldError if one of these arrays is not there."""
        for field in needed:
            if field not in self._arrays:
                raise FieldError(field, "is not there")

    def _check_integers(self, moments: ColumnMoments) -> None:
        """Raises FieldError if values cannot be integers of 8 or 16 bits, divided by the population's divisor."""
        some = moments.count > 0
        ends = np.concatenate([moments.min[some], moments.max[some]])
        with np.errstate(over="ignore", invalid="ignore"):
            ends = ends * self._population.divisor
            whole = np.rint(ends)
            wrong = (np.abs(ends - whole) > RELATIVE_TOLERANCE * 2**16) | (whole < -(2**15)) | (whole >= 2**16)
        if wrong.any():
            raise FieldError("sum", "is there, but 'min' and 'max' are not integers of 8 or 16 bits")

    def _take_integers(self, count: Counts) -> IntegerSums:
        """Returns the sums as they are in the file.

        Raises FieldError if a sum is out of range, or is not 0 for a feature without counted values.
        """
        total = self._arrays["sum"]
        if (total > MAX_TOTAL).any() or (total < -MAX_TOTAL).any():
            raise FieldError("sum", "is too large")
        squares = read_counts(self._arrays, "squares")
        high = read_counts(self._arrays, "squares_high") if "squares_high" in self._arrays else np.zeros_like(squares)
        found = IntegerSums(total.astype(np.int64), squares, high, self._population.divisor)
        if (found.squares >= 2**62).any():
            raise FieldError("squares", "is 2**62 or more")
        for field, array in zip(SUMS, (found.total, squares, high), strict=True):
            if array[count == 0].any():
                raise FieldError(field, "has a value for a feature with count 0")
        return found

    def _take_numbers(self, field: str, empty: NDArray[np.bool_], neutral: float) -> Floats:
        """Returns an array of finite numbers, with `neutral` for features without values (`empty`).

        These features have no numbers in the file.
        """
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
        """Raises FieldError if counted and missing values do not add up to the values in the samples."""
        total = count.view(np.uint64) + missing.view(np.uint64)
        if self._population.values is None:
            each = total.reshape(len(total) if self._population.grouped else 1, -1)
            if (each != each[:, :1]).any():
                raise FieldError("count", "and 'missing' do not add up to the same number for all features")
            return
        # A file may claim more values than 64 bits can count.
        expected = np.asarray(self._population.values, dtype=object)
        # Samples of weight 0 are left out.
        weighted = any(field in self._arrays for field in WEIGHTS)
        if (expected >= 2**64).any() or (total > (found := expected.astype(np.uint64))).any():
            fits = False
        else:
            fits = weighted or bool((total == found).all())
        if not fits:
            raise FieldError("count", "and 'missing' do not add up to the number of values in the samples")


def _check_order(low: Floats, mean: Floats, high: Floats) -> None:
    """Raises FieldError unless min <= mean <= max, with an allowance for the rounding of the mean."""
    if (low > high).any():
        raise FieldError("min", "is larger than 'max'")
    slack = np.maximum(np.abs(low), np.abs(high)) * RELATIVE_TOLERANCE + 1e-300
    # Halves, because the difference of two large numbers may overflow.
    if (low / 2 - mean / 2 > slack / 2).any() or (mean / 2 - high / 2 > slack / 2).any():
        raise FieldError("mean", "does not lie between 'min' and 'max'")


def _differ(found: Floats, expected: Floats, least: float) -> bool:
    """Returns whether any number differs by more than rounding and `least` from the expected one."""
    with np.errstate(over="ignore"):
        return bool((np.abs(found - expected) > RELATIVE_TOLERANCE * expected + least).any())
