"""Draws values of any dtype, merges parts of them in any order, and compares statistics to the bit."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from typing import Any, TypeVar

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from zm_cli.numbers.moments.integer_sums import IntegerSums
from zm_cli.numbers.moments.moments import Moments
from zm_cli.numbers.statistic import Statistic
from zm_cli.numbers.sums import Counts, Floats

FIELDS = ("count", "mean", "m2", "min", "max", "missing", "tail")
SUMS = ("total", "squares", "squares_high")
WEIGHTS = ("total", "squares")
SMALL = ("bool", "uint8", "int8", "uint16", "int16")
"""The dtypes whose sums are exact."""
DTYPES = (*SMALL, "uint32", "int32", "uint64", "int64", "float16", "float32", "float64")

Kind = TypeVar("Kind", bound=Statistic)


def assert_same_arrays(left: Statistic, right: Statistic) -> None:
    """The arrays of a stats file have the same bits."""
    mine, theirs = left.to_document(), right.to_document()
    assert mine.keys() == theirs.keys()
    for key, array in mine.items():
        assert (array.dtype, array.shape) == (theirs[key].dtype, theirs[key].shape), key
        assert array.tobytes() == theirs[key].tobytes(), key


def assert_same_bits(left: Moments, right: Moments) -> None:
    """The moments have the same bits, and so have the sums of integers behind them, if there are any."""
    pairs = [(field, getattr(left, field), getattr(right, field)) for field in FIELDS]
    assert (left.integer_sums is None) == (right.integer_sums is None)
    if left.integer_sums is not None and right.integer_sums is not None:
        assert left.integer_sums.divisor == right.integer_sums.divisor
        pairs += [(field, getattr(left.integer_sums, field), getattr(right.integer_sums, field)) for field in SUMS]
    assert (left.weights is None) == (right.weights is None)
    if left.weights is not None and right.weights is not None:
        pairs += [(field, getattr(left.weights, field), getattr(right.weights, field)) for field in WEIGHTS]
    for field, mine, theirs in pairs:
        assert (mine.dtype, mine.shape) == (theirs.dtype, theirs.shape), field
        assert mine.tobytes() == theirs.tobytes(), field


def make_moments(count: Counts, sums: IntegerSums, ends: Floats) -> Moments:
    """The moments of integers with these exact sums; `ends` are the smallest and the largest of them."""
    mean, tail, m2 = sums.derive(count)
    none = np.zeros_like(count)
    return Moments(count=count, mean=mean, tail=tail, m2=m2, min=ends, max=ends, missing=none, integer_sums=sums)


def draw_values(dtype: str, shape: tuple[int, ...], seed: int) -> NDArray[Any]:
    """Values over the whole range of an integer dtype, or floats around 5."""
    rng = np.random.default_rng(seed)
    if dtype == "bool":
        return rng.integers(0, 2, shape).astype(bool)
    if dtype.startswith("float"):
        return rng.normal(5, 2, shape).astype(dtype)
    info = np.iinfo(dtype)
    return rng.integers(info.min, info.max, shape, dtype=dtype, endpoint=True)


def draw_integers(dtype: str, shape: tuple[int, ...], seed: int) -> NDArray[Any]:
    """Values over the whole range of a dtype of at most 16 bits, many of them equal to one of its extremes."""
    values, rng = draw_values(dtype, shape, seed), np.random.default_rng(seed + 1)
    if dtype != "bool":
        info = np.iinfo(dtype)
        values[rng.random(shape) < 0.3] = rng.choice([info.min, info.max])
    return values


@st.composite
def partitions(draw: st.DrawFn, count: int) -> list[slice]:
    """Slices that cover `count` samples, some of them empty, in any order."""
    cuts = sorted(draw(st.lists(st.integers(0, count), max_size=6)))
    parts = [slice(start, stop) for start, stop in zip([0, *cuts], [*cuts, count], strict=True)]
    return draw(st.permutations(parts))


def merge_all(parts: Sequence[Kind], *, halve: bool = False) -> Kind:
    """All parts merged one after the other, or each half by itself."""
    if not halve or len(parts) < 3:
        return reduce(type(parts[0]).merge, parts)
    middle = len(parts) // 2
    return merge_all(parts[:middle], halve=True).merge(merge_all(parts[middle:], halve=True))
