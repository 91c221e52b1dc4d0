"""Compares moments to the bit, and merges parts of data in any order."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from typing import Any

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from zm_cli.numbers.moments.moments import Moments

FIELDS = ("count", "mean", "m2", "min", "max", "missing", "tail")
SUMS = ("total", "squares", "squares_high")
WEIGHTS = ("total", "squares")
SMALL = ("bool", "uint8", "int8", "uint16", "int16")
"""The types whose sums are exact."""


def assert_same_bits(left: Moments, right: Moments) -> None:
    """The moments have the same bits, and so have the sums of integers behind them, if there are any."""
    pairs = [(field, getattr(left, field), getattr(right, field)) for field in FIELDS]
    assert (left.sums is None) == (right.sums is None)
    if left.sums is not None and right.sums is not None:
        assert left.sums.divisor == right.sums.divisor
        pairs += [(field, getattr(left.sums, field), getattr(right.sums, field)) for field in SUMS]
    assert (left.weights is None) == (right.weights is None)
    if left.weights is not None and right.weights is not None:
        pairs += [(field, getattr(left.weights, field), getattr(right.weights, field)) for field in WEIGHTS]
    for field, mine, theirs in pairs:
        assert (mine.dtype, mine.shape) == (theirs.dtype, theirs.shape), field
        assert mine.tobytes() == theirs.tobytes(), field


def draw_integers(dtype: str, shape: tuple[int, ...], seed: int) -> NDArray[Any]:
    """Values over the whole range of a type of at most 16 bits, its extremes among them."""
    rng = np.random.default_rng(seed)
    if dtype == "bool":
        return rng.integers(0, 2, shape).astype(bool)
    info = np.iinfo(dtype)
    values = rng.integers(info.min, info.max, shape, dtype=dtype, endpoint=True)
    values[rng.random(shape) < 0.3] = rng.choice([info.min, info.max])
    return values


@st.composite
def partitions(draw: st.DrawFn, count: int) -> list[slice]:
    """Slices that cover `count` samples, some of them empty, in any order."""
    cuts = sorted(draw(st.lists(st.integers(0, count), max_size=6)))
    parts = [slice(start, stop) for start, stop in zip([0, *cuts], [*cuts, count], strict=True)]
    return draw(st.permutations(parts))


def merge_all(parts: Sequence[Moments], *, halve: bool = False) -> Moments:
    """All parts merged one after the other, or each half by itself."""
    if not halve or len(parts) < 3:
        return reduce(Moments.merge, parts)
    middle = len(parts) // 2
    return merge_all(parts[:middle], halve=True).merge(merge_all(parts[middle:], halve=True))
