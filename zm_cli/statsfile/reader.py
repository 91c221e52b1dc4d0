"""The numbers of a stats file, which may be anybody's: they are checked against its header and one another."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping
from dataclasses import fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zm_cli.errors import DataError
from zm_cli.numbers.moments import Moments
from zm_cli.statsfile.header import HEADER_FIELDS, TOLD_FIELDS, Header, check_fields, field_error, read_header
from zm_cli.statsfile.json_text import to_array
from zm_cli.statsfile.stats import Described, Stats

COUNTS = ("count", "missing")
NUMBERS = ("mean", "m2", "min", "max")
DERIVED = ("std", "var")
ARRAYS = frozenset({*COUNTS, *NUMBERS, *DERIVED})

ROUNDING = 1e-9
"""How far, in relation, numbers that follow from one another may differ in a file that another program wrote."""

TakeArray = Callable[[str, tuple[int, ...]], NDArray[Any]]
"""Takes the array of a field, which must have the given shape, out of a stats file."""


def read_document(document: Mapping[str, Any], where: str) -> Stats:
    """The Stats that such a document holds; DataError, naming the field, where it is not one.

    Arrays may be nested lists or NumPy arrays.
    """

    def take(field: str, features: tuple[int, ...]) -> NDArray[Any]:
        values = document[field]
        try:
            array = to_array(values) if isinstance(values, list) else np.asarray(values)
        except ValueError as error:
            raise field_error(field, str(error), where) from error
        check_array(field, array.dtype, array.shape, features, where)
        return array

    header = {field: value for field, value in document.items() if field not in ARRAYS}
    return read_stats(header, document.keys() & ARRAYS, take, where)


def read_stats(document: Mapping[str, Any], arrays: Collection[str], take: TakeArray, where: str) -> Stats:
    """The Stats of a document without arrays and of those named `arrays`, which are taken one by one.

    `std` and `var` follow from the rest: they are checked, not kept. Raises DataError, naming the field, where
    something is not there, is not what it should be, or contradicts the rest.
    """
    header = read_header(document, where)
    check_fields(document, HEADER_FIELDS | TOLD_FIELDS, where)
    check_fields(dict.fromkeys(arrays), ARRAYS, where)
    for field in (*COUNTS, *NUMBERS, *DERIVED):
        if field not in arrays:
            raise field_error(field, "is not there", where)
    numbers = _Numbers(header, take, where)
    moments = numbers.moments()
    numbers.check_range(moments)
    numbers.check_derived(moments)
    told = {field.name: getattr(header, field.name) for field in fields(Described)}
    return Stats(**told, moments=moments)


def check_array(
    field: str, dtype: np.dtype[Any], shape: tuple[int, ...], features: tuple[int, ...], where: str
) -> None:
    """Raises DataError where an array of this dtype and shape is not that of a field, before a number of it is read."""
    kinds = "iu" if field in COUNTS else "fiu"
    if dtype.kind not in kinds or dtype.itemsize > 8:
        raise field_error(field, f"is no array of {'whole ' * (field in COUNTS)}numbers", where)
    if shape != features:
        raise field_error(field, f"has the shape {_show(shape)}, the features {_show(features)}", where)


def _show(shape: tuple[int, ...]) -> str:
    return f"({', '.join(map(str, shape[:12]))}{', ...' if len(shape) > 12 else ',' if len(shape) == 1 else ''})"


class _Numbers:
    """Takes checked arrays out of a stats file."""

    def __init__(self, header: Header, take: TakeArray, where: str) -> None:
        self._header = header
        self._take = take
        self._where = where

    def moments(self) -> Moments:
        """The moments; those of a feature without values are those of no samples."""
        counts = {field: self._take_counts(field) for field in COUNTS}
        self._check_totals(counts["count"], counts["missing"])
        empty = counts["count"] == 0
        neutral = {"mean": 0.0, "m2": 0.0, "min": np.inf, "max": -np.inf}
        numbers = {field: self._take_numbers(field, empty, neutral[field]) for field in NUMBERS}
        if (numbers["m2"] < 0).any():
            raise self._error("m2", "is negative")
        self._check_order(empty, **numbers)
        mean, m2, low, high = (numbers[field] for field in NUMBERS)
        return Moments(counts["count"], mean, m2, low, high, counts["missing"], np.zeros(self._header.features))

    def check_range(self, moments: Moments) -> None:
        """Raises DataError where the range is not that of the smallest and largest value."""
        low, high = float(moments.min.min()), float(moments.max.max())
        if self._header.range != ((low, high) if low <= high else None):
            raise self._error("range", "is not that of 'min' and 'max'")
        # A signed integer's minimum is a little less than -1.
        if self._header.unit and low <= high and max(high, -low) > 1.01:
            raise self._error("unit", "is true, and values are beyond 1")

    def check_derived(self, moments: Moments) -> None:
        """Raises DataError where std or var do not follow from m2 and count."""
        empty = moments.count == 0
        for field, expected, least in (("std", moments.std(), 1e-150), ("var", moments.variance(), 1e-300)):
            found = self._take_numbers(field, empty, 0.0)
            if not np.allclose(found, np.where(empty, 0.0, expected), rtol=ROUNDING, atol=least):
                raise self._error(field, "does not follow from 'm2' and 'count'")

    def _error(self, field: str, what: str) -> DataError:
        return field_error(field, what, self._where)

    def _take_counts(self, field: str) -> NDArray[np.int64]:
        array = self._take(field, self._header.features)
        counts = array.astype(np.int64)
        # Counts of 64 bits without sign that are too large turn negative, too.
        if (counts < 0).any():
            raise self._error(field, "is negative, or too large")
        return counts

    def _take_numbers(self, field: str, empty: NDArray[np.bool_], neutral: float) -> NDArray[np.float64]:
        array = self._take(field, self._header.features).astype(np.float64)
        if not np.isfinite(array[~empty]).all():
            raise self._error(field, "is not finite")
        if empty.any():
            given = array[empty]
            if not (given == 0 if field == "m2" else np.isnan(given)).all():
                raise self._error(field, "has a value for a feature of which nothing was counted")
            array[empty] = neutral
        return array

    def _check_totals(self, count: NDArray[np.int64], missing: NDArray[np.int64]) -> None:
        """Raises DataError where a feature has not as many values, counted or missing, as the samples hold of it."""
        total = count.view(np.uint64) + missing.view(np.uint64)
        if None in self._header.sample_shape:
            if (total != total.flat[0]).any():
                raise self._error("count", "and 'missing' do not come to the same for all features")
            return
        values = self._header.samples * math.prod(size or 0 for size in self._header.sample_shape)
        expected = values // math.prod(self._header.features)
        if expected >= 2**64 or (total != np.uint64(expected)).any():
            raise self._error("count", "and 'missing' do not come to what the samples hold")

    def _check_order(self, empty: NDArray[np.bool_], **numbers: NDArray[np.float64]) -> None:
        """Raises DataError where not min <= mean <= max, the mean but for rounding."""
        low, mean, high = (numbers[field][~empty] for field in ("min", "mean", "max"))
        if (low > high).any():
            raise self._error("min", "is larger than 'max'")
        slack = np.maximum(np.abs(low), np.abs(high)) * ROUNDING + 1e-300
        # Halves: the sum of two large numbers may not fit.
        if (low / 2 - mean / 2 > slack / 2).any() or (mean / 2 - high / 2 > slack / 2).any():
            raise self._error("mean", "does not lie between 'min' and 'max'")
