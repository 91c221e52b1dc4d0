"""Builds Stats from the contents of a stats file, which are not trusted: every number is checked before it is used."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import fields, replace
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from zm_cli.numbers.groups.groups import SECTION, Groups
from zm_cli.numbers.moments.arrays import WEIGHTS
from zm_cli.numbers.moments.moments import Moments
from zm_cli.numbers.statistic import FieldError, Population, Statistic
from zm_cli.numbers.stored import find_unit_divisor
from zm_cli.statistics import optional_statistics
from zm_cli.statsfile.arrays import Arrays, ExpectedArray, Section, TakeArray, known_arrays
from zm_cli.statsfile.fields import field_error
from zm_cli.statsfile.header import KNOWN_FIELDS, GroupNames, Header, read_header
from zm_cli.statsfile.json_array import to_array
from zm_cli.statsfile.json_text import parse_json
from zm_cli.statsfile.stats import Described, Stats

Kind = TypeVar("Kind", bound=Statistic)


def read_json(data: bytes, where: str) -> Stats:
    """Returns the Stats in the bytes of a JSON stats file; DataError, naming the field, if it is damaged."""
    return read_document(parse_json(data, where, KNOWN_FIELDS, known_arrays()), where)


def read_document(document: Mapping[str, Any], where: str) -> Stats:
    """Returns the Stats in a document, whose arrays may be nested lists or NumPy arrays, by their keys.

    Raises the errors of `read_stats`.
    """

    def take(expected: ExpectedArray) -> NDArray[Any]:
        values = document[expected.field]
        try:
            array = to_array(values) if isinstance(values, list) else np.asarray(values)
        except ValueError as error:
            raise field_error(expected.field, str(error), where) from error
        expected.check(array.dtype, array.shape)
        return array

    return read_stats(document, document.keys(), take, where)


def read_stats(document: Mapping[str, Any], found: Collection[str], take: TakeArray, where: str) -> Stats:
    """Returns the Stats of a document and of the arrays named in `found`, which are read with `take`, one by one.

    Keys that this version does not know are ignored. Raises DataError, naming the field, if one is absent, impossible,
    or contradicts another, and if the file requires a key that this version does not know.
    """
    header = read_header(document, where)
    arrays = Arrays(found, take, header.features, len(header.groups.names) if header.groups else 0, where)
    divisor = find_unit_divisor(np.dtype(header.dtype)) if header.unit else 1.0
    population = Population(header.features, _count_values(header, header.samples), divisor=divisor)
    try:
        moments = _read_statistic(Moments, arrays, population)
        population = replace(population, count=moments.count, moments=moments)
        statistics = _read_optional(arrays, population)
        _check_range(header, moments)
        groups = None if header.groups is None else _read_groups(header, header.groups, arrays, moments)
    except FieldError as error:
        raise field_error(error.field, error.what, where) from error
    described = {entry.name: getattr(header, entry.name) for entry in fields(Described)}
    if groups is not None and groups.names:
        kept = groups.keep_statistics([*statistics])
        if len(kept.statistics[0]) < len(statistics):
            raise field_error(SECTION, f"lack some of {', '.join(statistics)}", where)
        groups = kept
    return Stats(**described, moments=moments, statistics=statistics, groups=groups)


def _read_optional(arrays: Mapping[str, NDArray[Any]], population: Population) -> dict[str, Statistic]:
    """Returns the optional statistics of which the file has an array, by their names."""
    return {
        name: _read_statistic(statistic, arrays, population)
        for name, statistic in optional_statistics().items()
        if not arrays.keys().isdisjoint(statistic.arrays)
    }


def _read_groups(header: Header, named: GroupNames, arrays: Arrays, whole: Moments) -> Groups:
    """Returns the statistics by group; `whole` are the moments of all samples. Raises FieldError, naming the field."""
    if not named.names:
        return replace(Groups.identity(named.by, header.features), unlabelled=named.unlabelled)
    features = (len(named.names), *header.features)
    counts = [_count_values(header, samples) for samples in named.samples]
    values = None if None in counts else np.array(counts, object).reshape(-1, *(1,) * len(header.features))
    divisor = find_unit_divisor(np.dtype(header.dtype)) if header.unit else 1.0
    population = Population(features, values, divisor=divisor, grouped=True)
    section = Section(arrays, SECTION)
    try:
        moments = _read_statistic(Moments, section, population)
        if (moments.weights is None) != (whole.weights is None):
            raise FieldError(WEIGHTS[0], "is there for all samples or for the groups only")
        for field in ("count", "missing"):
            within, total = getattr(moments, field), getattr(whole, field)
            more = within.sum(axis=0) != total if not named.unlabelled else (within > total).any(axis=0)
            if more.any():
                raise FieldError(field, f"does not add up to '{field}' of all samples")
        population = replace(population, count=moments.count, moments=moments)
        stacked = _read_optional(section, population).values()
    except FieldError as error:
        raise FieldError(f"{SECTION}.{error.field}", error.what) from error
    statistics = tuple(zip(*(each.unstack() for each in stacked), strict=True)) or ((),) * len(named.names)
    samples = np.array(named.samples, np.int64)
    return Groups(named.by, named.names, samples, moments, statistics, named.unlabelled).sort()


def _read_statistic(statistic: type[Kind], arrays: Mapping[str, NDArray[Any]], population: Population) -> Kind:
    for field, array in statistic.arrays.items():
        if array.required and field not in arrays:
            raise FieldError(field, "is not there")
    return statistic.from_document(arrays, population)


def _count_values(header: Header, samples: int) -> int | None:
    """Returns how many values each feature has in so many samples, counted and missing; None for mixed sizes."""
    if None in header.sample_shape:
        return None
    values = samples * math.prod(size or 0 for size in header.sample_shape)
    return values // math.prod(header.features)


def _check_range(header: Header, moments: Moments) -> None:
    """Raises FieldError if `range` is not from the smallest to the largest value, or if `unit` cannot be true."""
    low, high = float(moments.min.min()), float(moments.max.max())
    if header.range != ((low, high) if low <= high else None):
        raise FieldError("range", "is not that of 'min' and 'max'")
    # A signed integer's minimum is a little less than -1.
    if header.unit and low <= high and max(high, -low) > 1.01:
        raise FieldError("unit", "is true, and values are beyond 1")
