"""The arrays of a stats file: which ones it can have, and the checks of each before its numbers are read."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import chain
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zm_cli.numbers.groups.groups import SECTION
from zm_cli.numbers.moments.moments import Moments
from zm_cli.numbers.statistic import FEATURES, NUMBER, ArrayField, Shape, Statistic
from zm_cli.statistics import optional_statistics
from zm_cli.statsfile.fields import field_error

GROUPS = "groups"
"""Stands for the axis of the groups in the shape of an array."""
MAX_AXES_SHOWN = 12
"""The most axes of a shape that a message shows."""


def list_statistics() -> tuple[type[Statistic], ...]:
    """Returns every statistic that a stats file can hold: the moments, which all files have, and the optional ones."""
    return (Moments, *optional_statistics().values())


def known_arrays() -> Mapping[str, ArrayField]:
    """Returns the arrays of all statistics, of all samples and of each group, by their keys in a stats file."""
    return _collect_arrays(list_statistics())


@lru_cache(maxsize=4)
def _collect_arrays(statistics: tuple[type[Statistic], ...]) -> Mapping[str, ArrayField]:
    """The arrays of these statistics, as `known_arrays` returns them."""
    arrays = {field: array for statistic in statistics for field, array in statistic.arrays.items()}
    return MappingProxyType(arrays | {f"{SECTION}.{field}": _stack(array) for field, array in arrays.items()})


def _stack(array: ArrayField) -> ArrayField:
    """Returns the array of a statistic by group: an axis of the groups comes before those of the features.

    An array without an axis of features gets none: the entries of the groups follow one another.
    """
    if FEATURES in array.shape:
        position = array.shape.index(FEATURES)
        return replace(array, shape=(*array.shape[:position], GROUPS, *array.shape[position:]))
    return replace(array, shape=(GROUPS, *array.shape)) if NUMBER in array.shape else array


@dataclass(frozen=True)
class ExpectedArray:
    """The shape that an array of the stats file at `where` must have, and whether its numbers must be whole.

    None in the shape stands for a length that the file decides.
    """

    field: str
    whole: bool
    shape: tuple[int | None, ...]
    where: str

    def check(self, dtype: np.dtype[Any], shape: Shape) -> None:
        """Raises DataError, naming the field, if an array of this dtype and shape is not the expected one."""
        if dtype.kind not in ("iu" if self.whole else "fiu") or dtype.itemsize > 8:
            what = f"is not an array of {'whole ' * self.whole}numbers"
            raise field_error(self.field, what, self.where)
        if len(shape) != len(self.shape) or any(
            theirs not in (ours, None) for ours, theirs in zip(shape, self.shape, strict=True)
        ):
            what = f"has the shape {_format_shape(shape)}, but the features have {_format_shape(self.shape)}"
            raise field_error(self.field, what, self.where)


TakeArray = Callable[[ExpectedArray], NDArray[Any]]
"""Reads an array from a stats file, after checking that it is the expected one."""


class Arrays(Mapping[str, NDArray[Any]]):
    """The arrays of a stats file by their keys, each read when it is asked for.

    `found` are the keys in the file; those of no statistic are left out. `features` is the shape of the features,
    `groups` the number of groups.
    """

    def __init__(self, found: Collection[str], take: TakeArray, features: Shape, groups: int, where: str) -> None:
        self._expected = {
            field: ExpectedArray(field, array.whole, list_sizes(array, features, groups), where)
            for field, array in known_arrays().items()
            if field in found
        }
        self._take = take

    def __getitem__(self, field: str) -> NDArray[Any]:
        return self._take(self._expected[field])

    def __contains__(self, field: object) -> bool:
        return field in self._expected

    def __iter__(self) -> Iterator[str]:
        return iter(self._expected)

    def __len__(self) -> int:
        return len(self._expected)


class Section(Mapping[str, NDArray[Any]]):
    """The arrays of one section of a stats file, by their keys in the section."""

    def __init__(self, arrays: Mapping[str, NDArray[Any]], name: str) -> None:
        self._arrays = arrays
        self._prefix = f"{name}."

    def __getitem__(self, field: str) -> NDArray[Any]:
        return self._arrays[self._prefix + field]

    def __contains__(self, field: object) -> bool:
        return f"{self._prefix}{field}" in self._arrays

    def __iter__(self) -> Iterator[str]:
        return (field.removeprefix(self._prefix) for field in self._arrays if field.startswith(self._prefix))

    def __len__(self) -> int:
        return sum(1 for _ in self)


def list_sizes(array: ArrayField, features: Shape, groups: int = 0) -> tuple[int | None, ...]:
    """Returns the shape of an array for features of this shape, with None for a length that the file decides."""
    return _list_sizes(array.shape, features, groups)


@lru_cache(maxsize=256)
def _list_sizes(axes: tuple[str, ...], features: Shape, groups: int) -> tuple[int | None, ...]:
    known = {FEATURES: features, NUMBER: (math.prod(features),), GROUPS: (groups,)}
    return tuple(chain.from_iterable(known.get(axis, (None,)) for axis in axes))


def _format_shape(shape: tuple[int | None, ...]) -> str:
    sizes = ", ".join("any" if size is None else str(size) for size in shape[:MAX_AXES_SHOWN])
    return f"({sizes}{', ...' if len(shape) > MAX_AXES_SHOWN else ',' if len(shape) == 1 else ''})"
